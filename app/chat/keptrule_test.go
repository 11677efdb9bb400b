package chat

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tern/app/chat/worker"
	"tern/app/kept"
	"tern/inference"
)

// slowKeeper is a session whose file takes pieces of time to write and to read.
type slowKeeper struct {
	tokens []int32
	pieces int
	piece  time.Duration
}

func (s *slowKeeper) Tokens() []int32 { return s.tokens }
func (s *slowKeeper) Common(ids []int32) (n int) {
	for n < min(len(ids), len(s.tokens)) && ids[n] == s.tokens[n] {
		n++
	}
	return n
}
func (s *slowKeeper) SaveSize() int64      { return int64(s.pieces) }
func (s *slowKeeper) Reusable([]int32) int { return 0 }
func (s *slowKeeper) ReusableKept(_ io.Reader, ids []int32) (n int, err error) {
	return len(ids) - 1, nil
}
func (s *slowKeeper) Memory() (m inference.SessionMemory) { return m }

func (s *slowKeeper) Save(w io.Writer) error {
	for range s.pieces {
		time.Sleep(s.piece)
		if _, err := w.Write([]byte{1}); err != nil {
			return err
		}
	}
	return nil
}

func (s *slowKeeper) Restore(r io.Reader) error {
	for range s.pieces {
		time.Sleep(s.piece)
		if _, err := r.Read(make([]byte, 1)); err != nil {
			return err
		}
	}
	return nil
}

func newKept(t *testing.T) *Kept {
	n := worker.NewNotifier(nil)
	return &Kept{store: kept.New(filepath.Join(t.TempDir(), "kept"), kept.DefaultRoom, nil), least: worthReading, desk: newDesk(n), disk: func(f func()) { f() }}
}

// TestKeptRule: what reading again takes decides, and how long writing takes while a conversation goes on.
func TestKeptRule(t *testing.T) {
	tokens := make([]int32, 1000)
	for _, c := range []struct {
		what         string
		rate, speed  float64
		saved        int
		size         int64
		goesOn, left bool
	}{
		{"the rate is not known", 0, 0, 0, 1 << 20, true, true},
		{"few tokens, the rate is not known", 0, 0, 900, 1 << 20, false, false},
		{"read in a second", 1000, 0, 0, 1 << 20, false, false},
		{"read in ten", 100, 0, 0, 1 << 20, true, true},
		{"most of it is on disk", 100, 0, 900, 1 << 20, false, false},
		{"a file takes longer to write", 100, 0, 0, 4 << 30, false, true},
		{"on a fast disk it does not", 100, 2 << 30, 0, 4 << 30, true, true},
		{"nothing is new", 1, 0, 1000, 1, false, false},
	} {
		k := newKept(t)
		k.rate, k.speed, k.saved = c.rate, c.speed, tokens[:c.saved]
		x := &slowKeeper{tokens: tokens, pieces: int(c.size)}
		if got := [2]bool{k.due(x, false), k.due(x, true)}; got != [2]bool{c.goesOn, c.left} {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

// TestKeptBounds: neither the end of the program nor the next command waits for a file, and what is given up leaves
// the file of before. Stop ends a restore, which removes nothing.
func TestKeptBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t)
		defer k.desk.notifier.Close()
		old := []byte("as it was")
		if err := k.store.Save("a", 9, func(w io.Writer) error { _, err := w.Write(old); return err }); err != nil {
			t.Fatal(err)
		}
		is := func(want []byte) {
			t.Helper()
			var got []byte
			k.store.Load("a", func(r io.ReadSeeker) (err error) { got, err = io.ReadAll(r); return err })
			if !bytes.Equal(got, want) {
				t.Errorf("%d bytes are kept", len(got))
			}
		}
		x := &slowKeeper{tokens: make([]int32, 1000), pieces: 10_000, piece: 10 * time.Millisecond}
		k.set("a", nil)
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), patienceEnd)
		defer cancel()
		k.save(ctx, x)
		if took := time.Since(begin); took > patienceEnd+x.piece {
			t.Errorf("the end waited for %v", took)
		}
		is(old)
		if _, saved := k.state(); saved != nil {
			t.Error("what was given up counts as saved")
		}
		x.pieces = 20
		k.save(t.Context(), x)
		is(bytes.Repeat([]byte{1}, 20))
		if _, saved := k.state(); !slices.Equal(saved, x.tokens) {
			t.Error("what is kept does not count as saved")
		}

		stopped, stop := context.WithTimeout(t.Context(), 5*x.piece)
		defer stop()
		if k.restorer("a")(stopped, x, x.tokens) {
			t.Error("it was restored after Stop")
		}
		is(bytes.Repeat([]byte{1}, 20))
		if !k.restorer("a")(t.Context(), x, x.tokens) {
			t.Error("it was not restored")
		}

		// A disk that takes nothing is not asked again and again, and the file of before stays.
		k.store.SetRoom(5)
		k.set("a", nil)
		k.save(t.Context(), x)
		if k.due(x, true) {
			t.Error("it is due for ever")
		}
		if err := k.store.Save("b", 6, func(io.Writer) error { return nil }); !errors.Is(err, kept.ErrRoom) {
			t.Error(err)
		}
	})
}
