package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Part is a share of a model's memory.
type Part struct {
	Name  string
	Bytes int64
}

// The parts. Every token reads the layers and the norms whole. PartHead is missing where
// the head is the embedding.
const (
	PartPacked = "packed layers"
	PartFloat  = "float layers"
	PartEmbed  = "embedding"
	PartHead   = "head"
	PartNorms  = "norms"
)

// MemoryParts lists what the weights take, part by part.
func (m *Model) MemoryParts() []Part {
	var packed, dense, norms int64
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		for _, n := range l.Norms() {
			norms += 4 * int64(len(n))
		}
		for _, p := range l.Projections() {
			if p.Dense == nil {
				packed += p.Bytes()
			}
			norms += 4 * int64(len(p.Norm))
			if p.Dense != nil {
				dense += p.Dense.Bytes()
			}
		}
	}
	parts := []Part{{PartPacked, packed}}
	if dense > 0 {
		parts = append(parts, Part{PartFloat, dense})
	}
	parts = append(parts, Part{PartEmbed, m.Embed.Bytes()})
	if m.Head != &m.Embed {
		parts = append(parts, Part{PartHead, m.Head.Bytes()})
	}
	return append(parts, Part{PartNorms, norms + 4*int64(len(m.Norm))})
}

// Params is the number of parameters. A head that is the embedding counts once.
func (m *Model) Params() int64 {
	n := m.Embed.elems() + int64(len(m.Norm))
	if m.Head != &m.Embed {
		n += m.Head.elems()
	}
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		for _, norm := range l.Norms() {
			n += int64(len(norm))
		}
		for _, p := range l.Projections() {
			n += int64(len(p.Norm))
			if p.Dense != nil {
				n += p.Dense.elems()
			} else {
				n += int64(p.Rows) * int64(p.Cols)
			}
		}
	}
	return n
}

// Summary says what was loaded: "266 tensors, 728M parameters, 367 MB in memory".
func (m *Model) Summary() string {
	var bytes int64
	for _, p := range m.MemoryParts() {
		bytes += p.Bytes
	}
	return fmt.Sprintf("%d tensors, %s parameters, %s in memory", len(m.Tensors), short(m.Params(), "", "K", "M", "B"), short(bytes, " bytes", " KB", " MB", " GB"))
}

// short writes n with three digits and the unit of its thousands. It cuts
// rather than rounds: 728.8 million are "728M", as that model's card says.
func short(n int64, units ...string) string {
	div, i := int64(1), 0
	for n/div >= 1000 && i < len(units)-1 {
		div *= 1000
		i++
	}
	switch whole := n / div; {
	case i == 0 || whole >= 100:
		return fmt.Sprintf("%d%s", whole, units[i])
	case whole >= 10:
		return fmt.Sprintf("%d.%d%s", whole, n*10/div%10, units[i])
	default:
		return fmt.Sprintf("%d.%02d%s", whole, n*100/div%100, units[i])
	}
}

// Norms lists the layer's norms and other vectors, nil for those it has not.
func (l *Layer) Norms() [][]float32 {
	if d := l.Delta; d != nil {
		return [][]float32{l.AttnNorm, d.Conv, d.DtBias, d.A, d.Norm, l.FFNNorm}
	}
	return [][]float32{l.AttnNorm, l.QNorm, l.KNorm, l.AttnSubNorm, l.FFNNorm, l.FFNSubNorm}
}

func (d *Dense) elems() int64 { return int64(d.Rows) * int64(d.Cols) }

// Digest is the SHA-256, in hexadecimal, of the row-major matrix of int8
// weights -1, 0, 1 (and 2, the code 3 of groups); empty for a dense linear.
func (l *Linear) Digest() string {
	if l.Dense != nil {
		return ""
	}
	h := sha256.New()
	row := make([]int8, l.Cols)
	raw := make([]byte, l.Cols)
	if l.Grouped != nil {
		codes := make([]byte, l.Grouped.PaddedCols()/4)
		for r := range l.Rows {
			l.Grouped.Codes(codes, r)
			for i := range raw {
				raw[i] = codes[i/4]>>(2*(i%4))&3 - 1
			}
			h.Write(raw)
		}
		return hex.EncodeToString(h.Sum(nil))
	}
	for r := range l.Rows {
		l.UnpackRow(r, row)
		for i, v := range row {
			raw[i] = byte(v)
		}
		h.Write(raw)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// groupedBytes is the memory of a linear with scales in groups, else 0.
func (l *Linear) groupedBytes() int64 {
	if l.Grouped == nil {
		return 0
	}
	return groupedBytes(l.Grouped)
}
