package backend

import (
	"context"
	"testing"

	"tern/app/builtin"
	"tern/app/settings"
	"tern/inference"
)

// TestJudgeWithoutMemory: looking for a better reading opens the model a second time only where there
// is memory for two.
func TestJudgeWithoutMemory(t *testing.T) {
	const plenty, little = 1 << 40, 1 << 10
	e, err := builtin.Open(t.Context(), inference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := &engine{Engine: e}
	defer m.Close()
	for free, want := range map[int64]bool{little: false, plenty: true} {
		m.free = func() (int64, bool) { return free, true }
		if got := m.reopener() != nil; got != want {
			t.Errorf("with %d bytes free, a second model: %v", free, got)
		}
	}
}

// The number that the user chose stays; the automatic one goes down and up again.
func TestReserveCore(t *testing.T) {
	e, err := builtin.Open(context.Background(), inference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := &engine{Engine: e}
	defer func() { m.Close() }()
	all := e.Threads()
	for _, c := range []struct {
		reserve bool
		want    int
	}{{true, max(1, all-1)}, {false, all}} {
		if m.reserveCore(c.reserve); e.Threads() != c.want {
			t.Errorf("core reserved %v: %d threads, want %d", c.reserve, e.Threads(), c.want)
		}
	}
	if _, err := m.Session(settings.Generation{Threads: 3}); err != nil {
		t.Fatal(err)
	}
	if m.reserveCore(true); m.Threads() != 3 {
		t.Errorf("the user chose 3 threads, %d are used", m.Threads())
	}
}
