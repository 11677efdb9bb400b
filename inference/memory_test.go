package inference

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// TestMemoryShort: where memory is left for a part of the context, a sequence
// has that much room, as if the context were shorter, and more when memory is
// back.
func TestMemoryShort(t *testing.T) {
	var left int64 // chunks
	e := builtin(t)
	kv := newKVCache(&e.model.Config, KVF16)
	e.free = func() (int64, bool) { return kv.need() + (left-1)*kv.chunkBytes(), true }
	ctx := context.Background()
	ids := make([]int32, 2*kvChunk)
	for i := range ids {
		ids[i] = int32(100 + i%50)
	}

	s := session(t, e, SessionOptions{})
	if _, err := s.Sync(ctx, ids[:3], nil); !errors.Is(err, ErrMemory) || errors.Is(err, ErrContextFull) {
		t.Errorf("without memory: %v", err)
	}
	left = 1
	if _, err := s.Sync(ctx, ids[:3], nil); err != nil {
		t.Fatal(err)
	}
	left = 0 // that one was taken
	if _, err := s.Sync(ctx, ids[:kvChunk+1], nil); !errors.Is(err, ErrMemory) || !errors.Is(err, ErrContextFull) {
		t.Errorf("with memory for %d positions: %v", kvChunk, err)
	}
	if s.Room() != kvChunk || s.Context() != e.model.ContextLen || !slices.Equal(s.Tokens(), ids[:3+prefillChunk]) {
		t.Errorf("room for %d of %d, %d are there", s.Room(), s.Context(), len(s.Tokens()))
	}

	begin := ids[:kvChunk-6]
	short := session(t, e, SessionOptions{Context: kvChunk})
	left = 1
	want, whole := collect(t, short, begin, GenerateOptions{IgnoreEOS: true})
	left = 0
	for _, how := range []Speculation{SpeculateOff, SpeculateOn} {
		got, g := collect(t, s, begin, GenerateOptions{IgnoreEOS: true, Speculate: how})
		if !slices.Equal(got, want) || g.last.Stop != StopContext || g.text != whole.text || s.Room() != kvChunk {
			t.Errorf("memory for %d positions gives %d tokens, a context of so many %d; it ends with %q, room %d",
				kvChunk, len(got), len(want), g.last.Stop, s.Room())
		}
	}

	left = 1
	got, g := collect(t, s, slices.Concat(begin, want), GenerateOptions{IgnoreEOS: true, MaxTokens: 3})
	if len(got) != 3 || g.last.Stop != StopLength || s.Room() != s.Context() {
		t.Errorf("with memory again: %d tokens, it ends with %q, room %d", len(got), g.last.Stop, s.Room())
	}
}

// TestMemoryIsAskedFor: garbage is given back before a sequence is refused, and
// a system that does not know of its memory refuses none.
func TestMemoryIsAskedFor(t *testing.T) {
	e := builtin(t)
	asked := 0
	e.free = func() (int64, bool) {
		asked++
		return int64(asked-1) << 40, true
	}
	if _, err := session(t, e, SessionOptions{}).Sync(context.Background(), []int32{1, 2}, nil); err != nil || asked != 2 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	e.free = func() (int64, bool) { return 0, false }
	if _, err := session(t, e, SessionOptions{}).Sync(context.Background(), []int32{1, 2}, nil); err != nil {
		t.Error(err)
	}
}
