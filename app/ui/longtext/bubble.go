package longtext

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tern/app/ui/kit"
)

const (
	bubbleWidth  = 400 // at most, at 100 % text
	bubbleRadius = 10
	bubbleEdge   = 5 // beside the empty space of the labels in it

	thoughtIndent = 14 // at 100 % text
)

// bubbles are what the user's messages stand in, those near the view.
type bubbles struct {
	groups   []run
	surfaces map[int]*kit.Surface // by group
	free     []*kit.Surface
}

// run is the paragraphs from first up to end.
type run struct{ first, end int }

// group finds the messages.
func (b *bubbles) group(paras []paragraph) {
	b.groups = b.groups[:0]
	for i, p := range paras {
		switch n := len(b.groups); {
		case !p.mine:
		case n > 0 && b.groups[n-1].end == i:
			b.groups[n-1].end++
		default:
			b.groups = append(b.groups, run{i, i + 1})
		}
	}
}

// start is where the bubble of paragraph i begins if first is in it too, or else
// first: all of a bubble is as wide as its longest paragraph.
func (b *bubbles) start(i, first int) int {
	if r := b.of(i); r.end > first {
		return min(r.first, first)
	}
	return first
}

// of is the bubble of paragraph i, it alone if it is in none.
func (b *bubbles) of(i int) run {
	low, high := 0, len(b.groups)
	for low < high {
		if m := (low + high) / 2; b.groups[m].end <= i {
			low = m + 1
		} else {
			high = m
		}
	}
	if low < len(b.groups) && b.groups[low].first <= i {
		return b.groups[low]
	}
	return run{i, i + 1}
}

// objects appends the bubbles, which lie under the labels.
func (b *bubbles) objects(to []fyne.CanvasObject) []fyne.CanvasObject {
	for _, s := range b.surfaces {
		to = append(to, s)
	}
	return to
}

// labelWidth is the width of block i: that of the column, more for code where
// there is room, or for a message what its longest paragraph takes, up to the
// widest bubble.
func (p *page) labelWidth(i int) float32 {
	column := p.column() + 2*kit.Inset()
	switch {
	case p.content.boxed(i):
		return max(column, min(kit.Px(codeWidth), p.width-p.left()-kit.PageMargin))
	case p.content.paras[i].part == thoughtPart:
		return column - kit.Px(thoughtIndent)
	case !p.content.paras[i].mine:
		return column
	}
	most := min(kit.Px(bubbleWidth), p.column()) - 2*bubbleEdge
	longest := float32(0)
	for r, k := p.bubbles.of(i), p.bubbles.of(i).first; k < r.end; k++ {
		text := p.content.text(k)
		if len(text) > 200 {
			return most
		}
		longest = max(longest, fyne.MeasureText(text, theme.Size(kit.SizeProse), fyne.TextStyle{}).Width)
	}
	return min(most, longest+2*kit.Inset()+1)
}

// labelLeft is where block i stands.
func (p *page) labelLeft(i int) float32 {
	if p.content.paras[i].part == thoughtPart {
		return p.left() - kit.Inset() + kit.Px(thoughtIndent)
	}
	if !p.content.paras[i].mine {
		return p.left() - kit.Inset()
	}
	return p.left() + p.column() - bubbleEdge - p.labelWidth(i)
}

// placeBubbles puts the bubbles near the view around their labels.
func (p *page) placeBubbles() {
	b := &p.bubbles
	if b.surfaces == nil {
		b.surfaces = map[int]*kit.Surface{}
	}
	near := func(k int) bool {
		r := b.groups[k]
		return p.tops[r.end-1]+p.heights[r.end-1] >= p.top-overscan && p.tops[r.first] <= p.bottom+overscan && !p.hidden(r.first)
	}
	for k, s := range b.surfaces {
		if k >= len(b.groups) || !near(k) {
			delete(b.surfaces, k)
			b.free = append(b.free, s)
		}
	}
	for k, r := range b.groups {
		if !near(k) {
			continue
		}
		s := b.surfaces[k]
		if s == nil {
			if n := len(b.free); n > 0 {
				s, b.free = b.free[n-1], b.free[:n-1]
			} else {
				s = kit.NewSurface(kit.ColorBubble)
				s.Radius = bubbleRadius
			}
			b.surfaces[k] = s
		}
		last := r.end - 1
		x := p.labelLeft(r.first) - bubbleEdge
		s.Move(fyne.NewPos(x, p.tops[r.first]))
		s.Resize(fyne.NewSize(p.left()+p.column()-x, p.tops[last]+p.heights[last]-p.tops[r.first]))
	}
}
