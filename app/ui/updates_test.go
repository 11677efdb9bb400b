package ui

import (
	"errors"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"tern/app/settings"
)

// TestUpdatesAreOff: nobody is asked until the user wants it, and a build that
// knows no place to ask offers nothing.
func TestUpdatesAreOff(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.preferences.lookIfDue()
	r.preferences.offerLook()
	r.took()
	r.tapDialog("Cancel")
	if r.settings.Updates != (settings.Updates{}) {
		t.Errorf("settings %+v", r.settings.Updates)
	}
	r.took()

	none := Config{Controller: parts(r.fake), Settings: settings.Default(), Now: r.cfg.Now, lag: r.cfg.lag, Save: func(settings.Settings) {}}
	none.Settings.Updates.On = true
	w := newWindow(r.win, r.th, none)
	w.preferences.lookIfDue()
	if help := w.menu.main.Items[len(w.menu.main.Items)-1]; len(help.Items) != 2 || len(w.prefs.updates.rows) != 0 {
		t.Errorf("it offers to look: %d items in %s, %d rows", len(help.Items), help.Label, len(w.prefs.updates.rows))
	}
}

// TestUpdateOnce: one look is one look.
func TestUpdateOnce(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.preferences.offerLook()
	r.tapDialog("Look once")
	r.took("newest version")
	r.newest("0.10.0", nil)
	r.stripIs("Tern 0.10.0 is there; this is 0.1.0. [Open its page]")
	r.tapStrip("Open its page")
	r.took("open https://tern.example.org/tern/releases/latest")
	r.pass(30 * 24 * time.Hour)
	r.preferences.lookIfDue()
	r.took()

	r.preferences.lookForVersion(true)
	r.newest("0.1.0", nil)
	r.stripIs("Version 0.1.0 is the newest; this is 0.1.0.")
	r.preferences.lookForVersion(true)
	r.newest("", errors.New("update: no network"))
	r.stripIs("tern.example.org did not say which version is the newest. [Open its page]")
}

// TestUpdateWeekly: a look a week; the user hears of it where there is
// something new; one that failed is made again at the next start.
func TestUpdateWeekly(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.preferences.offerLook()
	r.tapDialog("Look every week")
	r.took("newest version")
	r.newest("0.1.0", nil)
	if !r.prefs.updates.on.Checked || !r.saved[len(r.saved)-1].Updates.On {
		t.Error("the weekly look is not on")
	}
	r.pass(6 * 24 * time.Hour)
	r.preferences.lookIfDue()
	r.took()
	r.notices.forget()
	r.pass(24 * time.Hour)
	for range 2 {
		r.preferences.lookIfDue()
		r.took("newest version")
		r.newest("", errors.New("update: no network"))
		r.stripIs("")
	}
	r.preferences.lookIfDue()
	r.newest("0.2.0", nil)
	r.stripIs("Tern 0.2.0 is there; this is 0.1.0. [Open its page]")
	r.prefs.updates.on.SetChecked(false)
	r.pass(30 * 24 * time.Hour)
	r.fake.calls = nil
	r.preferences.lookIfDue()
	r.took()
}

// TestAbout: what a report of a problem needs can be read and copied.
func TestAbout(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.about()
	r.tapDialog("Copy")
	want := "Tern 0.1.0\nCommit 0123456789ab\nBuilt with go1.26\nComputes with the generic kernels here"
	if got := fyne.CurrentApp().Clipboard().Content(); got != want {
		t.Errorf("copied %q", got)
	}
	r.about()
	r.tapDialog("Licences")
	if r.dialogs.Shown == nil {
		t.Fatal("no licences are shown")
	}
	r.tapDialog("Close")
}
