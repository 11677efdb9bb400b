package checkpoint

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"tern/model"
	"tern/model/internal/parallel"
	"tern/model/ternary"
)

// Shapes lists the names that Synthetic knows.
func Shapes() (names []string) {
	for _, a := range architectures {
		names = slices.AppendSeq(names, maps.Keys(a.shapes))
	}
	slices.Sort(names)
	return names
}

// Shape returns the published shape of this name.
func Shape(name string) (c model.Config, ok bool) {
	for _, a := range architectures {
		s, ok := a.shapes[name]
		if !ok {
			continue
		}
		b := a.Base
		s.Arch, s.Family, s.OnlyChats = b.Arch, b.Family, b.OnlyChats
		s.SubNorm, s.QKNorm, s.AttnGate, s.Activation = b.SubNorm, b.QKNorm, b.AttnGate, b.Activation
		if a.input == alwaysFloat {
			s.Input = model.InputFloat
		}
		s.NormEps, s.RopeTheta = cmp.Or(s.NormEps, b.NormEps), cmp.Or(s.RopeTheta, b.RopeTheta)
		return s, true
	}
	return c, false
}

// Synthetic makes a model of a published shape with random ternary weights, in
// memory, to measure speed with. Its embedding and head are stored as head, or
// packed like the rest where the architecture takes float activations;
// its activations stay finite; it has no tokenizer and says nothing. The same
// arguments give the same model. Unknown names are ErrNotFound.
func Synthetic(shape string, head model.DType, seed uint64) (*model.Model, error) {
	c, ok := Shape(shape)
	if !ok {
		return nil, fmt.Errorf("model: no shape %q, there are %s: %w", shape, strings.Join(Shapes(), ", "), model.ErrNotFound)
	}
	if head != model.F32 && head != model.F16 && head != model.BF16 {
		return nil, fmt.Errorf("model: head type %v: %w", head, model.ErrUnsupported)
	}
	return SyntheticConfig(shape, c, head, seed)
}

// SyntheticConfig is Synthetic for any shape.
func SyntheticConfig(name string, c model.Config, head model.DType, seed uint64) (*model.Model, error) {
	c.BOS = -1
	m := &model.Model{Name: "synthetic " + name, Config: c}
	m.Allocate()
	parts := Find(c.Arch).slots(m)
	grouped := c.Input == model.InputFloat
	var body, dense int
	for _, p := range parts {
		switch {
		case p.Norm == nil && grouped:
			body += ternary.GroupedSize(p.Rows, p.Cols, 128, false, ternary.TwoBits)
		case p.Linear != nil:
			body += ternary.Size(p.Rows, p.Cols)
		case p.Dense != nil:
			dense += p.Rows*p.Cols*head.Size() + 63
		}
	}
	bodyArena, denseArena := ternary.NewArena(body), ternary.NewArena(dense)
	for i, p := range parts {
		info := model.TensorInfo{Name: p.Name, Type: "ternary", Shape: p.Shape(), Layer: p.Layer, Linear: p.Linear}
		var err error
		switch {
		case p.Norm == nil && grouped:
			g := bodyArena.UnsetGrouped(p.Rows, p.Cols, 128, false, ternary.TwoBits)
			(&binding{Slot: p}).setGrouped(&g)
			err = parallel.Each(context.Background(), g.Bands(), func(b int) error {
				g.FillRandom(seed+uint64(i), b, b+1)
				return nil
			}, func() {})
		case p.Linear != nil:
			p.Linear.Matrix = bodyArena.New(p.Rows, p.Cols)
			p.Linear.Scale = float32(math.Sqrt(2 / float64(p.Cols))) // half the weights are 0: outputs have the inputs' variance
			const step = 16                                          // groups at a time
			err = parallel.Each(context.Background(), (p.Linear.Groups()+step-1)/step, func(t int) error {
				p.Linear.FillRandom(seed+uint64(i), t*step, min((t+1)*step, p.Linear.Groups()))
				return nil
			}, func() {})
		case p.Dense != nil:
			*p.Dense = model.Dense{Rows: p.Rows, Cols: p.Cols, Type: head, Data: denseArena.Bytes(p.Rows * p.Cols * head.Size())}
			info.Type = head.String()
			err = fillRandom(p.Dense, seed+uint64(i))
		default:
			*p.Norm = slices.Repeat([]float32{1}, p.Cols)
			if p.Layer >= 0 && m.Weights.Layers[p.Layer].Delta != nil && p.Norm == &m.Weights.Layers[p.Layer].Delta.A {
				*p.Norm = slices.Repeat([]float32{-1}, p.Cols) // states fade
			}
			info.Type = "F32"
		}
		if err != nil {
			return nil, err
		}
		m.Tensors = append(m.Tensors, info)
	}
	return m, nil
}

// fillRandom stores random numbers of either sign with magnitudes from 1/64 to
// 1/32, the size of trained embeddings: random bits under a fixed exponent.
func fillRandom(d *model.Dense, seed uint64) error {
	var keep, set uint64 // sign and mantissa; the exponent of 1/64
	switch d.Type {
	case model.F32:
		keep, set = 0x807fffff_807fffff, 0x3c800000_3c800000
	case model.F16:
		keep, set = 0x83ff83ff_83ff83ff, 0x24002400_24002400
	case model.BF16:
		keep, set = 0x807f807f_807f807f, 0x3c803c80_3c803c80
	}
	n := (len(d.Data) + chunkBytes - 1) / chunkBytes
	return parallel.Each(context.Background(), n, func(i int) error {
		rng := rand.NewPCG(seed, uint64(i))
		p := d.Data[i*chunkBytes : min(len(d.Data), (i+1)*chunkBytes)]
		for ; len(p) >= 8; p = p[8:] {
			binary.LittleEndian.PutUint64(p, rng.Uint64()&keep|set)
		}
		return nil
	}, func() {})
}
