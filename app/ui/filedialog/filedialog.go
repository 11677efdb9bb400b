//go:build cgo

// Package filedialog opens the system's own window for choosing a file or a
// folder. It is apart from package ui because it needs cgo and, on Linux, GTK.
package filedialog

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unicode"
)

// open is held while a window is open: GTK is not made for two threads.
var open sync.Mutex

// window is one to open. Its patterns are the endings of names.
type window struct {
	title   string
	dir     string // empty for wherever the system likes
	files   string // what files with these endings are called
	endings []string
	owner   uintptr
}

// Choose opens the window for a model in dir, empty for wherever the system
// likes, and returns at once. It calls done from a goroutine of its own: with the
// path; with an empty path if the user chose nothing; with an error if there is
// no such window, as without a display.
//
// owner is the handle of the window of the program on Windows, where the new one
// stays in front of it; 0 elsewhere.
func Choose(owner uintptr, folder bool, dir string, done func(path string, err error)) {
	w := window{title: "Open a model", dir: dir, files: "Models", endings: []string{"gguf", "safetensors", "json", "model"}, owner: owner}
	if folder {
		w.title = "Open a model folder"
		run(done, w.folder)
		return
	}
	run(done, w.file)
}

// ChooseNew opens the window for a file to write, which is called name unless
// the user says otherwise. The system asks before it gives a file that is there.
func ChooseNew(owner uintptr, name, dir string, done func(path string, err error)) {
	w := window{title: "Save", dir: dir, owner: owner}
	run(done, func() (string, error) { return w.newFile(name) })
}

// ChooseJSON opens the window for a JSON file to read.
func ChooseJSON(owner uintptr, dir string, done func(path string, err error)) {
	run(done, window{title: "Import", dir: dir, files: "Conversations", endings: []string{"json"}, owner: owner}.file)
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
		// GTK and COM expect all of a dialog on one thread.
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
	if path, err = choose(); err != nil {
		return "", fmt.Errorf("filedialog: %w", err)
	}
	return path, nil
}
