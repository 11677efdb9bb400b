package ui

import (
	"runtime"

	"fyne.io/fyne/v2"
)

// calm ends all animations of Fyne. The caret of its entries fades in and out for
// ever, and each step draws the whole window again: 15 to 25% of a core without a
// graphics card, taken from the model. Nobody but the user's own Fyne settings can
// turn them off, so the application is put behind one that does; Fyne's own code
// for macOS does not bear that, and draws with the graphics card.
func calm(a fyne.App) {
	if runtime.GOOS != "darwin" {
		fyne.SetCurrentApp(calmApp{a})
	}
}

type calmApp struct{ fyne.App }

// Settings implements fyne.App.
func (a calmApp) Settings() fyne.Settings { return calmSettings{a.App.Settings()} }

type calmSettings struct{ fyne.Settings }

// ShowAnimations implements fyne.Settings.
func (calmSettings) ShowAnimations() bool { return false }

// endAtOnce takes a hook from Fyne (2.8.1), which saves preferences of Fyne's that Tern
// does not have. Fyne posts it to its loop just when that ends: if it comes too late, the
// program panics or never ends.
func endAtOnce(a fyne.App) {
	if l, ok := a.Lifecycle().(interface{ SetOnStoppedHookExecuted(func()) }); ok {
		l.SetOnStoppedHookExecuted(nil)
	}
}
