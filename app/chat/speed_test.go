package chat

import (
	"strings"
	"testing"

	"tern/app/settings"
)

// TestMeasure measures the built-in model, and ends a measurement by a command.
func TestMeasure(t *testing.T) {
	b := openBuiltin(t, settings.DefaultGeneration())
	phases := map[string]bool{}
	get := func(during func()) *Speed {
		done := make(chan *Speed, 1)
		b.Jobs.Measure(func(p SpeedProgress) {
			phases[p.Phase] = true
			during()
		}, func(s *Speed) { done <- s })
		return <-done
	}
	s := get(func() {})
	if s == nil || len(s.Points) != 4 || s.Threads < 1 || s.MemoryGB <= 0 || strings.Count(s.CSV, "\n") != 5 {
		t.Fatalf("%+v", s)
	}
	for i, p := range s.Points {
		if p.Read <= 0 || p.Write <= 0 || p.Limit <= 0 || i > 0 && p.Context <= s.Points[i-1].Context {
			t.Errorf("point %d: %+v", i, p)
		}
	}
	if !phases["decode"] || !phases["memory"] {
		t.Errorf("phases %v", phases)
	}
	if s := get(b.Stop); s != nil {
		t.Errorf("a measurement that was ended gives %+v", s)
	}
	b.Models.Unload()
	if s := get(func() {}); s != nil {
		t.Error("a measurement of no model")
	}
}

// TestMeasureWithoutMemory: measuring takes no memory that is not free.
func TestMeasureWithoutMemory(t *testing.T) {
	free := func() (int64, bool) { return 1 << 10, true }
	changed := make(chan struct{}, 1)
	b := &driven{Controller: New(Options{Free: free, Notify: func() { changed <- struct{}{} }}), t: t, changed: changed}
	t.Cleanup(b.Close)
	b.Models.Load("", settings.DefaultGeneration())
	b.until(func(v View) bool { return v.State == Ready })
	done := make(chan *Speed, 1)
	b.Jobs.Measure(func(SpeedProgress) {}, func(s *Speed) { done <- s })
	v := b.until(func(v View) bool { return v.Problem != nil })
	if got := v.Problem.Sentence.String(); got != "Not enough memory" || <-done != nil {
		t.Errorf("%q", got)
	}
}
