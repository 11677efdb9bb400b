package ui

import (
	"slices"

	"fyne.io/fyne/v2"

	"tern/app/settings"
)

// togglePanel opens or closes the generation panel, beside the text or over it.
func (w *window) togglePanel() {
	if w.prefsOpen {
		w.closePrefs()
	}
	if !docked(w.frame.Size().Width) {
		if w.drawer {
			w.closeDrawer()
			return
		}
		w.drawer = true
		w.relayout()
		w.win.Canvas().Focus(w.options.first)
		w.showMenu()
		return
	}
	w.settings.PanelOpen = !w.settings.PanelOpen
	w.cfg.save(w.settings)
	w.relayout()
	w.showMenu()
}

func (w *window) closeDrawer() {
	w.drawer = false
	w.relayout()
	w.focusPrompt()
	w.showMenu()
}

func (w *window) setMore(open bool) {
	w.settings.MoreOpen = open
	w.cfg.save(w.settings)
}

// openPrefs replaces everything but the status line by the settings page.
func (w *window) openPrefs() {
	if w.prefsOpen {
		return
	}
	w.prefsOpen, w.drawer = true, false
	w.page.Hide()
	w.prefs.box.Show()
	w.relayout()
	w.win.Canvas().Focus(w.prefs.first)
}

func (w *window) closePrefs() {
	if !w.prefsOpen {
		return
	}
	w.prefsOpen = false
	w.prefs.box.Hide()
	w.page.Show()
	w.relayout()
	w.focusPrompt()
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
	w.th.set(w.settings.Theme, w.settings.TextScale)
	fyne.CurrentApp().Settings().SetTheme(w.th)
	w.applySettings()
	for _, c := range []*fyne.Container{w.start.box, w.options.page, w.prefs.page, w.topbar.box, w.status.box} {
		c.Layout.Layout(c.Objects, c.Size())
	}
	w.relayout()
	w.transcript.retype()
	w.showMenu()
	w.cfg.save(w.settings)
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
	if size := w.win.Canvas().Size(); size.Width > 0 && !w.win.FullScreen() {
		w.settings.Width, w.settings.Height = size.Width, size.Height
	}
	w.cfg.save(w.settings)
	w.win.Close()
}
