//go:build cgo

// Package filedialog opens the system's own window for choosing a file or a
// folder. It is apart from package ui because it needs cgo and, on Linux, GTK.
package filedialog

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/sqweek/dialog"
)

// open is held while a window is open: GTK is not made for two threads.
var open sync.Mutex

// Choose opens the window in dir, empty for wherever the system likes, and
// returns at once. It calls done from a goroutine of its own: with the path; with
// an empty path if the user chose nothing; with an error if there is no such
// window, as without a display.
func Choose(folder bool, dir string, done func(path string, err error)) {
	go func() {
		// GTK expects all of a dialog on one thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		open.Lock()
		path, err := choose(folder, dir)
		open.Unlock()
		done(path, err)
	}()
}

func choose(folder bool, dir string) (path string, err error) {
	defer func() {
		if r := recover(); r != nil { // the library panics where GTK did not start
			path, err = "", fmt.Errorf("filedialog: %v", r)
		}
	}()
	if folder {
		path, err = dialog.Directory().Title("Open a model folder").SetStartDir(dir).Browse()
	} else {
		// Patterns are case-sensitive with GTK.
		path, err = dialog.File().Title("Open a model").SetStartDir(dir).
			Filter("Models", "safetensors", "json", "model", "gguf", "SAFETENSORS", "JSON", "MODEL", "GGUF").
			Filter("All files", "*").Load()
	}
	if errors.Is(err, dialog.ErrCancelled) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("filedialog: %w", err)
	}
	return path, nil
}
