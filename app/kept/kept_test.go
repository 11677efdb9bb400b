package kept

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tern/app/builtin"
	"tern/inference"
)

func put(t *testing.T, s *Store, id string, data string) error {
	t.Helper()
	return s.Save(id, int64(len(data)), func(w io.Writer) error {
		_, err := io.WriteString(w, data)
		return err
	})
}

func get(s *Store, id string) (data string, ok bool) {
	ok = s.Load(id, func(r io.ReadSeeker) error {
		raw, err := io.ReadAll(r)
		data = string(raw)
		return err
	})
	return data, ok
}

// age sets when a file was used last.
func age(t *testing.T, s *Store, id string, hours int) {
	t.Helper()
	when := time.Now().Add(-time.Duration(hours) * time.Hour)
	if err := os.Chtimes(s.path(id), when, when); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	s := New(dir, 10, nil)
	if _, ok := get(s, "a"); ok {
		t.Error("something is kept in a folder that is not there")
	}
	for i, id := range []string{"a", "b", "c"} {
		if err := put(t, s, id, "abc"); err != nil {
			t.Fatal(err)
		}
		age(t, s, id, 9-i)
	}
	if data, ok := get(s, "a"); !ok || data != "abc" { // a was used just now
		t.Errorf("%q, %t", data, ok)
	}
	if err := put(t, s, "d", "defg"); err != nil {
		t.Fatal(err)
	}
	for id, there := range map[string]bool{"a": true, "b": false, "c": true, "d": true} {
		if _, ok := get(s, id); ok != there {
			t.Errorf("%s is kept: %t", id, ok)
		}
	}
	if n, of := s.Size(); n != 10 || of != 3 {
		t.Errorf("%d bytes in %d files", n, of)
	}
	// A larger one takes the place of its former self, and of all others if need be.
	if err := put(t, s, "d", "0123456789"); err != nil {
		t.Fatal(err)
	}
	if n, of := s.Size(); n != 10 || of != 1 {
		t.Errorf("%d bytes in %d files", n, of)
	}
	if err := put(t, s, "d", "0123456789a"); !errors.Is(err, ErrRoom) {
		t.Errorf("too large: %v", err)
	}
	if _, ok := get(s, "d"); ok {
		t.Error("what is not that conversation any more is kept")
	}
}

// TestRoom: a store that shrinks forgets what was not used for longest, one without room keeps
// nothing, and the disk keeps a reserve.
func TestRoom(t *testing.T) {
	left := int64(0)
	dir := filepath.Join(t.TempDir(), "kept")
	s := New(dir, 9, func(string) (int64, bool) { return left, true })
	if err := put(t, s, "a", "abc"); !errors.Is(err, ErrRoom) {
		t.Errorf("a full disk: %v", err)
	}
	left = reserve + 3
	for i, id := range []string{"a", "b", "c"} {
		if err := put(t, s, id, "abc"); err != nil {
			t.Fatal(err)
		}
		age(t, s, id, 9-i)
	}
	s.SetRoom(7)
	s.Trim()
	if _, n := s.Size(); n != 2 || s.Room() != 7 {
		t.Errorf("%d files stay", n)
	}
	if _, ok := get(s, "a"); ok {
		t.Error("the oldest stays")
	}
	if info, err := os.Stat(s.path("b")); err != nil || info.Mode().Perm()&0o077 != 0 && filepath.Separator == '/' {
		t.Errorf("%v, %v: others may read it", info, err)
	}
	if ok := s.Load("b", func(io.ReadSeeker) error { return ErrLater }); ok {
		t.Error("what was not wanted was taken")
	}
	if data, ok := get(s, "b"); !ok || data != "abc" {
		t.Error("what was not wanted is gone")
	}
	s.SetRoom(0)
	s.Trim()
	if _, n := s.Size(); n != 0 {
		t.Errorf("%d files without room", n)
	}
	if err := put(t, s, "a", "abc"); !errors.Is(err, ErrRoom) {
		t.Errorf("without room: %v", err)
	}
}

