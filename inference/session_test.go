package inference

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"tern/inference/kernel"
)

var tiny = filepath.Join(goldens, "hf-llama3-packed")

func TestSessionRefuses(t *testing.T) {
	e := open(t, tiny, 2)
	s := session(t, e, SessionOptions{Context: 4})
	ctx := context.Background()
	vocab := int32(e.Model().VocabSize)
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"too long", second(s.Sync(ctx, []int32{1, 2, 3, 4, 5}, nil)), ErrContextFull},
		{"negative id", second(s.Sync(ctx, []int32{-1}, nil)), ErrBadToken},
		{"id past the vocabulary", s.Eval(ctx, vocab), ErrBadToken},
		{"last id of the vocabulary", s.Eval(ctx, vocab-1), nil},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.err, c.want)
		}
	}
	if _, err := s.Sync(ctx, nil, nil); err == nil {
		t.Error("no ids: no error")
	}
	if _, err := e.NewSession(SessionOptions{Context: e.Model().ContextLen + 1}); err == nil {
		t.Error("a context beyond the model's: no error")
	}
}

func second(_ int, err error) error { return err }

func TestSessionReuse(t *testing.T) {
	e := open(t, tiny, 2)
	s := session(t, e, SessionOptions{})
	ctx := context.Background()
	sync := func(ids ...int32) int {
		t.Helper()
		reused, err := s.Sync(ctx, ids, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.Tokens(), ids) {
			t.Fatalf("the session holds %v, want %v", s.Tokens(), ids)
		}
		if s.Logits() == nil {
			t.Fatal("no logits")
		}
		return reused
	}
	for _, c := range []struct {
		ids  []int32
		want int
	}{
		{[]int32{1, 2, 3}, 0},
		{[]int32{1, 2, 3, 4}, 3},
		{[]int32{1, 2, 3, 4}, 4}, // nothing to do
		{[]int32{1, 2}, 1},       // the last id is evaluated again for its logits
		{[]int32{1, 5, 6}, 1},
		{[]int32{9}, 0},
	} {
		if got := sync(c.ids...); got != c.want {
			t.Errorf("%v: reused %d, want %d", c.ids, got, c.want)
		}
	}
	s.Rewind(0)
	if s.Logits() != nil || len(s.Tokens()) != 0 {
		t.Error("a rewound session still has logits or tokens")
	}
}

