package inference

import (
	"context"
	"slices"
	"testing"
	"time"
)

// machine is one with cores processors, of which others have some: what a pass takes
// where workers wait for each other, and how much of that is waiting.
type machine struct{ cores, others int }

func (m machine) pass(workers int) (took, lost time.Duration) {
	const alone = 8 * time.Millisecond
	took = alone / time.Duration(workers)
	if workers+m.others > m.cores {
		lost = 2 * took
		took += lost
	}
	return took, lost * time.Duration(workers)
}

// run is a number of passes, and returns how long they took.
func (m machine) run(p *pacer, passes int) (all time.Duration) {
	for range passes {
		took, lost := m.pass(p.workers)
		all += took
		p.next(took, lost)
	}
	return all
}

// TestPacer: in a quiet machine all workers stay; where others have processors the
// fastest number of workers is soon found, and most passes have it; when the others
// are gone all workers come back.
func TestPacer(t *testing.T) {
	for _, c := range []struct{ cores, others, best int }{{2, 0, 2}, {2, 1, 1}, {1, 1, 1}, {8, 0, 8}, {8, 1, 7}, {8, 3, 5}} {
		var p pacer
		p.reset(c.cores)
		if quiet := (machine{cores: c.cores}); quiet.run(&p, 500) > 500*8*time.Millisecond/time.Duration(c.cores) {
			t.Errorf("%+v: a quiet machine ran with fewer workers", c)
		}
		busy := machine{c.cores, c.others}
		before := busy.run(&p, 40*(c.cores-c.best)+1) // finds it
		best, _ := busy.pass(c.best)
		if took := busy.run(&p, 2000); took > 2000*best*11/10 {
			t.Errorf("%+v: 2000 passes took %v, %v at best; those before took %v", c, took, 2000*best, before)
		}
		machine{cores: c.cores}.run(&p, c.cores*(paceMost+paceWindow))
		if p.workers != c.cores {
			t.Errorf("%+v: %d workers once the others are gone", c, p.workers)
		}
	}
}

// TestPacerComesBack: all workers are soon back where a processor was gone for some passes
// only.
func TestPacerComesBack(t *testing.T) {
	for _, c := range []struct{ busy, less int }{{1, 4}, {4, 12}, {12, 24}, {20, 24}} {
		for begin := range paceWindow {
			var p pacer
			p.reset(2)
			machine{cores: 2}.run(&p, 40+begin)
			machine{2, 1}.run(&p, c.busy)
			less := 0
			for range 100 {
				if p.workers < 2 {
					less++
				}
				machine{cores: 2}.run(&p, 1)
			}
			if less > c.less {
				t.Errorf("busy for %d passes from %d on: then %d passes with a worker less, want at most %d", c.busy, 40+begin, less, c.less)
			}
		}
	}
}

// TestPacerIsFair: trials on a machine where a worker less gains nothing become rare.
func TestPacerIsFair(t *testing.T) {
	var p pacer
	p.reset(2)
	less := 0
	for range 10_000 {
		if p.workers < 2 {
			less++
		}
		p.next(5*time.Millisecond, 4*time.Millisecond)
	}
	if less == 0 || less > 200 {
		t.Errorf("%d of 10000 passes with a worker less", less)
	}
}

// TestPacedResults changes the workers of passes as the pacer does, between tokens and
// chunks of prompts: results are the same, and so is the number of threads.
func TestPacedResults(t *testing.T) {
	ctx := context.Background()
	var want []float32
	for _, paced := range []bool{false, true} {
		e := builtinWith(t, 4)
		s := session(t, e, SessionOptions{})
		ids := e.Prompt("Once upon a time there was a little girl who lived in a house")
		for i := range 30 {
			if paced {
				e.pool.pace.workers = 1 + i*3%4
			}
			var err error
			if i%10 == 0 {
				s.Rewind(i)
				_, err = s.Sync(ctx, append(slices.Clone(s.Tokens()), ids...), nil)
			} else {
				err = s.Eval(ctx, int32(i))
			}
			if err != nil || e.Threads() != 4 {
				t.Fatalf("%d threads, %v", e.Threads(), err)
			}
			if have := int(e.pool.active.Load()); paced && i%10 != 0 && have != 1+i*3%4 {
				t.Fatalf("a pass with %d workers", have)
			}
		}
		if paced && !slices.Equal(s.Logits(), want) {
			t.Error("the number of workers changes results")
		}
		want = slices.Clone(s.Logits())
	}
}
