package inference

import (
	"slices"
	"testing"

	"tern/model"
)

// TestVariant: an engine with other constants computes what a new engine for the
// same model does, and the one that it came from computes what it did before.
func TestVariant(t *testing.T) {
	e := builtinWith(t, 1)
	last := func(e *Engine) []float32 {
		s := session(t, e, SessionOptions{})
		if _, err := s.Sync(t.Context(), []int32{1, 5, 9, 200, 7, 31}, nil); err != nil {
			t.Fatal(err)
		}
		return slices.Clone(s.Logits())
	}
	before := last(e)
	for name, change := range map[string]func(m *model.Model){
		"theta":    func(m *model.Model) { m.RopeTheta *= 50 },
		"factors":  func(m *model.Model) { m.RopeFactors = slices.Repeat([]float32{1.5}, m.HeadDim/2) },
		"adjacent": func(m *model.Model) { m.RopeAdjacent = !m.RopeAdjacent },
		"epsilon":  func(m *model.Model) { m.NormEps = 0.5 },
		"norms": func(m *model.Model) {
			m.Weights.Layers = slices.Clone(m.Weights.Layers)
			l := &m.Weights.Layers[0]
			l.Q.Norm = slices.Repeat([]float32{0.5, 2}, l.Q.Cols/2)
		},
	} {
		m := *e.Model()
		change(&m)
		fresh, err := New(&m, Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		want, got := last(fresh), last(e.Variant(&m))
		fresh.Close()
		if !slices.Equal(got, want) {
			t.Errorf("%s: the variant differs from a new engine", name)
		}
		if slices.Equal(got, before) {
			t.Errorf("%s: nothing changed", name)
		}
	}
	if !slices.Equal(last(e), before) {
		t.Error("the engine itself changed")
	}
}
