package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
	tooltip "github.com/dweymouth/fyne-tooltip/widget"
)

// button adds to Fyne's what a keyboard needs: a visible ring, Enter, Esc that
// is passed on, focus that a click leaves where it was, a spoken name and a
// tooltip.
type button struct {
	widget.Button
	tooltip.ToolTipWidgetExtend
	name     string  // spoken, where the text does not say it
	minWidth float32 // at 100 % text; keeps a button in place while its label changes
	bold     bool    // the label
	escape   func()

	focused bool
	before  fyne.Focusable // what had the focus when the mouse went down
}

// newButton makes a button with a label.
func newButton(label string, escape, tapped func()) *button {
	b := &button{escape: escape}
	b.Text, b.OnTapped = label, tapped
	b.ExtendBaseWidget(b)
	return b
}

// newQuietButton makes a button that is drawn only when it is pointed at.
func newQuietButton(label string, escape, tapped func()) *button {
	b := newButton(label, escape, tapped)
	b.Importance = widget.LowImportance
	return b
}

// newIconButton makes a quiet button of an icon; name is its tooltip and what
// is spoken.
func newIconButton(name string, icon fyne.Resource, escape, tapped func()) *button {
	b := newQuietButton("", escape, tapped)
	b.Icon, b.name = icon, name
	b.SetToolTip(name)
	return b
}

func (b *button) ExtendBaseWidget(w fyne.Widget) {
	b.ExtendToolTipWidget(w)
	b.Button.ExtendBaseWidget(w)
}

// setLabel changes the text only where it differs, since every change redraws.
func (b *button) setLabel(text string) {
	if b.Text != text {
		b.SetText(text)
	}
}

// setEnabled enables or disables only where that is a change.
func (b *button) setEnabled(on bool) {
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
func (b *button) setHigh(on bool) {
	want := widget.MediumImportance
	if on {
		want = widget.HighImportance
	}
	if b.Importance != want {
		b.Importance = want
		b.Refresh()
	}
}

// setOpen shows that what a quiet button opens is open.
func (b *button) setOpen(on bool) {
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
func (b *button) AccessibilityLabel() string {
	if b.name != "" {
		return b.name
	}
	return b.Text
}

// MinSize keeps targets at least 32 wide.
func (b *button) MinSize() fyne.Size {
	return b.Button.MinSize().Max(fyne.NewSize(px(max(32, b.minWidth)), 32))
}

// FocusGained shows the ring, and not Fyne's tint, which looks like a choice.
func (b *button) FocusGained() {
	b.focused = true
	b.Refresh()
}

func (b *button) FocusLost() {
	b.focused = false
	b.Refresh()
}

// MouseDown remembers who had the focus, which a click takes away.
func (b *button) MouseDown(*desktop.MouseEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(b); c != nil {
		b.before = c.Focused()
	}
}

// MouseUp completes desktop.Mouseable.
func (b *button) MouseUp(*desktop.MouseEvent) {}

// Tapped runs the action and gives the focus back, unless the action moved it.
func (b *button) Tapped(e *fyne.PointEvent) {
	c := fyne.CurrentApp().Driver().CanvasForObject(b)
	before := b.before
	b.before = nil
	forgetTip()
	if before == nil && b.focused {
		before = b
	}
	b.Button.Tapped(e)
	if c != nil && c.Focused() == nil {
		refocus(c, before)
	}
}

// refocus gives the focus back to what had it, if that is still shown: a canvas
// remembers what was taken out of it too, but complains of being asked for it.
func refocus(c fyne.Canvas, before fyne.Focusable) {
	o, ok := before.(fyne.CanvasObject)
	// Of what is in no canvas, or hidden there, the place is zero.
	if ok && !fyne.CurrentApp().Driver().AbsolutePositionForObject(o).IsZero() {
		c.Focus(before)
	}
}

func (b *button) TypedKey(e *fyne.KeyEvent) {
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
var tipped *button

// forgetTip ends that: what opens over the window has nowhere to show it.
func forgetTip() {
	if tipped != nil {
		tipped.ToolTipWidgetExtend.MouseOut()
		tipped = nil
	}
}

// MouseIn shows the tooltip in a moment. In a dialog there is nowhere to show one.
func (b *button) MouseIn(e *desktop.MouseEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(b); c != nil && c.Overlays().Top() == nil {
		forgetTip()
		tipped = b
		b.ToolTipWidgetExtend.MouseIn(e)
	}
	b.Button.MouseIn(e)
}

func (b *button) MouseMoved(e *desktop.MouseEvent) {
	b.ToolTipWidgetExtend.MouseMoved(e)
	b.Button.MouseMoved(e)
}

func (b *button) MouseOut() {
	b.ToolTipWidgetExtend.MouseOut()
	b.Button.MouseOut()
}

// CreateRenderer draws Fyne's button and the ring around it.
func (b *button) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	r := b.Button.CreateRenderer()
	for _, o := range r.Objects() {
		if t, ok := o.(*widget.RichText); ok { // the label, which Fyne draws bold
			t.Segments[0].(*widget.TextSegment).Style.TextStyle.Bold = b.bold
		}
	}
	g := newRing(r, b, func() bool { return b.focused && !b.Disabled() })
	g.gap = func() float32 { // on a button in the colour of the ring, that would not be seen
		if b.Importance == widget.HighImportance {
			return 2
		}
		return 0
	}
	return g
}
