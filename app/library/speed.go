package library

import (
	"context"
	"time"

	"tern/app/measure"
	"tern/model/checkpoint"
)

// expectDepth is how far into a text a speed is predicted: a page.
const expectDepth = 256

// Measure finds out how fast this computer is with a number of threads, once:
// Expect knows it from then on. It takes some seconds and all cores; ctx ends it
// early.
func (l *Library) Measure(ctx context.Context, threads int) error {
	if l.Measured(threads) {
		return nil
	}
	all := l.readSpeeds(threads, time.Now())
	if all != nil {
		l.know(all, threads)
		return nil
	}
	all = map[measure.Kind]measure.Machine{}
	for _, kind := range measure.Kinds {
		m, err := measure.ThisMachine(ctx, threads, kind)
		if err != nil {
			return err
		}
		all[kind] = m
		kind.PackedHead = !kind.PackedHead // heads of the other form are read as fast, about
		if _, known := all[kind]; !known {
			m.Kind, m.Head, m.Full = kind, all[measure.Kind{}].Head, all[measure.Kind{}].Full
			all[kind] = m
		}
	}
	l.know(all, threads)
	l.writeSpeeds(all, threads, time.Now())
	return nil
}

// Kept reports whether Measure has nothing left to do, with what an earlier start found.
func (l *Library) Kept(threads int) bool {
	_, known := l.Machine(measure.Kind{}, threads)
	return known
}

// Machine is what Measure would find of a kind of models without measuring anything, as
// far as it is known.
func (l *Library) Machine(kind measure.Kind, threads int) (m measure.Machine, known bool) {
	if !l.Measured(threads) {
		if all := l.readSpeeds(threads, time.Now()); all != nil {
			l.know(all, threads)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.threads == threads {
		m, known = l.machines[kind]
	}
	return m, known
}

func (l *Library) know(all map[measure.Kind]measure.Machine, threads int) {
	l.mu.Lock()
	l.machines, l.threads = all, threads
	l.mu.Unlock()
}

// Measured reports whether Expect knows this computer with a number of threads.
func (l *Library) Measured(threads int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.machines != nil && l.threads == threads
}

// Expect is about how many tokens a second a model will write here, from its
// headers and what Measure found; 0 where either is not known.
func (l *Library) Expect(f *checkpoint.Facts) float64 {
	l.mu.Lock()
	machines := l.machines
	l.mu.Unlock()
	if f == nil {
		return 0
	}
	work := measure.WorkOf(&f.Config, f.Memory, &f.Head)
	m, known := machines[work.Kind]
	if !known {
		work.Groups64 = false // by their bytes
		m, known = machines[work.Kind]
	}
	if !known {
		return 0
	}
	return m.DecodeRate(work, min(expectDepth, f.ContextLen))
}
