package checkpoint

import (
	"fmt"
	"maps"
	"slices"
	"tern/model"
)

// binding is a slot with the tensors that it is read from, and how.
type binding struct {
	model.Slot
	enc    *Encoding
	weight *tensor
	scale  *tensor // weight_scale, or the factor of GGUF, or nil
	norm   *tensor // of the linear's input, or nil
	float  bool    // activations are float: scales stay per group
	latent bool    // OneMagnitude may turn out to be training weights
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

// bind finds the tensors of every slot and checks their types and shapes, so
// that everything allocated later is bounded by the bytes of the files. It
// returns the names of the tensors that are skipped. file is what the checkpoint
// was opened by.
func bind(file string, slots []model.Slot, q *quantization, tensors map[string]*tensor) (list []binding, ignored []string, err error) {
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
	for _, p := range slots {
		b := binding{Slot: p, weight: find(p.Name)}
		if b.weight == nil {
			continue
		}
		if t := b.weight; p.Dims != nil && len(t.shape) == 3 && t.shape[1] == 1 { // a convolution of each channel
			squeezed := *t
			squeezed.shape = []int{t.shape[0], t.shape[2]}
			b.weight = &squeezed
		}
		if p.Linear != nil && !q.excluded(p.Module()) {
			if name := p.Module() + ".weight_scale"; b.weight.kind == "U8" || tensors[name] != nil || q.float == floatOffline {
				if b.scale = find(name); b.scale == nil {
					continue
				}
			}
			if q.rmsNorm {
				if b.norm = find(p.Module() + ".rms_norm.weight"); b.norm == nil {
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
			return nil, nil, fmt.Errorf("model: %v belongs to a kind of model that Tern does not run: %w", tensors[name], model.ErrUnsupported)
		}
		ignored = append(ignored, name)
	}
	switch n := len(missing); n {
	case 0:
		return list, ignored, nil
	case 1:
		return nil, nil, fmt.Errorf("model: %s: tensor %q is missing: %w", file, missing[0], model.ErrDamaged)
	default:
		return nil, nil, fmt.Errorf("model: %s: %d tensors are missing, the first is %q: %w", file, n, missing[0], model.ErrDamaged)
	}
}

// check finds the encoding of b and compares the stored shapes with the
// configuration's.
func (b *binding) check(q *quantization) error {
	float := isFloat(b.weight.kind)
	switch packed := b.weight.kind == Packed.Name; {
	case !float && !(packed && b.scale != nil):
		return fmt.Errorf("model: %v: type %s is not supported here: %w", b.weight, b.weight.kind, model.ErrUnsupported)
	case b.Slot.Norm != nil:
		b.enc = &floatVector
	case b.Linear == nil && q.float == floatPlain:
		b.enc = &floatGroups
	case b.Linear == nil || q.excluded(b.Module()):
		b.enc = &denseMatrix
	case packed:
		b.enc = &Packed
	case b.scale != nil && q.float == floatLatent:
		return fmt.Errorf("model: %v: config.json says that weights are quantised online, yet it has a weight_scale: %w", b.weight, model.ErrDamaged)
	case b.scale != nil:
		b.enc = &signed
	case q.float == floatLatent:
		b.enc = &latent
	case q.int8:
		b.enc = &OneMagnitude
	default:
		b.enc = &floatGroups
	}
	return b.checkShapes()
}

// checkShapes compares the stored shapes with what the configuration implies.
func (b *binding) checkShapes() error {
	want := b.Shape()
	if b.enc.stored != nil {
		want = b.enc.stored(b)
	}
	if err := checkShape(b.weight, want); err != nil {
		return err
	}
	if b.norm != nil {
		return checkShape(b.norm, []int{b.Cols})
	}
	return nil
}

// checkShape refuses a tensor of another shape than the configuration implies.
func checkShape(t *tensor, want []int) error {
	if !slices.Equal(t.shape, want) {
		return fmt.Errorf("model: %v has shape %v, the configuration implies %v: %w", t, t.shape, want, model.ErrDamaged)
	}
	return nil
}

// isFloat reports whether numbers of this type stand alone.
func isFloat(kind string) bool {
	t, ok := model.DTypeNamed(kind)
	return ok && !t.Blocked()
}

// floatType is the type of a weight whose numbers stand alone.
func (b *binding) floatType() model.DType {
	t, _ := model.DTypeNamed(b.weight.kind)
	return t
}
