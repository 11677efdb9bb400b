package ui

import (
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

// Updates is what the window needs to look for newer versions.
type Updates struct {
	Home string // where they are published; empty where the build knows no such place
	// newest asks for the newest version and calls done on the window's goroutine.
	Newest func(done func(version string, err error))
	// open shows a page in the browser.
	Open func(page string)
}

// host is the site that is asked.
func (u Updates) host() string {
	if site, err := url.Parse(u.Home); err == nil && site.Host != "" {
		return site.Host
	}
	return u.Home
}

// updateRow is the part of the settings page that turns the weekly look on.
type updateRow struct {
	on   *kit.Check
	rows []fyne.CanvasObject // none where the build knows no place to ask
}

func newUpdateRow(host string, escape func(), changed func(bool)) *updateRow {
	u := &updateRow{on: kit.NewCheck(kit.Tr("Look for a new version once a week"), escape, changed)}
	if host != "" {
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

func (pre *preferences) setUpdates(on bool) {
	if pre.settings.Updates.On == on {
		return
	}
	pre.settings.Updates.On = on
	pre.cfg.Save(pre.settings)
	pre.prefs.updates.show(on)
}

// offerLook asks before the first look, and looks at once where that was answered.
func (pre *preferences) offerLook() {
	if pre.settings.Updates.On {
		pre.lookForVersion(true)
		return
	}
	pre.dialogs.Open(kit.Tr("Look for a new version?"), kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
		kit.Muted(kit.Tr("Asks {{.Host}} for its number, and sends nothing else. Nothing is downloaded.", "Host", pre.cfg.Updates.host()))), kit.DialogWidth,
		kit.Action{Label: kit.Tr("Cancel")},
		kit.Action{Label: kit.Tr("Look once"), Do: func() { pre.lookForVersion(true) }},
		kit.Action{Label: kit.Tr("Look every week"), Do: func() {
			pre.setUpdates(true)
			pre.lookForVersion(true)
		}})
}

// lookIfDue looks once a week, where the user wants that.
func (pre *preferences) lookIfDue() {
	if pre.cfg.Updates.Home != "" && pre.settings.Updates.Due(pre.cfg.Now()) {
		pre.lookForVersion(false)
	}
}

// lookForVersion asks for the newest version. Only who asked hears that there is
// none, or that the question failed.
func (pre *preferences) lookForVersion(asked bool) {
	pre.cfg.Updates.Newest(func(newest string, err error) {
		if err == nil {
			pre.settings.Updates.Looked = pre.cfg.Now()
			pre.cfg.Save(pre.settings)
		}
		switch {
		case err == nil && update.Newer(newest, pre.cfg.Program.Version):
			pre.do.tell(kit.Tr("Tern {{.New}} is there; this is {{.Version}}.", "New", newest, "Version", pre.cfg.Program.Version),
				kit.Action{Label: kit.Tr("Open its page"), Do: func() { pre.cfg.Updates.Open(update.Page(pre.cfg.Updates.Home)) }})
		case !asked:
		case err != nil:
			pre.do.tell(kit.Tr("{{.Host}} did not say which version is the newest.", "Host", pre.cfg.Updates.host()),
				kit.Action{Label: kit.Tr("Open its page"), Do: func() { pre.cfg.Updates.Open(update.Page(pre.cfg.Updates.Home)) }})
		default:
			pre.do.tell(kit.Tr("Version {{.New}} is the newest; this is {{.Version}}.", "New", newest, "Version", pre.cfg.Program.Version))
		}
	})
}
