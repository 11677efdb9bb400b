package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// ring draws a line around a control that has the focus. Fyne shows focus by
// blending a tint into the control, which reaches a contrast of 2.6 at best.
type ring struct {
	fyne.WidgetRenderer
	w    interface{ Theme() fyne.Theme }
	on   func() bool
	gap  func() float32 // between the control and the ring; nil for none
	line *canvas.Rectangle
}

// NewRing adds to a widget's renderer a ring that is visible while on is true.
func NewRing(r fyne.WidgetRenderer, w interface{ Theme() fyne.Theme }, on func() bool) *ring {
	g := &ring{WidgetRenderer: r, w: w, on: on, line: canvas.NewRectangle(color.Transparent)}
	g.line.StrokeWidth = 2
	g.colour()
	return g
}

func (r *ring) Objects() []fyne.CanvasObject {
	under := r.WidgetRenderer.Objects()
	return append(under[:len(under):len(under)], r.line)
}

func (r *ring) Layout(size fyne.Size) {
	r.WidgetRenderer.Layout(size)
	out := 2 + r.room()
	r.line.Move(fyne.NewPos(-out, -out))
	r.line.Resize(size.AddWidthHeight(2*out, 2*out))
}

func (r *ring) room() float32 {
	if r.gap == nil {
		return 0
	}
	return r.gap()
}

func (r *ring) Refresh() {
	r.colour()
	r.line.Refresh()
	r.WidgetRenderer.Refresh()
}

func (r *ring) colour() {
	v := fyne.CurrentApp().Settings().ThemeVariant()
	r.line.StrokeColor = r.w.Theme().Color(theme.ColorNamePrimary, v)
	r.line.CornerRadius = r.w.Theme().Size(theme.SizeNameButtonRadius) + 2 + r.room()
	r.line.Hidden = !r.on()
}

// Slider is Fyne's with the ring, and Esc passed on.
type Slider struct {
	widget.Slider
	escape  func()
	focused bool
}

func newSlider(escape func()) *Slider {
	s := &Slider{escape: escape}
	s.Orientation = widget.Horizontal
	s.ExtendBaseWidget(s)
	return s
}

func (s *Slider) FocusGained() { s.focused = true; s.Slider.FocusGained() }
func (s *Slider) FocusLost()   { s.focused = false; s.Slider.FocusLost() }

func (s *Slider) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape {
		s.escape()
		return
	}
	s.Slider.TypedKey(k)
}

func (s *Slider) CreateRenderer() fyne.WidgetRenderer {
	return NewRing(s.Slider.CreateRenderer(), s, func() bool { return s.focused })
}

// Check is Fyne's with the ring, and Esc passed on.
type Check struct {
	widget.Check
	escape  func()
	focused bool
}

func NewCheck(label string, escape func(), changed func(bool)) *Check {
	c := &Check{escape: escape}
	c.Text, c.OnChanged = label, changed
	c.ExtendBaseWidget(c)
	return c
}

func (c *Check) FocusGained() { c.focused = true; c.Check.FocusGained() }
func (c *Check) FocusLost()   { c.focused = false; c.Check.FocusLost() }

func (c *Check) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape {
		c.escape()
		return
	}
	c.Check.TypedKey(k)
}

func (c *Check) CreateRenderer() fyne.WidgetRenderer {
	return NewRing(c.Check.CreateRenderer(), c, func() bool { return c.focused })
}
