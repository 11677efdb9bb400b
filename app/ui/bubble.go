package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

const (
	bubbleWidth  = 400 // at most, at 100 % text
	bubbleRadius = 10
	bubbleEdge   = 5 // beside the empty space of the labels in it
)

// bubbles are what the user's messages stand in: one for each run of paragraphs.
type bubbles struct {
	groups   []run
	surfaces []*surface // surfaces[:len(groups)] are in use, the rest is kept
}

// run is the paragraphs from first up to end.
type run struct{ first, end int }

// group finds the runs of messages and tells if their number changed.
func (b *bubbles) group(mine []bool) (changed bool) {
	before := len(b.groups)
	b.groups = b.groups[:0]
	for i, m := range mine {
		switch n := len(b.groups); {
		case !m:
		case n > 0 && b.groups[n-1].end == i:
			b.groups[n-1].end++
		default:
			b.groups = append(b.groups, run{i, i + 1})
		}
	}
	for len(b.surfaces) < len(b.groups) {
		s := newSurface(colorBubble)
		s.radius = bubbleRadius
		b.surfaces = append(b.surfaces, s)
	}
	return len(b.groups) != before
}

// start is where the bubble of paragraph i begins, i if it is in none: all of a
// bubble is as wide as its longest paragraph.
func (b *bubbles) start(i int) int {
	for _, r := range b.groups {
		if r.first <= i && i < r.end {
			return r.first
		}
	}
	return i
}

// objects appends the bubbles, which lie under the labels.
func (b *bubbles) objects(to []fyne.CanvasObject) []fyne.CanvasObject {
	for _, s := range b.surfaces[:len(b.groups)] {
		to = append(to, s)
	}
	return to
}

// labelWidth is the width of label i: that of the column, or for a message what
// its longest paragraph takes, up to the widest bubble.
func (p *page) labelWidth(i int) float32 {
	if !p.mine[i] {
		return p.column() + 2*inset()
	}
	most := min(px(bubbleWidth), p.column()) - 2*bubbleEdge
	longest := float32(0)
	for _, r := range p.bubbles.groups {
		if r.first <= i && i < r.end {
			for _, l := range p.labels[r.first:r.end] {
				if len(l.Text) > hardParagraph {
					return most
				}
				longest = max(longest, fyne.MeasureText(l.Text, theme.Size(sizeProse), l.TextStyle).Width)
			}
		}
	}
	return min(most, longest+2*inset()+1)
}

// labelLeft is where label i stands.
func (p *page) labelLeft(i int) float32 {
	if !p.mine[i] {
		return p.left() - inset()
	}
	return p.left() + p.column() - bubbleEdge - p.labels[i].Size().Width
}

// placeBubbles puts the bubbles around their labels.
func (p *page) placeBubbles() {
	for k, r := range p.bubbles.groups {
		last := r.end - 1
		x := p.labelLeft(r.first) - bubbleEdge
		p.bubbles.surfaces[k].Move(fyne.NewPos(x, p.tops[r.first]))
		p.bubbles.surfaces[k].Resize(fyne.NewSize(p.left()+p.column()-x, p.tops[last]+p.heights[last]-p.tops[r.first]))
	}
}
