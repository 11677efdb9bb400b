package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
	tooltip "github.com/dweymouth/fyne-tooltip/widget"
)

// Button adds to Fyne's what a keyboard needs: a visible ring, Enter, Esc that
// is passed on, focus that a click leaves where it was, a spoken name and a
// tooltip.
type Button struct {
	widget.Button
	tooltip.ToolTipWidgetExtend
	Name     string  // spoken, where the text does not say it
	MinWidth float32 // at 100 % text; keeps a button in place while its label changes
	Bold     bool    // the label
	escape   func()

	focused bool
	before  fyne.Focusable // what had the focus when the mouse went down
}

// NewButton makes a button with a label.
func NewButton(label string, escape, tapped func()) *Button {
	b := &Button{escape: escape}
	b.Text, b.OnTapped = label, tapped
	b.ExtendBaseWidget(b)
	return b
}

// NewQuietButton makes a button that is drawn only when it is pointed at.
func NewQuietButton(label string, escape, tapped func()) *Button {
	b := NewButton(label, escape, tapped)
	b.Importance = widget.LowImportance
	return b
}

// NewIconButton makes a quiet button of an icon; name is its tooltip and what
// is spoken.
func NewIconButton(name string, icon fyne.Resource, escape, tapped func()) *Button {
	b := NewQuietButton("", escape, tapped)
	b.Icon, b.Name = icon, name
	b.SetToolTip(name)
	return b
}

func (b *Button) ExtendBaseWidget(w fyne.Widget) {
	b.ExtendToolTipWidget(w)
	b.Button.ExtendBaseWidget(w)
}

// SetLabel changes the text only where it differs, since every change redraws.
func (b *Button) SetLabel(text string) {
	if b.Text != text {
		b.SetText(text)
	}
}

// SetEnabled enables or disables only where that is a change.
func (b *Button) SetEnabled(on bool) {
	if on == !b.Disabled() {
		return
	}
	if on {
		b.Enable()
	} else {
		b.Disable()
	}
}

// setHigh makes the button the prominent one, or one of many.
func (b *Button) setHigh(on bool) {
	want := widget.MediumImportance
	if on {
		want = widget.HighImportance
	}
	if b.Importance != want {
		b.Importance = want
		b.Refresh()
	}
}

// SetOpen shows that what a quiet button opens is open.
func (b *Button) SetOpen(on bool) {
	want := widget.LowImportance
	if on {
		want = widget.MediumImportance
	}
	if b.Importance != want {
		b.Importance = want
		b.Refresh()
	}
}

// AccessibilityLabel is the name where the button has one, or the text.
func (b *Button) AccessibilityLabel() string {
	if b.Name != "" {
		return b.Name
	}
	return b.Text
}

// MinSize keeps targets at least 32 wide.
func (b *Button) MinSize() fyne.Size {
	return b.Button.MinSize().Max(fyne.NewSize(Px(max(32, b.MinWidth)), 32))
}

// FocusGained shows the ring, and not Fyne's tint, which looks like a choice.
func (b *Button) FocusGained() {
	b.focused = true
	b.Refresh()
}

func (b *Button) FocusLost() {
	b.focused = false
	b.Refresh()
}

// MouseDown remembers who had the focus, which a click takes away.
func (b *Button) MouseDown(*desktop.MouseEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(b); c != nil {
		b.before = c.Focused()
	}
}

// MouseUp completes desktop.Mouseable.
func (b *Button) MouseUp(*desktop.MouseEvent) {}

// Tapped runs the action and gives the focus back, unless the action moved it.
func (b *Button) Tapped(e *fyne.PointEvent) {
	c := fyne.CurrentApp().Driver().CanvasForObject(b)
	before := b.before
	b.before = nil
	forgetTip()
	if before == nil && b.focused {
		before = b
	}
	b.Button.Tapped(e)
	if c != nil && c.Focused() == nil {
		Refocus(c, before)
	}
}

// Refocus gives the focus back to what had it, if that is still shown: a canvas
// remembers what was taken out of it too, but complains of being asked for it.
func Refocus(c fyne.Canvas, before fyne.Focusable) {
	o, ok := before.(fyne.CanvasObject)
	// Of what is in no canvas, or hidden there, the place is zero.
	if ok && !fyne.CurrentApp().Driver().AbsolutePositionForObject(o).IsZero() {
		c.Focus(before)
	}
}

func (b *Button) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		b.Tapped(nil)
	case fyne.KeyEscape:
		if b.escape != nil {
			b.escape()
		}
	default:
		b.Button.TypedKey(e)
	}
}

// tipped is the button whose tooltip is shown, or waits for its moment.
var tipped *Button

// forgetTip ends that: what opens over the window has nowhere to show it.
func forgetTip() {
	if tipped != nil {
		tipped.ToolTipWidgetExtend.MouseOut()
		tipped = nil
	}
}

// MouseIn shows the tooltip in a moment. In a dialog there is nowhere to show one.
func (b *Button) MouseIn(e *desktop.MouseEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(b); c != nil && c.Overlays().Top() == nil {
		forgetTip()
		tipped = b
		b.ToolTipWidgetExtend.MouseIn(e)
	}
	b.Button.MouseIn(e)
}

func (b *Button) MouseMoved(e *desktop.MouseEvent) {
	b.ToolTipWidgetExtend.MouseMoved(e)
	b.Button.MouseMoved(e)
}

func (b *Button) MouseOut() {
	b.ToolTipWidgetExtend.MouseOut()
	b.Button.MouseOut()
}

// CreateRenderer draws Fyne's button and the ring around it.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	r := b.Button.CreateRenderer()
	for _, o := range r.Objects() {
		if t, ok := o.(*widget.RichText); ok { // the label, which Fyne draws bold
			t.Segments[0].(*widget.TextSegment).Style.TextStyle.Bold = b.Bold
		}
	}
	g := NewRing(r, b, func() bool { return b.focused && !b.Disabled() })
	g.gap = func() float32 { // on a button in the colour of the ring, that would not be seen
		if b.Importance == widget.HighImportance {
			return 2
		}
		return 0
	}
	return g
}
