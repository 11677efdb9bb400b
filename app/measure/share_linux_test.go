package measure

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
)

// BenchmarkShare says how near whole passes come to just reading, in time of the
// processor, which others on the machine do not spoil as they do that of the clock:
//
//	TERN_SHAPES=bonsai-2-2b go test ./app/measure -run '^$' -bench Share -benchtime 1x
//
// A token is written and the weights are just read in turns. What a token needs is the
// packed weights and the states of linear attention, each once.
func BenchmarkShare(b *testing.B) {
	shapes := os.Getenv("TERN_SHAPES")
	if shapes == "" {
		shapes = "bonsai-1.7b,bonsai-2-2b"
	}
	for _, shape := range strings.Split(shapes, ",") {
		m, err := checkpoint.Synthetic(shape, model.F16, 1)
		if err != nil {
			b.Fatal(err)
		}
		for threads := 1; threads <= 2; threads++ {
			e, err := inference.New(m, inference.Options{Threads: threads, OnlyIDs: true})
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/decode/threads=%d", shape, threads), func(b *testing.B) { decodeShare(b, e, threads) })
			if threads == 1 {
				b.Run(shape+"/prefill", func(b *testing.B) { prefillRate(b, e) })
			}
			e.Close()
		}
	}
}

func decodeShare(b *testing.B, e *inference.Engine, threads int) {
	s, err := e.NewSession(inference.SessionOptions{})
	if err != nil {
		b.Fatal(err)
	}
	read, bytes := WeightReader(e)
	var writing, reading []time.Duration
	for b.Loop() {
		for i := range 60 {
			begin := processorTime(b)
			if err := s.Eval(context.Background(), int32(i)); err != nil {
				b.Fatal(err)
			}
			middle := processorTime(b)
			if _, err := read(); err != nil {
				b.Fatal(err)
			}
			if i > 1 { // the first ones touch memory
				writing, reading = append(writing, middle-begin), append(reading, processorTime(b)-middle)
			}
		}
		s.Rewind(0)
	}
	needed := float64(bytes + e.Model().StateBytes())
	slices.Sort(writing)
	slices.Sort(reading)
	for name, at := range map[string]int{"best": len(writing) / 20, "median": len(writing) / 2} {
		w, r := writing[at].Seconds()/float64(threads), reading[at].Seconds()/float64(threads)
		b.ReportMetric(w*1e3, name+"-ms")
		b.ReportMetric(100*needed/w/(float64(bytes)/r), name+"-%")
		b.ReportMetric(float64(bytes)/r/1e9, name+"-read-GB/s")
	}
	b.ReportMetric(0, "ns/op")
}

func prefillRate(b *testing.B, e *inference.Engine) {
	s, err := e.NewSession(inference.SessionOptions{})
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]int32, 128)
	var took []time.Duration
	for b.Loop() {
		for range 6 {
			s.Rewind(0)
			begin := processorTime(b)
			if _, err := s.Sync(context.Background(), ids, nil); err != nil {
				b.Fatal(err)
			}
			took = append(took, processorTime(b)-begin)
		}
	}
	b.ReportMetric(float64(len(ids))/slices.Min(took).Seconds(), "tok/s")
	b.ReportMetric(0, "ns/op")
}

// processorTime is that of all threads of the process.
func processorTime(b *testing.B) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}
