package checkpoint

import (
	"slices"
	"testing"

	"tern/model"
)

// TestOutlineForms: what is said of a file of each form before there is one is what its headers say.
func TestOutlineForms(t *testing.T) {
	for name, form := range map[string]string{
		"qwen3-ptq1_0": "PTQ1_0", "qwen3-q1_0": "Q1_0", "qwen3-pq2_0-yarn": "PQ2_0", "qwen3-q2_0-legacy-g128-untied": "Q2_0",
	} {
		f, err := Peek(families + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if got := Outline(f.Config, model.Packed, form); !slices.Equal(got.Memory, f.Memory) || got.Head.Type != f.Head.Type {
			t.Errorf("%s: %v, the file has %v", name, got.Memory, f.Memory)
		}
	}
}
