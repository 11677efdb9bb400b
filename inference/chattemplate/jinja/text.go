package jinja

import "strings"

// Text is a string that knows which of its bytes came from outside the template.
type Text struct {
	s    string
	from []Span // in order, none overlaps another
	safe bool   // markup: + escapes what it is joined with
}

// Span is a stretch of a text that came from outside.
type Span struct {
	Start, End int
	// Origin says which text it is of, as Outside was told, 0 where nobody
	// knows any more: after a filter that rewrites, say.
	Origin int
	Offset int // where the stretch begins in that text
}

// Outside is a text that came from outside the template.
func Outside(s string, origin int) Text {
	if s == "" {
		return Text{}
	}
	return Text{s: s, from: []Span{{0, len(s), origin, 0}}}
}

// Own is a text of the template, or as good as one of it.
func Own(s string) Text { return Text{s: s} }

func (t Text) String() string { return t.s }

// Spans are the stretches from outside, in order.
func (t Text) Spans() []Span { return t.from }

// like is a text made of t in a way that no byte of it can be followed: if any of
// t came from outside, all of it did.
func (t Text) like(s string) Text {
	if t.from == nil {
		return Own(s)
	}
	return Outside(s, 0)
}

// slice is t[i:j], in bytes.
func (t Text) slice(i, j int) Text {
	if i >= j {
		return Text{}
	}
	cut := Text{s: t.s[i:j], safe: t.safe}
	for _, s := range t.from {
		start, end := max(s.Start, i), min(s.End, j)
		if start < end {
			cut.from = append(cut.from, Span{start - i, end - i, s.Origin, s.Offset + start - s.Start})
		}
	}
	return cut
}

// pieces calls f with the stretches of t, each of one origin.
func (t Text) pieces(f func(Text)) {
	at := 0
	for _, s := range t.from {
		if at < s.Start {
			f(Own(t.s[at:s.Start]))
		}
		f(t.slice(s.Start, s.End))
		at = s.End
	}
	if at < len(t.s) {
		f(Own(t.s[at:]))
	}
}

// builder puts a text together.
type builder struct {
	b    strings.Builder
	from []Span
}

func (b *builder) own(s string) { b.b.WriteString(s) }

func (b *builder) text(t Text) {
	at := b.b.Len()
	b.b.WriteString(t.s)
	for _, s := range t.from {
		s.Start, s.End = s.Start+at, s.End+at
		if n := len(b.from); n > 0 {
			last := &b.from[n-1]
			if last.End == s.Start && last.Origin == s.Origin && (s.Origin == 0 || last.Offset+last.End-last.Start == s.Offset) {
				last.End = s.End
				continue
			}
		}
		b.from = append(b.from, s)
	}
}

func (b *builder) done() Text { return Text{s: b.b.String(), from: b.from} }

// concat joins two texts.
func (r *run) concat(a, b Text) Text {
	r.take(len(a.s) + len(b.s) + 32*(len(a.from)+len(b.from)))
	var out builder
	out.text(a)
	out.text(b)
	return out.done()
}
