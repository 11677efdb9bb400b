package backend

import (
	"strings"

	"tern/app/chat/document"
	"tern/inference"
	"tern/inference/answer"
	"tern/inference/chattemplate"
	"tern/tokenizer"
)

// LevelOn and LevelOff are the names of levels of thinking that are not efforts.
const (
	LevelOn  = chattemplate.LevelOn
	LevelOff = chattemplate.LevelOff
)

// Thinks is how a model thinks before it answers.
type Thinks struct {
	Levels []string // that can be chosen, the least first
	Usual  string   // the one without a choice; empty where that is not known
}

// thinks is that of a chat template, nil for one that knows no thoughts. Where it has no switch, a block is closed
// as soon as it is begun.
func thinks(f *inference.AnswerFormat) *Thinks {
	if f.Open == "" {
		return nil
	}
	if f.Levels == nil {
		return &Thinks{Levels: []string{LevelOff, LevelOn}, Usual: LevelOn}
	}
	t := &Thinks{}
	for _, l := range f.Levels {
		t.Levels = append(t.Levels, l.Name)
		if l.Default && t.Usual == "" {
			t.Usual = l.Name
		}
	}
	return t
}

// Nearest is the level that comes nearest to one of another model, empty for none.
func (t *Thinks) Nearest(level string) string {
	var f inference.AnswerFormat
	for _, l := range t.Levels {
		f.Levels = append(f.Levels, chattemplate.Level{Name: l})
	}
	l, _ := f.Level(level)
	return l.Name
}

// asked is what a model is asked, as ids.
type asked struct {
	ids   []int32
	think inference.Thinking // of what is written
	at    goOn               // where that stands
	begun bool               // the prompt begins a block
	tail  string             // of the thoughts that are gone on with: the beginning of the marker that ends them
}

// goOn says where an answer that is written on stands.
type goOn uint8

const (
	fresh   goOn = iota // it is a new one
	inBlock             // in its thoughts
	behind              // between these and its words
	inWords
)

// where an answer stands.
func where(t document.Turn) goOn {
	switch {
	case t.Within():
		return inBlock
	case t.Text() == "":
		return behind
	}
	return inWords
}

// goOnWith adds the ids of an answer that is written on to what is asked, as they were generated where all of them are
// known. th is what the template says of the prompt before it.
func (l *Local) goOnWith(a *asked, t document.Turn, th inference.Thinking) {
	ids, exact := l.answerIDs(t, th)
	a.ids = append(a.ids, ids...)
	if exact && a.at == inBlock {
		var end []byte
		for _, id := range ids[max(0, len(ids)-len(th.Close)):] {
			end = append(end, l.engine.Tokenizer().Bytes(id)...)
		}
		a.tail = th.Close[:begunMarker(string(end), th.Close)]
	}
}

func (l *Local) answerIDs(t document.Turn, th inference.Thinking) (ids []int32, exact bool) {
	tok := l.engine.Tokenizer()
	exact = true
	for _, s := range t.Segments {
		exact = exact && s.Vocab == &l.vocab && (s.Thoughts == nil || s.Thoughts.IDs != nil)
	}
	thought := t.Thoughts()
	if exact {
		for _, s := range t.Segments {
			if s.Thoughts != nil {
				ids = append(ids, s.Thoughts.IDs...)
			}
			ids = append(ids, s.IDs...)
		}
		if th.Begun && t.Segments[0].Thoughts == nil { // the words began without a block, by another prompt
			ids = append(tok.EncodeParts([]tokenizer.Part{{Text: th.Closing}}), ids...)
		}
		return ids, true
	}
	var parts []tokenizer.Part
	line := ""
	if strings.HasPrefix(th.Closing, "\n") {
		line = "\n"
	}
	switch {
	case th.Open == "": // another model thought that
	case thought != "":
		if !th.Begun {
			parts = append(parts, tokenizer.Part{Text: th.Open + line})
		}
		parts = append(parts, tokenizer.Part{Text: thought, Plain: true})
		if !t.Within() {
			parts = append(parts, tokenizer.Part{Text: th.Closing})
		}
	case th.Begun:
		parts = append(parts, tokenizer.Part{Text: th.Closing})
	}
	if parts == nil {
		return tok.EncodeContinuation(t.Text()), false
	}
	return tok.EncodeParts(append(parts, tokenizer.Part{Text: t.Text(), Plain: true})), false
}

