package inference

import (
	"tern/inference/kernel"
	"tern/model"
	"tern/model/ternary"
)

// kvChunk is how many positions the cache grows by. Reading a chunk is one
// sequential stream per head, and 256 positions of the 728M shape are 38 MB, so
// a short conversation stays small.
const kvChunk = 256

// kvCache holds the rotated keys and the values of every evaluated position.
// It grows by chunks of kvChunk positions, each laid out
// [layer][key, value][kv head][position in chunk][head dim], so that the keys
// that one head reads are contiguous and growing never copies.
type kvCache struct {
	kvHeads, headDim int
	layers           int
	f16              [][]uint16  // chunks, for KVF16
	f32              [][]float32 // chunks, for KVF32
	kind             KVType
}

func newKVCache(c *model.Config, kind KVType) *kvCache {
	return &kvCache{kvHeads: c.KVHeads, headDim: c.HeadDim, layers: c.Layers, kind: kind}
}

// grow makes room for positions [0, n), as far as spared says that so many bytes
// are free each time.
func (kv *kvCache) grow(n int, spared func(bytes int64) bool) {
	for kv.positions() < n && spared(kv.need()) {
		size := kv.layers * 2 * kv.kvHeads * kvChunk * kv.headDim
		if kv.kind == KVF16 {
			kv.f16 = append(kv.f16, ternary.Alloc[uint16](size))
		} else {
			kv.f32 = append(kv.f32, ternary.Alloc[float32](size))
		}
	}
}

// need is the memory that must be free to add a chunk: it leaves some for the rest
// of a pass, and for what the runtime takes ahead.
func (kv *kvCache) need() int64 { return kv.chunkBytes() + min(4*kv.chunkBytes(), 128<<20) }

// positions is how many there is room for.
func (kv *kvCache) positions() int { return (len(kv.f16) + len(kv.f32)) * kvChunk }

// chunkBytes is the memory of one chunk.
func (kv *kvCache) chunkBytes() int64 {
	n := int64(kv.layers) * 2 * int64(kv.kvHeads) * kvChunk * int64(kv.headDim)
	if kv.kind == KVF32 {
		return 4 * n
	}
	return 2 * n
}

// bytes is the memory that the cache takes.
func (kv *kvCache) bytes() int64 { return kv.chunkBytes() * int64(len(kv.f16)+len(kv.f32)) }

// run returns where the keys of one head begin in a chunk, and the values.
func (kv *kvCache) run(layer, head int) (keys, values int) {
	size := kvChunk * kv.headDim
	keys = (layer*2*kv.kvHeads + head) * size
	return keys, keys + kv.kvHeads*size
}

// store keeps key and value [headDim] of one head at position pos.
func (kv *kvCache) store(layer, head, pos int, key, value []float32) {
	k, v := kv.run(layer, head)
	at := pos % kvChunk * kv.headDim
	if kv.kind == KVF16 {
		c := kv.f16[pos/kvChunk]
		kernel.ToF16(c[k+at:][:kv.headDim], key)
		kernel.ToF16(c[v+at:][:kv.headDim], value)
		return
	}
	c := kv.f32[pos/kvChunk]
	copy(c[k+at:][:kv.headDim], key)
	copy(c[v+at:][:kv.headDim], value)
}

// attend computes out [headDim] = Σ_p softmax(scale·q·K_p)·V_p of one query
// head over the positions [0, n) of one key/value head. scores is scratch of at
// least n. The order of every sum depends on n alone.
func (kv *kvCache) attend(out, q []float32, layer, head, n int, scale float32, scores []float32) {
	k, v := kv.run(layer, head)
	d := kv.headDim
	scores = scores[:n]
	for p := 0; p < n; p += kvChunk {
		s := scores[p:min(p+kvChunk, n)]
		if kv.kind == KVF16 {
			kernel.ScoresF16(s, q, kv.f16[p/kvChunk][k:][:len(s)*d], scale)
		} else {
			kernel.Scores(s, q, kv.f32[p/kvChunk][k:][:len(s)*d], scale)
		}
	}
	kernel.Softmax(scores)
	clear(out)
	for p := 0; p < n; p += kvChunk {
		s := scores[p:min(p+kvChunk, n)]
		if kv.kind == KVF16 {
			kernel.WeightedSumF16(out, s, kv.f16[p/kvChunk][v:][:len(s)*d])
		} else {
			kernel.WeightedSum(out, s, kv.f32[p/kvChunk][v:][:len(s)*d])
		}
	}
}
