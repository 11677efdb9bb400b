package inspect

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"

	"tern/app/chat"
)

func someSpeed() *chat.Speed {
	s := &chat.Speed{Model: "Tern Tales", Kernel: "avx2", Threads: 2, MemoryGB: 13.9, CSV: "a,b\n1,2\n"}
	for i := range 4 {
		s.Points = append(s.Points, chat.SpeedPoint{Context: 600 * i, Read: 200 - 20*float64(i), Write: 46 - 4*float64(i), Limit: 55 - 2*float64(i)})
	}
	return s
}

// TestSpeedTab measures, ends a measurement, and copies what was measured.
func TestSpeedTab(t *testing.T) {
	r, _ := newInspectRig(t)
	r.give(nil, false)
	test.Tap(r.Tabs[2])
	tab := r.Speed
	if !strings.HasPrefix(tab.verdict.Text(), "No measurements yet.") || !tab.copy.Disabled() || tab.run.Disabled() {
		t.Errorf("before: %q", tab.verdict.Text())
	}
	if tab.plots.Visible() {
		t.Error("two empty plots are shown")
	}
	test.Tap(tab.run)
	if tab.run.Text != "Stop" || !slices.Contains(r.calls, "measure") || tab.verdict.Text() != "Measuring…" {
		t.Errorf("while measuring: %q, %q", tab.run.Text, tab.verdict.Text())
	}
	r.Show(r.view)
	test.Tap(tab.run)
	if r.calls[len(r.calls)-1] != "stop" {
		t.Errorf("calls %q", r.calls)
	}
	r.done(nil)
	if tab.running || tab.run.Text != "Benchmark this machine" || !strings.HasPrefix(tab.verdict.Text(), "No measurements yet.") {
		t.Errorf("after it was ended: %q, %q", tab.run.Text, tab.verdict.Text())
	}
	test.Tap(tab.run)
	r.done(someSpeed())
	if got, want := tab.verdict.Text(), "46 tok/s = 84% of what 13.9 GB/s allow · avx2 kernels · 2 threads"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := tab.write.AccessibilityLabel(); got != "0: 46 tok/s\n600: 42 tok/s\n1,200: 38 tok/s\n1,800: 34 tok/s\n" {
		t.Errorf("plot %q", got)
	}
	if !tab.plots.Visible() || tab.read.Size().Height < plotHeight || tab.read.Position().Y+tab.read.Size().Height > tab.write.Position().Y {
		t.Errorf("the plots take %v and %v", tab.read.Size(), tab.write.Size())
	}
	test.Tap(tab.copy)
	if got := r.copied; got != "a,b\n1,2\n" {
		t.Errorf("the clipboard has %q", got)
	}
	// Another model: what was measured is not its speed.
	m := chat.ModelInfo{Name: "Another", Builtin: true}
	v := r.view
	v.Model = &m
	r.Show(v)
	if tab.speed != nil || !tab.copy.Disabled() {
		t.Error("the speed of another model is shown")
	}
	if tab.plots.Visible() {
		t.Error("the plots of another model are shown")
	}
	m.Host = "localhost:8080"
	r.Show(v)
	if !tab.run.Disabled() || tab.verdict.Text() != "Only for models running in Tern." {
		t.Errorf("a server's model: %q", tab.verdict.Text())
	}
}

func TestMeasuring(t *testing.T) {
	for phase, want := range map[string]string{
		"memory": "Measuring memory…", "decode": "Measuring: writing 3 of 16", "prefill": "Measuring: reading 3 of 16",
	} {
		if got := measuring(chat.SpeedProgress{Phase: phase, Done: 3, Total: 16}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.5: "0.5", 27.6: "28", 1200: "1,200"} {
		if got := tickLabel(v); got != want {
			t.Errorf("%g is %q, want %q", v, got, want)
		}
	}
}
