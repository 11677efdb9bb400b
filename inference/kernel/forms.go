package kernel

import "tern/model/ternary"

// formBytes of codes are expanded at a time: they stay in L2 while all tokens are
// multiplied.
const formBytes = 256 << 10

// matMulForm is MatMulGrouped for matrices that have not two bits a weight. One row of
// activations is multiplied as the codes are, where there is assembly for that; else the
// codes of some bands at a time are brought into the form of two bits.
func matMulForm(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	if x.tokens == 1 && x.planes == Fixed16 && formVec(y, m, b0, b1, x, scratch) {
		return
	}
	bandBytes := bandRows * m.PaddedCols() / 4
	most := max(1, formBytes/bandBytes)
	scratch.form = grow(scratch.form, min(most, b1-b0)*bandBytes)
	part := &scratch.part
	for b := b0; b < b1; b += most {
		n := min(most, b1-b)
		*part = ternary.Grouped{Rows: min(n*bandRows, m.Rows-b*bandRows), Cols: m.Cols, GroupCols: m.GroupCols, Data: scratch.form[:n*bandBytes]}
		m.Expand(part.Data, b, b+n)
		if from, to := b*m.Groups()*bandRows, (b+n)*m.Groups()*bandRows; m.Wide != nil {
			part.Wide = m.Wide[from:to]
		} else {
			part.Scales = m.Scales[from:to]
		}
		matMulGrouped(y[b*bandRows:], stride, part, 0, n, x, scratch)
	}
	*part = ternary.Grouped{}
}
