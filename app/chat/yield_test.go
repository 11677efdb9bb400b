package chat

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"tern/app/builtin"
	"tern/app/settings"
	"tern/inference"
)

// yieldingEngine notes what it was told at each answer.
type yieldingEngine struct {
	*fakeEngine
	told *[]bool
}

func (e yieldingEngine) Yield(on bool) { *e.told = append(*e.told, on) }

// A slow window takes a core away from the next answer on, and another model
// begins with all of them.
func TestYield(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, told := newFake(t), []bool{}
		c := f.start(Options{})
		give := func() {
			c.Load("m", balanced)
			idle()
			c.do(func(context.Context) { c.engine = yieldingEngine{c.engine.(*fakeEngine), &told} })
		}
		give()
		c.Generate("Hi", balanced)
		synctest.Wait() // it has begun
		c.Yield()
		idle()
		if !c.View().Yields {
			t.Error("the view does not tell of the core that is left free")
		}
		c.Generate("", balanced)
		idle()
		give()
		c.Generate("", balanced)
		idle()
		if want := []bool{false, true, false}; !slices.Equal(told, want) {
			t.Errorf("the answers left a core to the window: %v, want %v", told, want)
		}
	})
}

// The number that the user chose stays; the automatic one goes down and up again.
func TestYieldThreads(t *testing.T) {
	e, err := builtin.Open(context.Background(), inference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := &local{engine: e}
	defer func() { m.Close() }()
	all := e.Threads()
	for _, c := range []struct {
		yields bool
		want   int
	}{{true, max(1, all-1)}, {false, all}} {
		if m.Yield(c.yields); e.Threads() != c.want {
			t.Errorf("yielding %v: %d threads, want %d", c.yields, e.Threads(), c.want)
		}
	}
	if _, err := m.Session(settings.Generation{Threads: 3}); err != nil {
		t.Fatal(err)
	}
	if m.Yield(true); m.engine.Threads() != 3 {
		t.Errorf("the user chose 3 threads, %d are used", m.engine.Threads())
	}
}
