package model

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"tern/model/ternary"
)

// shapes are the published shapes that Synthetic knows, by the names of their
// model cards.
var shapes = map[string]Config{
	"large": {Arch: ArchBitNet, Layers: 24, Dim: 1536, FFNDim: 4096, Heads: 16, KVHeads: 16, HeadDim: 96,
		VocabSize: 32002, ContextLen: 2048, NormEps: 1e-5, RopeTheta: 10_000, Activation: SiLU, SubNorm: true, TiedEmbedding: true},
	"xl": {Arch: ArchBitNet, Layers: 24, Dim: 2048, FFNDim: 5460, Heads: 32, KVHeads: 32, HeadDim: 64,
		VocabSize: 32002, ContextLen: 2048, NormEps: 1e-5, RopeTheta: 10_000, Activation: SiLU, SubNorm: true, TiedEmbedding: true},
	"3b": {Arch: ArchBitNet, Layers: 26, Dim: 3200, FFNDim: 8640, Heads: 32, KVHeads: 32, HeadDim: 100,
		VocabSize: 32002, ContextLen: 2048, NormEps: 1e-5, RopeTheta: 10_000, Activation: SiLU, SubNorm: true, TiedEmbedding: true},
	"2b-4t": {Arch: Arch2B4T, Layers: 30, Dim: 2560, FFNDim: 6912, Heads: 20, KVHeads: 5, HeadDim: 128,
		VocabSize: 128256, ContextLen: 4096, NormEps: 1e-5, RopeTheta: 500_000, Activation: ReLU2, SubNorm: true, TiedEmbedding: true},
	"llama3-8b": {Arch: ArchLlama, Layers: 32, Dim: 4096, FFNDim: 14336, Heads: 32, KVHeads: 8, HeadDim: 128,
		VocabSize: 128256, ContextLen: 8192, NormEps: 1e-5, RopeTheta: 500_000, Activation: SiLU},
}

// Shapes lists the names that Synthetic knows.
func Shapes() []string { return slices.Sorted(maps.Keys(shapes)) }

// Synthetic makes a model of a published shape with random ternary weights, in
// memory, to measure speed with. Its embedding and head are stored as head;
// its activations stay finite; it has no tokenizer and says nothing. The same
// arguments give the same model. Unknown names are ErrNotFound.
func Synthetic(shape string, head DType, seed uint64) (*Model, error) {
	c, ok := shapes[shape]
	if !ok {
		return nil, fmt.Errorf("model: no shape %q, there are %s: %w", shape, strings.Join(Shapes(), ", "), ErrNotFound)
	}
	if head != F32 && head != F16 && head != BF16 {
		return nil, fmt.Errorf("model: head type %v: %w", head, ErrUnsupported)
	}
	return SyntheticConfig(shape, c, head, seed)
}

// SyntheticConfig is Synthetic for any shape.
func SyntheticConfig(name string, c Config, head DType, seed uint64) (*Model, error) {
	c.BOS = -1
	m := &Model{Name: "synthetic " + name, Config: c}
	m.allocate()
	parts := m.parts()
	var body, dense int
	for _, p := range parts {
		switch {
		case p.linear != nil:
			body += ternary.Size(p.rows, p.cols)
		case p.dense != nil:
			dense += p.rows*p.cols*head.Size() + 63
		}
	}
	bodyArena, denseArena := ternary.NewArena(body), ternary.NewArena(dense)
	for i, p := range parts {
		info := TensorInfo{Name: p.name, Type: "ternary", Shape: p.shape(), Layer: p.layer, Linear: p.linear}
		var err error
		switch {
		case p.linear != nil:
			p.linear.Matrix = bodyArena.New(p.rows, p.cols)
			p.linear.Scale = float32(math.Sqrt(2 / float64(p.cols))) // half the weights are 0: outputs have the inputs' variance
			const step = 16                                          // groups at a time
			err = parallel(context.Background(), (p.linear.Groups()+step-1)/step, func(t int) error {
				p.linear.FillRandom(seed+uint64(i), t*step, min((t+1)*step, p.linear.Groups()))
				return nil
			}, func() {})
		case p.dense != nil:
			*p.dense = Dense{Rows: p.rows, Cols: p.cols, Type: head, Data: denseArena.Bytes(p.rows * p.cols * head.Size())}
			info.Type = head.String()
			err = p.dense.fillRandom(seed + uint64(i))
		default:
			*p.norm = slices.Repeat([]float32{1}, p.cols)
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
func (d *Dense) fillRandom(seed uint64) error {
	var keep, set uint64 // sign and mantissa; the exponent of 1/64
	switch d.Type {
	case F32:
		keep, set = 0x807fffff_807fffff, 0x3c800000_3c800000
	case F16:
		keep, set = 0x83ff83ff_83ff83ff, 0x24002400_24002400
	case BF16:
		keep, set = 0x807f807f_807f807f, 0x3c803c80_3c803c80
	}
	n := (len(d.Data) + chunkBytes - 1) / chunkBytes
	return parallel(context.Background(), n, func(i int) error {
		rng := rand.NewPCG(seed, uint64(i))
		p := d.Data[i*chunkBytes : min(len(d.Data), (i+1)*chunkBytes)]
		for ; len(p) >= 8; p = p[8:] {
			binary.LittleEndian.PutUint64(p, rng.Uint64()&keep|set)
		}
		return nil
	}, func() {})
}
