package inference

import (
	"context"
	"fmt"
	"testing"

	"tern/model"
)

// The benchmarks run the full forward pass on random weights of the 728M
// shape: go test ./inference -bench 'Decode|Prefill' -run '^$'.

func large(b *testing.B, threads int) *Engine {
	m, err := model.Synthetic("large", model.F16, 1)
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

func BenchmarkScanCopy(b *testing.B) {
	m, err := model.Synthetic("large", model.F16, 1)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(m.Head.Data)))
	for b.Loop() {
		buildScanHead(m.Head)
	}
}
