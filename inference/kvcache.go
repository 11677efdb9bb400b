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

// reads is how much attention over n positions of one key/value head reads.
func (kv *kvCache) reads(n int) int64 { return int64(n) * kv.kind.bytes(2, kv.headDim) }

// run returns where the keys of one head begin in a chunk, and the values.
func (kv *kvCache) run(layer, head int) (keys, values int) {
	size := kvChunk * kv.headDim
	keys = (layer*2*kv.kvHeads + head) * size
	return keys, keys + kv.kvHeads*size
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

// maxQueries is how many queries attend takes: they read a chunk of keys or
// values while it is in L2, where their scores have room beside it.
const maxQueries = 4 * kernel.MaxQueries

// query is one head of one token in attend.
type query struct {
	q, out []float32 // [HeadDim]
	n      int       // positions it sees, no fewer than the query before it
	scores []float32 // scratch, as long as the longest n
}

// attend computes out = Σ_p softmax(scale·q·K_p)·V_p over the first n positions
// of one key/value head for each of up to maxQueries queries. The order of every
// sum depends on n alone.
func (kv *kvCache) attend(queries []query, layer, head int, scale float32) {
	most := queries[len(queries)-1].n
	keys, values := kv.run(layer, head)
	kv.fetch(values, most)
	for p := 0; p < most; p += kvChunk {
		eachFew(queries, func(few []query) {
			kv.scores(few, layer, head, p, scale)
		})
	}
	for _, q := range queries {
		kernel.Softmax(q.scores[:q.n])
		clear(q.out)
	}
	if head+1 < kv.kvHeads { // which usually comes next
		kv.fetch(keys+kvChunk*kv.headDim, most)
	}
	for p := 0; p < most; p += kvChunk {
		eachFew(queries, func(few []query) {
			kv.weightedSum(few, layer, head, p)
		})
	}
}

// fetch asks for the beginning of a run of n keys or values: what follows is fetched
// while they are read.
func (kv *kvCache) fetch(at, n int) {
	const enough = 3 << 10 // bytes
	n = min(n, kvChunk) * kv.headDim
	switch kv.kind {
	case KVQ8:
		kernel.Fetch(kv.q8[0].values[at:][:min(n, enough)])
	case KVF32:
		kernel.Fetch(kv.f32[0][at:][:min(n, enough/4)])
	default:
		kernel.Fetch(kv.f16[0][at:][:min(n, enough/2)])
	}
}

// eachFew calls f on the queries in batches of at most kernel.MaxQueries.
func eachFew(queries []query, f func(few []query)) {
	n := len(queries)
	parts := (n + kernel.MaxQueries - 1) / kernel.MaxQueries
	for i := range parts {
		f(queries[n*i/parts : n*(i+1)/parts])
	}
}

// scores computes the scores of the chunk that begins at position p, for those
// that see fewer positions some too many.
func (kv *kvCache) scores(few []query, layer, head, p int, scale float32) {
	end := min(p+kvChunk, few[len(few)-1].n)
	if p >= end {
		return
	}
	var s, q [kernel.MaxQueries][]float32
	for i := range few {
		s[i], q[i] = few[i].scores[p:end], few[i].q
	}
	keys, _ := kv.run(layer, head)
	n := (end - p) * kv.headDim
	switch kv.kind {
	case KVQ8:
		c := kv.q8[p/kvChunk]
		kernel.ScoresEach8(s[:len(few)], q[:len(few)], c.values[keys:][:n], c.scales[keys/kv.headDim:][:end-p], scale)
	case KVF32:
		kernel.ScoresEach(s[:len(few)], q[:len(few)], kv.f32[p/kvChunk][keys:][:n], scale)
	default:
		kernel.ScoresEachF16(s[:len(few)], q[:len(few)], kv.f16[p/kvChunk][keys:][:n], scale)
	}
}

// weightedSum adds the values of the chunk that begins at position p: those that
// all see together, the others for each query.
func (kv *kvCache) weightedSum(few []query, layer, head, p int) {
	kv.addValues(few, layer, head, p, min(p+kvChunk, few[0].n))
	for i := range few {
		kv.addValues(few[i:i+1], layer, head, max(p, few[0].n), min(p+kvChunk, few[i].n))
	}
}

// addValues adds the values of positions [lo, hi) of one chunk.
func (kv *kvCache) addValues(few []query, layer, head, lo, hi int) {
	if lo >= hi {
		return
	}
	var out, p [kernel.MaxQueries][]float32
	for i := range few {
		out[i], p[i] = few[i].out, few[i].scores[lo:hi]
	}
	_, values := kv.run(layer, head)
	at, n := values+lo%kvChunk*kv.headDim, (hi-lo)*kv.headDim
	switch kv.kind {
	case KVQ8:
		c := kv.q8[lo/kvChunk]
		kernel.WeightedSumEach8(out[:len(few)], p[:len(few)], c.values[at:][:n], c.scales[at/kv.headDim:][:hi-lo])
	case KVF32:
		kernel.WeightedSumEach(out[:len(few)], p[:len(few)], kv.f32[lo/kvChunk][at:][:n])
	default:
		kernel.WeightedSumEachF16(out[:len(few)], p[:len(few)], kv.f16[lo/kvChunk][at:][:n])
	}
}
