package inspect

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
func (p *Panel) locate() {
	starts, at := map[int]int{}, 0
	for _, s := range p.view.Document {
		starts[s.ID] = at + s.Lead
		at += len(s.Text)
	}
	p.reaches = p.reaches[:0]
	left := len(p.tokens) - len(p.Text.Tokens) // too long ago to be pointed at
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
func (p *Panel) tokenAt(at int) int {
	i := sort.Search(len(p.reaches), func(i int) bool { return p.reaches[i].to > at })
	if i < len(p.reaches) && p.reaches[i].from <= at {
		return i
	}
	return -1
}

// HoverAt points at the token of a byte of the document, -1 for none.
func (p *Panel) HoverAt(at int) { p.Text.hover(p.tokenAt(at)) }

// PinAt pins the token of a byte of the document. In another answer than the one
// that is looked at it looks at that one, and pins when its figures are known. It
// reports whether the model wrote there at all.
func (p *Panel) PinAt(at int) bool {
	if i := p.tokenAt(at); i >= 0 {
		p.Text.Pin(i)
		return true
	}
	end := 0
	for _, s := range p.view.Document {
		if end += len(s.Text); at < end {
			if s.Author != chat.Model {
				return false
			}
			p.Chosen, p.wanted = s.ID, at
			p.Show(p.view)
			return true
		}
	}
	return false
}

// Shades are the tints and marks of a paragraph that begins at a byte of the
// document.
func (p *Panel) Shades(from, size int) (list []longtext.Shade) {
	first := sort.Search(len(p.reaches), func(i int) bool { return p.reaches[i].to > from })
	for i := first; i < len(p.reaches) && p.reaches[i].from < from+size; i++ {
		r := p.reaches[i]
		if r.from == r.to {
			continue // a part of a character
		}
		s := longtext.Shade{From: max(0, r.from-from), To: min(size, r.to-from)}
		if step := tint(p.Text.Tokens[i].Prob); p.tint.Checked && step > 0 {
			tinted := s
			tinted.Fill, tinted.Under = tints[step], step == len(tints)-1
			list = join(list, tinted)
		}
		if i == p.Text.shown() {
			s.Fill, s.Edge = theme.ColorNameSelection, i == p.Text.Pinned
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
func (p *Panel) looked() (a examinedAnswer) {
	for _, s := range slices.Backward(p.view.Document) {
		if s.Author == chat.Model && (p.Chosen == 0 || s.ID == p.Chosen) {
			return examinedAnswer{s.ID, len(s.Text)}
		}
	}
	return a
}

// follow goes back to the last answer when that is another one, or the chosen one
// is gone.
func (p *Panel) follow() {
	chosen := p.Chosen
	p.Chosen = 0
	last := p.looked().segment
	p.Chosen = chosen
	if last != p.last || p.looked().segment == 0 {
		p.Chosen, p.wanted = 0, -1
	}
	p.last = last
}
