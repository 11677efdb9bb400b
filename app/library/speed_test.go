package library

import (
	"slices"
	"testing"

	"tern/app/measure"
	"tern/inference"
	"tern/model"
)

// TestExpect checks that the prediction is that of the headers: of a machine of
// known rates, a model that is twice as heavy writes half as fast.
func TestExpect(t *testing.T) {
	l := New()
	f := Publics[slices.IndexFunc(Publics, func(p Public) bool { return p.ID == "1bitLLM/bitnet_b1_58-large" })].Facts()
	if l.Expect(f) != 0 || l.Measured(2) {
		t.Error("a speed is known before anything was measured")
	}
	l.machines, l.threads = map[measure.Kind]measure.Machine{{}: {Body: 1e10, Head: 1e10, Full: 1e10}}, 2
	if !l.Measured(2) || l.Measured(1) || l.Expect(nil) != 0 {
		t.Error("what was measured is of 2 threads")
	}
	if err := l.Measure(t.Context(), 2); err != nil { // is known
		t.Error(err)
	}
	packed := f.Memory[0]
	want := 1e10 / float64(packed.Bytes+inference.ScanBytes(&f.Head))
	if got := l.Expect(f); packed.Name != model.PartPacked || got < want*0.999 || got > want*1.001 {
		t.Errorf("%.1f tokens a second, want %.1f", got, want)
	}
}

// TestMeasure measures this computer, whatever that gives.
func TestMeasure(t *testing.T) {
	l := New()
	if err := l.Measure(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if got := l.Expect(Publics[0].Facts()); !(got > 0.01 && got < 1e5) {
		t.Errorf("%g tokens a second", got)
	}
}
