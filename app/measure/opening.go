package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"tern/inference"
	"tern/model/checkpoint"
	"tern/model/ternary"
)

// Opening is how fast a file is opened, beside just reading it.
type Opening struct {
	Bytes  int64   `json:"bytes"`
	ReadGB float64 `json:"read_gb_s"` // two threads read it from the page cache into memory that nothing has touched
	OpenGB float64 `json:"open_gb_s"` // it is read, and brought into the form that is computed with
	Ready  float64 `json:"ready_s"`   // the same, with tokenizer and codes of the head, until a prompt can come
}

// Share is the part of just reading that opening reaches.
func (o *Opening) Share() float64 { return o.OpenGB / o.ReadGB }

// Open measures the file at path in turns, repeat of each, of which the best count. The
// file is read once before, so that it is in the page cache where that has room.
func Open(ctx context.Context, path string, threads, repeat int) (*Opening, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("measure: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return nil, fmt.Errorf("measure: %s is not a file with something in it", path)
	}
	o := &Opening{Bytes: info.Size()}
	steps := []struct {
		best time.Duration
		do   func() error
	}{
		{do: func() error { return readFresh(ctx, path, o.Bytes) }},
		{do: func() error { _, err := checkpoint.Open(ctx, path, nil); return err }},
		{do: func() error {
			e, err := inference.Open(ctx, path, inference.Options{Threads: threads, OnlyIDs: true})
			if err == nil {
				e.Close()
			}
			return err
		}},
	}
	for turn := range max(repeat, 1) + 1 {
		for i := range steps {
			debug.FreeOSMemory() // so that all find the same
			begin := time.Now()
			if err := steps[i].do(); err != nil {
				return nil, err
			}
			if took := max(time.Since(begin), 1); turn == 1 || took < steps[i].best { // the first warms up
				steps[i].best = took
			}
		}
	}
	o.ReadGB = float64(o.Bytes) / float64(steps[0].best)
	o.OpenGB = float64(o.Bytes) / float64(steps[1].best)
	o.Ready = steps[2].best.Seconds()
	return o, nil
}

// readFresh reads a file with two threads into memory on huge pages.
func readFresh(ctx context.Context, path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("measure: %w", err)
	}
	defer f.Close()
	const piece = 1 << 20
	buf := ternary.NewArena(int(size)).Bytes(int(size))
	var next atomic.Int64
	var failed [2]error
	var wait sync.WaitGroup
	for i := range failed {
		wait.Go(func() {
			for failed[i] == nil {
				at := (next.Add(1) - 1) * piece
				if at >= size {
					return
				}
				if failed[i] = ctx.Err(); failed[i] == nil {
					_, failed[i] = io.ReadFull(io.NewSectionReader(f, at, piece), buf[at:min(at+piece, size)])
				}
			}
		})
	}
	wait.Wait()
	runtime.KeepAlive(buf)
	if err := errors.Join(failed[:]...); err != nil {
		return fmt.Errorf("measure: reading %s: %w", path, err)
	}
	return nil
}
