package jobs

import (
	"tern/app/chat/worker"
	"tern/inference"
	"tern/model"
)

// Weights is what a model is made of.
type Weights struct {
	Layers  []LayerWeights
	Memory  []MemoryPart // what takes memory, the key/value cache not among it
	Tensors []Tensor     // as the checkpoint stores them
}

// LayerWeights are the projections of one layer in the order of the forward pass:
// q k v o gate up down, or those of linear attention.
type LayerWeights struct {
	Parts []Projection
}

// Projection is one matrix of a layer.
type Projection struct {
	Name           string
	Rows, Cols     int
	Neg, Zero, Pos int     // how many weights are -1, 0 and +1; all 0 for a matrix of floats
	Scale          float32 // the multiplier, 1 for floats; of a matrix with a scale per group, the largest
	Group          int     // columns that share a scale, 0 where the matrix has one multiplier
	LeastScale     float32 // the smallest scale of a group that is not 0
	Twos           int     // how many weights are +2 scales, which no training makes
	Bytes          int64
}

// MemoryPart is a share of a model's memory.
type MemoryPart struct {
	Name  string // "packed layers", "float layers", "embedding", "head", "norms" or "copy of the head"
	Bytes int64
}

// Tensor is one tensor of a checkpoint.
type Tensor struct {
	Name, Type string
	Shape      []int
}

// Counts are the sums over the parts.
func (l *LayerWeights) Counts() (neg, zero, pos int) {
	for _, p := range l.Parts {
		neg, zero, pos = neg+p.Neg, zero+p.Zero, pos+p.Pos
	}
	return neg, zero, pos
}

// Weights hands what the open model is made of to done, from another goroutine,
// since it counts every weight; nil where no model is open.
func (j *Jobs) Weights(done func(*Weights)) {
	m := j.weights()
	j.run(func() {
		var a *Weights
		if m != nil {
			if err := worker.Guard(func() error { a = weightsOf(m); return nil }); err != nil {
				j.host.Failed(err)
			}
		}
		done(a)
	})
}

// weightsOf counts the weights of a model.
func weightsOf(m *model.Model) *Weights {
	a := &Weights{Layers: make([]LayerWeights, len(m.Weights.Layers))}
	for i := range m.Weights.Layers {
		for _, l := range m.Weights.Layers[i].Projections() {
			p := Projection{Name: l.Name, Rows: l.Rows, Cols: l.Cols, Scale: 1, Bytes: l.Bytes()}
			if l.Ternary() {
				p.Neg, p.Zero, p.Pos, p.Twos = l.Shares()
				p.LeastScale, p.Scale = l.ScaleRange()
			}
			if l.Grouped != nil {
				p.Group = l.Grouped.GroupCols
			}
			a.Layers[i].Parts = append(a.Layers[i].Parts, p)
		}
	}
	for _, p := range m.MemoryParts() {
		a.Memory = append(a.Memory, MemoryPart(p))
	}
	if n := inference.ScanBytes(m.Head); n > 0 {
		a.Memory = append(a.Memory, MemoryPart{"copy of the head", n})
	}
	for _, t := range m.Tensors {
		a.Tensors = append(a.Tensors, Tensor{t.Name, t.Type, shapeOf(&t)})
	}
	return a
}

// shapeOf is the shape of a tensor's weights: a file may pack several into one number.
func shapeOf(t *model.TensorInfo) []int {
	stored := 1
	for _, n := range t.Shape {
		stored *= n
	}
	if l := t.Linear; l != nil && l.Rows*l.Cols > stored {
		return []int{l.Rows, l.Cols}
	}
	return t.Shape
}
