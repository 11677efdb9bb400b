package document

import (
	"strings"
	"time"

	"tern/app/settings"
)

// Author tells who wrote a segment.
type Author uint8

// The authors.
const (
	User Author = iota
	Model
)

// Segment is a run of a document by one author. While its answer is being written
// it grows at its end; after that nothing of it changes, except that another model
// may replace IDs by its own, and that Tokens may be computed.
//
// What the model thought before it is a field beside the text: the text is what is
// shown, sent and exported as the answer.
type Segment struct {
	ID       int
	Author   Author
	Lead     int       // bytes of the text that separate a message from the one before; no ids spell them
	By       Written   // how the model wrote it
	Thoughts *Thoughts // before the text; nil for none
	Tokens   []Token   // figures of the text; nil where nobody asked for them

	// IDs spell the text after Lead in the vocabulary Vocab. Those that were generated
	// stay as they were sampled, so that the model finds all of them in its cache.
	// A segment that no local model read has none.
	IDs   []int32
	Vocab *Vocab

	// Spelling has the ids that the text was generated as, for another run of the program.
	Spelling Spelling

	// Made is the record of the backend that generated the text, which alone reads it;
	// nil for other text, and until the answer has ended.
	Made any

	text strings.Builder // grows cheaply and gives out its text without a copy
}

// Vocab tells whose ids a segment holds: every model that is opened has one, and
// they differ by their addresses.
type Vocab struct {
	Key string // the same for the same vocabulary in another run of the program; empty if it cannot be told
}

// Spelling is the ids of a text in the vocabulary with a key; the zero value is none. It is never
// changed. A text has several spellings, and a model goes on as before from its own alone.
type Spelling struct {
	Key string
	IDs []int32
}

// Spelled makes the ids of s its spelling, once they are complete.
func (s *Segment) Spelled() {
	if s.Vocab != nil && s.Vocab.Key != "" {
		s.Spelling = Spelling{s.Vocab.Key, s.IDs}
	}
}

// NewSegment returns a segment with a text.
func NewSegment(id int, author Author, text string) *Segment {
	s := &Segment{ID: id, Author: author}
	s.text.WriteString(text)
	return s
}

// Text is the whole text, Lead included.
func (s *Segment) Text() string { return s.text.String() }

// Body is the text after Lead.
func (s *Segment) Body() string { return s.text.String()[s.Lead:] }

// Add appends what a model wrote: text, the ids that spell it and, if it was asked for, their figures.
func (s *Segment) Add(text string, ids []int32, t *Token) {
	if text != "" && s.Thoughts != nil {
		s.Thoughts.Open = false
	}
	s.text.WriteString(text)
	s.IDs = append(s.IDs, ids...)
	if t != nil {
		s.Note(*t)
	}
}

// Note appends the figures of a token.
func (s *Segment) Note(t Token) {
	t.Segment, t.Index = s.ID, len(s.Tokens)
	s.Tokens = append(s.Tokens, t)
}

// separate begins the text of a message after d.
func (s *Segment) separate(d Document) {
	if n := len(d.Segments); n > 0 && (s.Author == User || d.Segments[n-1].Author != s.Author) {
		s.Lead, _ = s.text.WriteString("\n\n")
	}
}

// Cut returns s with a text that ends earlier.
func (s *Segment) Cut(id int, text string) *Segment {
	c := NewSegment(id, s.Author, text)
	c.IDs, c.Vocab, c.Lead, c.By, c.Made, c.Thoughts = s.IDs, s.Vocab, s.Lead, s.By, s.Made, s.Thoughts
	for _, t := range s.Tokens {
		c.Note(t)
	}
	return c
}

// asMessage returns s as it stands after the other author's words.
func (s *Segment) asMessage(id int) *Segment {
	const lead = "\n\n"
	m := NewSegment(id, s.Author, lead+strings.TrimSpace(s.Text()))
	m.Lead, m.By, m.Thoughts = len(lead), s.By, s.Thoughts.soFar()
	return m
}

// soFar returns a copy of s as it is, which does not grow.
func (s *Segment) soFar(id int) *Segment {
	now := NewSegment(id, s.Author, strings.TrimSuffix(s.Text(), "\uFFFD"))
	now.Lead, now.By, now.Thoughts = s.Lead, s.By, s.Thoughts.soFar()
	now.By.Stop = StoppedByUser
	return now
}

// StopReason says why an answer ended.
type StopReason string

// The reasons.
const (
	EndedByItself  StopReason = "eos"
	ReachedLength  StopReason = "length"
	StoppedByText  StopReason = "stop"
	ContextFull    StopReason = "context"
	StoppedByUser  StopReason = "cancelled"
	StoppedByError StopReason = "error"
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

// edited is w of a text that is no longer as the model wrote it. The zero
// value stays zero.
func (w Written) edited() Written {
	w.Edited = w.Model != ""
	w.Stop, w.StopText = "", ""
	return w
}
