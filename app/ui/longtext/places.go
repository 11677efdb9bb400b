package longtext

import (
	"iter"

	"fyne.io/fyne/v2"
)

// Places tells what stands where, for whoever looks at a View from outside.
type Places struct{ v *View }

// Places is what stands where now.
func (t *View) Places() Places { return Places{t} }

// Block is the widget of a paragraph, nil where that is not near the view.
func (p Places) Block(para int) Block {
	if b := p.v.page.live[para]; b != nil {
		return b.Block
	}
	return nil
}

// Span is where a paragraph begins and ends, from the top of the text.
func (p Places) Span(para int) (top, bottom float32) {
	return p.v.page.tops[para], p.v.page.tops[para] + p.v.page.heights[para]
}

// Blocks are the widgets near the view, by paragraph.
func (p Places) Blocks() iter.Seq2[int, Block] {
	return func(yield func(int, Block) bool) {
		for i, b := range p.v.page.live {
			if !yield(i, b.Block) {
				return
			}
		}
	}
}

// Hides reports whether an editor stands in the place of a paragraph.
func (p Places) Hides(para int) bool { return p.v.page.hidden(para) }

// Height is that of the whole text.
func (p Places) Height() float32 { return p.v.page.height }

// Offset is where what can be seen begins, from the top of the text.
func (t *View) Offset() float32 { return t.scroll.Offset.Y }

// ScrollBy turns the wheel; ScrollTop goes to the top.
func (t *View) ScrollBy(y float32) {
	t.scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, y)})
}

// ScrollTop goes to the beginning of the text.
func (t *View) ScrollTop() {
	t.scroll.ScrollToTop()
	t.scrolled()
}

// Column is the widget of the text.
func (p Places) Column() fyne.Widget { return p.v.page }

// Buttons are those below a paragraph, nil for none.
func (p Places) Buttons(para int) *Buttons {
	if row := p.v.page.rows[para]; row != nil {
		return &row.Buttons
	}
	return nil
}

// RowCount is how many paragraphs have buttons below them.
func (p Places) RowCount() int { return len(p.v.page.rows) }
