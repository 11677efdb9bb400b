package inference

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"tern/model"
	"tern/model/checkpoint"
)

// The benchmarks run the full forward pass on random weights of the 728M
// shape: go test ./inference -bench 'Decode|Prefill' -run '^$'.

func large(b *testing.B, threads int) *Engine {
	m, err := checkpoint.Synthetic("large", model.F16, 1)
	if err != nil {
		b.Fatal(err)
	}
	e, err := New(m, Options{Threads: threads})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(e.Close)
	return e
}

func BenchmarkDecode(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("%dT", threads), func(b *testing.B) {
			e := large(b, threads)
			s := session(b, e, SessionOptions{})
			var bytes int64
			for _, p := range e.Model().MemoryParts() {
				bytes += p.Bytes
			}
			b.SetBytes(bytes)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if len(s.Tokens()) >= 128 {
					s.Rewind(0)
				}
				if err := s.Eval(context.Background(), int32(i%1000)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tok/s")
		})
	}
}

func BenchmarkPrefill(b *testing.B) {
	for _, threads := range []int{1, 2} {
		for _, n := range []int{16, 128, 512} {
			b.Run(fmt.Sprintf("%dT/%d", threads, n), func(b *testing.B) {
				s := session(b, large(b, threads), SessionOptions{})
				ids := make([]int32, n)
				for i := range ids {
					ids[i] = int32(i)
				}
				b.ResetTimer()
				for range b.N {
					s.Rewind(0)
					if _, err := s.Sync(context.Background(), ids, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "tok/s")
			})
		}
	}
}

// BenchmarkStop is how long a prompt takes to stop at any moment of a chunk, once
// near its beginning and once far into it.
func BenchmarkStop(b *testing.B) {
	e := large(b, 2)
	for _, depth := range []int{0, 1920} {
		b.Run(fmt.Sprint(depth), func(b *testing.B) {
			s := session(b, e, SessionOptions{})
			ids := make([]int32, depth+prefillChunk)
			begin := time.Now()
			if _, err := s.Sync(context.Background(), ids, nil); err != nil {
				b.Fatal(err)
			}
			chunk := time.Since(begin) / time.Duration(len(ids)/prefillChunk)
			var sum, most time.Duration
			for i := range b.N {
				s.Rewind(depth)
				var asked time.Time
				ctx, cancel := context.WithCancel(context.Background())
				timer := time.AfterFunc(chunk*time.Duration(i%50)/50, func() {
					asked = time.Now()
					cancel()
				})
				_, err := s.Sync(ctx, ids, nil)
				if !timer.Stop() && err != nil {
					took := time.Since(asked)
					sum, most = sum+took, max(most, took)
				}
				cancel()
			}
			b.ReportMetric(chunk.Seconds()*1e3, "ms/chunk")
			b.ReportMetric(sum.Seconds()*1e3/float64(b.N), "ms/stop")
			b.ReportMetric(most.Seconds()*1e3, "ms-at-most")
		})
	}
}

// BenchmarkScanHead is what opening a model takes for its head beside reading it.
func BenchmarkScanHead(b *testing.B) {
	for _, t := range []model.DType{model.F16, model.BF16} {
		b.Run(t.String(), func(b *testing.B) {
			m, err := checkpoint.Synthetic("large", t, 1)
			if err != nil {
				b.Fatal(err)
			}
			stored := m.Head.Data
			b.SetBytes(int64(len(stored)))
			for b.Loop() {
				b.StopTimer()
				head := *m.Head
				head.Data = slices.Clone(stored)
				b.StartTimer()
				buildHeadScan(&head)
			}
		})
	}
}

// BenchmarkDeep is the same behind a long text, whatever the cache says of it.
func BenchmarkDeep(b *testing.B) {
	const depth = 1900
	for _, n := range []int{1, 128} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := session(b, large(b, 2), SessionOptions{})
			if err := s.grow(depth + n); err != nil {
				b.Fatal(err)
			}
			s.tokens = make([]int32, depth, depth+n)
			s.kv.touch()
			for b.Loop() {
				s.tokens = s.tokens[:depth]
				if err := s.evaluate(context.Background(), make([]int32, n), logitsNone, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "tok/s")
		})
	}
}

// BenchmarkKeep measures what it costs to go back and to keep: a snapshot taken and
// gone back to, and a sequence of 512 tokens saved and restored, per published shape.
func BenchmarkKeep(b *testing.B) {
	for _, shape := range []string{"bonsai-1.7b", "bonsai-2-2b", "bonsai-2-4b", "bonsai-2-9b"} {
		c, ok := checkpoint.Shape(shape)
		if !ok {
			b.Fatal(shape)
		}
		// Nothing is computed: only what a session holds has this shape.
		c.VocabSize, c.Dim, c.FFNDim = 256, 256, 256
		m, err := checkpoint.SyntheticConfig(shape, c, model.F16, 1)
		if err != nil {
			b.Fatal(err)
		}
		e, err := New(m, Options{Threads: 1})
		if err != nil {
			b.Fatal(err)
		}
		s, err := e.NewSession(SessionOptions{})
		if err != nil {
			b.Fatal(err)
		}
		const tokens = 512
		s.tokens = make([]int32, tokens)
		if err := s.grow(tokens); err != nil {
			b.Fatal(err)
		}
		s.kv.touch()
		if s.state != nil {
			for i := range s.state.data {
				s.state.data[i] = 1 // not the page of zeros
			}
			b.Run(shape+"/take", func(b *testing.B) {
				b.SetBytes(4 * int64(len(s.state.data)))
				for b.Loop() {
					s.state.saved = s.state.saved[:min(1, len(s.state.saved))]
					for i := range s.state.saved { // its memory is used again
						s.state.saved[i].pos = 0
						s.state.limit = 1
					}
					s.state.save(tokens)
				}
			})
			s.state.limit = snapshotsOf(&c, 0)
			b.Run(shape+"/go back", func(b *testing.B) {
				b.SetBytes(4 * int64(len(s.state.data)))
				for b.Loop() {
					s.state.rewind(tokens)
				}
			})
		}
		var kept bytes.Buffer
		kept.Grow(int(s.SaveSize()))
		b.Run(shape+"/save", func(b *testing.B) {
			b.SetBytes(s.SaveSize())
			for b.Loop() {
				kept.Reset()
				if err := s.Save(&kept); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(shape+"/restore", func(b *testing.B) {
			b.SetBytes(s.SaveSize())
			for b.Loop() {
				if err := s.Restore(bytes.NewReader(kept.Bytes())); err != nil {
					b.Fatal(err)
				}
			}
		})
		e.Close()
	}
}
