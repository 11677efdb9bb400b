package inference

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// BenchmarkStreams decodes this many texts of the 728M shape in one batch, greedily,
// from position 2 to 128; what one writes alone does not draft. Tokens are counted by
// the clock, and by the time that the processors were busy, which other programs
// lengthen less.
func BenchmarkStreams(b *testing.B) {
	for _, threads := range []int{1, 2} {
		e := large(b, threads)
		for _, n := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("%dT/%d", threads, n), func(b *testing.B) {
				batch := e.NewBatch()
				tokens := 0
				o := GenerateOptions{MaxTokens: 126, IgnoreEOS: true, Speculate: SpeculateOff}
				var sessions []*Session
				join := func() {
					for i, s := range sessions {
						batch.Add(s, []int32{int32(i), 1}, o, func(ev Event, err error) bool {
							if err != nil {
								b.Error(err)
							}
							if ev.Kind == EventToken {
								tokens++
							}
							return true
						})
					}
					batch.Step(context.Background())
				}
				for range n {
					s, err := batch.NewSession(SessionOptions{})
					if err != nil {
						b.Fatal(err)
					}
					if err := s.grow(128); err != nil {
						b.Fatal(err)
					}
					s.kv.touch()
					sessions = append(sessions, s)
				}
				join()
				batch.Step(context.Background())
				b.ReportAllocs()
				b.ResetTimer()
				begin, before := processorTime(b), tokens
				for range b.N {
					if batch.Len() == 0 {
						join()
					}
					batch.Step(context.Background())
				}
				b.ReportMetric(float64(tokens-before)/b.Elapsed().Seconds(), "tok/s")
				b.ReportMetric(float64(tokens-before)/(processorTime(b)-begin).Seconds(), "tok/cpu-s")
			})
		}
	}
}

// processorTime is how long all processors together were busy for this process.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
