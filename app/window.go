//go:build cgo

package app

import (
	"fmt"
	"io"

	"tern/app/settings"
	"tern/app/ui"
)

// runWindow opens the window with the model at path, the built-in one for "",
// and returns the program's exit code when it is closed.
func runWindow(path string, stderr io.Writer) int {
	kept, err := settings.Path()
	if err != nil {
		fmt.Fprintf(stderr, "%v\nHint: the window opens, but keeps no settings.\n", err)
	}
	return ui.Run(ui.Options{Path: path, SettingsPath: kept, Stderr: stderr})
}
