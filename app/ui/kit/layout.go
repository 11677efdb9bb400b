package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// PageMargin is the space beside and around a column.
const PageMargin = 16

// LayoutFunc is a layout with a constant least size, so that nothing that is
// opened or written can make the window larger.
type LayoutFunc struct {
	Min fyne.Size
	Do  func([]fyne.CanvasObject, fyne.Size)
}

func (l LayoutFunc) MinSize([]fyne.CanvasObject) fyne.Size { return l.Min }

func (l LayoutFunc) Layout(objects []fyne.CanvasObject, size fyne.Size) { l.Do(objects, size) }

// Stack puts its objects below each other at the full width, each as high as
// it needs at that width: whoever lays it out sets its width before reading its
// height.
type Stack struct {
	Gap float32
	Pad float32 // around all

	width float32 // of the last layout
}

func (s *Stack) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, s.place(objects, s.width))
}

func (s *Stack) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	s.width = size.Width
	s.place(objects, size.Width)
}

func (s *Stack) place(objects []fyne.CanvasObject, width float32) float32 {
	y, inner := s.Pad, width-2*s.Pad
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		h := HeightFor(o, inner)
		o.Move(fyne.NewPos(s.Pad, y))
		o.Resize(fyne.NewSize(inner, h))
		y += h + s.Gap
	}
	return y - s.Gap + s.Pad
}

// NewColumn scrolls one object, which is as wide as the view but for margins,
// at most as wide as width says, and stands at a share of the free height.
func NewColumn(o fyne.CanvasObject, width func() float32, margin, share float32) *fyne.Container {
	col := &column{width: width, margin: margin, share: share}
	inner := container.New(col, o)
	scroll := container.NewVScroll(inner)
	wheel := newWheel(scroll.Scrolled)
	return container.New(LayoutFunc{Min: fyne.NewSize(100, 60), Do: func(_ []fyne.CanvasObject, size fyne.Size) {
		HeightFor(o, col.inner(size.Width)) // so that the scroll reads the height at the new width
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
	h := HeightFor(o[0], w)
	o[0].Move(fyne.NewPos((size.Width-w)/2, max(c.margin, (size.Height-h)*c.share)))
	o[0].Resize(fyne.NewSize(w, h))
}

// HeightFor is the height that an object needs at a width. Fyne reads the
// height of wrapped text at the width it had before, so the width is set first.
func HeightFor(o fyne.CanvasObject, width float32) float32 {
	if o.Size().Width != width {
		o.Resize(fyne.NewSize(width, o.Size().Height))
	}
	return o.MinSize().Height
}

// Flush moves an object to the left by the empty space that Fyne keeps around
// its text, so that texts of different widgets begin on one line.
type Flush struct{}

func (Flush) MinSize(o []fyne.CanvasObject) fyne.Size { return o[0].MinSize() }

func (Flush) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.NewPos(-Inset(), 0))
	o[0].Resize(size.AddWidthHeight(2*Inset(), 0))
}

// SetVisible shows or hides o and reports whether that changed something. What was
// hidden is unknown to the canvas, which draws it only with something around it
// that is not: the caller sees to that.
func SetVisible(o fyne.CanvasObject, on bool) bool {
	if on == o.Visible() {
		return false
	}
	if on {
		o.Show()
	} else {
		o.Hide()
	}
	return true
}

// Inset is the empty space inside a label around its text.
func Inset() float32 { return theme.Size(theme.SizeNameInnerPadding) }

// Gap is empty space of a height.
func Gap(h float32) fyne.CanvasObject {
	return container.New(LayoutFunc{Min: fyne.NewSize(1, h), Do: func([]fyne.CanvasObject, fyne.Size) {}})
}
