package ui

import (
	"fmt"
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	saying "tern/app/say"
	"tern/app/settings"
	"tern/app/ui/kit"
)

func TestBreakpoints(t *testing.T) {
	r := newRig(t, 1100, 720)
	for _, c := range []struct {
		width                 float32
		docked, sidebar, wide bool
	}{
		{1280, true, true, true}, {1000, true, true, true}, {999, false, true, true}, {900, false, true, true},
		{899, false, false, false}, {560, false, false, false},
	} {
		r.win.Resize(fyne.NewSize(c.width, 720))
		if got := r.options.box.Visible(); got != c.docked {
			t.Errorf("%v: panel docked %v, want %v", c.width, got, c.docked)
		}
		if got := r.topbar.wide.Visible(); got != c.wide || r.topbar.narrow.Visible() == got {
			t.Errorf("%v: words in the top bar %v, want %v", c.width, got, c.wide)
		}
		if got := r.sidebar.box.Visible(); got != c.sidebar {
			t.Errorf("%v: sidebar docked %v, want %v", c.width, got, c.sidebar)
		}
		centre := c.width
		if c.docked {
			centre -= settings.Default().PanelWidth
		}
		if c.sidebar {
			centre -= settings.Default().SidebarWidth
		}
		if got := r.transcript.Size().Width; got != centre {
			t.Errorf("%v: the centre is %v wide, want %v", c.width, got, centre)
		}
	}
	r.press(fyne.KeyG)
	if !r.options.box.Visible() || !r.scrim.Visible() || r.transcript.Size().Width != 560 {
		t.Error("below 1000 the panel does not lie over the text")
	}
	if r.win.Canvas().Focused() != r.options.first {
		t.Error("the drawer does not get the focus")
	}
	test.Tap(r.scrim)
	if r.options.box.Visible() || r.win.Canvas().Focused() != r.composer.entry {
		t.Error("a click beside the drawer does not close it")
	}
	r.win.Resize(fyne.NewSize(1100, 720))
	r.press(fyne.KeyG)
	if r.options.box.Visible() || r.settings.PanelOpen {
		t.Error("the panel does not fold")
	}
}

// The window never refuses to be made smaller, whatever is open and written.
func TestLeastSize(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.options.fold(false)
	r.composer.entry.SetText(kittest.Story(3))
	for _, scale := range []int{100, 150} { // each change makes Fyne load its fonts again
		r.preferences.setTextSize(scale)
		for _, problem := range []*saying.Problem{nil, {Sentence: saying.Say(kittest.Story(1)), Hint: saying.Say(kittest.Story(1)), Detail: "x"}} {
			r.show(document("", kittest.Story(3)), func(v *chat.View) {
				v.Problem = problem
				v.Model.Name = kittest.Story(1)
				v.Notice = saying.Say(kittest.Story(1))
			})
			if m := r.win.Content().MinSize(); m.Width > settings.MinWidth || m.Height > settings.MinHeight {
				t.Errorf("%d%%: the window cannot be smaller than %v", scale, m)
			}
		}
	}
}

// Everything stays inside the window, at every size, state and text size.
func TestNothingSticksOut(t *testing.T) {
	r := newRig(t, 1100, 720)
	states := map[string]func(*chat.View){
		"start": func(v *chat.View) { v.Document = nil },
		"text":  document("Once", kittest.Story(8)),
		"error": func(v *chat.View) {
			v.Problem = &saying.Problem{Sentence: saying.Say("This file ends too early: 0.8 of 1.2 GB are here."), Hint: saying.Say("Copy or download it again."), Detail: "x"}
		},
	}
	for _, scale := range []int{100, 150} {
		r.preferences.setTextSize(scale)
		for _, name := range []string{"start", "text", "error"} {
			r.fake.view.Problem = nil
			r.show(states[name])
			for _, size := range []fyne.Size{{Width: 1100, Height: 720}, {Width: 720, Height: 560}, {Width: 560, Height: 420}} {
				r.win.Resize(size)
				r.checkInside(fmt.Sprintf("%s, %d%%, %v", name, scale, size), size)
			}
		}
	}
}

func (r *rig) checkInside(when string, size fyne.Size) {
	r.t.Helper()
	for what, o := range map[string]fyne.CanvasObject{
		"top bar": r.topbar.box, "composer": r.composer.box, "status": r.status.box, "strip": r.strip.Box,
		"main button": r.composer.main, "model": r.topbar.model, "facts": r.topbar.facts,
	} {
		if !o.Visible() {
			continue
		}
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
		if at.X < 0 || at.Y < 0 || at.X+o.Size().Width > size.Width+0.5 || at.Y+o.Size().Height > size.Height+0.5 {
			r.t.Errorf("%s: %s at %v of size %v", when, what, at, o.Size())
		}
	}
	if h := r.transcript.Size().Height; r.transcript.Visible() && h < 60 && size.Height > 500 {
		r.t.Errorf("%s: %v are left for the text", when, h)
	}
}

// The mouse wheel scrolls a page wherever the pointer is, over an entry too, and
// clicks still arrive.
func TestWheelOverEntries(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.press(fyne.KeyComma)
	site := r.prefs.models.site
	driver := fyne.CurrentApp().Driver()
	before := driver.AbsolutePositionForObject(site).AddXY(20, 10)
	test.Scroll(r.win.Canvas(), before, 0, -60)
	after := driver.AbsolutePositionForObject(site).AddXY(20, 10)
	if after.Y != before.Y-60 {
		t.Errorf("the wheel moved the page from %v to %v", before, after)
	}
	small := r.prefs.size.Buttons[0]
	test.TapCanvas(r.win.Canvas(), driver.AbsolutePositionForObject(small).AddXY(10, 10))
	if r.settings.TextScale != settings.TextScales[0] {
		t.Error("a click does not reach a button")
	}
}

// A Tab walk reaches every control, and each shows a ring or a border there.
func TestTabWalk(t *testing.T) {
	r := newRig(t, 1280, 800)
	r.options.fold(false)
	r.show()
	c := r.win.Canvas()
	c.Focus(nil)
	seen := map[string]int{}
	var first fyne.Focusable
	for range 80 {
		c.(interface{ FocusNext() }).FocusNext()
		f := c.Focused()
		if first == nil {
			first = f
		} else if f == first {
			break
		}
		seen[fmt.Sprintf("%T", f)]++
		if b, ok := f.(*kit.Button); ok && b.AccessibilityLabel() == "" {
			t.Errorf("a button without a name has the focus")
		}
		ring := false
		switch f.(type) {
		case *kit.Button, *kit.Slider, *kit.Check:
			kittest.Walk(f.(fyne.CanvasObject), func(o fyne.CanvasObject) { ring = ring || isRing(o) })
		default:
			ring = true // entries draw their border in the primary colour
		}
		if !ring {
			t.Errorf("%T has the focus and no ring", f)
		}
	}
	for kind, want := range map[string]int{"*kit.Slider": 8, "*kit.LineEntry": 8, "*kit.Check": 1, "*ui.promptEntry": 1, "*kit.TextEntry": 1} {
		if seen[kind] < want {
			t.Errorf("%d of %s in the walk, want %d; all: %v", seen[kind], kind, want, seen)
		}
	}
}

func isRing(o fyne.CanvasObject) bool {
	line, ok := o.(*canvas.Rectangle)
	return ok && line.StrokeWidth == 2 && line.Visible()
}
