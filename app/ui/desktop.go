//go:build cgo

package ui

import (
	"fmt"
	"io"
	"net/url"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver"
	"fyne.io/fyne/v2/lang"

	"tern/app/explain"
	"tern/app/settings"
	"tern/app/ui/filedialog"
	"tern/app/ui/kit"
)

// appID names the program to the desktop; it is the ID in FyneApp.toml.
const appID = "app.tern.Tern"

// Desktop is the toolkit with an empty window. Fill gives it what it shows and Run
// shows it. All its methods but Notify belong on the main goroutine.
type Desktop struct {
	app       fyne.App
	win       fyne.Window
	th        *kit.Theme
	presenter *presenter
	post      func(func())
	opened    <-chan string // what the system has Tern open
	lag       *lag
	window    *window
}

// HasDisplay reports whether there is a display to open a window on, and otherwise says so
// on stderr.
func HasDisplay(stderr io.Writer) bool {
	if findDisplay() {
		return true
	}
	fmt.Fprintln(stderr, "tern: there is no display to open a window on.\nHint: tern run writes text without one; tern --help lists the commands.")
	return false
}

// FirstSettings are those of a first start on this system.
func FirstSettings() settings.Settings { return firstSettings(string(lang.SystemLocale())) }

// NewDesktop starts the toolkit in the language and the looks of the settings. post
// runs a function on the window's goroutine: it is the one way there.
func NewDesktop(s settings.Settings, post func(func()), stderr io.Writer) *Desktop {
	returnLargeBlocks()
	if err := speak(s.Language); err != nil {
		fmt.Fprintln(stderr, "tern: "+err.Error()+".\nHint: the window speaks English.")
	}
	d := &Desktop{opened: openedFiles(), post: post, presenter: &presenter{post: post}}
	d.app = app.NewWithID(appID)
	calm(d.app)
	endAtOnce(d.app)
	d.app.SetIcon(iconApp)
	d.th = kit.NewTheme(appearanceOf(s.Theme), s.TextScale)
	d.app.Settings().SetTheme(d.th)
	d.app.Settings().AddListener(forgetFonts)
	d.win = d.app.NewWindow("Tern")
	d.lag = newLag(post, time.Now, d.presenter.quiet.Load)
	return d
}

// Notify has the window drawn soon. It may be called from any goroutine.
func (d *Desktop) Notify() { d.presenter.notify() }

// OpenURL shows a page in the browser; what becomes of it is for the user to see.
func (d *Desktop) OpenURL(u *url.URL) { _ = d.app.OpenURL(u) }

// Fill makes the window of c.
func (d *Desktop) Fill(c Config) {
	c.Post, c.Now, c.lag = d.post, time.Now, d.lag
	c.choose = func(folder bool, dir string, done func(string, error)) {
		filedialog.Choose(handle(d.win), folder, dir, d.posted(done))
	}
	c.chooseNew = func(name, dir string, done func(string, error)) {
		filedialog.ChooseNew(handle(d.win), name, dir, d.posted(done))
	}
	c.chooseJSON = func(dir string, done func(string, error)) {
		filedialog.ChooseJSON(handle(d.win), dir, d.posted(done))
	}
	d.window = newWindow(d.win, d.th, c)
	d.presenter.draw = d.window.update
}

// posted is done on the window's goroutine.
func (d *Desktop) posted(done func(string, error)) func(string, error) {
	return func(path string, err error) { d.post(func() { done(path, err) }) }
}

// SettingsKept says that the settings at path cannot be saved, or with a nil error
// that they can again.
func (d *Desktop) SettingsKept(err error, path string) { d.window.preferences.settingsKept(err, path) }

// Begin opens the model at path, or that of the last time for "", and says what was
// wrong with the settings, if anything was.
func (d *Desktop) Begin(path string, problem error, settingsPath string) {
	w := d.window
	w.opener.openFirst(path)
	if w.settings.Serving.On {
		w.preferences.serve()
	}
	w.preferences.lookIfDue()
	if problem != nil {
		x := explain.Problem(problem, settingsPath)
		w.notices.tell(kit.Translate(x.Sentence) + ". " + kit.Translate(x.Hint))
	}
}

// End closes the window as its button does, but asks nothing: the session ends.
func (d *Desktop) End() { d.window.end() }

// Arrive comes to the front and opens the model at path, if there is one.
func (d *Desktop) Arrive(path string) { d.window.opener.arrive(path) }

// Run shows the window and returns when it is closed, false where the display cannot
// show it, which it says on stderr.
func (d *Desktop) Run(stderr io.Writer) (shown bool) {
	life := d.app.Lifecycle()
	life.SetOnEnteredForeground(func() { d.presenter.quiet.Store(false) })
	life.SetOnExitedForeground(func() { d.presenter.quiet.Store(true) })
	d.win.SetCloseIntercept(d.window.quit)
	d.presenter.present()
	if d.opened != nil {
		go func() { // ends with the program
			for path := range d.opened {
				d.post(func() { d.Arrive(path) })
			}
		}()
	}
	if shown = show(d.win); shown {
		d.app.Run()
	} else {
		fmt.Fprintln(stderr, "tern: the display has no OpenGL to draw a window with.\nHint: install its driver, or Mesa for one without a graphics card; tern run writes text without a window.")
	}
	d.presenter.close()
	d.lag.watch(false)
	return shown
}

// handle is what Windows knows win by; 0 elsewhere. It must be called on the
// window's goroutine.
func handle(win fyne.Window) (h uintptr) {
	if n, ok := win.(driver.NativeWindow); ok {
		n.RunNative(func(context any) {
			if c, ok := context.(driver.WindowsWindowContext); ok {
				h = c.HWND
			}
		})
	}
	return h
}
