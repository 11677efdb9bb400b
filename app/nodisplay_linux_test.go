package app

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNoDisplay: without a display the program says so instead of failing hard.
func TestNoDisplay(t *testing.T) {
	cmd := program(t)
	cmd.Env = append(cmd.Env, "TERN_CONFIG_DIR="+t.TempDir(), "XDG_RUNTIME_DIR=") // no window that is open hears of it
	var errs strings.Builder
	cmd.Stderr = &errs
	err := cmd.Run()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || !strings.HasPrefix(errs.String(), "tern: ") || strings.Contains(errs.String(), "panic") {
		t.Errorf("%v\n%s", err, errs.String())
	}
}
