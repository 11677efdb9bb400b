package longtext

import (
	"tern/app/ui/kit"

	"fyne.io/fyne/v2"
)

// at is the first paragraph that ends below y.
func (p *page) at(y float32) int {
	low, high := 0, p.content.shown
	for low < high {
		if m := (low + high) / 2; p.tops[m]+p.heights[m] < y {
			low = m + 1
		} else {
			high = m
		}
	}
	return low
}

// column is the width of the text.
func (p *page) column() float32 {
	return max(100, min(kit.ColumnWidth(), p.width-2*kit.PageMargin))
}

// left is where the text begins.
func (p *page) left() float32 { return (p.width - p.column()) / 2 }

// place moves everything from paragraph first on to where it belongs.
func (p *page) place(first int) {
	y := float32(kit.PageMargin) - kit.Inset()
	first = max(0, min(first, p.content.shown-1))
	if p.edit != nil {
		first = max(0, min(first, p.edit.First))
	}
	if first > 0 {
		y = p.below(first - 1)
	}
	for i := first; i < p.content.shown; i++ {
		if i > 0 && !(p.hidden(i) && i > p.edit.First) {
			y += p.space(i)
		}
		p.tops[i] = y
		if p.hidden(i) {
			if p.heights[i] = 0; i == p.edit.First {
				p.heights[i] = p.edit.height(p.column() + 2*kit.Inset())
			}
			p.known[i] = false
		}
		y = p.below(i)
	}
	p.height = y + kit.PageMargin - kit.Inset()
	if p.content.shown > 0 && !p.content.chat {
		p.height += rowHeight()
	}
	p.placeBubbles()
	p.placeReader()
	if p.marked >= 0 && p.marked < p.content.shown {
		p.mark.Move(fyne.NewPos(p.left()-12, p.tops[p.marked]+kit.Inset()))
		p.mark.Resize(fyne.NewSize(2, p.tops[p.content.shown-1]+p.heights[p.content.shown-1]-p.tops[p.marked]-2*kit.Inset()))
	}
	if e := p.edit; e != nil && e.First < p.content.shown {
		e.Box.Move(fyne.NewPos(p.left()-kit.Inset(), p.tops[e.First]))
		e.Box.Resize(fyne.NewSize(p.column()+2*kit.Inset(), p.heights[e.First]))
	}
}

// below is where what follows paragraph i begins, but for its gap.
func (p *page) below(i int) float32 {
	y := p.tops[i] + p.heights[i]
	if p.content.chat && p.content.ends(i) {
		y += rowHeight()
	}
	return y
}

// space is the distance between paragraph i and the one above.
func (p *page) space(i int) float32 {
	s := space(p.content.paras[i].gap)
	if p.content.boxed(i) || p.content.boxed(i-1) {
		s = max(s, 4) // boxes have no empty space of their own
	}
	if e := p.edit; e != nil && (i == e.First || i == e.End) {
		s = max(s, 4)
	}
	return s
}

// space is the distance between two labels: the visible distance of their
// texts less the empty space inside both.
func space(g gap) float32 {
	switch g {
	case paraGap:
		return 2
	case lineGap:
		return 8 - 2*kit.Inset()
	case messageGap:
		return 0
	default:
		return -2 * kit.Inset()
	}
}

// reflow lays everything out at a new width and reports whether it had to.
func (p *page) reflow(width float32) bool {
	if width == p.width {
		return false
	}
	before := p.column()
	unlaid := p.width == 0
	p.width = width
	whole := p.column() != before || unlaid
	for i := range p.content.shown {
		if whole {
			p.known[i], p.heights[i] = false, p.estimate(i)
		}
		// A block of code is as wide as there is room beside the column too.
		if p.live[i] != nil && (whole || p.content.boxed(i)) && !p.hidden(i) {
			p.build(i)
		}
	}
	p.place(0)
	return true
}

// anchor is a place in the text: a paragraph and how far into it, as a share
// of its height, some y is.
type anchor struct {
	para  int
	share float32
}

func (p *page) anchor(y float32) anchor {
	if i := p.at(y); i < p.content.shown && p.heights[i] > 0 {
		return anchor{i, max(0, y-p.tops[i]) / p.heights[i]}
	}
	return anchor{}
}

// offset is where an anchor is now.
func (p *page) offset(a anchor) float32 {
	if a.para >= p.content.shown || a.para == 0 && a.share == 0 {
		return 0
	}
	return p.tops[a.para] + a.share*p.heights[a.para]
}