// TestBroken: what is not taken is removed without a word; a failed write keeps what
// was there; names lead nowhere else.
func TestBroken(t *testing.T) {
	dir := t.TempDir()
	s := New(dir, 1000, nil)
	if err := put(t, s, "a", "good"); err != nil {
		t.Fatal(err)
	}
	disk := errors.New("the disk is full")
	if err := s.Save("a", 4, func(w io.Writer) error {
		_, _ = io.WriteString(w, "ba")
		return disk
	}); !errors.Is(err, disk) {
		t.Errorf("%v", err)
	}
	if data, ok := get(s, "a"); !ok || data != "good" {
		t.Errorf("%q after a write that failed", data)
	}
	if s.Load("a", func(io.ReadSeeker) error { return inference.ErrKept }) {
		t.Error("it was taken")
	}
	if _, err := os.Stat(s.path("a")); err == nil {
		t.Error("a file that cannot be used stays")
	}
	if err := put(t, s, "a", "good and more"); err != nil {
		t.Fatal(err)
	}
	if s.Load("a", func(r io.ReadSeeker) error { _, err := io.ReadFull(r, make([]byte, 4)); return err }) {
		t.Error("what follows was not seen")
	}
	if err := os.Mkdir(s.path("folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, ok := get(s, "folder"); ok {
		t.Error("a folder is kept")
	}
	outside := filepath.Join(filepath.Dir(dir), "x"+ending)
	if err := put(t, s, "../x", "abc"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("a name led out of the folder")
	}
	if err := put(t, s, "y", "abc"); err != nil {
		t.Fatal(err)
	}
	s.Retain(func(id string) bool { return id == "y" })
	if _, n := s.Size(); n != 1 {
		t.Errorf("%d files are retained", n)
	}
	if err := s.Clear(); err != nil {
		t.Error(err)
	}
	if n, of := s.Size(); n != 0 || of != 0 {
		t.Errorf("%d bytes in %d files are left", n, of)
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 1 {
		t.Errorf("%v are left", left)
	}
}

// TestRestart: a text goes on after another start of the program as it would have gone
// on without, and nothing of it is read again: a transformer and a hybrid, greedy and
// sampled, with each precision of the cache.
func TestRestart(t *testing.T) {
	for _, dir := range []string{"", "../../inference/testdata/goldens2/qwen35-pq2_0"} {
		for _, kv := range []inference.KVType{inference.KVF16, inference.KVQ8} {
			for _, temperature := range []float64{0, 1.2} {
				t.Run(fmt.Sprintf("%s/%v/%v", filepath.Base(dir), kv, temperature), func(t *testing.T) {
					testRestart(t, dir, kv, temperature)
				})
			}
		}
	}
}

func testRestart(t *testing.T, dir string, kv inference.KVType, temperature float64) {
	start := func() (*inference.Engine, *inference.Session) {
		e, err := builtin.Open(t.Context(), inference.Options{Threads: 1})
		if dir != "" {
			e.Close()
			e, err = inference.Open(t.Context(), dir, inference.Options{Threads: 1})
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		s, err := e.NewSession(inference.SessionOptions{KV: kv})
		if err != nil {
			t.Fatal(err)
		}
		return e, s
	}
	write := func(s *inference.Session, ids []int32) (out []int32, reused int) {
		o := inference.GenerateOptions{MaxTokens: 30, IgnoreEOS: true}
		o.Sampling.Temperature, o.Sampling.Seed = temperature, 3
		for event, err := range s.Generate(context.Background(), ids, o) {
			if err != nil {
				t.Fatal(err)
			}
			if event.Kind == inference.EventToken {
				out = append(out, event.ID)
			}
			reused = event.Stats.Reused
		}
		return out, reused
	}
	e, s := start()
	prompt := e.Prompt("Once upon a time there was a bear who")
	answer, _ := write(s, prompt)
	next := slices.Concat(prompt, answer, e.Tokenizer().Encode(" Then"))

	store := New(t.TempDir(), DefaultRoom, nil)
	if err := store.Save("c", s.SaveSize(), s.Save); err != nil {
		t.Fatal(err)
	}
	if size, _ := store.Size(); size != s.SaveSize() {
		t.Errorf("%d bytes, %d foreseen", size, s.SaveSize())
	}
	want, _ := write(s, next)
	_, again := start()
	restore := func(r io.ReadSeeker) error { return again.Restore(r) }
	if !store.Load("c", restore) {
		t.Fatal("it was not taken")
	}
	got, reused := write(again, next)
	if !slices.Equal(got, want) || len(got) == 0 || reused < len(prompt)+len(answer)-1 {
		t.Errorf("%v, want %v; %d of %d reused", got, want, reused, len(next))
	}
	raw, err := os.ReadFile(store.path("c"))
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 4
	if err := os.WriteFile(store.path("c"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if store.Load("c", restore) || len(again.Tokens()) != 0 {
		t.Error("a damaged file was taken")
	}
	if got, reused := write(again, next); !slices.Equal(got, want) || reused != 0 {
		t.Errorf("%v without it, want %v; %d reused", got, want, reused)
	}
	if store.Load("c", restore) {
		t.Error("the damaged file is still there")
	}
}
