package measure

import (
	"tern/inference"
	"tern/model"
	"tern/model/ternary"
)

// ternaryWeights is the number of multiply-adds per token of the ternary
// matrices, padding not counted.
func ternaryWeights(m *model.Model) (n int64) {
	for i := range m.Weights.Layers {
		for _, l := range m.Weights.Layers[i].Projections() {
			if l.Dense == nil {
				n += int64(l.Rows) * int64(l.Cols)
			}
		}
	}
	return n
}

// bytesPerToken is what decoding one token after depth others reads from memory,
// on average over decode of them; head is what it reads of the head or of its
// compact copy.
func bytesPerToken(m *model.Model, kv inference.KVType, depth, decode int, head int64) float64 {
	n := head + embeddingRow(&m.Embed) + m.StateBytes()
	for _, p := range m.MemoryParts() {
		switch p.Name {
		case model.PartPacked, model.PartFloat, model.PartNorms:
			n += p.Bytes
		}
	}
	// The i-th measured token attends to depth+1+i positions and itself.
	positions := float64(depth+1) + float64(decode+1)/2
	return float64(n) + float64(inference.KVBytesPerToken(&m.Config, kv))*positions
}

// embeddingRow is the size of a row.
func embeddingRow(d *model.Dense) int64 {
	if g := d.Grouped; g != nil {
		return d.Bytes() / int64(g.Bands()*ternary.BandRows) // the last band is padded
	}
	return int64(d.Type.Bytes(d.Cols))
}

// Part is a share of the memory that was taken.
type Part struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// memoryParts says what the peak consists of.
func memoryParts(m *model.Model, cache, peak int64) (parts []Part) {
	rest := peak - cache
	for _, p := range m.MemoryParts() {
		parts, rest = append(parts, Part{p.Name, p.Bytes}), rest-p.Bytes
	}
	if n := inference.ScanBytes(m.Head); n > 0 {
		parts, rest = append(parts, Part{"codes of the head", n}), rest-n
	}
	return append(parts, Part{"key/value cache", cache}, Part{"everything else", max(rest, 0)})
}
