package kit

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
)

// asked is a canvas that tells what it was asked to focus.
type asked struct {
	fyne.Canvas
	last fyne.Focusable
}

func (a *asked) Focus(f fyne.Focusable) {
	a.last = f
	a.Canvas.Focus(f)
}

// TestRefocus gives the focus back to what is shown, and to nothing else.
func TestRefocus(t *testing.T) {
	test.NewTempApp(t)
	entry := widget.NewEntry()
	box := container.NewVBox(widget.NewLabel("Above"), entry)
	win := test.NewTempWindow(t, box)
	c := &asked{Canvas: win.Canvas()}
	try := func(what string, want fyne.Focusable) {
		t.Helper()
		c.last = nil
		c.Unfocus()
		Refocus(c, entry)
		if c.last != want || c.Focused() != want {
			t.Errorf("%s: asked for %v, focused %v, want %v", what, c.last, c.Focused(), want)
		}
	}
	try("shown", entry)
	entry.Hide()
	try("hidden", nil)
	entry.Show()
	try("shown again", entry)
	box.Remove(entry)
	try("taken out", nil)
	Refocus(c, nil)
	if c.last != nil {
		t.Error("nothing was focused, but something asked for")
	}
}
