// Package document is the text of a conversation as plain values: segments with their authors, the
// path of segments that is shown, the tree of all versions, and the edits that make a new version of
// an old one. It knows neither engines nor windows, and it has no lock.
//
// Files in reading order: segment.go, document.go, edit.go, drop.go, tree.go, file.go (how
// conversations are kept), view.go (what a window shows).
package document

import (
	"slices"
	"strings"
)

// Mode says how a model reads a document.
type Mode uint8

// The modes. The open model decides for a conversation that is empty: one with a
// chat template chats. What was written keeps its mode, whatever model is
// opened, until the user chooses the other one.
const (
	StoryMode Mode = iota // a text, which the model continues
	ChatMode              // messages, which the model answers
)

// Document is one path of segments. Its methods never change the list they are
// called on, so a copy is a version to come back to.
type Document struct {
	Segments []*Segment
	Answer   int // how many segments stand before the answer that Retry writes again; -1: none
}

// New returns a document without text.
func New() Document { return Document{Answer: -1} }

// Of is the document of a path whose last answer, or the answer to it, may be written again.
func Of(path []*Segment) Document {
	n := len(path)
	switch {
	case n == 0:
		return Document{Segments: path, Answer: -1}
	case path[n-1].Author == Model:
		return Document{Segments: path, Answer: n - 1}
	}
	return Document{Segments: path, Answer: n}
}

// Text is the texts of all segments in a row.
func (d Document) Text() string {
	var b strings.Builder
	for _, s := range d.Segments {
		b.WriteString(s.Text())
	}
	return b.String()
}

// Blank reports whether d has no text but white space.
func (d Document) Blank() bool { return strings.TrimSpace(d.Text()) == "" }

// Equal reports whether two versions have the same segments.
func (d Document) Equal(o Document) bool { return slices.Equal(d.Segments, o.Segments) }

// Index is the place of the segment with an id, -1 if it is not there.
func (d Document) Index(id int) int {
	return slices.IndexFunc(d.Segments, func(s *Segment) bool { return s.ID == id })
}

// Message returns the bounds of the message that segment i belongs to: what one
// author wrote in a row.
func (d Document) Message(i int) (first, end int) {
	author := d.Segments[i].Author
	for first = i; first > 0 && d.Segments[first-1].Author == author; {
		first--
	}
	for end = i + 1; end < len(d.Segments) && d.Segments[end].Author == author; {
		end++
	}
	return first, end
}

// AnswerOf returns the bounds of the answer that the segment with an id belongs
// to, of the last answer if it belongs to none.
func (d Document) AnswerOf(id int) (first, end int) {
	if i := d.Index(id); i >= 0 && d.Segments[i].Author == Model {
		return d.Message(i)
	}
	end = len(d.Segments)
	for end > 0 && d.Segments[end-1].Author != Model {
		end--
	}
	for first = end; first > 0 && d.Segments[first-1].Author == Model; {
		first--
	}
	return first, end
}

// Tokens returns the figures of the answer that the segment with an id belongs to,
// as far as they are known. missing reports that more could be computed.
func (d Document) Tokens(id int) (tokens []Token, missing bool) {
	first, end := d.AnswerOf(id)
	for _, s := range d.Segments[first:end] {
		missing = missing || len(s.Tokens) == 0 && s.Body() != ""
		if tokens == nil {
			tokens = slices.Clip(s.Tokens)
		} else {
			tokens = append(tokens, s.Tokens...)
		}
	}
	return tokens, missing
}

// Written tells how the answer that the segment with an id belongs to was written,
// the last answer if it belongs to none: one entry for each time that the model was
// asked, in order. To a story, all of it is one answer.
func (d Document) Written(id int, mode Mode) (list []Written) {
	first, end := d.AnswerOf(id)
	if mode == StoryMode {
		first, end = 0, len(d.Segments)
	}
	for _, s := range d.Segments[first:end] {
		if s.Author == Model && !s.empty() {
			list = append(list, s.By)
		}
	}
	return list
}

// Turn is what one author wrote in a row.
type Turn struct {
	Author   Author
	Segments []*Segment
}

// Text is the message of a turn, without white space around it.
func (t Turn) Text() string { return strings.TrimSpace(Document{Segments: t.Segments}.Text()) }

// Body is the text of a turn as it was written, without what separates it from the
// message before.
func (t Turn) Body() string {
	var b strings.Builder
	for _, s := range t.Segments {
		b.WriteString(s.Body())
	}
	return b.String()
}

// Turns returns the document as messages. Those that are blank are left out; an answer
// that is nothing but thoughts so far is one that goes on where it is the last, and blank
// where it is not. What the user said before and after a blank answer is one message.
func (d Document) Turns() (list []Turn) {
	for i := 0; i < len(d.Segments); {
		_, end := d.Message(i)
		t := Turn{Author: d.Segments[i].Author, Segments: d.Segments[i:end]}
		n := len(list) - 1
		switch {
		case t.Text() == "" && (end < len(d.Segments) || t.Thoughts() == ""):
		case t.Author == User && n >= 0 && list[n].Author == User:
			list[n].Segments = append(slices.Clip(list[n].Segments), t.Segments...)
		default:
			list = append(list, t)
		}
		i = end
	}
	return list
}

// Answered is the share of the text, in bytes, up to the end of the last answer.
func (d Document) Answered() float64 {
	all, answered := 0, 0
	for _, s := range d.Segments {
		all += len(s.Text())
		if s.Author == Model {
			answered = all
		}
	}
	return float64(answered) / float64(max(all, 1))
}
