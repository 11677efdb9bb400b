package model

import "slices"

// NeighbourRow is the row of q or k, in the order of the model classes, that
// GGUF files of llama store as row r: the halves of each head, which rotate
// together, become neighbours (permute in convert_hf_to_gguf.py of llama.cpp).
func NeighbourRow(r, headDim int) int {
	i := r % headDim
	return r - i + i%2*(headDim/2) + i/2
}

// RotateHalves brings a model that rotates neighbours (RopeAdjacent) into the
// order of its original, where numbers j and j+HeadDim/2 of a head rotate
// together. The model computes the same as before, but that the products of a
// query and a key are summed in the other order; after it, a model is equal to
// its original bit by bit. It changes the model in place, and leaves others as
// they are: no engine may use it yet.
func (m *Model) RotateHalves() {
	if !m.RopeAdjacent {
		return
	}
	m.RopeAdjacent = false
	for i := range m.Weights.Layers {
		m.Weights.Layers[i].Q.rotateHalves(m.HeadDim)
		m.Weights.Layers[i].K.rotateHalves(m.HeadDim)
	}
}

func (l *Linear) rotateHalves(headDim int) {
	l.moveRows(func(r int) int { return NeighbourRow(r, headDim) })
}

// moveRows puts row r where to says, for every row.
func (l *Linear) moveRows(to func(r int) int) {
	if d := l.Dense; d != nil {
		stored, stride := slices.Clone(d.Data), d.Type.Bytes(d.Cols)
		for r := range d.Rows {
			copy(d.Data[to(r)*stride:][:stride], stored[r*stride:])
		}
		return
	}
	if g := l.Grouped; g != nil {
		stored := *g
		stored.Data, stored.Scales, stored.Wide = slices.Clone(g.Data), slices.Clone(g.Scales), slices.Clone(g.Wide)
		codes := make([]byte, g.PaddedCols()/4)
		for r := range g.Rows {
			stored.Codes(codes, r)
			g.PackCodes(to(r), codes)
			for i := range g.Groups() {
				g.SetScale(to(r), i, stored.Scale(r, i))
			}
		}
		return
	}
	stored := l.Matrix
	stored.Data = slices.Clone(l.Data)
	codes := make([]byte, l.PaddedCols()/4)
	for r := range l.Rows {
		stored.Codes(codes, r)
		l.PackCodes(to(r), 0, codes)
	}
}
