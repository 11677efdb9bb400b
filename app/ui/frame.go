package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

const (
	menuHeight = 26 // measured at 100 % text

	dockWidth = 1000 // from here on the panel stands beside the text
	lowWindow = 560  // below, the prompt keeps to one row
)

// docked tells if the panel stands beside the text in a window of a width.
func docked(width float32) bool { return width >= px(dockWidth) }

// panelShown tells if the generation panel can be seen.
func (w *window) panelShown() bool {
	if docked(w.frame.Size().Width) {
		return w.settings.PanelOpen
	}
	return w.drawer
}

// layout places the regions. Nothing here depends on how much any of them
// wants to show, so opening a thing never resizes the window.
func (w *window) layout(_ []fyne.CanvasObject, size fyne.Size) {
	place := func(o fyne.CanvasObject, x, y, width, height float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, width), max(0, height)))
	}
	top, foot := px(topHeight), px(statusHeight)
	place(w.status.box, 0, size.Height-foot, size.Width, foot)
	place(w.prefs.box, 0, 0, size.Width, size.Height-foot)
	place(w.page, 0, 0, size.Width, size.Height-foot)
	place(w.topbar.box, 0, 0, size.Width, top)
	body := size.Height - top - foot

	centre, panel := size.Width, px(panelWidth)
	dock := docked(size.Width)
	if dock {
		w.drawer = false
		if w.settings.PanelOpen {
			centre -= panel
		}
	}
	setVisible(w.options.box, w.panelShown())
	setVisible(w.scrim, w.drawer)
	place(w.options.box, size.Width-panel, top, panel, body)
	place(w.scrim, 0, top, size.Width, body)

	strip := w.strip.height(centre)
	place(w.strip.box, 0, top, centre, strip)
	column := min(columnWidth()+2*inset(), centre-2*pageMargin)
	c := w.composer.height(column, size.Height < lowWindow)
	place(w.composer.box, (centre-column)/2, top+body-c-12, column, c)
	text := body - strip - c - 12 - 8
	place(w.transcript, 0, top+strip, centre, text)
	place(w.start.box, 0, top+strip, centre, text)
}

// relayout places everything again, after a change of what is open.
func (w *window) relayout() {
	if w.frame == nil {
		return
	}
	w.layout(nil, w.frame.Size())
	canvas.Refresh(w.frame)
}

// scrim darkens what lies under a drawer; a click on it closes the drawer.
type scrim struct {
	widget.BaseWidget
	tapped func()
}

func newScrim(tapped func()) *scrim {
	s := &scrim{tapped: tapped}
	s.ExtendBaseWidget(s)
	return s
}

func (s *scrim) Tapped(*fyne.PointEvent) { s.tapped() }

func (s *scrim) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(newSurface(theme.ColorNameShadow))
}
