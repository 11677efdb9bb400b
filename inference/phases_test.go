package inference

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

// TestPhases adds up what the clocks say of some tokens: every worker's time is that of
// the passes, and the bytes are the weights and the caches that they read.
func TestPhases(t *testing.T) {
	for i, name := range []string{"hf-1bitllm-f16-sharded", "hf-2b4t-packed"} {
		threads := 1 + i
		e := open(t, filepath.Join(goldens, name), threads)
		s := session(t, e, SessionOptions{})
		ctx := context.Background()
		if err := s.Eval(ctx, 1); err != nil {
			t.Fatal(err)
		}
		if times, pass := e.Phases(); times != nil || pass != 0 {
			t.Errorf("%s: phases of passes that nobody timed: %v", name, times)
		}
		e.TimePhases(true)
		const tokens = 5
		begin := time.Now()
		for range tokens {
			if err := s.Eval(ctx, 2); err != nil {
				t.Fatal(err)
			}
		}
		took := time.Since(begin) / tokens
		times, pass := e.Phases()
		if pass <= 0 || pass > took {
			t.Errorf("%s: a pass took %v of %v", name, pass, took)
		}
		var bytes int64
		sums, least := make([]time.Duration, threads), make([]time.Duration, threads)
		for _, p := range times {
			bytes += p.Bytes
			if p.Name == "" || len(p.Work) != threads || len(p.LeastWait) != threads {
				t.Fatalf("%s: %+v", name, p)
			}
			for w := range threads {
				sums[w] += p.Work[w] + p.Wait[w]
				least[w] += p.LeastWork[w] + p.LeastWait[w]
			}
		}
		for w := range threads {
			if sums[w] > took || sums[w] < pass/2 || least[w] > sums[w]+pass/10 {
				t.Errorf("%s: worker %d spent %v of %v, in the fastest pass %v", name, w, sums[w], pass, least[w])
			}
		}
		want := e.model.Head.Read()
		for l := range e.model.Weights.Layers {
			for _, lin := range e.model.Weights.Layers[l].Projections() {
				want += lin.Bytes()
			}
		}
		want += KVBytesPerToken(&e.model.Config, KVF16) * (2 + 3 + 4 + 5 + 6) / tokens
		if d := bytes - want; d < -int64(len(times)) || d > int64(len(times)) { // each was rounded
			t.Errorf("%s: %d bytes read, want %d", name, bytes, want)
		}
		if n := testing.AllocsPerRun(20, func() {
			s.Rewind(3)
			if err := s.Eval(ctx, 2); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %g allocations per token", name, n)
		}
		e.TimePhases(false)
		if times, _ := e.Phases(); times != nil {
			t.Errorf("%s: phases once nobody times them", name)
		}
	}
}
