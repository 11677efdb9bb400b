// Package filestest makes machines fail, for tests: processes are killed, and
// disks are full.
package filestest

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Line is what a killed process had said, and when it was heard.
type Line struct {
	Text string
	At   time.Time
}

// Killed runs child again and again, in a process of its own that is killed at a
// random moment, and then check: 10 times, or as often as TERN_KILLS says. All of
// them get the same folder. A child says something by printing a line; it must
// not return. The moments are at most short after its first line, and at most
// long where TERN_KILLS is set.
func Killed(t *testing.T, short, long time.Duration, child func(dir string), check func(dir string, said []Line, at time.Time)) {
	const folder = "TERN_TEST_KILLED"
	if dir := os.Getenv(folder); dir != "" {
		child(dir)
		panic("the child returned")
	}
	times, most := 10, short
	if n, err := strconv.Atoi(os.Getenv("TERN_KILLS")); err == nil {
		times, most = n, long
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("%d times, seed %d", times, seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	// What the system took survives a killed process on any disk: one in memory
	// never keeps the test waiting.
	dir, err := os.MkdirTemp("/dev/shm", "tern")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for range times {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), folder+"="+dir)
		said, at := kill(t, cmd, time.Duration(rng.Int64N(int64(most))))
		if check(dir, said, at); t.Failed() {
			return
		}
	}
}

// kill starts a process and ends it after it has said something and some time
// has passed. It returns the whole lines that it said.
func kill(t *testing.T, cmd *exec.Cmd, after time.Duration) (said []Line, at time.Time) {
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	begun, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		r := bufio.NewReader(out)
		for {
			text, err := r.ReadString('\n')
			if err != nil {
				return // what is cut was not said
			}
			if said = append(said, Line{text, time.Now()}); len(said) == 1 {
				close(begun)
			}
		}
	}()
	select {
	case <-begun:
		time.Sleep(after)
	case <-ended:
	}
	at = time.Now()
	_ = cmd.Process.Kill()
	<-ended
	if _ = cmd.Wait(); errs.Len() > 0 || len(said) == 0 {
		t.Fatalf("the child said %d lines and failed: %s", len(said), errs.String())
	}
	return said, at
}
