package server

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tern/inference"
)

// scheduled is a schedule of the built-in model, as a server has it.
func scheduled(t *testing.T, o Options) *schedule {
	t.Helper()
	e := engine(t)
	o = New(o).o
	m := newSchedule(e, &o, e.Model().ContextLen)
	t.Cleanup(func() {
		m.retire()
		wait(t, "is at rest", func() bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			return !m.awake
		})
	})
	return m
}

// heard is what a schedule answers.
type heard struct {
	text  strings.Builder
	stop  inference.StopReason
	stats inference.Stats
}

// ask waits for a turn and writes the answer.
func ask(ctx context.Context, m *schedule, prompt string, o inference.GenerateOptions, each func(*inference.Event)) (*heard, error) {
	write, err := m.turn(ctx, &question{ids: m.engine.Prompt(prompt), options: o})
	if err != nil {
		return nil, err
	}
	h := &heard{}
	return h, write(ctx, func(e *inference.Event) {
		h.text.WriteString(e.Text)
		h.stop, h.stats = e.Stop, e.Stats
		if each != nil {
			each(e)
		}
	})
}

// TestSchedule: answers written at the same time, more than are served at once, are
// those of each request alone.
func TestSchedule(t *testing.T) {
	m := scheduled(t, Options{Parallel: 12})
	prompts := []string{"Once upon a time", "The cat", "Tom and his dog went to the sea. " + strings.Repeat("They saw a big ship. ", 6), "One"}
	want := make([]string, len(prompts))
	options := func(i int) inference.GenerateOptions {
		return inference.GenerateOptions{MaxTokens: 20 + i, IgnoreEOS: true, Sampling: inference.Sampling{Temperature: 0.8, TopK: 40, Seed: uint64(i)}}
	}
	for i, p := range prompts {
		s, err := m.engine.NewSession(inference.SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range s.Generate(t.Context(), m.engine.Prompt(p), options(i)) {
			if err != nil {
				t.Fatal(err)
			}
			want[i] += e.Text
		}
	}
	var clients sync.WaitGroup
	for n := range 40 {
		clients.Go(func() {
			i := n % len(prompts)
			h, err := ask(t.Context(), m, prompts[i], options(i), nil)
			if err != nil || h.text.String() != want[i] || h.stop != inference.StopLength {
				t.Errorf("%d: %v, %q, want %q", n, err, h.text.String(), want[i])
			}
		})
	}
	clients.Wait()
	if running, waiting := m.load(); running != 0 || waiting != 0 {
		t.Errorf("%d run and %d wait", running, waiting)
	}
	// The next turn of a conversation finds the one before.
	if h, err := ask(t.Context(), m, prompts[2]+want[2]+" The end.", options(0), nil); err != nil || h.stats.Reused < 50 {
		t.Errorf("%v, %d tokens were known", err, h.stats.Reused)
	}
}

// TestShortAmongLong: a short request that comes after thirty long ones is answered
// while those have written a few tokens each.
func TestShortAmongLong(t *testing.T) {
	m := scheduled(t, Options{})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var clients sync.WaitGroup
	all := make(chan struct{}) // closed when all have come; until then no event is told
	var written atomic.Int64   // tokens of long answers
	const long = 30
	for range long {
		clients.Go(func() {
			h, err := ask(ctx, m, "Once upon a time", inference.GenerateOptions{MaxTokens: 450, IgnoreEOS: true}, func(e *inference.Event) {
				<-all
				if e.Kind == inference.EventToken {
					written.Add(1)
				}
			})
			if err != nil || h.stop != inference.StopCancelled {
				t.Errorf("a long answer ended: %v, %v", err, h.stop)
			}
		})
	}
	wait(t, "do thirty run", func() bool { running, _ := m.load(); return running == long })
	clients.Go(func() {
		wait(t, "does the short one run", func() bool { running, _ := m.load(); return running == long+1 })
		close(all)
	})
	var before int64
	h, err := ask(t.Context(), m, "The cat", inference.GenerateOptions{MaxTokens: 3, IgnoreEOS: true}, func(*inference.Event) { before = written.Load() })
	leave()
	if err != nil || h.stats.Generated != 3 {
		t.Fatalf("%v, %d tokens", err, h.stats.Generated)
	}
	if before > 6*long {
		t.Errorf("%d tokens of long answers were written before the short one was complete", before)
	}
	clients.Wait()
}

// TestSharedBeginning: requests that begin alike share what is evaluated of that, with
// an answer that is being written, too.
func TestSharedBeginning(t *testing.T) {
	m := scheduled(t, Options{})
	same := strings.Repeat("Tom and Lily went to the park. ", 12)
	known := len(m.engine.Prompt(same)) - 1
	first, both := make(chan struct{}), make(chan struct{})
	var once sync.Once
	o := inference.GenerateOptions{MaxTokens: 40, IgnoreEOS: true}
	var clients sync.WaitGroup
	clients.Go(func() {
		if _, err := ask(t.Context(), m, same+"They saw a dog.", o, func(e *inference.Event) {
			if e.Kind == inference.EventToken {
				once.Do(func() { close(first) })
				<-both
			}
		}); err != nil {
			t.Error(err)
		}
	})
	<-first
	clients.Go(func() {
		wait(t, "does the second run", func() bool { running, _ := m.load(); return running == 2 })
		close(both)
	})
	h, err := ask(t.Context(), m, same+"A bird sang.", o, nil)
	if err != nil || h.stats.Reused < known {
		t.Errorf("%v, %d tokens were known, want %d", err, h.stats.Reused, known)
	}
	clients.Wait()
	if h, err = ask(t.Context(), m, same+"It was cold.", o, nil); err != nil || h.stats.Reused < known {
		t.Errorf("of answers that are complete: %v, %d tokens were known, want %d", err, h.stats.Reused, known)
	}
}

// TestScheduleMemory: who finds no memory waits, caches are given up first, and one
// request is always tried.
func TestScheduleMemory(t *testing.T) {
	e := engine(t)
	o := New(Options{}).o
	m := newSchedule(e, &o, e.Model().ContextLen)
	m.budget = 3 * 256 * inference.KVBytesPerToken(&e.Model().Config, inference.KVF16)
	defer m.retire()
	for i, p := range []string{"One day", "Tom", "A cat", "The dog", "It was"} {
		if _, err := ask(t.Context(), m, p, inference.GenerateOptions{MaxTokens: 3}, nil); err != nil {
			t.Fatal(i, err)
		}
	}
	kept := func() int64 {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.wake()
		return m.spared
	}
	wait(t, "are caches within their budget", func() bool { b := kept(); return b > 0 && b <= m.budget })
}

// TestSchedulePanic: a mistake while an event is told ends that answer alone.
func TestSchedulePanic(t *testing.T) {
	m := scheduled(t, Options{})
	var clients sync.WaitGroup
	clients.Go(func() {
		_, err := ask(t.Context(), m, "Tom", inference.GenerateOptions{MaxTokens: 30, IgnoreEOS: true}, func(*inference.Event) { panic("a mistake") })
		var p *inference.Panic
		if !errors.As(err, &p) {
			t.Errorf("%v", err)
		}
	})
	clients.Go(func() {
		if h, err := ask(t.Context(), m, "A cat", inference.GenerateOptions{MaxTokens: 30, IgnoreEOS: true}, nil); err != nil || h.stats.Generated != 30 {
			t.Errorf("%v, %d tokens", err, h.stats.Generated)
		}
	})
	clients.Wait()
}
