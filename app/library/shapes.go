package library

import (
	"sync"

	"tern/app/hub"
	"tern/model"
	"tern/model/checkpoint"
)

// nearest are shapes of Bonsai, from small to large: a model where nothing but its
// size is known is taken for the nearest of them.
var nearest = []*model.Config{published("bonsai-1.7b"), published("bonsai-4b"), published("bonsai-8b"), published("bonsai-2-9b")}

// The published shapes, as far as memory depends on them.
var (
	large     = bitnet(24, 1536, 4096, 16, 96)
	xl        = bitnet(24, 2048, 5460, 32, 64)
	threeB    = bitnet(26, 3200, 8640, 32, 100)
	twoB4T    = &model.Config{Arch: checkpoint.BitNet2B4T, Layers: 30, Dim: 2560, FFNDim: 6912, Heads: 20, KVHeads: 5, HeadDim: 128, VocabSize: 128256, ContextLen: 4096, SubNorm: true, TiedEmbedding: true}
	llama8B   = &model.Config{Arch: checkpoint.Llama, Layers: 32, Dim: 4096, FFNDim: 14336, Heads: 32, KVHeads: 8, HeadDim: 128, VocabSize: 128256, ContextLen: 8192}
	falcon1B  = falcon(18, 2048, 8192, 8, 8192)
	falcon3B  = falcon(22, 3072, 9216, 12, 32768)
	falcon7B  = falcon(28, 3072, 23040, 12, 32768)
	falcon10B = falcon(40, 3072, 23040, 12, 32768)
	bitcpm8B  = &model.Config{Arch: checkpoint.MiniCPM, Input: model.InputFloat, Layers: 32, Dim: 4096, FFNDim: 16384, Heads: 32, KVHeads: 2, HeadDim: 128, VocabSize: 73448, ContextLen: 32768}
)

// published is a shape that package checkpoint knows.
func published(name string) *model.Config {
	c, ok := checkpoint.Shape(name)
	if !ok {
		panic("library: no shape " + name)
	}
	return &c
}

// bonsai27B is the shape of the three models of this size.
func bonsai27B() *model.Config {
	c := *published("bonsai-2-9b")
	c.Layers, c.Dim, c.FFNDim, c.Heads = 64, 5120, 17408, 24
	c.Recurrent = append(c.Recurrent, c.Recurrent...) // the same period, twice the layers
	c.DeltaNet.ValueHeads = 48
	return &c
}

func bitnet(layers, dim, ffn, heads, head int) *model.Config {
	return &model.Config{Arch: checkpoint.BitNet, Layers: layers, Dim: dim, FFNDim: ffn, Heads: heads, KVHeads: heads, HeadDim: head,
		VocabSize: 32002, ContextLen: 2048, SubNorm: true, TiedEmbedding: true}
}

func falcon(layers, dim, ffn, heads, context int) *model.Config {
	return &model.Config{Arch: checkpoint.Llama, Layers: layers, Dim: dim, FFNDim: ffn, Heads: heads, KVHeads: 4, HeadDim: 256,
		VocabSize: 131072, ContextLen: context}
}

// outlines are what was made of shapes, by shape, head and form: each takes a millisecond.
var outlines sync.Map

type outlined struct {
	shape *model.Config
	head  model.DType
	form  hub.Form
}

// outline is what the headers of a model of a shape and a form say.
func outline(shape *model.Config, head model.DType, form hub.Form) *checkpoint.Facts {
	key := outlined{shape, head, form}
	f, known := outlines.Load(key)
	if !known {
		f, _ = outlines.LoadOrStore(key, checkpoint.Outline(*shape, head, string(form)))
	}
	return f.(*checkpoint.Facts)
}
