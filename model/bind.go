package model

import (
	"fmt"
	"maps"
	"slices"
)

// form is how a part is stored and what it becomes.
type form uint8

const (
	formNorm    form = iota + 1 // floats → []float32
	formDense                   // floats → Dense, as stored
	formLatent                  // floats → ternary by their mean magnitude
	formSigns                   // floats -1, 0, 1 and a weight_scale → ternary
	formPacked                  // U8, four rows a byte, and a weight_scale → ternary
	formTernary                 // floats -m, 0, m of GGUF → ternary
	formI2S                     // I2_S → ternary
	formTQ1                     // TQ1_0 → ternary
	formTQ2                     // TQ2_0 → ternary
)

// binding is a part with the tensors that it is read from.
type binding struct {
	part
	form   form
	weight *tensor
	scale  *tensor // weight_scale, or the factor of GGUF, or nil
	norm   *tensor // of the linear's input, or nil
	latent bool    // formTernary may turn out to be formLatent
}

// tensors lists what the binding reads.
func (b *binding) tensors() []*tensor {
	list := []*tensor{b.weight}
	for _, t := range []*tensor{b.scale, b.norm} {
		if t != nil {
			list = append(list, t)
		}
	}
	return list
}

// bind finds the tensors of every part and checks their types and shapes, so
// that everything allocated later is bounded by the bytes of the files. It
// returns the names of the tensors that are skipped. file is what the checkpoint
// was opened by.
func bind(file string, parts []part, q *quantization, tensors map[string]*tensor) (list []binding, ignored []string, err error) {
	var missing []string
	used := map[string]bool{}
	find := func(name string) *tensor {
		t := tensors[name]
		if t == nil {
			missing = append(missing, name)
		}
		used[name] = true
		return t
	}
	for _, p := range parts {
		b := binding{part: p, weight: find(p.name)}
		if b.weight == nil {
			continue
		}
		if p.linear != nil && !q.excluded(p.module()) {
			if name := p.module() + ".weight_scale"; b.weight.kind == "U8" || tensors[name] != nil || q.float == floatOffline {
				if b.scale = find(name); b.scale == nil {
					continue
				}
			}
			if q.rmsNorm {
				if b.norm = find(p.module() + ".rms_norm.weight"); b.norm == nil {
					continue
				}
			}
		}
		if err := b.check(q); err != nil {
			return nil, nil, err
		}
		list = append(list, b)
	}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		if used[name] {
			continue
		}
		if needed(name) {
			return nil, nil, fmt.Errorf("model: %v belongs to a kind of model that Tern does not run: %w", tensors[name], ErrUnsupported)
		}
		ignored = append(ignored, name)
	}
	switch n := len(missing); n {
	case 0:
		return list, ignored, nil
	case 1:
		return nil, nil, fmt.Errorf("model: %s: tensor %q is missing: %w", file, missing[0], ErrDamaged)
	default:
		return nil, nil, fmt.Errorf("model: %s: %d tensors are missing, the first is %q: %w", file, n, missing[0], ErrDamaged)
	}
}

// check finds the form of b and compares the stored shapes with the config's.
func (b *binding) check(q *quantization) error {
	_, float := floatTypes[b.weight.kind]
	want := b.shape()
	switch packed := b.weight.kind == "U8"; {
	case !float && !(packed && b.scale != nil):
		return fmt.Errorf("model: %v: type %s is not supported here: %w", b.weight, b.weight.kind, ErrUnsupported)
	case b.linear == nil && b.part.norm != nil:
		b.form = formNorm
	case b.linear == nil || q.excluded(b.module()):
		b.form = formDense
	case packed:
		b.form = formPacked
		want[0] = packedRows(b.rows)
	case b.scale != nil && q.float == floatLatent:
		return fmt.Errorf("model: %v: config.json says that weights are quantised online, yet it has a weight_scale: %w", b.weight, ErrDamaged)
	case b.scale != nil:
		b.form = formSigns
	case q.float == floatLatent:
		b.form = formLatent
	default:
		return fmt.Errorf("model: %v is %s and config.json has no quantization_config: an ordinary float model, not a ternary one: %w",
			b.weight, b.weight.kind, ErrUnsupported)
	}
	if err := checkShape(b.weight, want); err != nil {
		return err
	}
	if b.norm != nil {
		return checkShape(b.norm, []int{b.cols})
	}
	return nil
}

// checkShape refuses a tensor of another shape than the configuration implies.
func checkShape(t *tensor, want []int) error {
	if !slices.Equal(t.shape, want) {
		return fmt.Errorf("model: %v has shape %v, the configuration implies %v: %w", t, t.shape, want, ErrDamaged)
	}
	return nil
}
