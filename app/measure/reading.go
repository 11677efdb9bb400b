package measure

import (
	"slices"
	"time"
	"unsafe"

	"tern/inference"
	"tern/inference/kernel"
	"tern/model/ternary"
)

// readPiece is how many bytes a worker of WeightReader takes at a time.
const readPiece = 192 << 10

// WeightReader returns a function that has all workers of e read the packed weights
// once without computing anything, and returns the time: the least that decoding
// one token could take at that moment. The function allocates nothing and reads
// bytes bytes.
func WeightReader(e *inference.Engine) (read func() (time.Duration, error), bytes int64) {
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
	layers := e.Model().Weights.Layers
	for i := range layers {
		for _, lin := range layers[i].Projections() {
			add(lin.Data)
			if lin.Grouped != nil {
				addGrouped(lin.Grouped)
			}
		}
	}
	if g := e.Model().Head.Grouped; g != nil {
		addGrouped(g)
	}
	one := func(i int) { kernel.ReadBandwidth(pieces[i]) }
	run := e.OnWorkers(func(w inference.Worker) { w.Share(len(pieces), one) })
	return func() (time.Duration, error) {
		begin := time.Now()
		err := run()
		return time.Since(begin), err
	}, bytes
}

// bytesOf is the memory of v.
func bytesOf[T uint16 | float32](v []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(zero)))
}
