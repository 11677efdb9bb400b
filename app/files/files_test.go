package files

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
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
