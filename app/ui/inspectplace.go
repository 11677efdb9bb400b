package ui

import (
	"slices"
	"sort"

	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/ui/longtext"
)

// reach is where a token stands in the document, in bytes.
type reach struct{ from, to int }

// locate finds where the tokens stand that can be pointed at.
func (p *inspect) locate() {
	starts, at := map[int]int{}, 0
	for _, s := range p.view.Document {
		starts[s.ID] = at + s.Lead
		at += len(s.Text)
	}
	p.reaches = p.reaches[:0]
	left := len(p.tokens) - len(p.text.tokens) // too long ago to be pointed at
	segment := 0
	for i, t := range p.tokens {
		if i == 0 || t.Segment != segment {
			segment, at = t.Segment, starts[t.Segment]
		}
		if i >= left {
			p.reaches = append(p.reaches, reach{at, at + len(t.Text)})
		}
		at += len(t.Text)
	}
}

// tokenAt is the token that a byte of the document belongs to, -1 for none.
func (p *inspect) tokenAt(at int) int {
	i := sort.Search(len(p.reaches), func(i int) bool { return p.reaches[i].to > at })
	if i < len(p.reaches) && p.reaches[i].from <= at {
		return i
	}
	return -1
}

// hoverAt points at the token of a byte of the document, -1 for none.
func (p *inspect) hoverAt(at int) { p.text.hover(p.tokenAt(at)) }

// pinAt pins the token of a byte of the document. In another answer than the one
// that is looked at it looks at that one, and pins when its figures are known. It
// tells if the model wrote there at all.
func (p *inspect) pinAt(at int) bool {
	if i := p.tokenAt(at); i >= 0 {
		p.text.pin(i)
		return true
	}
	end := 0
	for _, s := range p.view.Document {
		if end += len(s.Text); at < end {
			if s.Author != chat.Model {
				return false
			}
			p.chosen, p.wanted = s.ID, at
			p.show(p.view)
			return true
		}
	}
	return false
}

// shades are the tints and marks of a paragraph that begins at a byte of the
// document.
func (p *inspect) shades(from, size int) (list []longtext.Shade) {
	first := sort.Search(len(p.reaches), func(i int) bool { return p.reaches[i].to > from })
	for i := first; i < len(p.reaches) && p.reaches[i].from < from+size; i++ {
		r := p.reaches[i]
		if r.from == r.to {
			continue // a part of a character
		}
		s := longtext.Shade{From: max(0, r.from-from), To: min(size, r.to-from)}
		if step := tint(p.text.tokens[i].Prob); p.tint.Checked && step > 0 {
			tinted := s
			tinted.Fill, tinted.Under = tints[step], step == len(tints)-1
			list = join(list, tinted)
		}
		if i == p.text.shown() {
			s.Fill, s.Edge = theme.ColorNameSelection, i == p.text.pinned
			list = append(list, s)
		}
	}
	return list
}

// join appends a shade, or lets the last one go on where that looks the same.
func join(list []longtext.Shade, s longtext.Shade) []longtext.Shade {
	if n := len(list) - 1; n >= 0 && list[n].To == s.From && list[n].Fill == s.Fill && list[n].Under == s.Under {
		list[n].To = s.To
		return list
	}
	return append(list, s)
}

// looked names the answer that is looked at, as it is now: the chosen one, or
// the last.
func (p *inspect) looked() (a examinedAnswer) {
	for _, s := range slices.Backward(p.view.Document) {
		if s.Author == chat.Model && (p.chosen == 0 || s.ID == p.chosen) {
			return examinedAnswer{s.ID, len(s.Text)}
		}
	}
	return a
}

// follow goes back to the last answer when that is another one, or the chosen one
// is gone.
func (p *inspect) follow() {
	chosen := p.chosen
	p.chosen = 0
	last := p.looked().segment
	p.chosen = chosen
	if last != p.last || p.looked().segment == 0 {
		p.chosen, p.wanted = 0, -1
	}
	p.last = last
}

// tokensShown tells if the tokens of an answer can be seen.
func (w *window) tokensShown() bool {
	return w.inspect != nil && w.inspect.tab == 0 && w.panelShown() == w.inspect.side
}

// shades are what is drawn below a paragraph.
func (w *window) shades(i int) []longtext.Shade {
	list := w.finder.Shades(i)
	if w.tokensShown() {
		p := &w.transcript.Paragraphs()[i]
		list = append(w.inspect.shades(p.From, len(p.Text)), list...)
		slices.SortStableFunc(list, func(a, b longtext.Shade) int { return a.From - b.From })
	}
	return list
}

// reshade draws the tokens in the text, or takes them away, where they are shown
// or were.
func (w *window) reshade() {
	if on := w.tokensShown(); on || w.shaded {
		w.shaded = on
		w.transcript.Reshade()
	}
}

// pointed is told of the byte of a paragraph that the mouse is over, -1 for none.
func (w *window) pointed(i, at int) {
	if at >= 0 {
		at += w.transcript.Paragraphs()[i].From
	}
	w.inspect.hoverAt(at)
}
