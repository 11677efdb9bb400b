package inference

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
)

// keptModels are models of each kind of cache: keys alone, with states, rotated.
var keptModels = []string{"qwen3-pq2_0-yarn", "minicpm-tq2_0-longrope-long", "qwen35-pq2_0", "qwen35-ptq1_0-hadamard-tied"}

func randomIDs(vocab, n int) []int32 {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = rng.Int32N(int32(vocab))
	}
	return ids
}

// saved is the session's sequence as Save writes it.
func saved(t *testing.T, s *Session) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Save(&b); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) != s.SaveSize() {
		t.Errorf("%d bytes, %d foreseen", b.Len(), s.SaveSize())
	}
	return b.Bytes()
}

// TestKeep: a text goes on after another start of the program with the same bits, from
// its end and from the answer before it, without reading it again.
func TestKeep(t *testing.T) {
	ctx := context.Background()
	for _, name := range keptModels {
		dir := filepath.Join(families, name)
		for _, kv := range KVTypes() {
			for _, n := range []int{1, 2, 127, 255, 256, 257, 600} {
				before := session(t, open(t, dir, 2), SessionOptions{KV: kv})
				vocab := before.engine.model.VocabSize
				prompt, more := randomIDs(vocab, n), randomIDs(vocab, 40)
				if _, err := before.Sync(ctx, prompt, nil); err != nil {
					t.Fatal(err)
				}
				for _, id := range more[:5] { // an answer, token by token
					if err := before.Eval(ctx, id); err != nil {
						t.Fatal(err)
					}
				}
				raw := saved(t, before)
				after := session(t, open(t, dir, 1), SessionOptions{KV: kv})
				if err := after.Restore(bytes.NewReader(raw)); err != nil {
					t.Fatalf("%s, %d tokens: %v", name, n, err)
				}
				if !slices.Equal(after.Tokens(), before.Tokens()) || after.Logits() != nil {
					t.Fatalf("%s: %d tokens of %d", name, len(after.Tokens()), len(before.Tokens()))
				}
				if !bytes.Equal(saved(t, after), raw) {
					t.Errorf("%s, %d tokens: saved again it differs", name, n)
				}
				whole := slices.Concat(prompt, more[:5], more[5:])
				for _, s := range []*Session{before, after} {
					reused, err := s.Sync(ctx, whole, nil)
					if err != nil || reused != n+5 {
						t.Errorf("%s: %d of %d reused, %v", name, reused, n+5, err)
					}
				}
				if !slices.Equal(before.Logits(), after.Logits()) {
					t.Errorf("%s, %v, %d tokens: other logits", name, kv, n)
				}
				// The answer again: what was asked is still there. What can be reused is
				// known beforehand.
				again := slices.Concat(prompt, randomIDs(vocab, 7))
				for _, ids := range [][]int32{whole[:n+5], prompt, whole[:n/2+1], again} {
					if err := after.Restore(bytes.NewReader(raw)); err != nil {
						t.Fatal(err)
					}
					want, err := after.ReusableKept(bytes.NewReader(raw), ids)
					if err != nil {
						t.Fatal(err)
					}
					own := after.Reusable(ids)
					reused, err := after.Sync(ctx, ids, nil)
					if err != nil || reused != want || own != want {
						t.Errorf("%s: %d of %d reused, %d and %d foreseen, %v", name, reused, len(ids), want, own, err)
					}
					near := n // of a state, the copy from before the answer begins
					if before.state != nil {
						near = max(0, n-prefillChunk)
					}
					if &ids[0] == &again[0] && (reused < near || reused > n) {
						t.Errorf("%s: the answer again: %d of %d reused", name, reused, n)
					}
				}
				if fresh := session(t, open(t, dir, 2), SessionOptions{KV: kv}); true {
					if _, err := fresh.Sync(ctx, again, nil); err != nil || !slices.Equal(fresh.Logits(), after.Logits()) {
						t.Errorf("%s, %d tokens: the answer again differs: %v", name, n, err)
					}
				}
			}
		}
	}
}

