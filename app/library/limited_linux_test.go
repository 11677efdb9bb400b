//go:build !race

package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
)

// TestLimitedProcess (not for the race detector, which takes memory of its own)
// evaluates a text in a process that may take 400 MB more than
// it has (ulimit -v), which the runtime would not survive exceeding: it gets as
// far as there is memory for, and an error.
func TestLimitedProcess(t *testing.T) {
	const child = "TERN_LIMITED_PROCESS"
	if os.Getenv(child) != "" {
		if err := limited(); err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestLimitedProcess$")
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out[:min(len(out), 2000)])
	}
	if room, _ := strconv.Atoi(strings.TrimSpace(string(out))); room < 256 {
		t.Errorf("room for %s", out[:min(len(out), 2000)])
	}
}

func limited() error {
	c := model.Config{ // of which the cache of 256 positions takes 134 MB
		Arch: checkpoint.Llama, Layers: 32, Dim: 128, FFNDim: 128, Heads: 32, KVHeads: 32, HeadDim: 128,
		VocabSize: 256, ContextLen: 1 << 16, RopeTheta: 10000, NormEps: 1e-5, Activation: model.SiLU,
	}
	m, err := checkpoint.SyntheticConfig("limited", c, model.F16, 1)
	if err != nil {
		return err
	}
	e, err := inference.New(m, inference.Options{Threads: 1, Free: FreeMemory})
	if err != nil {
		return err
	}
	s, err := e.NewSession(inference.SessionOptions{})
	if err != nil {
		return err
	}
	size, _ := number(os.DirFS("/"), "proc/self/status", "VmSize:")
	limit := uint64(size*1024 + 400<<20)
	if err := unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		return err
	}
	_, err = s.Sync(context.Background(), make([]int32, c.ContextLen), nil)
	if !errors.Is(err, inference.ErrMemory) || !errors.Is(err, inference.ErrContextFull) {
		return fmt.Errorf("the whole text: %w", err)
	}
	fmt.Println(s.Room())
	return nil
}
