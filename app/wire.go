//go:build cgo

package app

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"

	"tern/app/chat"
	"tern/app/crash"
	"tern/app/explain"
	"tern/app/kept"
	"tern/app/library"
	"tern/app/say"
	"tern/app/settings"
	"tern/app/single"
	"tern/app/ui"
)

// options say how the window starts.
type options struct {
	path         string    // model to open, absolute; empty for the one that Tern was closed with
	settingsPath string    // where settings are kept; empty keeps them nowhere
	stderr       io.Writer // for what cannot be said in the window
	program      ui.Program
	crash        *crash.Log // keeps reports of mistakes inside the program; nil keeps none

	// arrivals, if set, delivers the paths of models that other starts of the
	// program were to open. It must be closed after composeWindow returns.
	arrivals <-chan single.Arrival
}

// composeWindow makes the parts of the program that have a window, joins them, and
// returns when the window is closed, with the exit code. It must be called on the
// main goroutine, as Fyne requires.
func composeWindow(o options) int {
	if !ui.HasDisplay(o.stderr) {
		return 1
	}
	chosen, problem := ui.FirstSettings(), error(nil)
	if _, err := os.Stat(o.settingsPath); err == nil {
		chosen, problem = settings.Load(o.settingsPath)
	}
	// The one way onto the window's goroutine: whatever calls back from another one
	// is given it here.
	loop := newGate(fyne.Do)
	post := loop.post
	desktop := ui.NewDesktop(chosen, post, o.stderr)
	if list := endings(); list != nil { // Notify takes none for all
		alone, stop := loop.atSignal(list, desktop.End)
		defer stop()
		fyne.CurrentApp().Lifecycle().SetOnStarted(func() { time.AfterFunc(settled, alone) })
	}
	saver := newSaver(func(s settings.Settings) error {
		if o.settingsPath == "" {
			return nil
		}
		return settings.Save(o.settingsPath, s)
	}, func(err error) { post(func() { desktop.SettingsKept(err, o.settingsPath) }) })

	folder := filepath.Join(filepath.Dir(o.settingsPath), "conversations")
	if o.settingsPath == "" {
		folder = filepath.Join(os.TempDir(), "tern-conversations") // better than nowhere
	}
	shelf := openShelf(chosen, desktop.Notify, post)
	servers := openOutside(chosen.Servers, post)
	var snapshots atomic.Int64
	snapshots.Store(chosen.SnapshotBytes())
	c := chat.New(chat.Options{Kept: openKept(chosen, o.settingsPath), Snapshots: snapshots.Load, Notify: desktop.Notify, Engine: servers.shared.Use, Free: library.FreeMemory, Keys: &servers.keys,
		Readings: readings(chosen.Recent), Folder: folder, Panicked: o.crash.Note})
	desktop.Fill(ui.Config{
		Controller: ui.Controller{Conversation: c, Models: c.Models, Shelf: c.Shelf, Jobs: c.Jobs, Tokens: c.Tokens, Kept: c.Kept}, Settings: chosen, Shelf: shelf.Shelf, Servers: servers.servers(), Updates: openUpdates(desktop.OpenURL, post),
		Report: o.crash.Last(), Program: o.program, Closing: loop.close,
		Save: func(s settings.Settings) {
			shelf.follow(s)
			snapshots.Store(s.SnapshotBytes())
			c.Kept.SetRoom(s.KeptBytes())
			saver.save(s)
		},
	})
	desktop.Begin(o.path, problem, o.settingsPath)
	if o.arrivals != nil {
		go func() { // ends when arrivals is closed
			for a := range o.arrivals {
				if loop.call(func() { desktop.Arrive(a.Path) }) {
					a.Take()
				}
			}
		}()
	}
	code := 0
	if !desktop.Run(o.stderr) {
		code = 1
	}
	loop.close() // Fyne would call it here and now
	shelf.close()
	servers.close()
	c.Close()
	if v := c.View(); v.Unsaved && v.Trouble != nil {
		code = complain(o.stderr, *v.Trouble)
	}
	if err := saver.close(); err != nil {
		code = complain(o.stderr, explain.Problem(err, o.settingsPath))
	}
	return code
}

// openKept opens the store of what models know of conversations, which has no place where
// settings have none.
func openKept(s settings.Settings, settingsPath string) *kept.Store {
	dir, err := settings.CacheFolder()
	if err != nil || settingsPath == "" {
		return nil
	}
	return kept.New(filepath.Join(dir, "kept"), s.KeptBytes(), library.FreeSpace)
}

// complain says a problem where there is no window any more.
func complain(stderr io.Writer, p say.Problem) int {
	fmt.Fprintf(stderr, "tern: %s.\nHint: %s\n", p.Sentence, p.Hint)
	return 1
}
