package model

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"

	"tern/model/internal/parallel"
	"tern/model/ternary"
)

// hashRun is how many numbers of a tensor are hashed in one piece, in whole
// rows: pieces small enough to keep every core busy. It is part of the definition.
const hashRun = 1 << 20

// Hash names what the model computes with: a SHA-256, in hexadecimal, of the
// constants of the forward pass and of every weight, whatever container and
// type they were read from. A checkpoint and a copy with the same logits (see
// WriteGGUF) have the same hash; tokenizer, context length and stop ids are not
// part of it.
//
// It is the hash of these pieces, in order: one line of text with the constants;
// then for each weight in the order of the forward pass a line with its name
// (that of GGUF), kind and shape, and the SHA-256 of each run of whole rows of
// about 2²⁰ numbers. Floats are hashed as little-endian float32, a ternary row as
// the codes of package ternary, four to a byte, its multiplier in the line. All
// cores take part.
func (m *Model) Hash(ctx context.Context) (string, error) {
	c := &m.Config
	all := sha256.New()
	fmt.Fprintf(all, "tern 1 layers %d dim %d ffn %d heads %d %d %d vocab %d eps %08x theta %016x adjacent %t activation %s subnorm %t\n",
		c.Layers, c.Dim, c.FFNDim, c.Heads, c.KVHeads, c.HeadDim, c.VocabSize,
		math.Float32bits(c.NormEps), math.Float64bits(c.RopeTheta), c.RopeAdjacent, c.Activation, c.SubNorm)
	if more := (hashMore{c.QKNorm, c.RopeScaling, c.EmbedScale, c.ResidualScale, c.LogitDivisor}); more != (hashMore{}) {
		fmt.Fprintf(all, "qknorm %t rope %v scales %08x %08x %08x\n", more.qkNorm, more.rope,
			math.Float32bits(more.embed), math.Float32bits(more.residual), math.Float32bits(more.logits))
	}

	if c.Recurrent != nil || c.AttnGate || c.RopeDim != 0 {
		fmt.Fprintf(all, "recurrent %v delta %v gate %t rotated %d\n", c.Recurrent, c.DeltaNet, c.AttnGate, c.RopeDim)
	}

	// A piece is a line, and perhaps the digest of a run after it.
	type piece struct {
		line   string
		sum    func() [sha256.Size]byte
		digest [sha256.Size]byte
	}
	var pieces []piece
	add := func(line string, rows, cols int, write func(h *rowHash, r int)) {
		run := max(1, hashRun/cols)
		for first := 0; first < rows; first += run {
			end := min(first+run, rows)
			pieces = append(pieces, piece{line: line, sum: func() (d [sha256.Size]byte) {
				h := newRowHash(cols)
				for r := first; r < end; r++ {
					write(h, r)
				}
				h.Sum(d[:0])
				return d
			}})
			line = ""
		}
	}
	floats := func(name, kind string, v []float32) {
		if v != nil {
			add(fmt.Sprintf("%s %s %d\n", name, kind, len(v)), 1, len(v), func(h *rowHash, _ int) { h.floats(v) })
		}
	}
	dense := func(name string, d *Dense) {
		add(fmt.Sprintf("%s floats %d %d\n", name, d.Rows, d.Cols), d.Rows, d.Cols, func(h *rowHash, r int) { h.dense(d, r) })
	}
	grouped := func(name string, g *ternary.Grouped) {
		add(fmt.Sprintf("%s ternary %d %d in groups\n", name, g.Rows, g.Cols), g.Rows, g.Cols, func(h *rowHash, r int) { h.grouped(g, r) })
	}
	rotation := func(r *Rotation) {
		if r == nil {
			return
		}
		floats("rotation", fmt.Sprintf("in blocks of %d, grouped %t,", r.Block, r.Grouped), append([]float32{1}, r.Signs...))
	}
	rotation(m.EmbedRotation)
	rotation(m.HeadRotation)
	for _, p := range m.Slots(&GGUFNames) {
		if p.Linear != nil {
			rotation(p.Linear.Rotation)
		}
		switch l := p.Linear; {
		case p.Norm != nil:
			floats(p.Name, "norm", *p.Norm)
		case p.Dense != nil:
			dense(p.Name, p.Dense)
		default:
			floats(p.Name, fmt.Sprintf("norm of its own, eps %08x,", math.Float32bits(l.NormEps)), l.Norm)
			if l.Dense != nil {
				dense(p.Name, l.Dense)
				continue
			}
			if l.Grouped != nil {
				grouped(p.Name, l.Grouped)
				continue
			}
			add(fmt.Sprintf("%s ternary %d %d times %08x\n", p.Name, l.Rows, l.Cols, math.Float32bits(l.Scale)),
				l.Rows, l.Cols, func(h *rowHash, r int) {
					l.Codes(h.bytes, r)
					h.Write(h.bytes[:l.PaddedCols()/4])
				})
		}
	}
	floats(RopeFactorsName, "factors", m.RopeFactors)
	floats(RopeLongName, "factors", m.RopeLong)
	floats(RopeShortName, "factors", m.RopeShort)

	if err := parallel.Each(ctx, len(pieces), func(i int) error {
		pieces[i].digest = pieces[i].sum()
		return nil
	}, func() {}); err != nil {
		return "", err
	}
	for _, p := range pieces {
		all.Write([]byte(p.line))
		all.Write(p.digest[:])
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// hashMore is what the first line had no room for; models that have none of it
// keep their hash.
type hashMore struct {
	qkNorm                  bool
	rope                    RopeScaling
	embed, residual, logits float32
}

// grouped hashes a row as its values, so that groups of 64 and of 128, and scales
// of any width, are the same where the weights are.
func (h *rowHash) grouped(g *ternary.Grouped, r int) {
	g.UnpackRow(r, h.row)
	h.floats(h.row)
}

// rowHash hashes rows through buffers of its own.
type rowHash struct {
	sink
	row   []float32
	bytes []byte
}

type sink interface {
	Write(p []byte) (int, error)
	Sum(b []byte) []byte
}

func newRowHash(cols int) *rowHash {
	return &rowHash{sha256.New(), make([]float32, cols), make([]byte, 0, 4*cols+128)}
}

func (h *rowHash) dense(d *Dense, r int) {
	if d.Grouped != nil {
		h.grouped(d.Grouped, r)
		return
	}
	if d.Type == F32 { // as it is stored
		h.Write(d.Data[r*4*d.Cols:][:4*d.Cols])
		return
	}
	d.RowTo(h.row, r)
	h.floats(h.row)
}

func (h *rowHash) floats(v []float32) {
	b := h.bytes[:0]
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	h.Write(b)
}
