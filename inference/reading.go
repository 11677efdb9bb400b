package inference

import (
	"slices"
	"time"

	"tern/inference/kernel"
)

// readPiece is what a worker takes at a time in ReadWeights, at least.
const readPiece = 192 << 10

// ReadWeights has all workers read the packed weights once, without computing
// anything, and returns how many bytes those are and how long it took: what
// decoding a token could reach at best in the same moment.
func (e *Engine) ReadWeights() (bytes int64, took time.Duration, err error) {
	var pieces [][]byte
	for i := range e.model.Weights.Layers {
		for _, lin := range linears(&e.model.Weights.Layers[i]) {
			for p := range slices.Chunk(lin.Data, readPiece) {
				pieces = append(pieces, p)
				bytes += int64(len(p))
			}
		}
	}
	begin := time.Now()
	err = e.pool.run(func(w *worker) {
		work := w.pieces(len(pieces), 1)
		for i, hi, ok := work.next(); ok; i, hi, ok = work.next() {
			for ; i < hi; i++ {
				kernel.ReadBandwidth(pieces[i])
			}
		}
	})
	return bytes, time.Since(begin), err
}
