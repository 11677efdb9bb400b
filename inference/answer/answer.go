// Package answer takes the text that a model writes apart: what it thinks, what it
// says, and the tools that it calls. Package chattemplate finds out how a template
// has its model mark them.
package answer

import (
	"encoding/json"
	"strings"

	"tern/inference/chattemplate"
	"tern/tokenizer"
)

// Kind is what a Piece is.
type Kind uint8

// The kinds of pieces.
const (
	Text    Kind = iota // for the reader
	Thought             // in a block of thoughts
	Called              // a call of a tool, complete
)

// Piece is a part of an answer. Those of one kind that follow each other belong
// together.
type Piece struct {
	Kind Kind
	Text string
	Call chattemplate.ToolCall // without an ID
}

// Tool is a function that the model may call.
type Tool struct {
	Name       string
	Parameters json.RawMessage // their schema; may be nil
}

// Options says what may come.
type Options struct {
	// Begun says that the answer begins in a block of thoughts.
	Begun bool
	// Tools are those that may be called. Without any, a call is text.
	Tools []Tool
}

// Splitter takes one answer apart while it is written. White space around thoughts
// and calls is not part of anything. What looks like a call and is none, because it
// is not complete, not well formed, or of a tool that there is not, is text.
type Splitter struct {
	f     *chattemplate.Format
	tools []Tool
	begin string // how a call begins; "" where none may come

	at      place
	buf     string // not decided yet
	said    bool   // text was given out
	calls   int
	gap     string // white space before what may be a call
	thought bool   // something was given out of this block
	begun   bool   // a block of thoughts began
}

type place uint8

const (
	atStart   place = iota // a block of thoughts may begin
	inThought              // in it
	behind                 // behind it, or behind a call: white space is dropped
	inText
	inCall
)

// New returns a splitter for one answer.
func New(f *chattemplate.Format, o Options) *Splitter {
	s := &Splitter{f: f, tools: o.Tools}
	switch {
	case o.Begun && f.Open != "":
		s.at, s.begun = inThought, true
	case f.Open == "":
		s.at = inText
	}
	if f.Tools != nil && len(o.Tools) > 0 {
		if s.begin = f.Tools.Begin; s.begin == "" {
			s.begin = "{"
			if f.Tools.List {
				s.begin = "["
			}
		}
	}
	return s
}

// Thinking reports whether the text so far ends in a block of thoughts.
func (s *Splitter) Thinking() bool { return s.at == inThought }

// Begun reports whether there is a block of thoughts, which may have ended.
func (s *Splitter) Begun() bool { return s.begun }

// Calls is how many tools were called.
func (s *Splitter) Calls() int { return s.calls }

// Push adds text and returns what it completes.
func (s *Splitter) Push(text string) (pieces []Piece) {
	s.buf += text
	for s.step(&pieces, false) {
	}
	return pieces
}

// Close returns what is left at the end of the answer.
func (s *Splitter) Close() (pieces []Piece) {
	for s.step(&pieces, true) {
	}
	return pieces
}

const blanks = " \t\r\n"

// give appends text to the pieces.
func (s *Splitter) give(pieces *[]Piece, kind Kind, text string) {
	if text == "" {
		return
	}
	if n := len(*pieces); n > 0 && (*pieces)[n-1].Kind == kind {
		(*pieces)[n-1].Text += text
	} else {
		*pieces = append(*pieces, Piece{Kind: kind, Text: text})
	}
	if kind == Text {
		s.said = true
	} else {
		s.thought = true
	}
}

