package inference

import (
	"slices"
	"time"
	"unsafe"

	"tern/inference/kernel"
	"tern/model/ternary"
)

// readPiece is what a worker takes at a time of what WeightReader reads, at least.
const readPiece = 192 << 10

// WeightReader returns a function that has all workers read the packed weights
// once, without computing anything, and says how long that took: what decoding a
// token could reach at best in the same moment. The function allocates nothing;
// bytes is what it reads.
func (e *Engine) WeightReader() (read func() (time.Duration, error), bytes int64) {
	var pieces [][]byte
	add := func(data []byte) {
		for p := range slices.Chunk(data, readPiece) {
			pieces = append(pieces, p)
			bytes += int64(len(p))
		}
	}
	addGrouped := func(g *ternary.Grouped) {
		add(g.Data)
		add(bytesOf(g.Scales))
		add(bytesOf(g.Wide))
	}
	for i := range e.model.Weights.Layers {
		for _, lin := range e.model.Weights.Layers[i].Projections() {
			add(lin.Data)
			if lin.Grouped != nil {
				addGrouped(lin.Grouped)
			}
		}
	}
	if g := e.model.Head.Grouped; g != nil {
		addGrouped(g)
	}
	pass := func(w *worker) {
		work := w.pieces(len(pieces), 1)
		for i, hi, ok := work.next(); ok; i, hi, ok = work.next() {
			for ; i < hi; i++ {
				kernel.ReadBandwidth(pieces[i])
			}
		}
	}
	return func() (time.Duration, error) {
		begin := time.Now()
		err := e.pool.run(pass)
		return time.Since(begin), err
	}, bytes
}

// bytesOf is the memory of v.
func bytesOf[T uint16 | float32](v []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(zero)))
}
