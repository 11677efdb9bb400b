package inference

import (
	"slices"
	"time"

	"tern/inference/kernel"
)

// readPiece is what a worker takes at a time of what WeightReader reads, at least.
const readPiece = 192 << 10

// WeightReader returns a function that has all workers read the packed weights
// once, without computing anything, and says how long that took: what decoding a
// token could reach at best in the same moment. The function allocates nothing;
// bytes is what it reads.
func (e *Engine) WeightReader() (read func() (time.Duration, error), bytes int64) {
	var pieces [][]byte
	for i := range e.model.Weights.Layers {
		for _, lin := range linears(&e.model.Weights.Layers[i]) {
			for p := range slices.Chunk(lin.Data, readPiece) {
				pieces = append(pieces, p)
				bytes += int64(len(p))
			}
		}
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