// TestSessionCancel checks that a cancelled evaluation leaves a usable session.
func TestSessionCancel(t *testing.T) {
	e := open(t, tiny, 2)
	s := session(t, e, SessionOptions{})
	ids := make([]int32, 3*prefillChunk)
	for i := range ids {
		ids[i] = int32(i % 300)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, err := s.Sync(ctx, ids, func(done, _ int) {
		if done >= 2*prefillChunk {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	if n := len(s.Tokens()); n != 2*prefillChunk {
		t.Errorf("the session holds %d tokens, want %d", n, 2*prefillChunk)
	}
	reused, err := s.Sync(context.Background(), ids, nil)
	if err != nil || reused != 2*prefillChunk {
		t.Errorf("after a cancel: reused %d, %v", reused, err)
	}
	other := session(t, e, SessionOptions{})
	if _, err := other.Sync(context.Background(), ids, nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Logits(), other.Logits()) {
		t.Error("a cancelled and resumed prefill gives other logits")
	}
}

// lookedAt is a context that is cancelled when it is asked for the at-th time, and
// counts.
type lookedAt struct {
	context.Context
	at, looks atomic.Int64
}

func (c *lookedAt) Err() error {
	if n := c.looks.Add(1); c.at.Load() > 0 && n >= c.at.Load() {
		return context.Canceled
	}
	return nil
}

// TestStopInPrefill cancels a chunk of a prompt at each of some hundred moments.
// Worker 0 looks after each piece of a product and a few queries of a head; from then
// on no worker begins another, and what they left is not taken for evaluated.
func TestStopInPrefill(t *testing.T) {
	for _, threads := range []int{1, 3} {
		t.Run(fmt.Sprint(threads), func(t *testing.T) { stopInPrefill(t, open(t, tiny, threads)) })
	}
}

func stopInPrefill(t *testing.T, e *Engine) {
	c := &e.model.Config
	ids := make([]int32, prefillChunk)
	for i := range ids {
		ids[i] = int32(i % 300)
	}
	whole := session(t, e, SessionOptions{})
	all := &lookedAt{Context: context.Background()}
	if _, err := whole.Sync(all, ids, nil); err != nil {
		t.Fatal(err)
	}
	n := all.looks.Load()
	least := int64(c.Layers) // others may take all the pieces
	if e.Threads() == 1 {
		least = int64(c.Layers * (c.Heads*len(ids)/maxQueries + 7))
	}
	if n < least {
		t.Fatalf("%d looks at the context in a chunk, want %d at least", n, least)
	}
	s := session(t, e, SessionOptions{})
	if _, err := s.Sync(context.Background(), ids[:5], nil); err != nil {
		t.Fatal(err)
	}
	// One look at every step until the next meeting that decides: the rest of a layer
	// and the projections of the next.
	const most = 12
	for at := int64(1); at < n; at += 1 + n/100 {
		ctx := &lookedAt{Context: context.Background()}
		ctx.at.Store(at)
		_, err := s.Sync(ctx, ids, nil)
		if err == nil { // the end was nearer than that: a prefix is evaluated already
			s.Rewind(5)
			continue
		}
		if !errors.Is(err, context.Canceled) || len(s.Tokens()) != 5 {
			t.Fatalf("cancelled at look %d of %d: %v, %d tokens are evaluated", at, n, err, len(s.Tokens()))
		}
		if more := ctx.looks.Load() - at; more > most {
			t.Errorf("cancelled at look %d of %d: %d more, want %d at most", at, n, more, most)
		}
	}
	if _, err := s.Sync(context.Background(), ids, nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Logits(), whole.Logits()) {
		t.Error("what was left undone changes the logits")
	}
}

// TestSessionsShareAnEngine runs sessions from many goroutines; the race
// detector and the equality of their logits are the test.
func TestSessionsShareAnEngine(t *testing.T) {
	e := open(t, tiny, 3)
	want := session(t, e, SessionOptions{})
	ids := []int32{406, 1, 2, 3, 4, 5, 6, 7}
	if _, err := want.Sync(context.Background(), ids, nil); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := e.NewSession(SessionOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			for i := range ids {
				if _, err := s.Sync(context.Background(), ids[:i+1], nil); err != nil {
					t.Error(err)
				}
			}
			if !slices.Equal(s.Logits(), want.Logits()) {
				t.Error("logits differ between sessions")
			}
		})
	}
	wg.Wait()
}

// TestEngineUnderUse: goroutines write, stop in the middle and write again, each
// as if it were alone, until the engine is closed under them.
func TestEngineUnderUse(t *testing.T) {
	e := open(t, tiny, 3)
	prompts := [][]int32{{406, 1, 2, 3}, {406, 9, 8}, {406, 1, 2, 7, 7, 7, 5}}
	o := GenerateOptions{MaxTokens: 8, IgnoreEOS: true, Speculate: SpeculateOn}
	var want [][]int32
	for _, ids := range prompts {
		got, _ := collect(t, session(t, e, SessionOptions{}), ids, o)
		want = append(want, got)
	}
	var users, warm sync.WaitGroup
	for i := range 8 {
		warm.Add(1)
		users.Go(func() {
			s, err := e.NewSession(SessionOptions{})
			if err != nil {
				t.Error(err)
			}
			for n := 0; ; n++ {
				if n == 5 {
					warm.Done()
				}
				which := (i + n) % len(prompts)
				var got []int32
				stopAt := n % 12 // more than there are: not at all
				ctx, cancel := context.WithCancel(context.Background())
				for ev, err := range s.Generate(ctx, prompts[which], o) {
					if errors.Is(err, ErrClosed) && n >= 5 {
						cancel()
						return
					}
					if err != nil {
						t.Error(err)
						cancel()
						return
					}
					if ev.Kind == EventToken {
						got = append(got, ev.ID)
					}
					if len(got) > stopAt {
						cancel()
					}
				}
				cancel()
				if all := want[which]; len(got) < min(stopAt, len(all)) || len(got) > len(all) || !slices.Equal(got, all[:len(got)]) {
					t.Errorf("%v among others, %v alone", got, want[which])
				}
			}
		})
	}
	warm.Wait()
	e.Close()
	users.Wait()
}

func TestSessionOfClosedEngine(t *testing.T) {
	e := open(t, tiny, 2)
	s := session(t, e, SessionOptions{})
	e.Close()
	if err := s.Eval(context.Background(), 1); !errors.Is(err, ErrClosed) {
		t.Errorf("closed engine: %v", err)
	}
}

func TestKVBytes(t *testing.T) {
	e := open(t, tiny, 1)
	for _, kv := range []KVType{KVF16, KVF32} {
		s := session(t, e, SessionOptions{KV: kv})
		if err := s.Eval(context.Background(), 1); err != nil {
			t.Fatal(err)
		}
		if want := kvChunk * KVBytesPerToken(&e.Model().Config, kv); s.KVBytes() != want {
			t.Errorf("one chunk of the cache takes %d bytes, want %d", s.KVBytes(), want)
		}
	}
}

// TestEvalAllocatesNothing holds for every family: a token costs no garbage.
func TestEvalAllocatesNothing(t *testing.T) {
	// AllocsPerRun leaves one processor: workers that know it do not spin long.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var dirs []string
	for _, name := range hfGoldens {
		dirs = append(dirs, filepath.Join(goldens, name))
	}
	for _, name := range append(slices.Clone(allFamilies), allHybrids...) {
		dirs = append(dirs, filepath.Join(families, name))
	}
	for i, dir := range dirs {
		name, e := filepath.Base(dir), open(t, dir, 2)
		s := session(t, e, SessionOptions{KV: []KVType{KVF16, KVQ8}[i%2]})
		ctx := context.Background()
		if err := s.Eval(ctx, 1); err != nil {
			t.Fatal(err)
		}
		s.tokens = slices.Grow(s.tokens, 250)
		wants := []logitsKind{logitsFull}
		if e.model.Head.Grouped == nil { // a packed head has no compact copy
			wants = append(wants, logitsTop)
			e.scan = buildHeadScan(e.model.Head)
			s.request.k = 40
		}
		id := []int32{2}
		for _, want := range wants {
			if n := testing.AllocsPerRun(100, func() {
				if err := s.evalAhead(ctx, id, want); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%s: %g allocations per token", name, n)
			}
		}
	}
}

// TestKernelsRan prints which kernels the tests of this package used; CI reads it.
func TestKernelsRan(t *testing.T) {
	t.Logf("kernels: %s; CPU features: %v", kernel.Path(), kernel.Features())
}
