package ui

import (
	"runtime/debug"
	"slices"

	"fyne.io/fyne/v2"

	"tern/app/explain"
	"tern/app/settings"
	"tern/app/ui/kit"
)

func (w *window) setMore(open bool) {
	w.settings.MoreOpen = open
	w.cfg.save(w.settings)
}

func (w *window) setTheme(t settings.Theme) {
	w.settings.Theme = t
	w.restyle()
}

func (w *window) setTextSize(percent int) {
	w.settings.TextScale = percent
	w.restyle()
}

// zoom makes the text larger (1), smaller (-1) or as it was designed (0).
func (w *window) zoom(by int) {
	i := slices.Index(settings.TextScales, w.settings.TextScale) + by
	if by == 0 {
		i = slices.Index(settings.TextScales, 100)
	}
	if i >= 0 && i < len(settings.TextScales) {
		w.setTextSize(settings.TextScales[i])
	}
}

// restyle applies theme and text size. Scroll and focus stay.
func (w *window) restyle() {
	w.th.Set(appearanceOf(w.settings.Theme), w.settings.TextScale)
	fyne.CurrentApp().Settings().SetTheme(w.th)
	w.applySettings()
	for _, c := range []*fyne.Container{w.start.box, w.topbar.box, w.status.box} {
		c.Layout.Layout(c.Objects, c.Size())
	}
	for _, p := range w.panels {
		if p.restyle != nil {
			p.restyle()
		}
	}
	for _, s := range w.screens {
		if s.restyle != nil {
			s.restyle()
		}
	}
	w.relayout()
	w.transcript.Retype()
	w.showMenu()
	w.cfg.save(w.settings)
	debug.FreeOSMemory() // the toolkit reads its fonts anew: the old ones are 50 MB
}

func (w *window) setEnterSends(on bool) {
	if w.settings.EnterSends == on {
		return
	}
	w.settings.EnterSends = on
	w.applySettings()
	w.cfg.save(w.settings)
}

// quit closes the window, by its menu, its key or its button, and keeps the
// settings with the size it has now. An answer that is being written is stopped
// by whoever runs it.
func (w *window) quit() {
	w.closeEditor(true)
	switch {
	case w.view.Unsaved:
		w.dialogs.Ask(kit.Tr("Some of your text could not be saved. It is lost when Tern closes now."), kit.Tr("Stay"), kit.Action{Label: kit.Tr("Quit"), Do: w.close})
	case w.shelf.Downloads.Busy():
		w.dialogs.Ask(kit.Tr("A download is running. It will resume next time."), kit.Tr("Stay"), kit.Action{Label: kit.Tr("Quit"), Do: w.close})
	default:
		w.close()
	}
}

func (w *window) close() {
	if size := w.win.Canvas().Size(); size.Width > 0 && !w.win.FullScreen() {
		w.settings.Width, w.settings.Height = size.Width, size.Height
	}
	w.cfg.save(w.settings)
	// Losing the focus by closing is none of their business, and Fyne (2.8.1) panics
	// now and then over calling one when it has just ended.
	life := fyne.CurrentApp().Lifecycle()
	life.SetOnEnteredForeground(nil)
	life.SetOnExitedForeground(nil)
	w.win.Close()
}

// settingsKept says that the settings cannot be saved, or that they can again.
func (w *window) settingsKept(err error, path string) {
	if err == nil {
		w.tell(kit.Tr("Everything is saved again."))
		return
	}
	w.tellProblem(explain.Problem(err, path))
}

// setLanguage keeps a language for the next start.
func (w *window) setLanguage(code string) {
	if w.settings.Language == code {
		return
	}
	w.settings.Language = code
	w.applySettings()
	w.cfg.save(w.settings)
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
