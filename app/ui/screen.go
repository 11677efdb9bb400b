package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// screen takes the place of the text and the right panel, below a line with its
// title and the way back. The sidebar stays. A screen is made once and kept;
// newWindow lists it in addScreens.
type screen struct {
	title string
	key   fyne.KeyName     // with Ctrl and mod
	mod   fyne.KeyModifier // 0 for Ctrl alone

	content fyne.CanvasObject
	first   fyne.Focusable  // gets the focus when the screen opens
	open    func()          // runs before it is shown; may be nil
	show    func(chat.View) // brings it in step, each time something changed while it is open; may be nil
	restyle func()          // lays it out again after a change of theme or text size; may be nil

	box  *fyne.Container // title line and content
	item *fyne.MenuItem  // in the File menu
}

// addScreens lists the screens, in the order of the File menu.
func (w *window) addScreens(screens ...*screen) {
	w.screens = append(w.screens, screens...)
	for _, s := range screens {
		s.box = container.NewBorder(kit.NewHeader(s.title, w.closeScreen, w.escape), nil, nil, nil, s.content)
		s.box.Hide()
		s.item = item(s.title, func() { w.openScreen(s) }, s.key, s.mod)
	}
}

// openScreen replaces the text, or another screen, by s.
func (w *window) openScreen(s *screen) {
	if w.screen == s || w.dialogs.Shown != nil {
		return
	}
	w.screen, w.drawer = s, noDrawer
	if s.open != nil {
		s.open()
	}
	w.placeAgain()
	if s.first != nil {
		w.win.Canvas().Focus(s.first)
	}
}

// closeScreen goes back to the text.
func (w *window) closeScreen() {
	if w.screen == nil {
		return
	}
	w.screen = nil
	w.placeAgain()
	w.focusPrompt()
}

// showScreen brings the open screen in step with the view.
func (w *window) showScreen() {
	if s := w.screen; s != nil && s.show != nil {
		s.show(w.view)
	}
}
