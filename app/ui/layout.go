package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// layoutFunc is a layout with a constant least size, so that nothing that is
// opened or written can make the window larger.
type layoutFunc struct {
	min fyne.Size
	do  func([]fyne.CanvasObject, fyne.Size)
}

func (l layoutFunc) MinSize([]fyne.CanvasObject) fyne.Size { return l.min }

func (l layoutFunc) Layout(objects []fyne.CanvasObject, size fyne.Size) { l.do(objects, size) }

// stack puts its objects below each other at the full width, each as high as
// it needs at that width: whoever lays it out sets its width before reading its
// height.
type stack struct {
	gap float32
	pad float32 // around all

	width float32 // of the last layout
}

func (s *stack) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, s.place(objects, s.width))
}

func (s *stack) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	s.width = size.Width
	s.place(objects, size.Width)
}

func (s *stack) place(objects []fyne.CanvasObject, width float32) float32 {
	y, inner := s.pad, width-2*s.pad
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		h := heightFor(o, inner)
		o.Move(fyne.NewPos(s.pad, y))
		o.Resize(fyne.NewSize(inner, h))
		y += h + s.gap
	}
	return y - s.gap + s.pad
}

// newColumn scrolls one object, which is as wide as the view but for margins,
// at most as wide as width says, and stands at a share of the free height.
func newColumn(o fyne.CanvasObject, width func() float32, margin, share float32) *fyne.Container {
	col := &column{width: width, margin: margin, share: share}
	inner := container.New(col, o)
	scroll := container.NewVScroll(inner)
	wheel := newWheel(scroll.Scrolled)
	return container.New(layoutFunc{min: fyne.NewSize(100, 60), do: func(_ []fyne.CanvasObject, size fyne.Size) {
		heightFor(o, col.inner(size.Width)) // so that the scroll reads the height at the new width
		scroll.Resize(size)
		scroll.Refresh()
		wheel.Resize(size)
	}}, scroll, wheel)
}

// wheel lies over what scrolls and gets the mouse wheel, and nothing else: an
// entry under the pointer would keep it to itself.
type wheel struct {
	widget.BaseWidget
	scrolled func(*fyne.ScrollEvent)
}

func newWheel(scrolled func(*fyne.ScrollEvent)) *wheel {
	w := &wheel{scrolled: scrolled}
	w.ExtendBaseWidget(w)
	return w
}

// Scrolled passes the turn on.
func (w *wheel) Scrolled(e *fyne.ScrollEvent) { w.scrolled(e) }

func (w *wheel) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewWithoutLayout())
}

type column struct {
	width         func() float32
	margin, share float32
}

func (c *column) inner(width float32) float32 { return min(c.width(), width-2*c.margin) }

func (c *column) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, o[0].MinSize().Height+2*c.margin)
}

func (c *column) Layout(o []fyne.CanvasObject, size fyne.Size) {
	w := c.inner(size.Width)
	h := heightFor(o[0], w)
	o[0].Move(fyne.NewPos((size.Width-w)/2, max(c.margin, (size.Height-h)*c.share)))
	o[0].Resize(fyne.NewSize(w, h))
}

// heightFor is the height that an object needs at a width. Fyne reads the
// height of wrapped text at the width it had before, so the width is set first.
func heightFor(o fyne.CanvasObject, width float32) float32 {
	if o.Size().Width != width {
		o.Resize(fyne.NewSize(width, o.Size().Height))
	}
	return o.MinSize().Height
}

// flush moves an object to the left by the empty space that Fyne keeps around
// its text, so that texts of different widgets begin on one line.
type flush struct{}

func (flush) MinSize(o []fyne.CanvasObject) fyne.Size { return o[0].MinSize() }

func (flush) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.NewPos(-inset(), 0))
	o[0].Resize(size.AddWidthHeight(2*inset(), 0))
}
