package kit

import (
	tooltip "github.com/dweymouth/fyne-tooltip"

	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// TestTipsEnd: a tooltip does not wait behind a menu or a dialog, where there is
// nowhere to show it, and none begins there.
func TestTipsEnd(t *testing.T) {
	test.NewTempApp(t)
	b := NewIconButton("Sidebar", theme.MenuIcon(), func() {}, func() {})
	win := test.NewTempWindow(t, nil)
	win.SetContent(tooltip.AddWindowToolTipLayer(container.NewVBox(b), win.Canvas()))
	win.Resize(fyne.NewSize(400, 300))
	c := win.Canvas()
	dialogs := NewDialogs(c, func() {}, func() {})
	over := c.Overlays()
	point := func() {
		b.MouseOut()
		b.MouseIn(&desktop.MouseEvent{})
	}
	items := []*fyne.MenuItem{fyne.NewMenuItem("x", nil)}
	for name, open := range map[string]func(){
		"a menu at a place": func() { PopUpAt(c, fyne.NewPos(9, 9), items) },
		"a menu":            func() { PopUp(c, b, items) },
		"a dialog":          func() { dialogs.Ask("Really?", "No", Action{Label: "Yes"}) },
	} {
		point()
		if tipped != b {
			t.Fatal("no tooltip waits")
		}
		open()
		if tipped != nil {
			t.Errorf("behind %s a tooltip waits", name)
		}
		point()
		if tipped != nil {
			t.Errorf("behind %s a tooltip begins", name)
		}
		for over.Top() != nil {
			over.Remove(over.Top())
		}
		dialogs.Shown = nil
	}
}
