//go:build unix

package app

import (
	"bufio"
	"encoding/json"
	"syscall"
	"testing"
)

// TestInterrupt: SIGINT ends a run with its done line and exit code 0.
func TestInterrupt(t *testing.T) {
	cmd := program(t, "run", "--json", "-p", "Once upon a time", "-n", "0", "--ignore-eos")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	last := ""
	for n := 0; lines.Scan(); n++ {
		if last = lines.Text(); n == 2 {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	var done struct{ Type, Stop string }
	if err := json.Unmarshal([]byte(last), &done); err != nil || done.Type != "done" || done.Stop != "cancelled" {
		t.Errorf("the last line is %s (%v)", last, err)
	}
}
