package library

import (
	"context"

	"tern/app/measure"
	"tern/model/checkpoint"
)

// expectDepth is how far into a text a speed is predicted: a page.
const expectDepth = 256

// Measure finds out how fast this computer is with a number of threads, once:
// Expect knows it from then on. It takes well below a second and all cores; ctx
// ends it early.
func (l *Library) Measure(ctx context.Context, threads int) error {
	l.mu.Lock()
	known := l.machine != nil && l.threads == threads
	l.mu.Unlock()
	if known {
		return nil
	}
	m, err := measure.ThisMachine(ctx, threads)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.machine, l.threads = &m, threads
	l.mu.Unlock()
	return nil
}

// Measured says whether Expect knows this computer with a number of threads.
func (l *Library) Measured(threads int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.machine != nil && l.threads == threads
}

// Expect is about how many tokens a second a model will write here, from its
// headers and what Measure found; 0 where either is not known.
func (l *Library) Expect(f *checkpoint.Facts) float64 {
	l.mu.Lock()
	m := l.machine
	l.mu.Unlock()
	if m == nil || f == nil {
		return 0
	}
	return m.DecodeRate(measure.WorkOf(&f.Config, f.Memory, &f.Head), min(expectDepth, f.ContextLen))
}
