package inference

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// allModels are the goldens of every architecture and encoding.
func allModels() (dirs []string) {
	for _, name := range allGoldens {
		dirs = append(dirs, filepath.Join(goldens, name))
	}
	for _, name := range slices.Concat(allFamilies, allHybrids) {
		dirs = append(dirs, filepath.Join(families, name))
	}
	return dirs
}

// TestPassOfSeveralSequences evaluates rows of several sequences in each pass, which
// join and leave, with all logits or the most likely tokens wanted of some rows. What
// each gets must be the same bit for bit as alone.
func TestPassOfSeveralSequences(t *testing.T) {
	for i, dir := range allModels() {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			threads := 1 + i%3
			severalSequences(t, dir, threads, rand.New(rand.NewPCG(uint64(i), uint64(threads))))
		})
	}
}

func severalSequences(t *testing.T, dir string, threads int, rng *rand.Rand) {
	ctx, e := context.Background(), open(t, dir, threads)
	if e.model.Head.Grouped == nil {
		e.scan = buildHeadScan(e.model.Head)
	}
	const length = 20
	type text struct {
		s    *Session
		ids  []int32
		want [][]float32 // logits of each position
	}
	var texts [4]text
	p := e.newPass()
	for i := range texts {
		x := &texts[i]
		for range length {
			x.ids = append(x.ids, rng.Int32N(int32(e.model.VocabSize)))
		}
		kind := []KVType{KVF16, KVF32}[i%2]
		alone := session(t, e, SessionOptions{KV: kind})
		if err := alone.EachLogits(ctx, x.ids, func(_ int, l []float32) error {
			x.want = append(x.want, slices.Clone(l))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		x.s = session(t, e, SessionOptions{KV: kind})
		x.s.pass = p
	}
	for left := len(texts); left > 0; {
		p.start()
		for i := range texts {
			x := &texts[i]
			rest := x.ids[len(x.s.tokens):]
			if len(rest) == 0 || rng.IntN(3) == 0 {
				continue
			}
			n := min(len(rest), 1+rng.IntN(5))
			want := logitsKind(rng.IntN(3))
			if want == logitsTop && e.scan == nil {
				want = logitsFull
			}
			x.s.request = topRequest{k: 1 + rng.IntN(9), ids: []int32{int32(i)}}
			if err := x.s.grow(len(x.s.tokens) + n); err != nil {
				t.Fatal(err)
			}
			p.add(x.s, rest[:n], want, rng.IntN(n+1))
		}
		if len(p.rows) == 0 {
			continue
		}
		spans := slices.Clone(p.spans)
		if err := p.run(ctx); err != nil {
			t.Fatal(err)
		}
		for _, span := range spans {
			i := slices.IndexFunc(texts[:], func(x text) bool { return x.s == span.seq })
			x := &texts[i]
			if len(x.s.tokens) == length {
				left--
			}
			name := fmt.Sprintf("%d threads, text %d, %d tokens, %d of %d wanted", threads, i, len(x.s.tokens), span.wanted, span.n)
			for back := range span.wanted {
				want := x.want[len(x.s.tokens)-1-back]
				switch x.s.have {
				case logitsFull:
					if !slices.Equal(p.logits.row(x.s.row-back), want) {
						t.Fatalf("%s: other logits than alone", name)
					}
				case logitsTop:
					checkFound(t, name, p.top.found[x.s.row-back], want, x.s.request)
				}
			}
			if x.s.have == logitsFull && span.wanted > 0 && !slices.Equal(x.s.Logits(), x.want[len(x.s.tokens)-1]) {
				t.Fatalf("%s: Logits are others than alone", name)
			}
		}
	}
	for i := range texts {
		if other := &texts[(i+1)%len(texts)]; other.s.Logits() != nil && texts[i].s.Logits() != nil && texts[i].s.turn != other.s.turn {
			t.Errorf("%d threads: logits of two passes ago are still given out", threads)
		}
	}
}

// TestPassEndsForAll: where a pass of several sequences is given up, each can go on
// as if it had never begun.
func TestPassEndsForAll(t *testing.T) {
	for _, dir := range []string{filepath.Join(goldens, "hf-llama3-packed"), filepath.Join(families, "qwen35-q2_0-g64")} {
		e := open(t, dir, 2)
		p := e.newPass()
		ids := []int32{1, 2, 3, 4, 5, 6, 7, 8, 9}
		alone := session(t, e, SessionOptions{})
		if _, err := alone.Sync(context.Background(), ids, nil); err != nil {
			t.Fatal(err)
		}
		var all []*Session
		for range 3 {
			s := session(t, e, SessionOptions{})
			s.pass = p
			if _, err := s.Sync(context.Background(), ids[:4], nil); err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		for at := int64(1); at < 30; at += 3 {
			p.start()
			for _, s := range all {
				if err := s.grow(len(ids)); err != nil {
					t.Fatal(err)
				}
				p.add(s, ids[4:8], logitsFull, 1)
			}
			ctx := &lookedAt{Context: context.Background()}
			ctx.at.Store(at)
			if err := p.run(ctx); err == nil { // the other worker took the pieces at which to look
				if at <= int64(e.model.Config.Layers) {
					t.Fatalf("cancelled at look %d: no error", at)
				}
				for _, s := range all {
					s.Rewind(4)
				}
			}
			for i, s := range all {
				if len(s.Tokens()) != 4 {
					t.Fatalf("cancelled at look %d: sequence %d has %d tokens, want 4", at, i, len(s.Tokens()))
				}
			}
		}
		for _, s := range all {
			if _, err := s.Sync(context.Background(), ids, nil); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(s.Logits(), alone.Logits()) {
				t.Error("after a pass that was given up: other logits")
			}
		}
	}
}
