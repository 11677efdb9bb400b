package document

import (
	"slices"
	"strings"
)

// With returns d with a further segment.
func (d Document) With(s *Segment) Document {
	d.Segments = append(slices.Clip(d.Segments), s)
	return d
}

// WithWords returns d with the user's words after it. What is written next
// will be its answer.
func (d Document) WithWords(id int, words string) Document {
	if words = Join(d.Text(), words); words != "" {
		d = d.With(NewSegment(id, User, words))
	}
	d.Answer = len(d.Segments)
	return d
}

// WithMessage returns d with the user's message after it, whose answer is
// written next. Without words it is the last message that is answered, or the
// answer that is written on.
func (d Document) WithMessage(id int, words string) Document {
	if words = strings.TrimSpace(words); words != "" {
		d = d.With(d.message(id, User, words))
	}
	d.Answer = len(d.Segments)
	for d.Answer > 0 && d.Segments[d.Answer-1].Author == Model {
		d.Answer-- // an answer that is written on is one answer
	}
	return d
}

// message makes a message that stands after d.
func (d Document) message(id int, author Author, text string) *Segment {
	s := &Segment{ID: id, Author: author}
	s.separate(d)
	s.text.WriteString(text)
	return s
}

// NewAnswer makes the segment of an answer to d, which is not part of d yet.
func (d Document) NewAnswer(id int, mode Mode) *Segment {
	if mode == ChatMode {
		return d.message(id, Model, "")
	}
	return NewSegment(id, Model, "")
}

// UpTo returns the first n segments of d, whose last answer will be
// written next.
func (d Document) UpTo(n int) Document {
	return Document{Segments: slices.Clip(d.Segments[:n]), Answer: n}
}

// WithoutAnswer returns d up to where its last answer began.
func (d Document) WithoutAnswer() Document {
	d.Segments = slices.Clip(d.Segments[:d.Answer])
	return d
}

// WithoutLast returns d without its last segment.
func (d Document) WithoutLast() Document {
	d.Segments = d.Segments[:len(d.Segments)-1]
	return d
}

// Without returns d without the message that segment i belongs to.
func (d Document) Without(i int) Document {
	first, end := d.Message(i)
	return Of(append(d.UpTo(first).Segments, d.Segments[end:]...))
}

// Edited gives the message that segment i belongs to another text. What follows it
// stays, unless the user's message is to be answered again. So do its thoughts.
func (d Document) Edited(i, id int, text string, answer bool) Document {
	first, end := d.Message(i)
	head := d.UpTo(first)
	s := head.message(id, d.Segments[i].Author, text)
	s.By, s.Thoughts = d.Segments[i].By.edited(), thoughts(d.Segments[first:end])
	edited := head.With(s)
	if answer && s.Author == User {
		edited.Answer = len(edited.Segments)
		return edited
	}
	return Of(append(edited.Segments, d.Segments[end:]...))
}

// Chosen returns d up to the token at of segment i, with the token id, whose text is text, in
// its place. It is the beginning of an answer that a model writes on.
func (d Document) Chosen(i int, at Token, segment int, id int32, text string) Document {
	s := d.Segments[i]
	b := NewSegment(segment, Model, s.Text()[:s.Lead])
	b.Lead, b.Vocab, b.By, b.Thoughts = s.Lead, s.Vocab, s.By.edited(), s.Thoughts
	for _, t := range s.Tokens[:at.Index] {
		b.Add(t.Text, []int32{t.ID}, &t)
	}
	t := s.Tokens[at.Index].instead(id, text)
	b.Add(text, []int32{id}, &t)
	b.Spelled()
	chosen := d.UpTo(i).With(b)
	chosen.Answer = i
	return chosen
}

// Branch returns the path of d up to the message that segment i belongs to. writing, if it is part of it,
// is an answer that is being written: a copy of it as it is takes its place.
func (d Document) Branch(i int, writing *Segment, newID func() int) Document {
	_, end := d.Message(i)
	path := slices.Clone(d.Segments[:end])
	if writing != nil && path[end-1] == writing {
		path[end-1] = writing.soFar(newID())
		if path[end-1].empty() {
			path = path[:end-1]
		}
	}
	return Of(path)
}

// Passage is a piece of a story: where it begins, in bytes, and what it says.
// A change names all of the passage it changes, since the story may be another one by the
// time that the change is made.
type Passage struct {
	ID   string // of the conversation
	From int
	Text string
}

// Holds reports whether d has the text of a passage at its place.
func (d Document) Holds(p Passage) bool {
	all := d.Text()
	return p.From >= 0 && p.From <= len(all) && strings.HasPrefix(all[p.From:], p.Text)
}

// Splice replaces the bytes from up to to by text. The segments that it touches
// become one.
func (d Document) Splice(id, from, to int, text string) (Document, bool) {
	size := len(d.Text())
	if from < 0 || from > to || to > size || d.Text()[from:to] == text {
		return d, false
	}
	first, before := len(d.Segments), "" // of the touched ones, and what of it stays
	last, after := -1, ""
	at := 0
	for i, s := range d.Segments {
		t := s.Text()
		end := at + len(t)
		touched := end > from && at < to
		if from == to {
			touched = at < from && from <= end || from == 0 && i == 0
		}
		if touched {
			if i < first {
				first, before = i, t[:max(0, from-at)]
			}
			last, after = i, t[min(len(t), max(0, to-at)):]
		}
		at += len(t)
	}
	if last < 0 {
		first = len(d.Segments)
	}
	out := Document{Segments: slices.Clip(d.Segments[:first])}
	if whole := before + text + after; whole != "" {
		s := NewSegment(id, User, whole)
		if last >= 0 {
			s.Author, s.By = d.Segments[last].Author, d.Segments[last].By.edited()
			s.Thoughts = thoughts(d.Segments[first : last+1])
		}
		out = out.With(s)
	}
	if last >= 0 {
		out.Segments = append(out.Segments, d.Segments[last+1:]...)
	}
	return Of(out.Segments), true
}
