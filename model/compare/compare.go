// Package compare says in what two loaded models differ, whatever containers and
// types they were read from.
package compare

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"tern/model"
	"tern/model/checkpoint"
)

// ConfigDifference is a property in which two models differ.
type ConfigDifference struct {
	Name string `json:"name"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// TensorDifference is a weight in which two models differ, and how.
type TensorDifference struct {
	Name  string `json:"name"`  // as the model classes of Hugging Face call it
	Layer int    `json:"layer"` // -1 outside the layers
	// Kind is "ternary" where weights -1, 0, 1 differ, "multiplier", "values"
	// of floats, or "form" where one of two linears is not quantised or has a
	// norm of its own.
	Kind  string `json:"kind"`
	Count int64  `json:"count"` // how many weights or values differ…
	Of    int64  `json:"of"`    // …of how many
	// Largest is the largest difference over the largest magnitude of A; of a
	// multiplier, the difference over A's.
	Largest float64 `json:"largest"`
	A       string  `json:"a"` // the SHA-256 of ternary weights as int8, the multiplier, or the form
	B       string  `json:"b"`
}

// Configs lists what two configurations differ in, in words. same says
// whether their weights have the same shapes, so that these can be compared.
func Configs(a, b *model.Config) (list []ConfigDifference, same bool) {
	same = true
	for _, f := range []struct {
		name  string
		a, b  any
		shape bool // the shapes of weights depend on it
	}{
		{"layers", a.Layers, b.Layers, true},
		{"hidden size", a.Dim, b.Dim, true},
		{"intermediate size", a.FFNDim, b.FFNDim, true},
		{"heads", a.Heads, b.Heads, true},
		{"key/value heads", a.KVHeads, b.KVHeads, true},
		{"head size", a.HeadDim, b.HeadDim, true},
		{"vocabulary size", a.VocabSize, b.VocabSize, true},
		{"sub-norms", a.SubNorm, b.SubNorm, true},
		{"layers of linear attention", a.Recurrent, b.Recurrent, true},
		{"heads of linear attention", a.DeltaNet, b.DeltaNet, true},
		{"gate of attention", a.AttnGate, b.AttnGate, true},
		{"rotated numbers of a head", a.RotatedDim(), b.RotatedDim(), false},
		{"context length", a.ContextLen, b.ContextLen, false},
		{"norm epsilon", a.NormEps, b.NormEps, false},
		{"rope theta", strconv.FormatFloat(a.RopeTheta, 'f', -1, 64), strconv.FormatFloat(b.RopeTheta, 'f', -1, 64), false},
		{"rope scaling", a.RopeScaling.Describe(), b.RopeScaling.Describe(), false},
		{"norms of q and k", a.QKNorm, b.QKNorm, true},
		{"scale of the embedding", cmp.Or(a.EmbedScale, 1), cmp.Or(b.EmbedScale, 1), false},
		{"scale of each block", cmp.Or(a.ResidualScale, 1), cmp.Or(b.ResidualScale, 1), false},
		{"divisor of the logits", cmp.Or(a.LogitDivisor, 1), cmp.Or(b.LogitDivisor, 1), false},
		{"activation", a.Activation, b.Activation, false},
		{"inputs of ternary matrices", a.Input, b.Input, false},
		{"start id", a.BOS, b.BOS, false},
		{"stop ids", slices.Sorted(slices.Values(a.StopIDs)), slices.Sorted(slices.Values(b.StopIDs)), false},
	} {
		if x, y := fmt.Sprint(f.a), fmt.Sprint(f.b); x != y {
			list = append(list, ConfigDifference{f.name, x, y})
			same = same && !f.shape
		}
	}
	return list, same
}

// Tensors compares the weights of two models of the same shapes, whatever
// they were stored as, and lists those that differ in the order of the forward
// pass; compared is how many there are. Models that rotate neighbours must be
// brought into the order of their originals first (RotateHalves).
func Tensors(ctx context.Context, a, b *model.Model) (list []TensorDifference, compared int, err error) {
	if _, same := Configs(&a.Config, &b.Config); !same || a.RopeAdjacent != b.RopeAdjacent {
		return nil, 0, fmt.Errorf("model: the weights of %s and %s have different shapes or orders", a.Name, b.Name)
	}
	n := &checkpoint.Find(a.Arch).Names
	pa, pb := a.Slots(n), b.Slots(n)
	if len(pa) != len(pb) { // one head is the embedding
		head := model.Slot{Name: n.Head + ".weight", Layer: -1}
		head.Dense = a.Head
		pa = append(pa[:min(len(pa), len(pb))], head)
		head.Dense = b.Head
		pb = append(pb[:len(pa)-1], head)
	}
	for _, f := range []struct {
		name string
		a, b *[]float32
	}{
		{model.RopeFactorsName, &a.RopeFactors, &b.RopeFactors},
		{model.RopeLongName, &a.RopeLong, &b.RopeLong}, {model.RopeShortName, &a.RopeShort, &b.RopeShort},
	} {
		if *f.a != nil || *f.b != nil {
			pa = append(pa, model.Slot{Name: f.name, Layer: -1, Norm: f.a})
			pb = append(pb, model.Slot{Name: f.name, Layer: -1, Norm: f.b})
		}
	}
	c := comparison{ctx: ctx}
	for _, r := range []struct {
		name string
		a, b *model.Rotation
	}{{n.Embed, a.EmbedRotation, b.EmbedRotation}, {n.Head, a.HeadRotation, b.HeadRotation}} {
		if x, y := basis(r.a), basis(r.b); x != y {
			c.list = append(c.list, TensorDifference{Name: r.name + ".weight", Layer: -1, Kind: "form", A: "plain" + x, B: "plain" + y})
		}
	}
	for i := range pa {
		p, q := &pa[i], &pb[i]
		c.at = TensorDifference{Name: p.Name, Layer: p.Layer}
		switch {
		case p.Norm != nil:
			c.floats(*p.Norm, *q.Norm)
		case p.Dense != nil:
			c.dense(p.Dense, q.Dense)
		default:
			c.linears(p.Linear, q.Linear)
		}
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
	}
	return c.list, len(pa), nil
}

// comparison gathers differences; at is the current tensor.
type comparison struct {
	ctx  context.Context
	at   TensorDifference
	list []TensorDifference
}

func (c *comparison) linears(a, b *model.Linear) {
	if formOf(a) != formOf(b) {
		d := c.at
		d.Kind, d.A, d.B = "form", formOf(a), formOf(b)
		c.list = append(c.list, d)
		return
	}
	if a.Norm != nil {
		weight := c.at
		c.at.Name += " (norm of its input)" // and its epsilon
		c.floats(append(slices.Clip(a.Norm), a.NormEps), append(slices.Clip(b.Norm), b.NormEps))
		c.at = weight
	}
	if a.Data == nil {
		c.dense(values(a), values(b))
		return
	}
	if !bytes.Equal(a.Data, b.Data) { // the padding is the same, so something differs
		d := c.at
		d.Kind, d.Largest, d.A, d.B = "ternary", 1, a.Digest(), b.Digest()
		d.Count, d.Of = countDifferent(a, b), int64(a.Rows)*int64(a.Cols)
		c.list = append(c.list, d)
	}
	if a.Scale != b.Scale {
		d := c.at
		d.Kind, d.Count, d.Of = "multiplier", 1, 1
		d.Largest = math.Abs(float64(b.Scale)/float64(a.Scale) - 1)
		d.A, d.B = fmt.Sprint(a.Scale), fmt.Sprint(b.Scale)
		c.list = append(c.list, d)
	}
}

// values are the weights of a linear that takes float activations: whether its
// numbers are packed in groups or floats is how they are stored.
func values(l *model.Linear) *model.Dense {
	if l.Grouped != nil {
		return &model.Dense{Rows: l.Rows, Cols: l.Cols, Type: model.Packed, Grouped: l.Grouped}
	}
	return l.Dense
}

// formOf says what kind of linear l is: by its activations, and by the basis of its
// weights.
func formOf(l *model.Linear) string {
	switch {
	case l.Data == nil:
		return "float" + basis(l.Rotation)
	case l.Norm != nil:
		return "ternary with a norm of its own" + basis(l.Rotation)
	}
	return "ternary" + basis(l.Rotation)
}

// basis says in what basis weights are stored, "" for the plain one.
func basis(r *model.Rotation) string {
	if r == nil {
		return ""
	}
	text := fmt.Sprintf(", rotated in blocks of %d", r.Block)
	if r.Grouped {
		text += ", heads grouped"
	}
	if slices.Contains(r.Signs, -1) {
		h := fnv.New32a()
		for _, s := range r.Signs {
			h.Write([]byte{byte(int8(s))})
		}
		text += fmt.Sprintf(", signs %08x", h.Sum32())
	}
	return text
}

func countDifferent(a, b *model.Linear) (n int64) {
	x, y := make([]int8, a.Cols), make([]int8, b.Cols)
	for r := range a.Rows {
		a.UnpackRow(r, x)
		b.UnpackRow(r, y)
		for i := range x {
			if x[i] != y[i] {
				n++
			}
		}
	}
	return n
}

// dense compares numbers, not how they are stored.
func (c *comparison) dense(a, b *model.Dense) {
	if a.Data != nil && a.Type == b.Type && bytes.Equal(a.Data, b.Data) {
		return
	}
	var s spread
	x, y := make([]float32, a.Cols), make([]float32, b.Cols)
	for r := range a.Rows {
		if r%1024 == 0 && c.ctx.Err() != nil {
			return
		}
		a.RowTo(x, r)
		b.RowTo(y, r)
		s.add(x, y)
	}
	c.values(&s)
}

func (c *comparison) floats(a, b []float32) {
	var s spread
	if len(a) != len(b) { // rope factors that one model lacks
		s.count, s.of, s.diff, s.top = int64(max(len(a), len(b))), int64(max(len(a), len(b))), 1, 1
	} else {
		s.add(a, b)
	}
	c.values(&s)
}

func (c *comparison) values(s *spread) {
	if s.count > 0 {
		d := c.at
		d.Kind, d.Count, d.Of, d.Largest = "values", s.count, s.of, s.relative()
		c.list = append(c.list, d)
	}
}

// spread is how far numbers differ.
type spread struct {
	count, of int64
	diff, top float64 // largest difference, largest magnitude of the first
}

func (s *spread) add(a, b []float32) {
	for i, x := range a {
		if x != b[i] {
			s.count++
			s.diff = max(s.diff, math.Abs(float64(x)-float64(b[i])))
		}
		s.top = max(s.top, math.Abs(float64(x)))
	}
	s.of += int64(len(a))
}

func (s *spread) relative() float64 {
	if s.top == 0 {
		return s.diff
	}
	return s.diff / s.top
}
