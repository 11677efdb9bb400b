package checkpoint

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"tern/model"
	"tern/model/gguf"
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
	case a.input == alwaysInt8:
		return model.InputInt8, nil
	case chosen != nil:
		return *chosen, nil
	case k.text(keyInput) == model.InputFloat.String():
		return model.InputFloat, nil
	case k.text(keyInput) == model.InputInt8.String():
		return model.InputInt8, nil
	case a.input == alwaysFloat:
		return model.InputFloat, nil
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
	if e != nil && e.ownGroups > 0 {
		return model.InputFloat, nil
	}
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

// SaysInput reports whether a file of a model has to name what its projections
// multiply with: where there are checkpoints of either kind of the architecture,
// or where the model is not of the kind that the architecture implies.
func SaysInput(c *model.Config) bool {
	rule := Find(c.Arch).input
	return rule == bySigns || rule == alwaysFloat && c.Input != model.InputFloat
}

// takeQ2 settles the layout of Q2_0 tensors: the one that was asked for, or where
// the sizes allow several, the one whose blocks look like weights.
func takeQ2(f *gguf.File, name string, asked gguf.Type) error {
	switch {
	case asked != 0 && !slices.Contains(f.Q2Layouts, asked):
		return fmt.Errorf("model: %s: the sizes of its tensors rule out blocks of %d weights of Q2_0: %w", name, projectionNamed(asked.String()).groups.cols, model.ErrUnsupported)
	case asked != 0:
		f.TakeQ2(asked)
	case len(f.Q2Layouts) == 1:
		f.TakeQ2(f.Q2Layouts[0]) // of all parts of a split file
	case len(f.Q2Layouts) > 1:
		best, least := f.Q2Layouts[0], math.Inf(1)
		for _, layout := range f.Q2Layouts {
			f.TakeQ2(layout)
			odd, err := oddBlocks(f)
			if err != nil {
				return err
			}
			if odd < least {
				best, least = layout, odd
			}
		}
		f.TakeQ2(best)
	}
	return nil
}

// oddBlocks is the share of the first blocks of some Q2_0 tensors that no trained
// matrix has: a scale that is negative or far from its neighbour, or many codes 3. Blocks
// that are cut at the wrong places nearly all do. To that it adds how many scales are
// not finite: those alone decide, where there are any, since such a file is refused.
func oddBlocks(f *gguf.File) (share float64, err error) {
	const tensors, most = 8, 64 << 10
	odd, all, seen, infinite := 0, 0, 0, 0
	for _, t := range f.Tensors {
		e := projectionNamed(t.Type.String())
		if t.Type != gguf.Q2 && t.Type != gguf.Q2Legacy || e == nil || seen == tensors {
			continue
		}
		seen++
		g := e.groups
		buf := make([]byte, min(most, t.Size()))
		if err := fromTensor(t).readFull(buf, 0); err != nil {
			return 0, err
		}
		before := float32(0)
		for ; len(buf) >= g.bytes; buf = buf[g.bytes:] {
			d := model.HalfAt(buf[g.scale:])
			threes := 0
			for _, b := range buf[2:g.bytes] {
				threes += bits.OnesCount8(b & (b >> 1) & 0x55)
			}
			all++
			if !finite(d) {
				infinite++
			} else if d < 0 || before > 0 && d > 0 && (d > 64*before || before > 64*d) || threes > g.cols/8 {
				odd++
			}
			before = d
		}
	}
	return float64(odd)/float64(max(all, 1)) + float64(infinite), nil
}

// groupsError says that a matrix that was taken for one with a common scale has
// several.
type groupsError struct{ error }

func differentScales(b *binding, m, d float32) error {
	return groupsError{fmt.Errorf("model: %v: blocks have the scales %g and %g, where int8 activations go with one: its weights were not ternary, or its activations are floats: %w",
		b.weight, m, d, model.ErrUnsupported)}
}

func (e groupsError) Unwrap() error { return e.error }

// groupwise says that the slot becomes a matrix with a scale per group.
func (b *binding) groupwise() bool {
	return b.enc.groups != nil && (b.Dense != nil || b.float)
}
