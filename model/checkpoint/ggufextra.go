package checkpoint

import (
	"slices"

	"tern/model/gguf"
)

// Extras is what WriteGGUF notes beside the keys of the format, so that a copy
// of a checkpoint computes what the checkpoint does, bit for bit. No program
// needs them to run the files, but for the norms of linears, which others
// refuse as tensors that they do not know.
type Extras struct {
	Stops  []int64  // Config.StopIDs; files name two at most
	Halves bool     // rows of q and k are to be brought into the order of the original
	Floats []string // modules that are not quantised, as modules_to_not_convert says
	Norms  bool     // every quantised linear owns a norm of its input…
	Eps    float32  // …with this epsilon
	Layout int64    // OwnLayout of matrices as they are in memory, 0 where there are none
	Input  string   // what ternary projections multiply with, where no architecture says it
}

// The keys of Extras.
const (
	keyStops  = "tern.stop_ids"
	keyHalves = "tern.rotate_halves"
	keyFloats = "tern.float_modules"
	keyEps    = "tern.linear_norm_rms_epsilon"
	keyInput  = "tern.input"
	keyLayout = "tern.memory_layout"

	// LinearNorm follows a module in the name of the norm that it owns.
	LinearNorm = ".rms_norm.weight"
)

// extras reads the keys.
func (k *metadata) extras() (x Extras) {
	if v, ok := k.pairs[keyStops]; ok {
		if x.Stops, ok = v.Ints(); !ok {
			k.fail("metadata %s is not a list of integers", keyStops)
		}
	}
	if v, ok := k.pairs[keyHalves]; ok {
		if x.Halves, ok = v.Bool(); !ok {
			k.fail("metadata %s is neither true nor false", keyHalves)
		}
	}
	x.Floats = k.strings(keyFloats)
	if _, x.Norms = k.pairs[keyEps]; x.Norms {
		if x.Eps = float32(k.float(keyEps)); !(x.Eps >= 0 && x.Eps < 1) {
			k.fail("metadata %s is %g", keyEps, x.Eps)
		}
	}
	if _, ok := k.pairs[keyLayout]; ok {
		x.Layout = int64(k.int(keyLayout))
	}
	x.Input = k.text(keyInput)
	return x
}

// Pairs lists the keys to write; defaults are omitted.
func (x *Extras) Pairs() []gguf.Pair {
	stops := make([]int32, len(x.Stops))
	for i, id := range x.Stops {
		stops[i] = int32(id)
	}
	list := []gguf.Pair{{Key: keyStops, Value: stops}}
	if x.Halves {
		list = append(list, gguf.Pair{Key: keyHalves, Value: true})
	}
	if x.Floats != nil {
		list = append(list, gguf.Pair{Key: keyFloats, Value: x.Floats})
	}
	if x.Norms {
		list = append(list, gguf.Pair{Key: keyEps, Value: x.Eps})
	}
	if x.Layout != 0 {
		list = append(list, gguf.Pair{Key: keyLayout, Value: uint32(x.Layout)})
	}
	if x.Input != "" {
		list = append(list, gguf.Pair{Key: keyInput, Value: x.Input})
	}
	return list
}

// isFloat reports whether a module stays float.
func (x *Extras) isFloat(module string) bool { return slices.Contains(x.Floats, module) }
