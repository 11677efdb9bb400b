package checkpoint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"tern/model"
)

// bindGGUF is bind for the tensors of a GGUF file. Float projections may be
// training weights where latent is set; skip names tensors that are not read.
func bindGGUF(file string, slots []model.Slot, tensors map[string]*tensor, latent bool, input model.Input, skip map[string]bool, x *Extras) (list []binding, ignored []string, err error) {
	used := map[string]bool{}
	for _, p := range slots {
		b := binding{Slot: p, weight: tensors[p.Name], latent: latent, float: input == model.InputFloat}
		if b.weight == nil {
			return nil, nil, fmt.Errorf("model: %s: tensor %q is missing: %w", file, p.Name, model.ErrDamaged)
		}
		used[p.Name] = true
		float := p.Linear != nil && x.isFloat(p.Module())
		if p.Linear != nil && !float && !b.float {
			name := p.Module() + ".scale"
			b.scale = tensors[name]
			used[name] = true
			if x.Norms {
				name = p.Module() + LinearNorm
				if b.norm = tensors[name]; b.norm == nil {
					return nil, nil, fmt.Errorf("model: %s: tensor %q is missing: %w", file, name, model.ErrDamaged)
				}
				used[name] = true
			}
		}
		if err := b.checkGGUF(float); err != nil {
			return nil, nil, err
		}
		if b.enc.own() {
			if err := b.checkOwn(x.Layout); err != nil {
				return nil, nil, err
			}
		}
		list = append(list, b)
	}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		switch {
		case used[name]:
		case skip[name]:
			ignored = append(ignored, name)
		default: // converters write no tensor that has no part in the computation
			return nil, nil, fmt.Errorf("model: %v belongs to a kind of model that Tern does not run: %w", tensors[name], model.ErrUnsupported)
		}
	}
	return list, ignored, nil
}

// checkGGUF finds the encoding of b and compares shapes; keepFloat says that a
// linear is not ternary.
func (b *binding) checkGGUF(keepFloat bool) error {
	kind := b.weight.kind
	float := isFloat(kind)
	_, anyDense := model.DTypeNamed(kind)
	switch {
	case b.Slot.Norm != nil && float:
		b.enc = &floatVector
	case float && b.float && !keepFloat:
		b.enc = &floatGroups
	case keepFloat && float, b.Dense != nil && anyDense:
		b.enc = &denseMatrix
	case b.Dense != nil && projectionNamed(kind) != nil && projectionNamed(kind).grouped():
		b.enc = projectionNamed(kind)
	case b.Linear == nil, keepFloat:
		return fmt.Errorf("model: %v is %s, which Tern does not read here; %s work: %w", b.weight, kind, series("and", b.readable()), model.ErrUnsupported)
	case float:
		b.enc = &OneMagnitude
	default:
		if b.enc = projectionNamed(kind); b.enc == nil {
			return fmt.Errorf("model: %v is %s, %s: %w", b.weight, kind, advice(kind), model.ErrUnsupported)
		}
	}
	return b.checkShapes()
}

// advice says what is wrong with the type of a projection, and what to do.
func advice(kind string) string {
	instead := "use the " + series("or", kindsOf(func(e *Encoding) bool { return e.Ternary && !e.own() })) + " file of the model, or the original safetensors"
	switch {
	case strings.HasPrefix(kind, "TL"):
		return "whose layout depends on a kernel configuration outside the file; " + instead
	case strings.HasSuffix(kind, "_BN"), strings.Contains(kind, "_BN_"):
		return "a layout of ik_llama.cpp that is not documented; " + instead
	}
	return "no ternary type: this is an ordinary model, or its ternary weights were quantised again; " + instead
}

// readable are the types that b may have where it is not a ternary projection.
func (b *binding) readable() []string {
	kinds := model.DTypeNames()
	if b.Dense == nil {
		return slices.DeleteFunc(kinds, func(kind string) bool { return !isFloat(kind) })
	}
	return append(kinds, kindsOf(func(e *Encoding) bool { return e.groups != nil })...)
}

// kindsOf are the types of the projections that wanted takes, without what tells
// two layouts of one name apart.
func kindsOf(wanted func(*Encoding) bool) (kinds []string) {
	for _, e := range projections {
		kind, _, _ := strings.Cut(e.kind, " ")
		if wanted(e) && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// series writes names as "A, B and C", with word in the place of "and".
func series(word string, names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + word + " " + names[last]
}
