//go:build cgo

package ui

import (
	"runtime"
	"strings"
	"testing"
)

// Without a display there is a sentence, not a panic of the window toolkit.
func TestRunWithoutDisplay(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("there is always a display")
	}
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	var out strings.Builder
	if HasDisplay(&out) {
		t.Error("a display was found")
	}
	if !strings.HasPrefix(out.String(), "tern: there is no display") || !strings.Contains(out.String(), "\nHint: ") {
		t.Errorf("said %q", out.String())
	}
}
