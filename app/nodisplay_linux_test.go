package app

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNoDisplay: without a display the program says so instead of failing hard.
func TestNoDisplay(t *testing.T) {
	cmd := program(t)
	var errs strings.Builder
	cmd.Stderr = &errs
	err := cmd.Run()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || !strings.HasPrefix(errs.String(), "tern: ") || strings.Contains(errs.String(), "panic") {
		t.Errorf("%v\n%s", err, errs.String())
	}
}
