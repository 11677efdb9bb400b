package crash

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"
)

// ends are how a program can end, by the name of the end.
var ends = map[string]func(l *Log){
	"well":    func(l *Log) { l.Close() },
	"words":   func(*Log) { panic("my secret\n\ngoroutine of secrets\npanic: my secret") },
	"error":   func(*Log) { panic(fmt.Errorf("my secret: %w", errors.ErrUnsupported)) },
	"mistake": func(l *Log) { go func() { _ = l.dir[len(os.Args)+1000:] }(); select {} },
	"twice": func(*Log) {
		defer func() { _ = any(recover()).(error).(fmt.Stringer) }()
		panic(errors.New("my secret"))
	},
	"stack":      func(l *Log) { debug.SetMaxStack(1 << 20); deeper(l, 0) },
	"map":        func(*Log) { none()["my secret"]++ },
	"just ended": func(*Log) { os.Exit(3) },
}

func none() map[string]int { return nil }

//go:noinline
func deeper(l *Log, n int) int {
	if n == 1<<40 {
		return 0
	}
	return deeper(l, n+1) + len(l.dir)
}

const variable = "TERN_TEST_CRASH"

// TestMain is also the program that ends: as the variable says, in the folder
// that it is in.
func TestMain(m *testing.M) {
	if how := os.Getenv(variable); how != "" {
		l, err := Open(".", About("1.2.3", "generic"))
		if err != nil {
			panic(err)
		}
		ends[how](l)
		return
	}
	os.Exit(m.Run())
}

func run(t *testing.T, dir, how string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Dir, cmd.Env = dir, append(os.Environ(), variable+"="+how)
	out, err := cmd.CombinedOutput()
	if (err == nil) != (how == "well") {
		t.Errorf("it ended with %v: %s", err, out)
	}
}

func open(t *testing.T, dir string) *Log {
	t.Helper()
	l, err := Open(dir, "here")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func found(t *testing.T, dir string) (kept []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestEnds: each way in which a program ends by a mistake leaves a report with
// the place of it and no words; the others leave nothing.
func TestEnds(t *testing.T) {
	for how, want := range map[string]string{
		"well": "", "just ended": "",
		"words":   "panic: (its words are left out)",
		"error":   "panic: (its words are left out)",
		"mistake": "panic: runtime error: slice bounds out of range",
		"twice":   "interface conversion: ",
		"stack":   "goroutine 1 ",
		"map":     "panic: assignment to entry in nil map",
	} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			run(t, dir, how)
			l := open(t, dir)
			report := l.Last()
			if want == "" {
				if report != "" || len(found(t, dir)) != 2 { // the file of this run, and its lock
					t.Errorf("%q, in %q", report, found(t, dir))
				}
				return
			}
			for _, part := range []string{want, "Tern 1.2.3\n", "kernels generic\n", "\ngoroutine ", "crash_test.go:"} {
				if !strings.Contains(report, part) {
					t.Errorf("it lacks %q: %s", part, report)
				}
			}
			if strings.Contains(report, "secret") || len(report) > 2*maxReport {
				t.Errorf("%d bytes: %s", len(report), report)
			}
			if again := open(t, dir); again.Last() != "" {
				t.Error("it is told again")
			}
			kept, err := filepath.Glob(filepath.Join(dir, reports))
			if err != nil || len(kept) != 1 {
				t.Fatalf("%q, %v", kept, err)
			}
			if raw, err := os.ReadFile(kept[0]); err != nil || string(raw) != report[:min(len(report), maxReport)] {
				t.Errorf("%q, %v", raw, err)
			}
		})
	}
}

// TestBounds: reports are few and short, and those of programs that run are left
// alone.
func TestBounds(t *testing.T) {
	dir := t.TempDir()
	other := open(t, dir)
	for range 3 {
		run(t, dir, "words")
	}
	l := open(t, dir)
	for i := range 2 * maxReports {
		l.Note(fmt.Sprint("mistake ", i), make([]byte, 2*maxReport))
	}
	kept, err := filepath.Glob(filepath.Join(dir, reports))
	if err != nil || len(kept) > maxReports+1 {
		t.Errorf("%q, %v", kept, err)
	}
	for _, name := range kept {
		if info, err := os.Stat(name); err != nil || info.Size() > maxReport {
			t.Errorf("%v, %v", info, err)
		}
	}
	if _, err := os.Stat(other.file); err != nil {
		t.Error(err)
	}
	var none *Log
	none.Note("", nil)
	none.Close()
	if none.Last() != "" {
		t.Error("a report of nothing")
	}
}

// TestOpenTogether: programs that start at once leave each other's files alone.
func TestOpenTogether(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				l, err := Open(dir, "here")
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := os.Stat(l.file); err != nil {
					t.Error(err)
				}
				l.Close()
			}
		})
	}
	all.Wait()
	if left := found(t, dir); len(left) != 0 {
		t.Errorf("%q is left", left)
	}
}

// TestLocksAreSwept: the lock of a program that ended before it had a file goes,
// that of one that begins stays.
func TestLocksAreSwept(t *testing.T) {
	dir := t.TempDir()
	old, young := filepath.Join(dir, "running-1.txt"+locked), filepath.Join(dir, "running-2.txt"+locked)
	for name, age := range map[string]time.Duration{old: time.Hour, young: 0} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Now().Add(-age), time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Open(dir, "here")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if left := found(t, dir); len(left) != 1 || left[0] != young {
		t.Errorf("%q is left", left)
	}
}
