package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Edge is the border of a side, by which the mouse makes it wider or narrower.
// A double click brings the default back.
type Edge struct {
	widget.BaseWidget
	line  *Surface
	drag  func(x float32) // in the window
	ended func()
	reset func()
}

func NewEdge(drag func(x float32), ended, reset func()) *Edge {
	e := &Edge{drag: drag, ended: ended, reset: reset, line: NewSurface(theme.ColorNamePrimary)}
	e.line.Hide()
	e.ExtendBaseWidget(e)
	return e
}

// Dragged follows the pointer.
func (e *Edge) Dragged(d *fyne.DragEvent) {
	e.line.Show()
	e.drag(d.AbsolutePosition.X)
}

// DragEnd keeps the width.
func (e *Edge) DragEnd() {
	e.line.Hide()
	e.ended()
}

// DoubleTapped brings the default back.
func (e *Edge) DoubleTapped(*fyne.PointEvent) {
	e.reset()
	e.ended()
}

// Cursor is what says that it can be dragged.
func (e *Edge) Cursor() desktop.Cursor { return desktop.HResizeCursor }

// MouseIn shows where the border is.
func (e *Edge) MouseIn(*desktop.MouseEvent) { e.line.Show() }

// MouseMoved is part of desktop.Hoverable.
func (e *Edge) MouseMoved(*desktop.MouseEvent) {}

// MouseOut hides the border.
func (e *Edge) MouseOut() { e.line.Hide() }

func (e *Edge) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(LayoutFunc{Do: func(o []fyne.CanvasObject, size fyne.Size) {
		o[0].Move(fyne.NewPos((size.Width-2)/2, 0))
		o[0].Resize(fyne.NewSize(2, size.Height))
	}}, e.line))
}
