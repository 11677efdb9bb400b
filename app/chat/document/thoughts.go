package document

import (
	"strings"
	"time"
)

// Thoughts are what a model thought before the words of a segment. A segment whose
// block was not closed is gone on with inside it: then the next one thinks on.
//
// They are no part of a segment's text: what is copied, exported and searched is the
// answer. An edit of an answer changes its words and keeps what was thought, of
// which the words are still the outcome.
type Thoughts struct {
	Took time.Duration // from the first token of the block to its last so far
	Open bool          // the block is not closed

	// IDs are all tokens before the words, in the segment's Vocab: markers and the white space
	// around them included. nil where they are not known, or spell words too.
	IDs []int32

	text strings.Builder
	lost bool // IDs are not known, and will not be
}

// Text is what was thought, without markers.
func (t *Thoughts) Text() string {
	if t == nil {
		return ""
	}
	return t.text.String()
}

// Blank reports whether there is nothing to show of t: no block, or one that is empty.
func (t *Thoughts) Blank() bool { return strings.TrimSpace(t.Text()) == "" }

// within reports whether t ends inside the block.
func (t *Thoughts) within() bool { return t != nil && t.Open }

// NewThoughts returns thoughts with a text.
func NewThoughts(text string, took time.Duration, open bool) *Thoughts {
	t := &Thoughts{Took: took, Open: open, lost: true}
	t.text.WriteString(text)
	return t
}

// soFar returns a copy of t that does not grow, nil of nil.
func (t *Thoughts) soFar() *Thoughts {
	if t == nil {
		return nil
	}
	return NewThoughts(strings.TrimSuffix(t.Text(), "\uFFFD"), t.Took, t.Open)
}

// Think appends to what the model thought: text and the ids that spell it, which may be markers without text.
// known is false where no ids spell it alone; took is how long the block has taken.
func (s *Segment) Think(text string, ids []int32, known bool, took time.Duration) {
	if s.Thoughts == nil {
		s.Thoughts = &Thoughts{Open: true}
	}
	t := s.Thoughts
	t.text.WriteString(text)
	t.lost = t.lost || !known
	if t.IDs = append(t.IDs, ids...); t.lost {
		t.IDs = nil
	}
	if t.Open {
		t.Took = took
	}
}

// thoughts joins what segments of one answer thought, nil for nothing.
func thoughts(segments []*Segment) *Thoughts {
	all := Turn{Segments: segments}.Thoughts()
	if all == "" {
		return nil
	}
	t := NewThoughts(all, 0, false)
	for _, s := range segments {
		if s.Thoughts != nil {
			t.Took += s.Thoughts.Took
		}
	}
	return t
}

// Thoughts is what the model thought in a turn, "" for nothing but white space. White space
// at its end counts where the turn ends inside the block.
func (t Turn) Thoughts() string {
	var b strings.Builder
	within := false
	for _, s := range t.Segments {
		if b.Len() > 0 && !within && !s.Thoughts.Blank() {
			b.WriteString("\n\n")
		}
		b.WriteString(s.Thoughts.Text())
		if s.Thoughts != nil {
			within = s.Thoughts.Open
		}
	}
	all := b.String()
	if short := strings.TrimSpace(all); short == "" || !t.Within() {
		return short
	}
	return all
}

// Within reports whether a turn ends inside a block of thoughts.
func (t Turn) Within() bool {
	last := t.Segments[len(t.Segments)-1]
	return last.Thoughts.within() && last.Body() == ""
}

// empty reports whether a segment has neither words nor thoughts.
func (s *Segment) empty() bool { return s.Body() == "" && s.Thoughts.Blank() }

// Adds reports whether an answer adds anything to d, before which it stands: words, thoughts, or the end of
// those.
func (s *Segment) Adds(d Document) bool {
	n := len(d.Segments)
	closes := s.Thoughts != nil && !s.Thoughts.Open && n > 0 && d.Segments[n-1].Thoughts.within()
	return !s.empty() || closes
}
