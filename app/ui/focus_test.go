package ui

import (
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
)

// ringed is the row of the sidebar with a ring around it, "" for none.
func (r *rig) ringed() (name string) {
	kittest.Walk(r.sidebar.list, func(o fyne.CanvasObject) {
		if t, ok := o.(*title); ok && t.Visible() && t.ground.Stroke == theme.ColorNamePrimary && t.ground.StrokeWidth >= 2 {
			name += t.text.Text()
		}
	})
	return name
}

// TestListRing: the keyboard begins on the open conversation, and the ring goes
// where it goes, whatever the pointer is over.
func TestListRing(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(entries("A tern", "The bear", "A box"), func(v *chat.View) { v.ID = "id The bear" })
	r.fake.calls = nil
	list := r.sidebar.list
	if got := r.ringed(); got != "" {
		t.Errorf("a ring around %q without the focus", got)
	}
	r.win.Canvas().Focus(list)
	for _, c := range []struct {
		key  fyne.KeyName
		want string
	}{{"", "The bear"}, {fyne.KeyDown, "A box"}, {fyne.KeyDown, "A box"}, {fyne.KeyHome, "A tern"}, {fyne.KeyUp, "A tern"}, {fyne.KeyEnd, "A box"}, {fyne.KeyUp, "The bear"}} {
		if c.key != "" {
			list.TypedKey(&fyne.KeyEvent{Name: c.key})
		}
		if got := r.ringed(); got != c.want {
			t.Errorf("after %q the ring is around %q, want %q", c.key, got, c.want)
		}
	}
	list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	r.took("open id A tern")
	if got := r.ringed(); got != "" {
		t.Errorf("a ring around %q, the prompt has the focus", got)
	}
}
