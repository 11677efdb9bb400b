package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tern/app/ui/kit"
)

const (
	menuHeight = 26 // measured at 100 % text

	sidebarDockWidth = 900  // from here on the sidebar stands beside the text
	panelDockWidth   = 1000 // from here on the panel does
	lowWindow        = 560  // below, the prompt keeps to one row
)

// drawer is what lies over the text, where the window is too narrow for it to
// stand beside.
type drawer uint8

const (
	noDrawer drawer = iota
	leftDrawer
	rightDrawer
)

// layout places the regions. Nothing here depends on how much any of them
// wants to show, so opening a thing never resizes the window.
func (w *window) layout(_ []fyne.CanvasObject, size fyne.Size) {
	place := func(o fyne.CanvasObject, x, y, width, height float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, width), max(0, height)))
	}
	top, foot := kit.Px(topHeight), kit.Px(statusHeight)
	body := size.Height - top - foot
	if w.drawer == leftDrawer && w.sidebarDocks() || w.drawer == rightDrawer && w.panelDocks() {
		w.drawer = noDrawer
	}
	left, right := float32(0), size.Width
	if w.sidebarShown() && w.drawer != leftDrawer {
		left = w.sidebarWidth()
	}
	shown := w.panelShown()
	if shown != nil && w.drawer != rightDrawer {
		right -= w.panelWidth()
	}

	place(w.status.box, 0, size.Height-foot, size.Width, foot)
	place(w.topbar.box, 0, 0, size.Width, top)
	kit.SetVisible(w.topbar.box, w.screen == nil)
	kit.SetVisible(w.page, w.screen == nil)
	kit.SetVisible(w.sidebar.box, w.sidebarShown())
	kit.SetVisible(w.scrim, w.drawer != noDrawer)
	place(w.sidebar.box, 0, top, w.sidebarWidth(), body)
	place(w.leftEdge, w.sidebarWidth()-edgeWidth/2, top, edgeWidth, body)
	kit.SetVisible(w.leftEdge, w.sidebarShown())
	place(w.rightEdge, size.Width-w.panelWidth()-edgeWidth/2, top, edgeWidth, body)
	kit.SetVisible(w.rightEdge, shown != nil)
	place(w.scrim, 0, top, size.Width, body)
	for _, p := range w.panels {
		kit.SetVisible(p.content, p == shown)
		if p == shown {
			place(p.content, size.Width-w.panelWidth(), top, w.panelWidth(), body)
		}
	}
	for _, s := range w.screens {
		kit.SetVisible(s.box, s == w.screen)
		if s == w.screen {
			w.placeScreen(s, left, top, size.Width, body)
		}
	}

	place(w.page, left, top, right-left, body)
	centre := right - left
	strip := w.strip.Height(centre)
	place(w.strip.Box, 0, 0, centre, strip)
	place(w.finder.Box, 0, strip, centre, w.finder.Height())
	strip += w.finder.Height()
	column := min(kit.ColumnWidth()+2*kit.Inset(), centre-2*kit.PageMargin)
	c := w.composer.height(column, size.Height < lowWindow)
	place(w.composer.box, (centre-column)/2, body-c-12, column, c)
	text := body - strip - c - 12 - 8
	place(w.transcript, 0, strip, centre, text)
	place(w.start.box, 0, strip, centre, text)
}

// placeScreen gives a screen the whole width for its title line, which stands
// in the place of the top bar, and what is beside the sidebar for the rest.
func (w *window) placeScreen(s *screen, left, top, width, body float32) {
	s.box.Layout = kit.LayoutFunc{Do: func(o []fyne.CanvasObject, size fyne.Size) {
		content, header := o[0], o[1]
		header.Move(fyne.NewPos(0, 0))
		header.Resize(fyne.NewSize(size.Width, top))
		content.Move(fyne.NewPos(left, top))
		content.Resize(fyne.NewSize(size.Width-left, size.Height-top))
	}}
	s.box.Move(fyne.NewPos(0, 0))
	s.box.Resize(fyne.NewSize(width, top+body))
	s.box.Layout.Layout(s.box.Objects, s.box.Size())
}

// relayout places everything again, after a change of what is open.
func (w *window) relayout() {
	if w.frame == nil {
		return
	}
	w.layout(nil, w.frame.Size())
	canvas.Refresh(w.frame)
}

// placeAgain is relayout after something was opened or closed: what can be seen
// now is brought in step.
func (w *window) placeAgain() {
	w.relayout()
	w.showPanel()
	w.showScreen()
	w.showMenu()
}

func (w *window) closeDrawer() {
	w.drawer = noDrawer
	w.placeAgain()
	w.focusPrompt()
}
