package checkpoint

import (
	"fmt"
	"strings"

	"tern/model"
)

// inputRule says how an architecture tells what its ternary projections multiply
// with. Nothing in a file says it outright, and the wrong one babbles.
type inputRule uint8

const (
	alwaysInt8  inputRule = iota // trained with int8 activations
	alwaysFloat                  // trained with float activations
	bySigns                      // both kinds exist: by the name, the vocabulary, then the scales
)

// floatNames are families of plain Llama blocks that were trained with float
// activations, as general.name has them.
var floatNames = []string{"trilm", "spectra", "bitcpm", "minicpm", "bonsai"}

// minicpmVocab is the size that tells the vocabulary of BitCPM.
const minicpmVocab = 73448

// inputOf decides the input of the projections of a GGUF file; first is one of
// them, or nil. A choice of the user wins where files of both kinds exist.
func (a *Architecture) inputOf(k *metadata, c *model.Config, first *tensor, chosen *model.Input) (model.Input, error) {
	switch {
	case a.input == alwaysFloat:
		return model.InputFloat, nil
	case a.input == alwaysInt8:
		return model.InputInt8, nil
	case chosen != nil:
		return *chosen, nil
	case k.text(keyInput) == model.InputFloat.String():
		return model.InputFloat, nil
	case k.text(keyInput) == model.InputInt8.String():
		return model.InputInt8, nil
	case c.VocabSize == minicpmVocab:
		return model.InputFloat, nil
	}
	name := strings.ToLower(k.text("general.name"))
	for _, f := range floatNames {
		if strings.Contains(name, f) {
			return model.InputFloat, nil
		}
	}
	if first == nil || len(first.shape) != 2 {
		return model.InputInt8, nil
	}
	return inputByScales(first)
}

// inputByScales looks at the beginning of a projection: scales that differ mean
// groups, which only models with float activations have; so do floats of more
// than one magnitude.
func inputByScales(t *tensor) (model.Input, error) {
	e := projectionNamed(t.kind)
	float := isFloat(t.kind)
	if (e == nil || e.groups == nil) && !float {
		return model.InputInt8, nil
	}
	buf := make([]byte, min(chunkBytes, t.Size()))
	if err := t.readFull(buf, 0); err != nil {
		return model.InputInt8, err
	}
	if float {
		dt, _ := model.DTypeNamed(t.kind)
		n := len(buf) / dt.Size()
		w := make([]float32, n)
		dt.Decode(w, buf)
		if _, ok := ternaryScale(w); ok {
			return model.InputInt8, nil
		}
		return model.InputFloat, nil
	}
	var d float32
	for g := e.groups; len(buf) >= g.bytes; buf = buf[g.bytes:] {
		switch s := model.HalfAt(buf[g.scale:]); {
		case s == 0 || !finite(s):
		case d == 0:
			d = s
		case s != d:
			return model.InputFloat, nil
		}
	}
	return model.InputInt8, nil
}

// AmbiguousInput says that there are checkpoints of either kind of input of an
// architecture, so that a choice of the user counts.
func AmbiguousInput(key model.Arch) bool { return Find(key).input == bySigns }

// groupsError says that a matrix that was taken for one with a common scale has
// several.
type groupsError struct{ error }

func differentScales(b *binding, m, d float32) error {
	return groupsError{fmt.Errorf("model: %v: blocks have the scales %g and %g, so it was made from weights that are not ternary: %w",
		b.weight, m, d, model.ErrUnsupported)}
}

func (e groupsError) Unwrap() error { return e.error }

// groupwise says that the slot becomes a matrix with a scale per group.
func (b *binding) groupwise() bool {
	return b.enc.groups != nil && (b.Dense != nil || b.float)
}
