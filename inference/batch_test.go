package inference

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"testing"
)

// transcript is what a generation yields, but for its times.
type transcript struct {
	ids     []int32
	text    string
	choices []TokenLogprobs
	stop    StopReason
	err     error
}

func (x *transcript) add(e Event, err error) bool {
	switch {
	case err != nil:
		x.err = err
	case e.Kind == EventToken:
		x.ids, x.text = append(x.ids, e.ID), x.text+e.Text
		x.choices = append(x.choices, e.Logprobs)
	case e.Kind == EventDone:
		x.stop = e.Stop
	}
	return true
}

func (x *transcript) same(y *transcript) bool {
	return slices.Equal(x.ids, y.ids) && x.text == y.text && reflect.DeepEqual(x.choices, y.choices) &&
		x.stop == y.stop && errors.Is(x.err, y.err)
}

// batchSamplings are ways of choosing that need few logits and that need all.
var batchSamplings = []Sampling{
	{}, {RepeatPenalty: 1.3}, {Temperature: 1, TopK: 40, TopP: 0.95, Seed: 2}, {Temperature: 1.5, Seed: 3},
	{Temperature: 2, TopK: 300, RepeatPenalty: 1.5, Seed: 4},
}

// TestBatch lets texts join and leave a batch at random, more than a pass serves.
// Each must be the same as alone: tokens, words, probabilities and the reason to stop.
func TestBatch(t *testing.T) {
	for i, dir := range allModels() {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			for _, threads := range [][]int{{1}, {2}, {1, 2}}[i%3] {
				testBatch(t, dir, threads, rand.New(rand.NewPCG(uint64(i), uint64(threads))))
			}
		})
	}
}

func testBatch(t *testing.T, dir string, threads int, rng *rand.Rand) {
	e := open(t, dir, threads)
	if e.model.Head.Grouped == nil {
		e.scan = buildHeadScan(e.model.Head)
	}
	type text struct {
		ids       []int32
		o         GenerateOptions
		want, got transcript
		stream    *Stream
		session   *Session
	}
	texts := make([]text, 14)
	for i := range texts {
		x := &texts[i]
		for range 1 + rng.IntN([]int{4, 40, 200}[i%3]) {
			x.ids = append(x.ids, rng.Int32N(int32(e.model.VocabSize)))
		}
		x.o = GenerateOptions{
			Sampling: batchSamplings[i%len(batchSamplings)], MaxTokens: 1 + rng.IntN(16),
			IgnoreEOS: true, Alternatives: i % 2 * 3, Speculate: Speculation(rng.IntN(3)),
		}
		for ev, err := range session(t, e, SessionOptions{}).Generate(context.Background(), x.ids, x.o) {
			x.want.add(ev, err)
		}
	}
	b := e.NewBatch()
	var free []*Session
	for waiting := slices.Collect(eachOf(texts)); len(waiting) > 0 || b.Len() > 0; {
		for len(waiting) > 0 && rng.IntN(3) > 0 {
			x := waiting[0]
			waiting = waiting[1:]
			if len(free) > 0 && rng.IntN(2) == 0 { // with what is left of another text
				x.session, free = free[0], free[1:]
			} else {
				s, err := b.NewSession(SessionOptions{})
				if err != nil {
					t.Fatal(err)
				}
				x.session = s
			}
			x.stream = b.Add(x.session, x.ids, x.o, x.got.add)
		}
		b.Step(context.Background())
		for i := range texts {
			if x := &texts[i]; x.stream != nil && x.stream.Ended() && x.session != nil {
				free, x.session = append(free, x.session), nil
			}
		}
	}
	for i := range texts {
		if x := &texts[i]; !x.got.same(&x.want) {
			t.Errorf("%d: %+v\namong others %v, %q, %v\nalone %v, %q, %v", i, x.o, x.got.ids, x.got.stop, x.got.err, x.want.ids, x.want.stop, x.want.err)
		}
	}
}

// eachOf yields pointers to the elements of a list.
func eachOf[T any](list []T) func(yield func(*T) bool) {
	return func(yield func(*T) bool) {
		for i := range list {
			if !yield(&list[i]) {
				return
			}
		}
	}
}

