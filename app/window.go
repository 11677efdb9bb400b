//go:build cgo

package app

import (
	"fmt"
	"io"
	"path/filepath"
	"runtime"

	"tern/app/crash"
	"tern/app/recipe"
	"tern/app/settings"
	"tern/app/single"
	"tern/app/ui"
)

// runWindow opens the window with the model at path, the built-in one for "",
// and returns the program's exit code when it is closed. Where a window is open
// already, that one gets the path and comes to the front.
func runWindow(path string, stderr io.Writer) int {
	if path != "" {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs // the other start, and some systems' file window, are in other folders
		}
	}
	kernel := recipe.Here(recipe.Computed{}).Kernel
	built := recipe.Program()
	o := options{path: path, stderr: stderr,
		program: ui.Program{Version: built.Version, Commit: built.Commit, Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH, Kernel: kernel}}
	kept, err := settings.Path()
	if err != nil {
		fmt.Fprintf(stderr, "%v\nHint: the window opens, but keeps no settings.\n", err)
		return composeWindow(o)
	}
	o.settingsPath = kept
	one, err := single.Start(single.Folder(kept), path)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "%v\nHint: a window of its own opens.\n", err)
	case one == nil:
		return 0
	default:
		defer one.Close()
		o.arrivals = one.Arrivals()
	}
	about := crash.About(recipe.Tern(), kernel)
	if o.crash, err = crash.Open(filepath.Join(filepath.Dir(kept), "reports"), about); err != nil {
		fmt.Fprintf(stderr, "%v\nHint: the window opens, but keeps no report where it ends unexpectedly.\n", err)
	}
	defer o.crash.Close()
	return composeWindow(o)
}
