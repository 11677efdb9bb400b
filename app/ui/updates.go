package ui

import (
	"context"
	"net/url"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/ui/kit"
	"tern/app/update"
)

// Program is what the window says of the program it belongs to.
type Program struct {
	Version string
	Commit  string // of the sources; empty where nobody knows
	Go      string // what it was built with
	Kernel  string // what it computes with here
}

// updates is what the window needs to look for newer versions.
type updates struct {
	home string // where they are published; empty where the build knows no such place
	// newest asks for the newest version and calls done on the window's goroutine.
	newest func(done func(version string, err error))
	// open shows a page in the browser.
	open func(page string)
}

// openUpdates is what stands behind them in the program.
func openUpdates(a fyne.App, post func(func())) updates {
	home := update.Home()
	return updates{
		home: home,
		newest: func(done func(string, error)) {
			go func() { // ends within the patience of Newest
				version, err := update.Newest(context.Background(), home)
				post(func() { done(version, err) })
			}()
		},
		open: func(page string) {
			if u, err := url.Parse(page); err == nil {
				_ = a.OpenURL(u) // what becomes of it is for the user to see
			}
		},
	}
}

// host is the site that is asked.
func (u updates) host() string {
	if site, err := url.Parse(u.home); err == nil && site.Host != "" {
		return site.Host
	}
	return u.home
}

// updateRow is the part of the settings page that turns the weekly look on.
type updateRow struct {
	on   *kit.Check
	rows []fyne.CanvasObject // none where the build knows no place to ask
}

func newUpdateRow(w *window) *updateRow {
	u := &updateRow{on: kit.NewCheck(kit.Tr("Look for a new version once a week"), w.escape, w.setUpdates)}
	if host := w.cfg.updates.host(); host != "" {
		u.rows = []fyne.CanvasObject{container.NewHBox(u.on),
			container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading,
				kit.Muted(kit.Tr("Asks {{.Host}} for its number, and sends nothing else. Nothing is downloaded.", "Host", host))))}
	}
	return u
}

func (u *updateRow) show(on bool) {
	if u.on.Checked != on {
		u.on.SetChecked(on)
	}
}

func (w *window) setUpdates(on bool) {
	if w.settings.Updates.On == on {
		return
	}
	w.settings.Updates.On = on
	w.cfg.save(w.settings)
	w.prefs.updates.show(on)
}

// offerLook asks before the first look, and looks at once where that was answered.
func (w *window) offerLook() {
	if w.settings.Updates.On {
		w.lookForVersion(true)
		return
	}
	w.dialogs.Open(kit.Tr("Look for a new version?"), kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
		kit.Muted(kit.Tr("Asks {{.Host}} for its number, and sends nothing else. Nothing is downloaded.", "Host", w.cfg.updates.host()))), kit.DialogWidth,
		kit.Action{Label: kit.Tr("Cancel")},
		kit.Action{Label: kit.Tr("Look once"), Do: func() { w.lookForVersion(true) }},
		kit.Action{Label: kit.Tr("Look every week"), Do: func() {
			w.setUpdates(true)
			w.lookForVersion(true)
		}})
}

// lookIfDue looks once a week, where the user wants that.
func (w *window) lookIfDue() {
	if w.cfg.updates.home != "" && w.settings.Updates.Due(w.cfg.now()) {
		w.lookForVersion(false)
	}
}

// lookForVersion asks for the newest version. Only who asked hears that there is
// none, or that the question failed.
func (w *window) lookForVersion(asked bool) {
	w.cfg.updates.newest(func(newest string, err error) {
		if err == nil {
			w.settings.Updates.Looked = w.cfg.now()
			w.cfg.save(w.settings)
		}
		switch {
		case err == nil && update.Newer(newest, w.cfg.program.Version):
			w.tell(kit.Tr("Tern {{.New}} is there; this is {{.Version}}.", "New", newest, "Version", w.cfg.program.Version),
				kit.Action{Label: kit.Tr("Open its page"), Do: func() { w.cfg.updates.open(update.Page(w.cfg.updates.home)) }})
		case !asked:
		case err != nil:
			w.tell(kit.Tr("{{.Host}} did not say which version is the newest.", "Host", w.cfg.updates.host()),
				kit.Action{Label: kit.Tr("Open its page"), Do: func() { w.cfg.updates.open(update.Page(w.cfg.updates.home)) }})
		default:
			w.tell(kit.Tr("Version {{.New}} is the newest; this is {{.Version}}.", "New", newest, "Version", w.cfg.program.Version))
		}
	})
}