// chatOptions are those that make the model think as a prompt asks for. An answer that is gone on with was begun
// with its own. closed says that a block is to be closed at once.
func (l *Local) chatOptions(p Prompt, last *document.Turn) (o inference.ChatOptions, closed bool) {
	level := p.Thinking
	if last != nil {
		if g := last.Segments[0].By.Generation; g != nil {
			level = g.Thinking
		}
		if level == LevelOff && last.Thoughts() != "" {
			level = LevelOn
		}
	}
	o.GenerationPrompt = true
	f := l.engine.AnswerFormat()
	if v, ok := f.Level(level); ok {
		o.Variables = v.Variables
	}
	return o, level == LevelOff && f.Levels == nil
}

// thinking returns how what is written after a prompt thinks. last is the answer that is gone on with, nil for none.
func (l *Local) thinking(th inference.Thinking, p Prompt, last *document.Turn, closed bool) inference.Thinking {
	th.Budget, th.Apart = p.Budget, true // no answer is empty because its thoughts were long
	if closed {
		th.Budget = -1
	}
	if last == nil {
		return th
	}
	if where(*last) != inBlock || th.Open == "" {
		return inference.Thinking{} // no other block begins
	}
	th.Begun = true
	spent := 0
	for _, s := range last.Segments {
		if s.Thoughts != nil && s.Thoughts.IDs != nil {
			spent += len(s.Thoughts.IDs)
		} else {
			spent += len(l.engine.Tokenizer().EncodeContinuation(s.Thoughts.Text()))
		}
	}
	if th.Budget > 0 {
		if th.Budget -= spent; th.Budget <= 0 {
			th.Budget = -1
		}
	}
	if last.Segments[len(last.Segments)-1].By.Stop == document.EndedByItself {
		th.Budget = -1 // it would end there again: its answer is what is missing
	}
	return th
}

// sorter tells what a model thinks from what it says while it writes, with the tokens of both.
type sorter struct {
	tok     tokenizer.Tokenizer
	f       *inference.AnswerFormat
	split   *answer.Splitter
	markers map[int32]string // tokens without text that mean something
	at      goOn             // fresh as long as a block may begin

	held    []Event // of kind Writing, one for each token that may belong to either
	whole   int     // how many of held have all of their text
	gap     string  // white space at the end of the thoughts so far
	tail    string  // the end of the text so far
	thought bool    // something was thought
	shared  bool    // a token says what is thought and what is said
	out     []Event
}

// newSorter returns one for an answer to what was asked.
func newSorter(tok tokenizer.Tokenizer, f *inference.AnswerFormat, a asked) *sorter {
	s := &sorter{tok: tok, f: f, at: a.at, markers: answer.Markers(tok, f)}
	if f.Open == "" {
		s.at = inWords
	}
	if s.at == inWords {
		return s
	}
	if a.at == fresh && a.begun {
		s.at = inBlock
	}
	s.split = answer.New(f, answer.Options{Begun: s.at != fresh})
	switch a.at {
	case inBlock: // something stands before what comes: white space between the two counts
		s.split.Push("…" + a.tail)
		s.thought, s.tail = true, a.tail
	case behind:
		s.split.Push(f.Close)
	}
	return s
}

