package inference

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// TestShare: sessions that share what their sequences begin with, and then go on,
// go back and share again at random, have the logits of sessions alone.
func TestShare(t *testing.T) {
	ctx := context.Background()
	for i, dir := range []string{tiny, filepath.Join(goldens, "hf-2b4t-packed"), filepath.Join(families, "qwen35-q2_0-g64"), filepath.Join(families, "minicpm-tq2_0-longrope-short")} {
		for _, kind := range KVTypes() {
			t.Run(fmt.Sprintf("%s/%v", filepath.Base(dir), kind), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(i), uint64(kind)))
				e := open(t, dir, 2)
				b := e.NewBatch()
				var all []*Session
				for range 4 {
					s, err := b.NewSession(SessionOptions{KV: kind})
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, s)
				}
				alone := session(t, e, SessionOptions{KV: kind})
				most := min(2*kvChunk+40, e.model.ContextLen)
				shared := 0
				for step := range 40 {
					s, from := all[rng.IntN(4)], all[rng.IntN(4)]
					if s != from && rng.IntN(2) == 0 {
						n := rng.IntN(len(from.tokens) + 5)
						if got := s.Share(from, n); got > n || got != len(s.tokens) || !slices.Equal(s.tokens, from.tokens[:got]) {
							t.Fatalf("step %d: %d of %d tokens are shared, %d there", step, got, n, len(s.tokens))
						} else {
							shared += got
						}
					}
					ids := slices.Clone(s.tokens[:len(s.tokens)-rng.IntN(len(s.tokens)+1)/(1+3*rng.IntN(2))])
					for range 1 + rng.IntN(300) {
						ids = append(ids, rng.Int32N(int32(e.model.VocabSize)))
					}
					ids = ids[:min(len(ids), most)]
					if _, err := s.Sync(ctx, ids, nil); err != nil {
						t.Fatal(err)
					}
					alone.Rewind(0)
					if _, err := alone.Sync(ctx, ids, nil); err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(s.Logits(), alone.Logits()) {
						t.Fatalf("step %d: %d tokens with other logits than alone", step, len(ids))
					}
				}
				if shared == 0 {
					t.Error("nothing was shared")
				}
				// Whoever lent is as it was.
				for _, s := range all {
					if len(s.tokens) == 0 {
						continue
					}
					ids := append(slices.Clone(s.tokens), 1)
					if err := s.Eval(ctx, 1); err != nil && len(ids) <= e.model.ContextLen {
						t.Fatal(err)
					}
					alone.Rewind(0)
					if _, err := alone.Sync(ctx, ids[:min(len(ids), e.model.ContextLen)], nil); err != nil {
						t.Fatal(err)
					}
					if len(ids) <= e.model.ContextLen && !slices.Equal(s.Logits(), alone.Logits()) {
						t.Error("a session that lent its beginning has other logits than alone")
					}
				}
			})
		}
	}
}

// TestShareTakesNoMemory: what is shared is not there twice, and a session of other
// options shares nothing.
func TestShareTakesNoMemory(t *testing.T) {
	ctx, e := context.Background(), open(t, tiny, 1)
	b := e.NewBatch()
	made := func(o SessionOptions) *Session {
		s, err := b.NewSession(o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	from, s := made(SessionOptions{}), made(SessionOptions{})
	ids := make([]int32, kvChunk+10)
	if _, err := from.Sync(ctx, ids, nil); err != nil {
		t.Fatal(err)
	}
	room := true
	e.free = func() (int64, bool) { return map[bool]int64{true: 1 << 40}[room], true }
	room = false
	if n := s.Share(from, kvChunk+5); n != kvChunk+5 {
		t.Fatalf("%d tokens are shared", n)
	}
	if &s.kv.f16[0][0] != &from.kv.f16[0][0] || &s.kv.f16[1][0] != &from.kv.f16[1][0] {
		t.Error("what is shared is there twice")
	}
	if err := from.Eval(ctx, 1); err != nil { // writes after what it lent
		t.Errorf("the lender goes on: %v", err)
	}
	if err := s.Eval(ctx, 1); err == nil || len(s.tokens) != kvChunk+5 {
		t.Errorf("without memory for a copy: %v, %d tokens", err, len(s.tokens))
	}
	room = true
	if err := s.Eval(ctx, 1); err != nil || &s.kv.f16[0][0] != &from.kv.f16[0][0] || &s.kv.f16[1][0] == &from.kv.f16[1][0] {
		t.Errorf("with memory: %v", err)
	}
	if n := made(SessionOptions{KV: KVF32}).Share(from, 100); n != 0 {
		t.Errorf("another precision shares %d tokens", n)
	}
}
