package export

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWriteNewFile: all or nothing.
func TestWriteNewFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	broken := errors.New("broken")
	for _, c := range []struct {
		size  int64
		fails error
		want  error
		left  string
	}{
		{3, broken, broken, ""},
		{3, nil, nil, "new"},
		{3, broken, broken, "new"},
		{1 << 60, nil, ErrNoSpace, "new"},
	} {
		err := writeNewFile(path, c.size, func(w io.Writer) error {
			if _, err := w.Write([]byte("new")); err != nil {
				return err
			}
			return c.fails
		})
		if _, known := FreeSpace(dir); !known && c.want == ErrNoSpace {
			continue
		}
		if !errors.Is(err, c.want) {
			t.Errorf("error %v, want %v", err, c.want)
		}
		names, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		hidden, err := filepath.Glob(filepath.Join(dir, ".*"))
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := os.ReadFile(path)
		if string(raw) != c.left || len(names)+len(hidden) > 1 {
			t.Errorf("it holds %q, beside it %q %q", raw, names, hidden)
		}
	}
}

// TestWriteNewFileSweeps: what a killed writer of the same file left goes, what
// another one writes and other files stay.
func TestWriteNewFileSweeps(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.gguf")
	for name, age := range map[string]time.Duration{
		".a.gguf.123": 2 * quiet, ".a.gguf.4": -2 * quiet, // the clock was set back
		".a.gguf.5": 0, ".a.gguf.old": 2 * quiet, ".b.gguf.6": 2 * quiet, "a.gguf.7": 2 * quiet,
	} {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeNewFile(path, 0, func(io.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	left := ""
	found, err := os.ReadDir(dir)
	for _, f := range found {
		left += f.Name() + " "
	}
	if err != nil || left != ".a.gguf.5 .a.gguf.old .b.gguf.6 a.gguf a.gguf.7 " {
		t.Errorf("left are %s, %v", left, err)
	}
}
