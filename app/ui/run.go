//go:build cgo

package ui

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver"
	"fyne.io/fyne/v2/lang"

	"tern/app/chat"
	"tern/app/crash"
	"tern/app/explain"
	"tern/app/library"
	saying "tern/app/say"
	"tern/app/settings"
	"tern/app/ui/filedialog"
	"tern/app/ui/kit"
)

// appID names the program to the desktop; it is the ID in FyneApp.toml.
const appID = "app.tern.Tern"

// Options says how to start the window.
type Options struct {
	Path         string    // model to open, absolute; empty for the one that Tern was closed with
	SettingsPath string    // where settings are kept; empty keeps them nowhere
	Stderr       io.Writer // for what cannot be said in the window

	// Program is what the window says of itself.
	Program Program

	// Crash keeps reports of mistakes inside the program; nil keeps none.
	Crash *crash.Log

	// Arrivals, if set, delivers the paths of models that other starts of the
	// program were to open; for an empty one the window only comes to the front.
	// It must be closed after Run returns.
	Arrivals <-chan string
}

// Run opens the window and returns when it is closed, with the exit code of the
// program. It must be called on the main goroutine, as Fyne requires.
func Run(o Options) int {
	if !findDisplay() {
		fmt.Fprintln(o.Stderr, "tern: there is no display to open a window on.\nHint: tern run writes text without one; tern --help lists the commands.")
		return 1
	}
	returnLargeBlocks()
	kept, problem := firstSettings(string(lang.SystemLocale())), error(nil)
	if _, err := os.Stat(o.SettingsPath); err == nil {
		kept, problem = settings.Load(o.SettingsPath)
	}
	var w *window
	saver := newSaver(func(s settings.Settings) error {
		if o.SettingsPath == "" {
			return nil
		}
		return settings.Save(o.SettingsPath, s)
	}, func(err error) { fyne.Do(func() { w.settingsKept(err, o.SettingsPath) }) })

	if err := speak(kept.Language); err != nil {
		fmt.Fprintln(o.Stderr, "tern: "+err.Error()+".\nHint: the window speaks English.")
	}
	opened := openedFiles()
	a := app.NewWithID(appID)
	calm(a)
	a.SetIcon(iconApp)
	th := kit.NewTheme(appearanceOf(kept.Theme), kept.TextScale)
	a.Settings().SetTheme(th)
	a.Settings().AddListener(forgetFonts)
	win := a.NewWindow("Tern")

	// fyne.Do is the one way onto the window's goroutine: whatever calls back from
	// another one goes through it.
	p := &presenter{post: fyne.Do}
	choose := func(folder bool, dir string, done func(string, error)) {
		filedialog.Choose(handle(win), folder, dir, func(path string, err error) { fyne.Do(func() { done(path, err) }) })
	}

	chooseNew := func(name, dir string, done func(string, error)) {
		filedialog.ChooseNew(handle(win), name, dir, func(path string, err error) { fyne.Do(func() { done(path, err) }) })
	}
	chooseJSON := func(dir string, done func(string, error)) {
		filedialog.ChooseJSON(handle(win), dir, func(path string, err error) { fyne.Do(func() { done(path, err) }) })
	}

	folder := filepath.Join(filepath.Dir(o.SettingsPath), "conversations")
	if o.SettingsPath == "" {
		folder = filepath.Join(os.TempDir(), "tern-conversations") // better than nowhere
	}
	books := openShelf(kept, p.notify, fyne.Do)
	out := openOutside(kept.Servers, fyne.Do)
	c := chat.New(chat.Options{Notify: p.notify, Engine: out.shared.Use, Free: library.FreeMemory, Keys: &out.keys, Readings: readings(kept.Recent), Folder: folder,
		Panicked: o.Crash.Note})
	save := func(s settings.Settings) {
		books.follow(s)
		saver.save(s)
	}
	lag := newLag(fyne.Do, time.Now, p.quiet.Load)
	w = newWindow(win, th, config{controller: controllerOf(c), settings: kept, save: save, now: time.Now, lag: lag, choose: choose,
		chooseNew: chooseNew, chooseJSON: chooseJSON, shelf: books.Shelf, servers: out.servers(), report: o.Crash.Last(),
		program: o.Program, updates: openUpdates(a, fyne.Do)})
	p.draw = w.update
	w.openFirst(o.Path)
	if kept.Serving.On {
		w.serve()
	}
	w.lookIfDue()
	if problem != nil {
		x := explain.Problem(problem, o.SettingsPath)
		w.tell(kit.Translate(x.Sentence) + ". " + kit.Translate(x.Hint))
	}
	a.Lifecycle().SetOnEnteredForeground(func() { p.quiet.Store(false) })
	a.Lifecycle().SetOnExitedForeground(func() { p.quiet.Store(true) })
	win.SetCloseIntercept(w.quit)
	p.present()
	for _, paths := range []<-chan string{o.Arrivals, opened} {
		if paths == nil {
			continue
		}
		go func() { // ends when Arrivals is closed, or with the program
			for path := range paths {
				fyne.Do(func() { w.arrive(path) })
			}
		}()
	}
	code := 0
	if show(win) {
		a.Run()
	} else {
		fmt.Fprintln(o.Stderr, "tern: the display has no OpenGL to draw a window with.\nHint: install its driver, or Mesa for one without a graphics card; tern run writes text without a window.")
		code = 1
	}

	p.close()
	lag.watch(false)
	books.close()
	out.close()
	c.Close()
	if v := c.View(); v.Unsaved && v.Trouble != nil {
		code = complain(o.Stderr, *v.Trouble)
	}
	if err := saver.close(); err != nil {
		code = complain(o.Stderr, explain.Problem(err, o.SettingsPath))
	}
	return code
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

// complain says a problem where there is no window any more.
func complain(stderr io.Writer, p saying.Problem) int {
	fmt.Fprintf(stderr, "tern: %s.\nHint: %s\n", p.Sentence, p.Hint)
	return 1
}