// push takes an event of kind Writing, a token, and returns what can be told of it and of those before it.
func (s *sorter) push(e Event) []Event {
	e.Text += s.markers[e.IDs[0]]
	if s.shared {
		e.Token = nil // figures of some tokens of a text are of no use
	}
	s.out = s.out[:0]
	if s.at == inWords {
		return append(s.out, e)
	}
	s.held = append(s.held, e)
	s.tail += e.Text
	s.tail = s.tail[max(0, len(s.tail)-len(s.f.Open)-len(s.f.Close)):]
	s.sort(s.split.Push(e.Text), e)
	if e.Text != "" {
		s.whole = len(s.held)
	}
	return s.out
}

// sort puts pieces out; the newest are of the event e.
func (s *sorter) sort(pieces []answer.Piece, e Event) {
	var thought, words string
	for _, p := range pieces {
		if p.Kind == answer.Thought {
			thought += p.Text
		} else {
			words += p.Text
		}
	}
	if s.at == fresh && s.split.Begun() {
		s.at = inBlock
	}
	if s.at == inBlock {
		s.thought = s.thought || thought != ""
		if rest := strings.TrimRight(e.Text, blanks); rest != "" {
			s.gap = e.Text[len(rest):]
		} else {
			s.gap += e.Text
		}
		t := Event{Kind: Thinking, Stats: e.Stats, Text: thought, Known: words == ""}
		if t.Closed = !s.split.Thinking(); t.Closed {
			s.at = behind
		}
		if t.Known {
			t.IDs = s.release(len(s.held))
		}
		s.out = append(s.out, t)
	}
	if words == "" {
		return
	}
	heldText := ""
	for _, h := range s.held[s.whole:] {
		heldText += h.Text
	}
	switch {
	case s.at == fresh: // nothing was thought
		s.out = append(s.out, s.held...)
	case words == heldText:
		if s.whole > 0 {
			s.out = append(s.out, Event{Kind: Thinking, Stats: e.Stats, IDs: s.release(s.whole), Known: true, Closed: true})
		}
		s.out = append(s.out, s.held...)
	default:
		s.shared = true
		s.out = append(s.out, Event{Kind: Thinking, Stats: e.Stats, Closed: true},
			Event{Kind: Writing, Stats: e.Stats, Text: words, IDs: s.tok.EncodeContinuation(words)})
	}
	s.at, s.held = inWords, nil
}

// begunMarker is how long the beginning of a marker is that text ends with.
func begunMarker(text, marker string) int {
	for n := min(len(text), len(marker)-1); n > 0; n-- {
		if strings.HasSuffix(text, marker[:n]) {
			return n
		}
	}
	return 0
}

// release returns the ids of the first n held events, and holds the rest.
func (s *sorter) release(n int) (ids []int32) {
	for _, h := range s.held[:n] {
		ids = append(ids, h.IDs...)
	}
	s.held, s.whole = s.held[n:], 0
	return ids
}

const blanks = " \t\r\n"

// close puts out what is left when the answer ends. A marker that is begun and not complete is no text, since the
// answer may go on: its tokens are those of the thoughts.
func (s *sorter) close(stats inference.Stats, ended bool) []Event {
	s.out = s.out[:0]
	if s.at == inWords {
		return nil
	}
	pieces := s.split.Close()
	if !ended && len(pieces) > 0 {
		last := &pieces[len(pieces)-1]
		switch s.at {
		case fresh:
			if strings.HasPrefix(s.f.Open, strings.TrimLeft(last.Text, blanks)) {
				return nil
			}
		case inBlock:
			last.Text = last.Text[:len(last.Text)-begunMarker(s.tail, s.f.Close)]
		}
	}
	s.sort(pieces, Event{Stats: stats})
	switch {
	case s.at == inBlock && s.thought && s.gap != "": // what is thought on stands behind it
		s.out = append(s.out, Event{Kind: Thinking, Stats: stats, Text: s.gap, Known: true})
	case s.at == behind && len(s.held) > 0:
		s.out = append(s.out, Event{Kind: Thinking, Stats: stats, IDs: s.release(len(s.held)), Known: true, Closed: true})
	}
	return s.out
}
