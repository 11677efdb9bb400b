package files

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestSweep removes what ended writers left, and nothing else.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	long, soon := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	for name, at := range map[string]time.Time{
		"a.json.123.new": long, "b.json.4.new": soon, // the clock was set back
		"a.json": long, "c.json.5.new": time.Now(), "notes.new": long, "a.json.damaged": long,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	Sweep(dir, "*.json")
	Sweep(filepath.Join(dir, "none"), "*")
	left := ""
	found, err := os.ReadDir(dir)
	for _, f := range found {
		left += f.Name() + " "
	}
	if err != nil || left != "a.json a.json.damaged c.json.5.new notes.new " {
		t.Errorf("left are %s, %v", left, err)
	}
}

// TestReplaceOpen: a file that another program reads for a moment is replaced all
// the same, and so is one whose new content is read.
func TestReplaceOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	for _, text := range []string{"one", "two"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(50*time.Millisecond, func() { _ = f.Close() })
	}
	if err := Aside(path); err != nil {
		t.Error(err)
	}
	if got, err := Read(path+".damaged", 10); string(got) != "two" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestLongPath: a path may be longer than the 260 characters that Windows once
// had for one.
func TestLongPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("a long name of a folder", 5), strings.Repeat("b", 120), "ä\u4e2d.json")
	for _, text := range []string{"one", "two"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Read(path, 10); string(got) != "two" {
		t.Errorf("%q, %v", got, err)
	}
	unlock, err := Lock(path+".lock", 0)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

// TestLock: one holder at a time, and nobody waits for ever.
func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(name, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(name, 20*time.Millisecond); !errors.Is(err, errHeld) {
		t.Errorf("a second holder: %v", err)
	}
	time.AfterFunc(20*time.Millisecond, unlock)
	if unlock, err = Lock(name, time.Minute); err != nil {
		t.Fatal(err)
	}
	unlock()
}

// TestLockRemoved: of those who wait for a lock whose file its holder removes,
// one at a time holds it.
func TestLockRemoved(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	var holders atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				unlock, err := Lock(name, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold it", n)
					unlock()
					return
				}
				runtime.Gosched()
				holders.Add(-1)
				_ = os.Remove(name) // not on Windows: it is open
				unlock()
			}
		})
	}
	all.Wait()
}
