package app

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNoDisplay: without a display that works the program says so in a sentence and
// a hint instead of failing hard.
func TestNoDisplay(t *testing.T) {
	for name, env := range map[string][]string{
		"none":                             {},
		"X, and nobody there":              {"DISPLAY=:9977"},
		"X on a computer that is not":      {"DISPLAY=host.invalid:0"},
		"X, misspelt":                      {"DISPLAY=screen"},
		"Wayland, and nobody there":        {"WAYLAND_DISPLAY=wayland-9", "XDG_SESSION_TYPE=wayland"},
		"both, and nobody there":           {"DISPLAY=:9977", "WAYLAND_DISPLAY=wayland-9", "XDG_SESSION_TYPE=wayland"},
		"a session without its variables":  {"XDG_SESSION_TYPE=wayland"},
		"the other one chosen":             {"DISPLAY=:9977", "FYNE_PLATFORM=wayland"},
		"X chosen, Wayland there in name":  {"WAYLAND_DISPLAY=wayland-9", "FYNE_PLATFORM=x11"},
		"a socket of Wayland that is shut": {"WAYLAND_SOCKET=77"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := program(t)
			cmd.Env = append(cmd.Env, "TERN_CONFIG_DIR="+t.TempDir(), "XDG_RUNTIME_DIR="+t.TempDir(), "XDG_SESSION_TYPE=", "FYNE_PLATFORM=", "WAYLAND_SOCKET=")
			cmd.Env = append(cmd.Env, env...)
			var errs strings.Builder
			cmd.Stderr = &errs
			err := cmd.Run()
			exit, ok := err.(*exec.ExitError)
			if !ok || exit.ExitCode() != 1 || !strings.HasPrefix(errs.String(), "tern: ") || strings.Count(errs.String(), "\n") > 2 {
				t.Errorf("%v\n%s", err, errs.String())
			}
		})
	}
}
