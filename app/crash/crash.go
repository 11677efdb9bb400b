// Package crash keeps reports of mistakes inside the program: of panics that were
// caught, and of those that ended it, which the next start finds. They stay on
// this computer, in a folder that is bounded, and hold no words of the user's.
package crash

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"tern/app/files"
)

const (
	maxReports = 5        // the newest are kept
	maxReport  = 32 << 10 // bytes of one
)

// The names of files: of finished reports, and of the one that the runtime
// appends to while a program runs, with its lock beside it.
const (
	reports = "report-*.txt"
	running = "running-*.txt"
	locked  = ".lock"
)

// Log is the folder of reports of a program that runs. A nil Log keeps none.
type Log struct {
	dir    string
	about  string
	file   string // that the runtime appends to
	unlock func()
	last   string
}

// Open makes reports of what ended earlier runs, and has the runtime write there
// what ends this one. about is what a report says of the program, in lines.
func Open(dir, about string) (*Log, error) {
	l := &Log{dir: dir, about: strings.TrimSpace(about) + "\n"}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("crash: %w", err)
	}
	l.collect()
	if err := l.begin(); err != nil {
		return nil, fmt.Errorf("crash: %w", err)
	}
	return l, nil
}

// begin makes the file of this run, after its lock: a file without one is taken
// for that of a program that ended.
func (l *Log) begin() (err error) {
	lock, err := os.CreateTemp(l.dir, running+locked)
	if err != nil {
		return err
	}
	_ = lock.Close()
	l.file = strings.TrimSuffix(lock.Name(), locked)
	if l.unlock, err = files.Lock(lock.Name(), 0); err != nil {
		_ = os.Remove(lock.Name())
		return err
	}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	f, err := os.OpenFile(l.file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close() // the runtime has a handle of its own
	if _, err = f.WriteString(l.about); err != nil {
		return err
	}
	return debug.SetCrashOutput(f, debug.CrashOptions{})
}

// collect makes reports of the files of programs that run no more. Those that
// were killed, or lost their power, left nothing to tell.
func (l *Log) collect() {
	left, _ := filepath.Glob(filepath.Join(l.dir, running)) // the pattern is a good one
	for _, name := range left {
		unlock, err := files.Lock(name+locked, 0)
		if err != nil {
			continue // it runs
		}
		data, err := files.Read(name, 2*maxReport)
		about, trace := split(string(data))
		if err == nil && trace != "" {
			l.last = strings.TrimSpace(about) + "\n\n" + wordless(trace)
			_ = l.keep(l.last) // it is shown all the same
		}
		remove(name)
		unlock()
		remove(name + locked)
	}
	l.sweep()
}

// sweep removes the locks of programs that ended before they had a file, or could
// not remove their lock: on Windows another start may be looking at it. Whoever
// begins now has a young one.
func (l *Log) sweep() {
	left, _ := filepath.Glob(filepath.Join(l.dir, running+locked)) // the pattern is a good one
	for _, name := range left {
		_, err := os.Stat(strings.TrimSuffix(name, locked))
		info, at := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) && at == nil && time.Since(info.ModTime()).Abs() > beginning {
			_ = os.Remove(name) // it will be tried again
		}
	}
}

// beginning is longer than begin takes.
const beginning = time.Minute

// remove removes a file that another start may have open for a moment. If that
// fails, it will be tried again by the next one.
func remove(name string) { _ = files.Patient(func() error { return os.Remove(name) }) }

// Last is the report of an earlier run that ended since the last start, empty
// where there is none.
func (l *Log) Last() string {
	if l == nil {
		return ""
	}
	return l.last
}

// Note keeps a report of a panic that was caught. It may be called from any
// goroutine.
func (l *Log) Note(what string, stack []byte) {
	if l != nil {
		_ = l.keep(fmt.Sprintf("%s\n%s\n\n%s", l.about, what, stack)) // the window says it too
	}
}

// keep writes a report, and removes the oldest of too many.
func (l *Log) keep(text string) error {
	text = text[:min(len(text), maxReport)]
	name := time.Now().UTC().Format("20060102-150405")
	f, err := os.CreateTemp(l.dir, strings.Replace(reports, "*", name+"-*", 1))
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	all, _ := filepath.Glob(filepath.Join(l.dir, reports))
	slices.Sort(all) // the oldest first, but where the clock was set back
	for _, old := range all[:max(0, len(all)-maxReports)] {
		if old != f.Name() {
			_ = os.Remove(old) // it will be tried again
		}
	}
	return nil
}

// Close ends the watch of a run that ends well.
func (l *Log) Close() {
	if l == nil {
		return
	}
	_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
	remove(l.file)
	l.unlock()
	remove(l.file + locked)
}

// About describes a program of this version on this machine, for reports.
func About(version, kernel string) string {
	return fmt.Sprintf("Tern %s\n%s/%s, %d processors, kernels %s\nstarted %s", version, runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), kernel, time.Now().Format(time.RFC3339))
}
