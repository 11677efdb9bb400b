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
// [layer][kv head][key, value][position in chunk][head dim], so that attention over
// a chunk reads one stream, head after head, and growing never copies.
type kvCache struct {
	kvHeads, headDim int
	layers           int
	f16              [][]uint16  // chunks, for KVF16
	f32              [][]float32 // chunks, for KVF32
	q8               []kvChunk8  // chunks, for KVQ8
	kind             KVType
	borrowed         int // chunks from the start that belong to another cache
	lent             int // positions from the start that another cache reads
}

// kvChunk8 is a chunk of keys and values of 8 bits; each has a scale, of the same layout
// but for the head dim.
type kvChunk8 struct {
	values []int8
	scales []float32
}

func newKVCache(c *model.Config, kind KVType) *kvCache {
	return &kvCache{kvHeads: c.KVHeads, headDim: c.HeadDim, layers: c.AttentionLayers(), kind: kind}
}

// grow makes room for positions [0, n), or for fewer where spared reports that the
// next chunk does not fit.
func (kv *kvCache) grow(n int, spared func(bytes int64) bool) {
	for kv.positions() < n && spared(kv.need()) {
		switch n := kv.chunkSize(); kv.kind {
		case KVQ8:
			kv.q8 = append(kv.q8, kvChunk8{ternary.Alloc[int8](n), ternary.Alloc[float32](n / kv.headDim)})
		case KVF32:
			kv.f32 = append(kv.f32, ternary.Alloc[float32](n))
		default:
			kv.f16 = append(kv.f16, ternary.Alloc[uint16](n))
		}
	}
}

// need is the memory that must be free to add a chunk: the chunk, and headroom for
// the rest of the pass and for the Go runtime.
func (kv *kvCache) need() int64 { return kv.chunkBytes() + min(4*kv.chunkBytes(), 128<<20) }

// positions is how many there is room for.
func (kv *kvCache) positions() int { return kv.chunks() * kvChunk }

func (kv *kvCache) chunks() int { return len(kv.f16) + len(kv.f32) + len(kv.q8) }

// chunkSize is how many values there are in one chunk, chunkBytes its memory.
func (kv *kvCache) chunkSize() int { return kv.layers * 2 * kv.kvHeads * kvChunk * kv.headDim }

func (kv *kvCache) chunkBytes() int64 {
	return kvChunk * kv.kind.bytes(kv.layers*2*kv.kvHeads, kv.headDim)
}

// touch writes to every page of the cache. Those that nothing was ever written to
// are all the same page of zeros, which reading does not fetch from memory.
func (kv *kvCache) touch() {
	const page = 4 << 10
	for _, c := range kv.f16 {
		for i := 0; i < len(c); i += page / 2 {
			c[i] = 0
		}
	}
	for _, c := range kv.f32 {
		for i := 0; i < len(c); i += page / 4 {
			c[i] = 0
		}
	}
	for _, c := range kv.q8 {
		for i := 0; i < len(c.values); i += page {
			c.values[i] = 0
		}
		for i := 0; i < len(c.scales); i += page / 4 {
			c.scales[i] = 0
		}
	}
}

// bytes is the memory that the cache takes.
func (kv *kvCache) bytes() int64 { return kv.chunkBytes() * int64(kv.chunks()) }

// expect asks for the memory where store will keep a key and a value, now or, unless during is
// nil, in the next products with it.
func (kv *kvCache) expect(layer, head, pos int, during *kernel.Scratch) {
	k, v := kv.run(layer, head)
	for _, at := range [...]int{k, v} {
		at += pos % kvChunk * kv.headDim
		switch kv.kind {
		case KVQ8:
			expect(kv.q8[pos/kvChunk].values[at:][:kv.headDim], during)
		case KVF32:
			expect(kv.f32[pos/kvChunk][at:][:kv.headDim], during)
		default:
			expect(kv.f16[pos/kvChunk][at:][:kv.headDim], during)
		}
	}
}

func expect[T any](place []T, during *kernel.Scratch) {
	if during == nil {
		kernel.Fetch(place)
	} else {
		kernel.Soon(during, place)
	}
}

// reads is how much attention over n positions of one key/value head reads.
func (kv *kvCache) reads(n int) int64 { return int64(n) * kv.kind.bytes(2, kv.headDim) }

// run returns where the keys of one head begin in a chunk, and the values.
func (kv *kvCache) run(layer, head int) (keys, values int) {
	size := kvChunk * kv.headDim
	keys = (layer*kv.kvHeads + head) * 2 * size
	return keys, keys + size
}

// store keeps key and value [headDim] of one head at position pos.
func (kv *kvCache) store(layer, head, pos int, key, value []float32) {
	k, v := kv.run(layer, head)
	k, v = k+pos%kvChunk*kv.headDim, v+pos%kvChunk*kv.headDim
	switch kv.kind {
	case KVQ8:
		c := kv.q8[pos/kvChunk]
		c.scales[k/kv.headDim] = kernel.Quantize8(c.values[k:][:kv.headDim], key)
		c.scales[v/kv.headDim] = kernel.Quantize8(c.values[v:][:kv.headDim], value)
	case KVF32:
		c := kv.f32[pos/kvChunk]
		copy(c[k:][:kv.headDim], key)
		copy(c[v:][:kv.headDim], value)
	default:
		c := kv.f16[pos/kvChunk]
		kernel.ToF16(c[k:][:kv.headDim], key)
		kernel.ToF16(c[v:][:kv.headDim], value)
	}
}
