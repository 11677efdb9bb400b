package inference

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"tern/inference/kernel"
	"tern/model"
	"tern/model/checkpoint"
)

// TestMergeOne: a single chunk is merged without exponentials, with the bits that a second chunk
// leaves which counts for nothing.
func TestMergeOne(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	sums := []float32{3, -1e-30, 0, float32(math.Copysign(0, -1)), 1e30, -7.25, 1e-44, 2}
	for _, top := range []float32{0, -3.5, 1e30, -1e30, inf, -inf, nan} {
		for _, weight := range []float32{1, 1.75, 255.5, inf, nan} { // the greatest score counts 1
			one := query{out: make([]float32, len(sums)), parts: parts{slices.Clone(sums), []float32{top}, []float32{weight}}}
			two := query{out: make([]float32, len(sums)), parts: parts{append(slices.Clone(sums), make([]float32, len(sums))...), []float32{top, -inf}, []float32{weight, 0}}}
			one.merge()
			two.merge()
			for i := range sums {
				a, b := one.out[i], two.out[i]
				if math.Float32bits(a) != math.Float32bits(b) && (a == a || b == b) {
					t.Errorf("greatest score %v, weight %v, sum %v: %v, of two chunks %v", top, weight, sums[i], a, b)
				}
			}
		}
	}
}

// TestAttendSideBySide: the queries of a token, whose heads are read side by side where each
// has keys of its own, give the bits of a prompt, where those of a head are taken together.
func TestAttendSideBySide(t *testing.T) {
	c, _ := checkpoint.Shape("large")
	c.Layers, c.Dim, c.FFNDim, c.VocabSize, c.ContextLen, c.HeadDim = 2, 128, 128, 64, 600, 32
	for _, heads := range [][2]int{{4, 4}, {6, 6}, {3, 3}, {6, 3}, {10, 2}} {
		c.Heads, c.KVHeads = heads[0], heads[1]
		m, err := checkpoint.SyntheticConfig("heads", c, model.F16, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, kv := range KVTypes() {
			var want []float32
			for _, threads := range []int{1, 2} {
				e, err := New(m, Options{Threads: threads})
				if err != nil {
					t.Fatal(err)
				}
				s := session(t, e, SessionOptions{KV: kv})
				for _, n := range []int{5, 250, 252, 514, 519} {
					// All at once, then the last two one at a time, which must not change.
					ids := make([]int32, n)
					for i := range ids {
						ids[i] = int32(i*i%61 + i%3)
					}
					for _, end := range []int{n, n - 1, n} {
						if end < n {
							s.Rewind(n - 3)
						}
						if _, err := s.Sync(context.Background(), ids[:end], nil); err != nil {
							t.Fatal(err)
						}
						if end == n && want == nil {
							want = slices.Clone(s.Logits())
						}
					}
					if !slices.Equal(s.Logits(), want) {
						t.Fatalf("%d heads on %d, %v, %d threads: token %d differs from itself in a prompt", c.Heads, c.KVHeads, kv, threads, n)
					}
					want = nil
				}
				e.Close()
			}
		}
	}
}

// BenchmarkAttend is the attention of a token of the 728M shape after 1,900 others, with a
// query for each key/value head and with four, in turns with reading as many bytes.
func BenchmarkAttend(b *testing.B) {
	const depth = 1900
	for _, kind := range []KVType{KVF16, KVQ8} {
		for _, threads := range []int{1, 2} {
			e := large(b, threads)
			probe, err := e.NewProbe(kind)
			if err != nil {
				b.Fatal(err)
			}
			c := &e.model.Config
			for _, sharing := range []int{1, 4} {
				// Reading takes as many bytes of each chunk, of a layer.
				bytes := KVBytesPerToken(c, kind) * (depth + 1) / int64(sharing*c.Layers)
				kv, at := probe.s.kv, 0
				size := int(bytes) / kv.chunks()
				read := e.OnWorkers(func(w Worker) {
					w.Share(kv.chunks(), func(i int) {
						var chunk []byte
						if kind == KVQ8 {
							chunk = raw(kv.q8[i].values)
						} else {
							chunk = raw(kv.f16[i])
						}
						kernel.ReadBandwidth(chunk[min((at+c.Layers/2)%c.Layers*len(chunk)/c.Layers, len(chunk)-size):][:size])
					})
				})
				b.Run(fmt.Sprintf("%v/%dT/%d", kind, threads, sharing), func(b *testing.B) {
					var took [2][]float64
					for range b.N {
						for l := range c.Layers {
							for i, f := range []func() error{func() error { return probe.attention(depth, 1, sharing, l, l+1) }, func() error { at = l; return read() }} {
								start := time.Now()
								if err := f(); err != nil {
									b.Fatal(err)
								}
								took[i] = append(took[i], float64(bytes)/1e9/time.Since(start).Seconds())
							}
						}
					}
					for i, name := range []string{"attend", "read"} {
						slices.Sort(took[i])
						b.ReportMetric(took[i][len(took[i])-1], name+"-best")
						b.ReportMetric(took[i][len(took[i])/2], name+"-median")
					}
				})
			}
		}
	}
}
