package ui

import (
	"tern/app/ui/kit/kittest"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"tern/app/ui/kit"
)

// The caret of the prompt stands still, and what Fyne is told through the calm
// application arrives.
func TestNothingMoves(t *testing.T) {
	r := newRig(t, 1100, 720)
	a := fyne.CurrentApp()
	calm(a)
	if fyne.CurrentApp() == a {
		return // animations stay on this system
	}
	r.win.Canvas().Unfocus()
	r.focusPrompt()
	want := r.th.Color(theme.ColorNamePrimary, 0)
	carets := 0
	for begin := time.Now(); time.Since(begin) < 700*time.Millisecond; time.Sleep(20 * time.Millisecond) {
		kittest.Walk(r.composer.entry, func(o fyne.CanvasObject) {
			if c, ok := o.(*canvas.Rectangle); ok && c.Size().Width > 0 && c.Size().Width < 3 && c.Visible() {
				carets++
				if c.FillColor != want {
					t.Fatalf("the caret is drawn in %v, want %v", c.FillColor, want)
				}
			}
		})
	}
	if carets == 0 {
		t.Error("there is no caret: the test does not work")
	}
	r.preferences.setTextSize(150)
	if got := theme.Size(kit.SizeProse); got != 22.5 {
		t.Errorf("letters are %v high", got)
	}
}