// step does what can be done with buf, and reports whether to go on. last says that
// no more text comes.
func (s *Splitter) step(pieces *[]Piece, last bool) bool {
	switch s.at {
	case atStart:
		trimmed := strings.TrimLeft(s.buf, blanks)
		switch {
		case strings.HasPrefix(trimmed, s.f.Open):
			s.buf, s.at, s.thought, s.begun = trimmed[len(s.f.Open):], inThought, false, true
		case strings.HasPrefix(s.f.Open, trimmed) && !last:
			return false
		default:
			s.at = inText
		}
		return true
	case inThought:
		return s.think(pieces, last)
	case behind:
		if s.buf = strings.TrimLeft(s.buf, blanks); s.buf == "" {
			return false
		}
		s.at = inText
		return true
	case inText:
		return s.text(pieces, last)
	}
	return s.call(pieces, last)
}

// think gives out thoughts.
func (s *Splitter) think(pieces *[]Piece, last bool) bool {
	if !s.thought {
		s.buf = strings.TrimLeft(s.buf, blanks)
	}
	if thought, rest, ok := strings.Cut(s.buf, s.f.Close); ok {
		s.give(pieces, Thought, strings.TrimRight(thought, blanks))
		s.buf, s.at = rest, behind
		return true
	}
	keep := 0
	if !last {
		keep = overlap(s.buf, s.f.Close)
	}
	ready := strings.TrimRight(s.buf[:len(s.buf)-keep], blanks)
	s.give(pieces, Thought, ready)
	s.buf = s.buf[len(ready):]
	if last {
		s.buf = ""
	}
	return false
}

// text gives out text up to where a call begins.
func (s *Splitter) text(pieces *[]Piece, last bool) bool {
	if s.begin == "" {
		s.give(pieces, Text, s.buf)
		s.buf = ""
		return false
	}
	i := strings.Index(s.buf, s.begin)
	if s.f.Tools.Begin == "" { // without a marker a call is all of an answer
		i = -1
		if trimmed := strings.TrimLeft(s.buf, blanks); !s.said && strings.HasPrefix(trimmed, s.begin) {
			i = len(s.buf) - len(trimmed)
		}
	}
	if i >= 0 {
		before := strings.TrimRight(s.buf[:i], blanks)
		s.gap = s.buf[len(before):i]
		s.give(pieces, Text, before)
		s.buf, s.at = s.buf[i:], inCall
		return true
	}
	if last {
		if s.calls == 0 || strings.Trim(s.buf, blanks) != "" {
			s.give(pieces, Text, s.buf)
		}
		s.buf = ""
		return false
	}
	keep := overlap(s.buf, s.begin)
	ready := strings.TrimRight(s.buf[:len(s.buf)-keep], blanks)
	s.give(pieces, Text, ready)
	s.buf = s.buf[len(ready):]
	return false
}

// call gives out calls.
func (s *Splitter) call(pieces *[]Piece, last bool) bool {
	calls, n, state := s.parse(s.buf, last)
	switch state {
	case more:
		return false
	case good:
		for _, c := range calls {
			*pieces = append(*pieces, Piece{Kind: Called, Call: c})
		}
		s.calls += len(calls)
		s.buf, s.at = s.buf[n:], behind
	default:
		s.give(pieces, Text, s.gap+s.buf[:len(s.begin)])
		s.buf, s.at = s.buf[len(s.begin):], inText
	}
	s.gap = ""
	return true
}

// overlap is the length of the longest end of text with which marker begins.
func overlap(text, marker string) int {
	for n := min(len(text), len(marker)-1); n > 0; n-- {
		if text[len(text)-n:] == marker[:n] {
			return n
		}
	}
	return 0
}

// Markers returns the markers that a vocabulary has as control tokens, by their ids.
// These have no text: a splitter is given their names in its place.
func Markers(tok tokenizer.Tokenizer, f *chattemplate.Format) map[int32]string {
	names := []string{f.Open, f.Close}
	if f.Tools != nil {
		names = append(names, f.Tools.Begin, f.Tools.End)
	}
	markers := map[int32]string{}
	for _, name := range names {
		if id, ok := tok.Special(name); ok && len(tok.Bytes(id)) == 0 {
			markers[id] = name
		}
	}
	return markers
}
