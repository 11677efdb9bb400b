package model

import (
	"slices"

	"tern/model/gguf"
)

// extras is what WriteGGUF notes beside the keys of the format, so that a copy
// of a checkpoint computes what the checkpoint does, bit for bit. No program
// needs them to run the files, but for the norms of linears, which others
// refuse as tensors that they do not know.
type extras struct {
	stops  []int64  // Config.StopIDs; files name two at most
	halves bool     // rows of q and k are to be brought into the order of the original
	floats []string // modules that are not quantised, as modules_to_not_convert says
	norms  bool     // every quantised linear owns a norm of its input…
	eps    float32  // …with this epsilon
}

// The keys of extras, and the name behind a module of the norm that it owns.
const (
	keyStops  = "tern.stop_ids"
	keyHalves = "tern.rotate_halves"
	keyFloats = "tern.float_modules"
	keyEps    = "tern.linear_norm_rms_epsilon"

	linearNorm = ".rms_norm.weight"
)

// extras reads the keys.
func (k *metadata) extras() (x extras) {
	if v, ok := k.pairs[keyStops]; ok {
		if x.stops, ok = v.Ints(); !ok {
			k.fail("metadata %s is no list of integers", keyStops)
		}
	}
	if v, ok := k.pairs[keyHalves]; ok {
		if x.halves, ok = v.Bool(); !ok {
			k.fail("metadata %s is neither true nor false", keyHalves)
		}
	}
	x.floats = k.strings(keyFloats)
	if _, x.norms = k.pairs[keyEps]; x.norms {
		if x.eps = float32(k.float(keyEps)); !(x.eps >= 0 && x.eps < 1) {
			k.fail("metadata %s is %g", keyEps, x.eps)
		}
	}
	return x
}

// pairs writes the keys; what is usual needs none.
func (x *extras) pairs() []gguf.Pair {
	stops := make([]int32, len(x.stops))
	for i, id := range x.stops {
		stops[i] = int32(id)
	}
	list := []gguf.Pair{{Key: keyStops, Value: stops}}
	if x.halves {
		list = append(list, gguf.Pair{Key: keyHalves, Value: true})
	}
	if x.floats != nil {
		list = append(list, gguf.Pair{Key: keyFloats, Value: x.floats})
	}
	if x.norms {
		list = append(list, gguf.Pair{Key: keyEps, Value: x.eps})
	}
	return list
}

// isFloat says whether a module stays float.
func (x *extras) isFloat(module string) bool { return slices.Contains(x.floats, module) }
