package inference

import "slices"

// Share makes the sequence the first n tokens of another session of the same engine,
// or as many of them as there are and a state of linear attention is known of, and
// returns how many. Nothing is evaluated: both read the same memory, which is copied,
// a chunk of positions at a time, where one of them writes to it. Sessions with other
// options share nothing. The two must have the same owner from then on.
func (s *Session) Share(from *Session, n int) int {
	s.Rewind(0)
	if s == from || s.engine != from.engine || s.kv.kind != from.kv.kind || s.context != from.context {
		return 0
	}
	n = min(n, len(from.tokens))
	if s.state != nil {
		n = s.state.copyOf(from.state, n, len(from.tokens))
	}
	s.tokens = append(s.tokens[:0], from.tokens[:n]...)
	s.kv.borrow(from.kv, n)
	return n
}

// borrow takes the chunks of the first n positions of another cache.
func (kv *kvCache) borrow(from *kvCache, n int) {
	chunks := (n + kvChunk - 1) / kvChunk
	kv.f16 = slices.Clone(from.f16[:min(chunks, len(from.f16))])
	kv.f32 = slices.Clone(from.f32[:min(chunks, len(from.f32))])
	kv.q8 = slices.Clone(from.q8[:min(chunks, len(from.q8))])
	kv.borrowed, kv.lent = chunks, 0
	from.lent = max(from.lent, n)
}

// own makes the positions from pos on writable: chunks that others read there are left
// to them, and what comes before pos in the first is copied. It reports whether
// spared had memory for that.
func (kv *kvCache) own(pos int, spared func(bytes int64) bool) bool {
	if kv.owns(pos) {
		return true
	}
	first, was := pos/kvChunk, *kv
	kv.f16 = slices.Clip(kv.f16[:min(first, len(kv.f16))])
	kv.f32 = slices.Clip(kv.f32[:min(first, len(kv.f32))])
	kv.q8 = slices.Clip(kv.q8[:min(first, len(kv.q8))])
	kv.borrowed, kv.lent = min(kv.borrowed, first), min(kv.lent, first*kvChunk)
	if pos%kvChunk == 0 {
		return true
	}
	if kv.grow(pos, spared); kv.chunks() == first {
		*kv = was
		return false
	}
	switch kv.kind {
	case KVQ8:
		copy(kv.q8[first].values, was.q8[first].values)
		copy(kv.q8[first].scales, was.q8[first].scales)
	case KVF32:
		copy(kv.f32[first], was.f32[first])
	default:
		copy(kv.f16[first], was.f16[first])
	}
	return true
}

// owns reports whether no other cache reads what is written from pos on.
func (kv *kvCache) owns(pos int) bool { return pos/kvChunk >= kv.borrowed && pos >= kv.lent }

// copyOf takes the latest state that another sequence of length tokens knows of its
// first n tokens, and returns of how many.
func (r *recurrentState) copyOf(from *recurrentState, n, length int) int {
	r.saved = nil
	data, pos := from.data, length
	if n < length {
		data, pos = nil, 0
		for _, s := range from.saved {
			if s.pos <= n {
				data, pos = s.data, s.pos
			}
		}
	}
	if pos == 0 {
		clear(r.data)
		return 0
	}
	copy(r.data, data)
	r.save(pos)
	return pos
}
