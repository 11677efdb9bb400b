package ui

import (
	"runtime/debug"
	"slices"

	"fyne.io/fyne/v2"

	"tern/app/explain"
	"tern/app/settings"
	"tern/app/ui/kit"
)

func (pre *preferences) setMore(open bool) {
	pre.settings.MoreOpen = open
	pre.cfg.Save(pre.settings)
}

func (pre *preferences) setTheme(t settings.Theme) {
	pre.settings.Theme = t
	pre.restyle()
}

func (pre *preferences) setTextSize(percent int) {
	pre.settings.TextScale = percent
	pre.restyle()
}

// zoom makes the text larger (1), smaller (-1) or as it was designed (0).
func (pre *preferences) zoom(by int) {
	i := slices.Index(settings.TextScales, pre.settings.TextScale) + by
	if by == 0 {
		i = slices.Index(settings.TextScales, 100)
	}
	if i >= 0 && i < len(settings.TextScales) {
		pre.setTextSize(settings.TextScales[i])
	}
}

// restyle applies theme and text size. Scroll and focus stay.
func (pre *preferences) restyle() {
	pre.th.Set(appearanceOf(pre.settings.Theme), pre.settings.TextScale)
	fyne.CurrentApp().Settings().SetTheme(pre.th)
	pre.applySettings()
	for _, c := range []*fyne.Container{pre.start.box, pre.topbar.box, pre.status.box} {
		c.Layout.Layout(c.Objects, c.Size())
	}
	pre.do.restyleParts()
	pre.do.relayout()
	pre.transcript.Retype()
	pre.do.showMenu()
	pre.cfg.Save(pre.settings)
	debug.FreeOSMemory() // the toolkit reads its fonts again: the old ones are 50 MB
}

func (pre *preferences) setEnterSends(on bool) {
	if pre.settings.EnterSends == on {
		return
	}
	pre.settings.EnterSends = on
	pre.applySettings()
	pre.cfg.Save(pre.settings)
}

// quit closes the window, by its menu, its key or its button, and keeps the
// settings with the size it has now. An answer that is being written is stopped
// by whoever runs it.
func (w *window) quit() {
	w.editing.closeEditor(true)
	switch {
	case w.view.Unsaved:
		w.dialogs.Ask(kit.Tr("Some of your text could not be saved. It is lost when Tern closes now."), kit.Tr("Stay"), kit.Action{Label: kit.Tr("Quit"), Do: w.close})
	case w.shelf.Downloads.Busy():
		w.dialogs.Ask(kit.Tr("A download is running. It will resume next time."), kit.Tr("Stay"), kit.Action{Label: kit.Tr("Quit"), Do: w.close})
	default:
		w.close()
	}
}

// end is quit where nobody can be asked any more.
func (w *window) end() {
	w.editing.closeEditor(true)
	w.close()
}

func (w *window) close() {
	if size := w.win.Canvas().Size(); size.Width > 0 && !w.win.FullScreen() {
		w.settings.Width, w.settings.Height = size.Width, size.Height
	}
	w.cfg.Save(w.settings)
	// Losing the focus by closing is none of their business, and Fyne (2.8.1) panics
	// now and then over calling one when it has just ended.
	life := fyne.CurrentApp().Lifecycle()
	life.SetOnEnteredForeground(nil)
	life.SetOnExitedForeground(nil)
	w.cfg.Closing()
	w.win.Close()
}

// settingsKept says that the settings cannot be saved, or that they can again.
func (pre *preferences) settingsKept(err error, path string) {
	if err == nil {
		pre.do.tell(kit.Tr("Everything is saved again."))
		return
	}
	pre.do.tellProblem(explain.Problem(err, path))
}

// setLanguage keeps a language for the next start.
func (pre *preferences) setLanguage(code string) {
	if pre.settings.Language == code {
		return
	}
	pre.settings.Language = code
	pre.applySettings()
	pre.cfg.Save(pre.settings)
}

// appearanceOf is what the theme is told of a choice of the user.
func appearanceOf(t settings.Theme) kit.Appearance {
	switch t {
	case settings.ThemeLight:
		return kit.Light
	case settings.ThemeDark:
		return kit.Dark
	}
	return kit.System
}
