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
func (arr *arrangement) addScreens(screens ...*screen) {
	arr.screens = append(arr.screens, screens...)
	for _, s := range screens {
		s.box = container.NewBorder(kit.NewHeader(s.title, arr.closeScreen, arr.do.escape), nil, nil, nil, s.content)
		s.box.Hide()
		s.item = item(s.title, func() { arr.openScreen(s) }, s.key, s.mod)
	}
}

// openScreen replaces the text, or another screen, by s.
func (arr *arrangement) openScreen(s *screen) {
	if arr.screen == s || arr.dialogs.Shown != nil {
		return
	}
	arr.screen, arr.drawer = s, noDrawer
	if s.open != nil {
		s.open()
	}
	arr.placeAgain()
	if s.first != nil {
		arr.win.Canvas().Focus(s.first)
	}
}

// closeScreen goes back to the text.
func (arr *arrangement) closeScreen() {
	if arr.screen == nil {
		return
	}
	arr.screen = nil
	arr.placeAgain()
	arr.do.focusPrompt()
}

// showScreen brings the open screen in step with the view.
func (arr *arrangement) showScreen() {
	if s := arr.screen; s != nil && s.show != nil {
		s.show(arr.view)
	}
}
