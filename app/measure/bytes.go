package measure

import (
	"tern/inference"
	"tern/model"
)

// ternaryWeights is the number of multiply-adds per token of the ternary
// matrices, padding not counted.
func ternaryWeights(m *model.Model) (n int64) {
	for i := range m.Weights.Layers {
		for _, l := range m.Weights.Layers[i].Projections() {
			if l.Data != nil {
				n += int64(l.Rows) * int64(l.Cols)
			}
		}
	}
	return n
}

// bytesPerToken is what decoding one token reads from memory, on average over
// the positions that are measured; head is what it reads of the head or of its
// compact copy.
func (o *Options) bytesPerToken(m *model.Model, head int64) float64 {
	n := int(head) + m.Dim*m.Embed.Type.Size() + 4*len(m.Norm)
	for i := range m.Weights.Layers {
		layer := &m.Weights.Layers[i]
		n += 4 * (len(layer.AttnNorm) + len(layer.AttnSubNorm) + len(layer.FFNNorm) + len(layer.FFNSubNorm))
		for _, l := range layer.Projections() {
			n += len(l.Data) + 4*len(l.Norm)
			if l.Dense != nil {
				n += len(l.Dense.Data)
			}
		}
	}
	elem := 2
	if o.KV == inference.KVF32 {
		elem = 4
	}
	row := 2 * m.Config.Layers * m.KVHeads * m.HeadDim * elem // one position of the cache
	// The i-th measured token attends to depth+1+i positions and itself.
	positions := float64(o.Depth+1) + float64(o.Decode+1)/2
	return float64(n) + float64(row)*positions
}
