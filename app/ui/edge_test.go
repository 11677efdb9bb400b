package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"tern/app/settings"
	"tern/app/ui/kit"
)

// dragTo moves an edge to a place in the window, as the mouse does.
func (r *rig) dragTo(e *kit.Edge, x float32) {
	d := &fyne.DragEvent{}
	d.AbsolutePosition = fyne.NewPos(x, 300)
	e.Dragged(d)
	e.DragEnd()
}

// The sides follow the mouse within their limits, at every text size, leave room
// for the text, and are kept.
func TestDragSides(t *testing.T) {
	r := newRig(t, 1200, 720)
	is := func(when string, left, right float32) {
		t.Helper()
		if got := r.sidebar.box.Size().Width; got != left {
			t.Errorf("%s: the sidebar is %v wide, want %v", when, got, left)
		}
		if got := r.options.box.Size().Width; got != right {
			t.Errorf("%s: the panel is %v wide, want %v", when, got, right)
		}
		if at, size := r.page.Position().X, r.page.Size().Width; at != left || size != r.frame.Size().Width-left-right {
			t.Errorf("%s: the text is at %v, %v wide", when, at, size)
		}
	}
	r.dragTo(r.leftEdge, 300)
	r.dragTo(r.rightEdge, 900)
	is("dragged", 300, 300)
	if last := r.saved[len(r.saved)-1]; last.SidebarWidth != 300 || last.PanelWidth != 300 {
		t.Errorf("kept are %v and %v", last.SidebarWidth, last.PanelWidth)
	}
	r.dragTo(r.leftEdge, -50)
	r.dragTo(r.rightEdge, 1199)
	is("as narrow as they go", settings.MinSidebar, settings.MinPanel)
	r.dragTo(r.leftEdge, 1000)
	r.dragTo(r.rightEdge, 10)
	is("as wide as they go", settings.MaxSidebar, settings.MaxPanel)
	r.win.Resize(fyne.NewSize(1000, 720))
	is("in a window with less room", settings.MaxSidebar, 1000-settings.MaxSidebar-leastCentre)
	r.win.Resize(fyne.NewSize(1200, 720))
	is("in a wide window again", settings.MaxSidebar, settings.MaxPanel)
	r.leftEdge.DoubleTapped(nil)
	r.rightEdge.DoubleTapped(nil)
	is("after a double click", settings.Default().SidebarWidth, settings.Default().PanelWidth)

	r.win.Resize(fyne.NewSize(1600, 720))
	r.preferences.setTextSize(130)
	r.dragTo(r.leftEdge, 260)
	if got := r.settings.SidebarWidth; got < 199.9 || got > 200.1 || r.sidebar.box.Size().Width != 260 {
		t.Errorf("at 130%% an edge at 260 keeps %v, and the sidebar is %v wide", got, r.sidebar.box.Size().Width)
	}
}

// An edge is where its side ends, and nowhere while that is closed.
func TestEdgesFollowTheirSides(t *testing.T) {
	r := newRig(t, 720, 560)
	if r.leftEdge.Visible() || r.rightEdge.Visible() {
		t.Error("an edge of a closed side can be dragged")
	}
	r.press(fyne.KeyG)
	r.dragTo(r.rightEdge, 400)
	if got := r.options.box.Size().Width; got != 320 || !r.rightEdge.Visible() || r.leftEdge.Visible() {
		t.Errorf("the drawer is %v wide, want 320", got)
	}
}
