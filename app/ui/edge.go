package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/settings"
)

const (
	edgeWidth   = 6
	leastCentre = 360 // that the panel leaves to the text where it stands beside it
)

// sidebarWidth and panelWidth are the widths in use. The settings keep them at
// 100 % text.
func (w *window) sidebarWidth() float32 { return px(w.settings.SidebarWidth) }

func (w *window) panelWidth() float32 {
	if w.drawer == rightDrawer {
		return px(w.settings.PanelWidth)
	}
	left := float32(0)
	if w.sidebarShown() {
		left = w.sidebarWidth()
	}
	return max(px(settings.MinPanel), min(px(w.settings.PanelWidth), w.frame.Size().Width-left-px(leastCentre)))
}

// newEdges makes the edges of both sides.
func (w *window) newEdges() {
	s, d := &w.settings, settings.Default()
	left := func(width float32) {
		s.SidebarWidth = min(max(width, settings.MinSidebar), settings.MaxSidebar)
		w.relayout()
	}
	right := func(width float32) {
		s.PanelWidth = min(max(width, settings.MinPanel), settings.MaxPanel)
		w.relayout()
	}
	keep := func() { w.cfg.save(w.settings) }
	w.leftEdge = newEdge(func(x float32) { left(x / px(1)) }, keep, func() { left(d.SidebarWidth) })
	w.rightEdge = newEdge(func(x float32) { right((w.frame.Size().Width - x) / px(1)) }, keep, func() { right(d.PanelWidth) })
}

// edge is the border of a side, by which the mouse makes it wider or narrower.
// A double click brings the default back.
type edge struct {
	widget.BaseWidget
	line  *surface
	drag  func(x float32) // in the window
	ended func()
	reset func()
}

func newEdge(drag func(x float32), ended, reset func()) *edge {
	e := &edge{drag: drag, ended: ended, reset: reset, line: newSurface(theme.ColorNamePrimary)}
	e.line.Hide()
	e.ExtendBaseWidget(e)
	return e
}

// Dragged follows the pointer.
func (e *edge) Dragged(d *fyne.DragEvent) {
	e.line.Show()
	e.drag(d.AbsolutePosition.X)
}

// DragEnd keeps the width.
func (e *edge) DragEnd() {
	e.line.Hide()
	e.ended()
}

// DoubleTapped brings the default back.
func (e *edge) DoubleTapped(*fyne.PointEvent) {
	e.reset()
	e.ended()
}

// Cursor is what says that it can be dragged.
func (e *edge) Cursor() desktop.Cursor { return desktop.HResizeCursor }

// MouseIn shows where the border is.
func (e *edge) MouseIn(*desktop.MouseEvent) { e.line.Show() }

// MouseMoved is part of desktop.Hoverable.
func (e *edge) MouseMoved(*desktop.MouseEvent) {}

// MouseOut hides the border.
func (e *edge) MouseOut() { e.line.Hide() }

func (e *edge) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(layoutFunc{do: func(o []fyne.CanvasObject, size fyne.Size) {
		o[0].Move(fyne.NewPos((size.Width-2)/2, 0))
		o[0].Resize(fyne.NewSize(2, size.Height))
	}}, e.line))
}
