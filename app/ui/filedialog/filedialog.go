//go:build cgo

// Package filedialog opens the system's own window for choosing a file or a
// folder. It is apart from package ui because it needs cgo and, on Linux, GTK.
package filedialog

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unicode"

	"github.com/sqweek/dialog"
)

// open is held while a window is open: GTK is not made for two threads.
var open sync.Mutex

// Choose opens the window for a model in dir, empty for wherever the system
// likes, and returns at once. It calls done from a goroutine of its own: with the
// path; with an empty path if the user chose nothing; with an error if there is
// no such window, as without a display.
func Choose(folder bool, dir string, done func(path string, err error)) {
	run(done, func() (string, error) {
		if folder {
			return dialog.Directory().Title("Open a model folder").SetStartDir(dir).Browse()
		}
		return dialog.File().Title("Open a model").SetStartDir(dir).
			Filter("Models", endings(runtime.GOOS, "safetensors", "json", "model", "gguf")...).
			Filter("All files", "*").Load()
	})
}

// ChooseNew opens the window for a file to write, which is called name unless
// the user says otherwise. The system asks before it gives a file that is there.
func ChooseNew(name, dir string, done func(path string, err error)) {
	run(done, func() (string, error) {
		return dialog.File().Title("Save").SetStartDir(dir).SetStartFile(name).Save()
	})
}

// ChooseJSON opens the window for a JSON file to read.
func ChooseJSON(dir string, done func(path string, err error)) {
	run(done, func() (string, error) {
		return dialog.File().Title("Import").SetStartDir(dir).
			Filter("Conversations", endings(runtime.GOOS, "json")...).Filter("All files", "*").Load()
	})
}

// endings are the patterns of file names in any case: GTK tells cases apart, and
// takes sets of characters; other systems do neither.
func endings(system string, names ...string) (patterns []string) {
	if system == "windows" || system == "darwin" {
		return names
	}
	for _, name := range names {
		var b strings.Builder
		for _, r := range name {
			fmt.Fprintf(&b, "[%c%c]", unicode.ToLower(r), unicode.ToUpper(r))
		}
		patterns = append(patterns, b.String())
	}
	return patterns
}

// run opens a window on a goroutine of its own.
func run(done func(path string, err error), choose func() (string, error)) {
	go func() {
		// GTK expects all of a dialog on one thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		open.Lock()
		path, err := guarded(choose)
		open.Unlock()
		done(path, err)
	}()
}

func guarded(choose func() (string, error)) (path string, err error) {
	defer func() {
		if r := recover(); r != nil { // the library panics where GTK did not start
			path, err = "", fmt.Errorf("filedialog: %v", r)
		}
	}()
	path, err = choose()
	if errors.Is(err, dialog.ErrCancelled) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("filedialog: %w", err)
	}
	return path, nil
}