// TestBatchFirstToken: a short prompt that joins gets its first token in the next
// pass, whatever the others do: thirty long texts and a prompt of a thousand tokens.
func TestBatchFirstToken(t *testing.T) {
	e := open(t, tiny, 2)
	b := e.NewBatch()
	join := func(n, most int) (*Stream, *transcript) {
		s, err := b.NewSession(SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ids := make([]int32, n)
		for i := range ids {
			ids[i] = int32(i*7) % 300
		}
		x := &transcript{}
		return b.Add(s, ids, GenerateOptions{MaxTokens: most, IgnoreEOS: true}, x.add), x
	}
	var long []*transcript
	for range 30 {
		_, x := join(3, 200)
		long = append(long, x)
	}
	for range 10 {
		b.Step(t.Context())
	}
	slow, slowText := join(min(1000, e.model.ContextLen-10), 5)
	b.Step(t.Context())
	short, shortText := join(20, 3)
	b.Step(t.Context())
	if len(shortText.ids) != 1 {
		t.Errorf("after one pass the short request has %d tokens", len(shortText.ids))
	}
	for n := 0; !short.Ended(); n++ {
		if n > 2*(31+batchRows)/batchRows {
			t.Fatal("the short request waits for more than its turn")
		}
		b.Step(t.Context())
	}
	for n := 0; len(slowText.ids) == 0; n++ {
		if n > 1000/promptRows+1 {
			t.Fatal("the long prompt takes more passes than it has slices")
		}
		b.Step(t.Context())
	}
	for !slow.Ended() {
		b.Step(t.Context())
	}
	least, most := len(long[0].ids), 0
	for _, x := range long {
		least, most = min(least, len(x.ids)), max(most, len(x.ids))
	}
	if most-least > 3 {
		t.Errorf("of texts that began together one has %d tokens, another %d", least, most)
	}
}

// TestBatchEnds: a text may be cancelled or left, fail alone, or end with all others.
func TestBatchEnds(t *testing.T) {
	for _, dir := range []string{tiny, filepath.Join(families, "qwen35-q2_0-g64")} {
		e := open(t, dir, 2)
		b := e.NewBatch()
		join := func(ids []int32, yield func(Event, error) bool) *Stream {
			s, err := b.NewSession(SessionOptions{Context: 64})
			if err != nil {
				t.Fatal(err)
			}
			return b.Add(s, ids, GenerateOptions{IgnoreEOS: true}, yield)
		}
		var kept, left, cancelled, bad, long transcript
		join([]int32{1, 2, 3}, kept.add)
		join([]int32{4, 5}, func(ev Event, err error) bool { return left.add(ev, err) && len(left.ids) < 3 })
		c := join([]int32{6}, cancelled.add)
		join([]int32{-1}, bad.add)
		join(make([]int32, 65), long.add)
		for range 5 {
			b.Step(t.Context())
		}
		c.Cancel()
		b.Step(t.Context())
		if len(kept.ids) != 6 || len(left.ids) != 3 || left.stop != "" || cancelled.stop != StopCancelled || b.Len() != 1 {
			t.Errorf("%d tokens, left after %d (%q), cancelled %q, %d texts", len(kept.ids), len(left.ids), left.stop, cancelled.stop, b.Len())
		}
		if !errors.Is(bad.err, ErrBadToken) || !errors.Is(long.err, ErrContextFull) {
			t.Errorf("errors %v and %v", bad.err, long.err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		b.Step(ctx)
		if kept.stop != StopCancelled || b.Len() != 0 {
			t.Errorf("stopped %q, %d texts are left", kept.stop, b.Len())
		}
		// Until the context is full, and after the engine is closed.
		var full, closed transcript
		for join([]int32{1}, full.add); b.Len() > 0; {
			b.Step(t.Context())
		}
		if full.stop != StopContext || len(full.ids) != 64 {
			t.Errorf("stopped %q after %d tokens", full.stop, len(full.ids))
		}
		join([]int32{1}, closed.add)
		join([]int32{2}, func(Event, error) bool { return true })
		e.Close()
		b.Step(t.Context())
		if !errors.Is(closed.err, ErrClosed) || b.Len() != 0 {
			t.Errorf("closed engine: %v, %d texts are left", closed.err, b.Len())
		}
	}
}

// TestBatchMemory: where memory is short, a cache that is not needed is given up, and
// only then the text.
func TestBatchMemory(t *testing.T) {
	e := open(t, tiny, 1)
	spare := 2
	room := false
	e.free = func() (int64, bool) {
		if room {
			return 1 << 40, true
		}
		return 0, true
	}
	b := e.NewBatch()
	b.Spare = func() bool {
		spare--
		room = spare == 0
		return spare >= 0
	}
	s, err := b.NewSession(SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var x transcript
	b.Add(s, []int32{1, 2}, GenerateOptions{MaxTokens: 3, IgnoreEOS: true}, x.add)
	for b.Len() > 0 {
		b.Step(t.Context())
	}
	if x.err != nil || len(x.ids) != 3 || spare != 0 {
		t.Errorf("%v, %d tokens, %d caches more could be given up", x.err, len(x.ids), spare)
	}
	room = false
	other, err := b.NewSession(SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var y transcript
	b.Add(other, []int32{1, 2}, GenerateOptions{MaxTokens: 3, IgnoreEOS: true}, y.add)
	b.Step(t.Context())
	if !errors.Is(y.err, ErrMemory) || b.Len() != 0 {
		t.Errorf("without memory: %v, %d texts", y.err, b.Len())
	}
}

// TestBatchAllocatesNothing: once warm, a pass costs no garbage in any family, but for
// the words of each token, which are a string for whoever reads them.
func TestBatchAllocatesNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, dir := range allModels() {
		e := open(t, dir, 2)
		e.tok = nil
		if e.model.Head.Grouped == nil {
			e.scan = buildHeadScan(e.model.Head)
		}
		b := e.NewBatch()
		for i := range 10 {
			s, err := b.NewSession(SessionOptions{})
			if err != nil {
				t.Fatal(err)
			}
			o := GenerateOptions{Sampling: batchSamplings[i%len(batchSamplings)], IgnoreEOS: true, Speculate: SpeculateOff}
			b.Add(s, []int32{1, 2}, o, func(_ Event, err error) bool { return err == nil })
		}
		for range 40 {
			b.Step(context.Background())
		}
		n := 1.0
		for try := 0; n != 0 && try < 8; try++ { // which worker scans how much of a head is luck
			n = testing.AllocsPerRun(20, func() { b.Step(context.Background()) })
		}
		if b.Len() != 10 {
			t.Fatalf("%s: %d texts are left", filepath.Base(dir), b.Len())
		}
		if n != 0 {
			t.Errorf("%s: %g allocations per pass", filepath.Base(dir), n)
		}
	}
}
