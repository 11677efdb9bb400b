package chat

import (
	"time"

	"tern/app/history"
	"tern/app/settings"
)

// Written is how a model wrote a segment: what tells one answer from another, and
// what it takes to have it again.
type Written struct {
	Model      string // its name
	Path       string // where it was; empty for the built-in one, and where that is not known
	At         time.Time
	Rate       float64 // tokens per second
	FirstToken time.Duration
	Tokens     int
	Seed       uint32
	Stop       StopReason
	StopText   string
	Edited     bool                 // the user changed it since
	Generation *settings.Generation // nil where they are not known
}

// edited is w of a text that is not as the model wrote it any more. The zero
// value stays one.
func (w Written) edited() Written {
	w.Edited = w.Model != ""
	w.Stop, w.StopText = "", ""
	return w
}

// keep puts w into a message of a file.
func (w Written) keep(m *history.Message) {
	m.Model, m.Path, m.Written, m.Seed = w.Model, w.Path, w.At, w.Seed
	m.Rate, m.First, m.Tokens = w.Rate, w.FirstToken.Seconds(), w.Tokens
	m.Stop, m.StopText, m.Edited, m.Settings = string(w.Stop), w.StopText, w.Edited, w.Generation
}

// writtenOf reads what keep wrote. Older files have less.
func writtenOf(m history.Message) Written {
	return Written{
		Model: m.Model, Path: m.Path, At: m.Written, Seed: m.Seed,
		Rate: m.Rate, FirstToken: time.Duration(m.First * float64(time.Second)), Tokens: m.Tokens,
		Stop: StopReason(m.Stop), StopText: m.StopText, Edited: m.Edited, Generation: m.Settings,
	}
}

// Written tells how the answer that a segment belongs to was written, the last
// one if it belongs to none: a run for each time that the model was asked, the
// first one first.
func (c *Controller) Written(segment int) []Written {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.conv.document
	first, end := d.run(segment)
	if c.conv.mode == StoryMode {
		first, end = 0, len(d.segments)
	}
	var list []Written
	for _, s := range d.segments[first:end] {
		if s.author == Model && s.text.Len() > s.lead {
			list = append(list, s.by)
		}
	}
	return list
}
