package longtext

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"

	"tern/app/ui/kit"
)

// actionRow is the buttons below a message.
type actionRow struct {
	Buttons
	info Message
}

// Buttons is a row of buttons, and the first of them.
type Buttons struct {
	fyne.CanvasObject
	First *kit.Button
}

// rowHeight is kept free below every message, for its buttons.
func rowHeight() float32 {
	return fyne.MeasureText("M", theme.TextSize(), fyne.TextStyle{}).Height + 2*kit.Inset() + 1
}

// placeRows shows the buttons below messages near the view: of the last one, of
// those that the pointer and the reader are on, and of those that have several
// versions. It reports whether they changed.
func (p *page) placeRows() (changed bool) {
	want := map[int]Message{}
	if p.edit == nil || !p.content.chat {
		for i := p.at(p.top - overscan); i < p.content.shown && p.tops[i] <= p.bottom+overscan; i++ {
			m := p.content.paras[i].message
			if !p.content.ends(i) || m >= len(p.content.infos) {
				continue
			}
			info := p.content.infos[m]
			if p.content.writing && info.Last {
				continue
			}
			if info.Last && !info.Mine || p.content.chat && (m == p.hovered || m == p.reader.On) || info.Versions > 1 {
				want[i] = info
			}
		}
	}
	for i, r := range p.rows {
		if want[i] != r.info {
			delete(p.rows, i)
			changed = true
		}
	}
	for i, info := range want {
		r := p.rows[i]
		if r == nil {
			r = &actionRow{p.do.Row(info), info}
			p.rows[i] = r
			changed = true
		}
		size := r.MinSize()
		x := p.left() - kit.Inset()
		if info.Mine {
			x = p.left() + p.column() - size.Width + kit.Inset()
		}
		y := p.tops[i] + p.heights[i]
		if !p.hidden(i) && !p.content.boxed(i) {
			y -= 2 // a part of what a label keeps empty below its text
		}
		r.Move(fyne.NewPos(x, y))
		r.Resize(size)
	}
	return changed
}

// MouseMoved shows the buttons of the message under the pointer.
func (p *page) MouseMoved(e *desktop.MouseEvent) {
	if p.do.Pointing() {
		p.do.Pointed(p.textAt(e.Position))
	}
	m := -1
	if i := p.at(e.Position.Y - rowHeight()); i < p.content.shown && p.tops[i] <= e.Position.Y {
		m = p.content.paras[i].message
	}
	if m >= 0 && m != p.hovered {
		p.hovered = m
		if p.content.chat && p.placeRows() {
			p.Refresh()
		}
	}
}

// MouseIn and MouseOut complete desktop.Hoverable. The buttons stay where they
// are when the pointer goes on to them.
func (p *page) MouseIn(e *desktop.MouseEvent) { p.MouseMoved(e) }

// MouseOut points at no text any more.
func (p *page) MouseOut() {
	if p.do.Pointing() {
		p.do.Pointed(0, -1)
	}
}

// textAt is the paragraph at a place, and the byte of it that stands there, -1
// for none.
func (p *page) textAt(pos fyne.Position) (i, at int) {
	i = p.at(pos.Y)
	if b := p.live[i]; i < p.content.shown && b != nil && !p.hidden(i) {
		return i, b.At(pos.Subtract(b.Position()))
	}
	return i, -1
}
