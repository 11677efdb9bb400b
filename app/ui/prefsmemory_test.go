package ui

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/settings"
)

// TestPrefsMemory: the page bounds what is kept, says how much that is, and deletes it.
func TestPrefsMemory(t *testing.T) {
	r := newRig(t, 900, 700)
	r.arrangement.openScreen(r.prefs.page)
	m := r.prefs.memory
	if got := m.size.Text(); got != "Nothing is kept now." || !m.clear.Disabled() {
		t.Errorf("%q", got)
	}
	r.show(func(v *chat.View) { v.OnDisk, v.Files = 1_300_000_000, 2 })
	if got := m.size.Text(); got != "1.3 GB of 2 conversations is kept now." || m.clear.Disabled() {
		t.Errorf("%q", got)
	}
	test.Tap(m.clear)
	if !slices.Contains(r.fake.calls, "clear") {
		t.Errorf("calls %q", r.fake.calls)
	}
	test.Tap(m.disk.Buttons[0])
	test.Tap(m.snapshots.Buttons[len(m.snapshots.Buttons)-1])
	if s := r.saved[len(r.saved)-1]; s.KeptMB != 0 || s.SnapshotMB != settings.SnapshotMB[len(settings.SnapshotMB)-1] {
		t.Errorf("%d on disk, %d in memory", s.KeptMB, s.SnapshotMB)
	}
	if got := m.disk.Buttons[0].Text + " " + m.disk.Buttons[1].Text; got != "Off 1 GB" {
		t.Errorf("%q", got)
	}
}
