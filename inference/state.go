package inference

import (
	"slices"

	"tern/model"
	"tern/model/ternary"
)

// recurrentState is what the layers of linear attention remember of a sequence.
// Unlike a KV cache it cannot be shortened, so copies of it are kept (snapshots)
// to go back to.
type recurrentState struct {
	shape  model.DeltaNet
	layers []int // of a layer: its number among the recurrent ones, -1 for others
	size   int   // values of one layer
	data   []float32
	saved  []snapshot // by position
	limit  int        // how many are kept
}

// snapshot is a copy of the state after the first pos tokens.
type snapshot struct {
	pos  int
	data []float32
}

// layerState is the state of one layer: [ValueHeads][HeadDim keys][HeadDim values],
// then [Kernel-1][Channels] inputs of the convolution, oldest first.
type layerState struct {
	shape *model.DeltaNet
	data  []float32
}

// DefaultSnapshots bounds the memory of all snapshots of a session that asks for
// nothing else, in bytes. A session keeps two at least, and maxSnapshots at most.
const DefaultSnapshots = 256 << 20

const (
	maxSnapshots = 16
	// snapshotEvery is how far apart snapshots of a long prompt are, in tokens.
	snapshotEvery = 1024
	// answerTail is how far before the end of a longer prompt one is at least. What begins an
	// answer, such as the opening of its thoughts, is left out once that is history.
	answerTail = 16
)

// newRecurrentState returns nil for models that have no such layers. budget is that of
// SnapshotBytes.
func newRecurrentState(c *model.Config, budget int64) *recurrentState {
	if c.Recurrent == nil {
		return nil
	}
	r := &recurrentState{shape: c.DeltaNet, size: c.DeltaNet.StateSize()}
	n := 0
	for l := range c.Layers {
		r.layers = append(r.layers, -1)
		if c.IsRecurrent(l) {
			r.layers[l] = n
			n++
		}
	}
	r.data = ternary.Alloc[float32](n * r.size)
	r.limit = snapshotsOf(c, budget)
	return r
}

// snapshotsOf is how many snapshots a session of a model keeps, 0 for models that
// need none.
func snapshotsOf(c *model.Config, budget int64) int {
	if c.Recurrent == nil {
		return 0
	}
	if budget <= 0 {
		budget = DefaultSnapshots
	}
	return int(min(max(2, budget/max(1, c.StateBytes())), maxSnapshots))
}

// SnapshotBytes is the memory of all the snapshots that a session of a model may
// keep with a budget, 0 for DefaultSnapshots; 0 for models that need none.
func SnapshotBytes(c *model.Config, budget int64) int64 {
	return int64(snapshotsOf(c, budget)) * c.StateBytes()
}

// of is the state of a layer.
func (r *recurrentState) of(layer int) layerState {
	return layerState{&r.shape, r.data[r.layers[layer]*r.size:][:r.size]}
}

// head is the matrix of value head v.
func (s layerState) head(v, n int) []float32 { return s.data[v*n*n:][:n*n] }

// conv is input i of the convolution, oldest first.
func (s layerState) conv(i, channels int) []float32 {
	n := s.shape.HeadDim
	return s.data[s.shape.ValueHeads*n*n+i*channels:][:channels]
}

// save keeps a copy of the state after pos tokens. Where there are too many, the
// one goes whose neighbours are closest, so that the rest are spread over the
// sequence; the newest stays.
func (r *recurrentState) save(pos int) {
	if r == nil || pos == 0 {
		return
	}
	i, have := slices.BinarySearchFunc(r.saved, pos, func(s snapshot, pos int) int { return s.pos - pos })
	if have {
		return // the same tokens came before it, so it is the same state
	}
	var data []float32
	if len(r.saved) >= r.limit {
		data = r.thin(&i)
	} else {
		data = ternary.Alloc[float32](len(r.data)) // huge pages: few faults
	}
	copy(data, r.data)
	r.saved = slices.Insert(r.saved, i, snapshot{pos, data})
}

// drop thins the snapshots to the limit.
func (r *recurrentState) drop() {
	for len(r.saved) > r.limit {
		i := 0
		r.thin(&i)
	}
	r.saved = slices.Clip(r.saved)
}

// thin drops a snapshot and returns its memory; i is where the next one goes.
func (r *recurrentState) thin(i *int) []float32 {
	drop, least := 0, int(^uint(0)>>1)
	for j := range max(1, len(r.saved)-1) { // not the newest
		before, after := 0, r.saved[j].pos
		if j > 0 {
			before = r.saved[j-1].pos
		}
		if j+1 < len(r.saved) {
			after = r.saved[j+1].pos
		}
		if gap := after - before; gap < least {
			drop, least = j, gap
		}
	}
	data := r.saved[drop].data
	r.saved = slices.Delete(r.saved, drop, drop+1)
	if drop < *i {
		*i--
	}
	return data
}

// rewind goes back to the latest state that is known of the first n tokens or
// fewer, and returns of how many. What was saved after n is forgotten.
func (r *recurrentState) rewind(n int) int {
	i, have := slices.BinarySearchFunc(r.saved, n, func(s snapshot, n int) int { return s.pos - n })
	if have {
		i++
	}
	r.saved = r.saved[:i]
	if i == 0 {
		clear(r.data)
		return 0
	}
	last := &r.saved[i-1]
	copy(r.data, last.data)
	return last.pos
}

// forget is for a pass that was given up: the state is that of no sequence any
// more, so the latest snapshot takes its place.
func (r *recurrentState) forget() int {
	if len(r.saved) == 0 {
		clear(r.data)
		return 0
	}
	last := &r.saved[len(r.saved)-1]
	copy(r.data, last.data)
	return last.pos
}

// bytes is the memory of the state and of what is saved of it.
func (r *recurrentState) bytes() int64 {
	if r == nil {
		return 0
	}
	return 4 * int64(len(r.data)) * int64(1+len(r.saved))
}