// TestKeptThoughts: a conversation whose next prompt leaves out what began the answer, as templates
// do with thoughts, is not read from its beginning, in memory and after a restart.
func TestKeptThoughts(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(families, "qwen35-pq2_0")
	for _, n := range []int{130, 129, 256, 300, 1027, 1030, 1100} {
		s := session(t, open(t, dir, 1), SessionOptions{})
		vocab := s.engine.model.VocabSize
		prompt := randomIDs(vocab, n)
		if _, err := s.Sync(ctx, prompt, nil); err != nil {
			t.Fatal(err)
		}
		for _, id := range randomIDs(vocab, 20) {
			if err := s.Eval(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
		raw := saved(t, s)
		next := slices.Concat(prompt[:n-2], randomIDs(vocab, 33))
		kept, err := s.ReusableKept(bytes.NewReader(raw), next)
		if least := n - prefillChunk - answerTail; err != nil || s.Reusable(next) < least || kept < least {
			t.Errorf("%d tokens: %d can be reused, %d kept, %v", n, s.Reusable(next), kept, err)
		}
		if err := s.Restore(bytes.NewReader(raw)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sync(ctx, next, nil); err != nil {
			t.Fatal(err)
		}
		fresh := session(t, open(t, dir, 1), SessionOptions{})
		if _, err := fresh.Sync(ctx, next, nil); err != nil || !slices.Equal(fresh.Logits(), s.Logits()) {
			t.Errorf("%d tokens: other logits, %v", n, err)
		}
	}
}

// TestKeptNot: what is damaged, or of another model or other settings, is refused, and
// leaves an empty session that works.
func TestKeptNot(t *testing.T) {
	ctx := context.Background()
	for _, name := range []string{"qwen3-pq2_0-yarn", "qwen35-pq2_0"} {
		dir := filepath.Join(families, name)
		e := open(t, dir, 2)
		s := session(t, e, SessionOptions{})
		prompt := randomIDs(e.model.VocabSize, 300)
		if _, err := s.Sync(ctx, prompt, nil); err != nil {
			t.Fatal(err)
		}
		want, raw := slices.Clone(s.Logits()), saved(t, s)
		refused := func(what string, s *Session, raw []byte) {
			t.Helper()
			err := s.Restore(bytes.NewReader(raw))
			if !errors.Is(err, ErrKept) || len(s.Tokens()) != 0 || s.Logits() != nil {
				t.Errorf("%s: %s: %v, %d tokens", name, what, err, len(s.Tokens()))
			}
		}
		rng := rand.New(rand.NewPCG(5, 6))
		for range 40 {
			cut := rng.IntN(len(raw))
			refused(fmt.Sprintf("cut at %d", cut), s, raw[:cut])
			flipped := slices.Clone(raw)
			flipped[cut] ^= 1 << rng.IntN(8)
			refused(fmt.Sprintf("a bit at %d", cut), s, flipped)
		}
		refused("nothing", s, nil)
		large := slices.Clone(raw)
		copy(large[len(keptMagic)+32:], []byte{0xff, 0xff, 0xff, 0x7f})
		refused("a large number of tokens", s, large)

		refused("another precision of the cache", session(t, e, SessionOptions{KV: KVF32}), raw)
		refused("a smaller context", session(t, e, SessionOptions{Context: 200}), raw)
		refused("24 bits", session(t, openExact(t, dir), SessionOptions{}), raw)
		refused("another model", session(t, open(t, filepath.Join(families, "qwen3-q1_0"), 1), SessionOptions{}), raw)
		for what, change := range map[string]func(m *model.Model){
			"a norm":       func(m *model.Model) { m.Norm[3]++ },
			"rope scaling": func(m *model.Model) { m.RopeTheta++ },
			"a projection": func(m *model.Model) {
				g := m.Weights.Layers[1].Up.Grouped
				g.SetScale(0, 0, 1.5)
			},
		} {
			m, err := checkpoint.Open(ctx, dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			change(m)
			refused(what, session(t, newEngine(t, m), SessionOptions{}), raw)
		}
		// A copy of the model is the model, and the session still works.
		if err := s.Restore(bytes.NewReader(raw)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sync(ctx, prompt, nil); err != nil || !slices.Equal(s.Logits(), want) {
			t.Errorf("%s: afterwards: %v", name, err)
		}
		m := s.Memory()
		if m.KV == 0 || (m.State > 0) != (e.model.Recurrent != nil) || m.Snapshots != int64(m.Kept)*m.State || m.KV+m.State+m.Snapshots != s.KVBytes() {
			t.Errorf("%+v, %d in all", m, s.KVBytes())
		}
		if got := e.model.StateBytes(); m.State != got || m.Snapshots > SnapshotBytes(&e.model.Config, 0) {
			t.Errorf("state %d, want %d; snapshots %d", m.State, got, m.Snapshots)
		}
	}
}

// FuzzRestore: no bytes make Restore crash, or take more memory than they are worth. Most are a head with
// the stamp of the session and numbers of the fuzzer's, then a body that may have the right
// length and checksum: what comes after these checks is to be reached.
func FuzzRestore(f *testing.F) {
	e, err := Open(context.Background(), filepath.Join(families, "qwen35-pq2_0"), Options{Threads: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(e.Close)
	f.Add([]byte{}, uint32(1), uint32(0), []byte{1, 0, 0, 0}, uint32(0), true)
	f.Add([]byte{}, uint32(3), uint32(2), []byte{1, 0, 0, 0, 2, 0, 0, 0, 3}, uint32(7), true)
	f.Add([]byte{}, uint32(300), uint32(256), []byte{9}, uint32(1), true)
	f.Add([]byte(keptMagic), uint32(1<<31), uint32(1<<31), []byte{}, uint32(0), false)
	f.Fuzz(func(t *testing.T, head []byte, n, before uint32, body []byte, cut uint32, sound bool) {
		s, err := e.NewSession(SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		stamp := s.stamp()
		raw := slices.Concat([]byte(keptMagic), stamp[:])
		if len(head) > 0 {
			raw = head
		}
		raw = binary.LittleEndian.AppendUint32(raw, n)
		raw = binary.LittleEndian.AppendUint32(raw, before)
		raw = append(raw, body...)
		if n < 1000 { // as long as what Save writes of so many tokens
			want := int64(n)*(4+KVBytesPerToken(&e.model.Config, KVF16)) + e.model.StateBytes()
			if before > 0 {
				want += e.model.StateBytes()
			}
			if rest := want - int64(len(body)); rest > 0 {
				raw = append(raw, make([]byte, rest)...)
			}
		}
		if sound {
			raw = binary.LittleEndian.AppendUint32(raw, crc32.Checksum(raw, castagnoli))
		}
		raw = raw[:len(raw)-int(min(cut%16, uint32(len(raw))))]
		reusable, errHead := s.ReusableKept(bytes.NewReader(raw), []int32{1, 2, 3, 4})
		err = s.Restore(bytes.NewReader(raw))
		for _, err := range []error{errHead, err} {
			if err != nil && !errors.Is(err, ErrKept) {
				t.Fatal(err)
			}
		}
		if err == nil {
			if reused, err := s.Sync(context.Background(), []int32{1, 2, 3, 4}, nil); err != nil || errHead != nil || reused != reusable {
				t.Errorf("%d reused, %d foreseen, %v, %v", reused, reusable, errHead, err)
			}
		}
		if s.kv.bytes() > s.kv.chunkBytes()*int64(2+len(raw)/max(1, int(s.kv.chunkBytes())))+s.kv.chunkBytes() {
			t.Errorf("%d bytes of cache for %d", s.kv.bytes(), len(raw))
		}
	})
}
