package inference

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"tern/inference/sampling"
)

// TestPrecisionOfCache measures what a cache of 16 and of 8 bits costs: the largest error
// of a logit of the long goldens, relative to the largest logit, and the divergence of the
// distributions in nats. README.md states the figures.
func TestPrecisionOfCache(t *testing.T) {
	for _, kv := range []KVType{KVF16, KVQ8} {
		var worst, divergence float64
		positions, same := 0, 0
		for _, name := range allGoldens {
			dir := filepath.Join(goldens, name)
			var g golden
			readJSON(t, filepath.Join(dir, "golden.json"), &g)
			e := open(t, dir, 2)
			var want [][]float32
			logits := func(kv KVType, f func(pos int, logits []float32)) {
				err := session(t, e, SessionOptions{KV: kv}).EachLogits(context.Background(), g.Long.Prompt, func(pos int, l []float32) error {
					f(pos, l)
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			logits(KVF32, func(_ int, l []float32) { want = append(want, append([]float32(nil), l...)) })
			logits(kv, func(pos int, l []float32) {
				worst = max(worst, relative(t, l, want[pos]))
				divergence += klDivergence(want[pos], l)
				positions++
				if sampling.Argmax(l) == sampling.Argmax(want[pos]) {
					same++
				}
			})
		}
		divergence /= float64(positions)
		t.Logf("%v: %d positions, largest error %.2g, mean divergence %.2g, the same token %.1f%%", kv, positions, worst, divergence, 100*float64(same)/float64(positions))
		limit := map[KVType][2]float64{KVF16: {0.15, 2e-3}, KVQ8: {0.25, 5e-3}}[kv]
		if worst > limit[0] || divergence > limit[1] {
			t.Errorf("%v: the largest error is %.2g, the mean divergence %.2g", kv, worst, divergence)
		}
	}
}

// klDivergence is that of the distribution of logits b from that of a.
func klDivergence(a, b []float32) (sum float64) {
	total := func(l []float32) float64 {
		top, n := float64(l[sampling.Argmax(l)]), 0.0
		for _, v := range l {
			n += math.Exp(float64(v) - top)
		}
		return top + math.Log(n)
	}
	ta, tb := total(a), total(b)
	for i := range a {
		la, lb := float64(a[i])-ta, float64(b[i])-tb
		sum += math.Exp(la) * (la - lb)
	}
	return sum
}

// TestCacheTypes: names are read as they are written, and a cache of 8 bits takes little
// more than half the memory of one of 16.
func TestCacheTypes(t *testing.T) {
	e := builtin(t)
	for _, kv := range KVTypes() {
		got, err := KVTypeNamed(strings.ToUpper(kv.String()))
		if err != nil || got != kv {
			t.Errorf("%v is read as %v, %v", kv, got, err)
		}
		s := session(t, e, SessionOptions{KV: kv})
		if err := s.Eval(context.Background(), 1); err != nil {
			t.Fatal(err)
		}
		if got, want := s.kv.bytes(), kvChunk*KVBytesPerToken(&e.model.Config, kv); got != want {
			t.Errorf("%v: %d bytes of a cache, want %d", kv, got, want)
		}
	}
	if _, err := KVTypeNamed("q4"); err == nil {
		t.Error("q4 is read")
	}
	c := &e.model.Config
	if share := float64(KVBytesPerToken(c, KVQ8)) / float64(KVBytesPerToken(c, KVF16)); share > 0.6 {
		t.Errorf("8 bits take %.2f of the memory of 16", share)
	}
}
