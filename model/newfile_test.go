package model

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
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
