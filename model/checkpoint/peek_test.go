package checkpoint

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"tern/model"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPeek compares what the headers promise with what loading brings, for
// every form of checkpoint.
func TestPeek(t *testing.T) {
	dirs, err := filepath.Glob("../../inference/testdata/goldens/*-*")
	if err != nil || len(dirs) < 17 {
		t.Fatalf("%d golden checkpoints (%v)", len(dirs), err)
	}
	for _, dir := range append(dirs, "../../assets/model") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			got, err := Peek(dir)
			if err != nil {
				t.Fatal(err)
			}
			m, err := Open(context.Background(), dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != m.Name || got.Path != dir {
				t.Errorf("name %q, path %q", got.Name, got.Path)
			}
			want := m.Config
			want.RopeAdjacent = got.RopeAdjacent // RotateHalves turns the rows of a copy by Tern
			if d := cmp.Diff(want, got.Config); d != "" {
				t.Errorf("config (-loaded +peeked):\n%s", d)
			}
			if d := cmp.Diff(m.MemoryParts(), got.Memory); d != "" {
				t.Errorf("memory (-loaded +peeked):\n%s", d)
			}
			if got.Params != m.Params() {
				t.Errorf("%d parameters, loaded are %d", got.Params, m.Params())
			}
			if got.Head.Rows != m.Head.Rows || got.Head.Cols != m.Head.Cols || got.Head.Type != m.Head.Type {
				t.Errorf("head %+v", got.Head)
			}
			if (got.Format == "GGUF") != (m.Tokenizer.GGUF != nil) {
				t.Errorf("format %s", got.Format)
			}
		})
	}
}

func TestPeekFails(t *testing.T) {
	dir := t.TempDir()
	if _, err := Peek(dir); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.gguf"), []byte("GGUF\x03\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Peek(dir); !errors.Is(err, model.ErrDamaged) {
		t.Errorf("a file of six bytes: %v", err)
	}
}

// TestPeekLittle checks that weights stay unread: the bytes of the files that
// are read are those of the headers.
func TestPeekLittle(t *testing.T) {
	for _, dir := range []string{"../../assets/model", "../../inference/testdata/goldens/gguf-bitnet-f32"} {
		read := &counter{FS: os.DirFS(dir)}
		f, err := peek(read, ".")
		if err != nil {
			t.Fatal(err)
		}
		if f.Bytes() == 0 || read.n == 0 || read.n > f.Bytes()/2 {
			t.Errorf("%s: %d bytes read of a model of %d", dir, read.n, f.Bytes())
		}
	}
}

// counter counts what is read of weight files.
type counter struct {
	fs.FS
	n int64
}

func (c *counter) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if file, ok := f.(*os.File); ok && (filepath.Ext(name) == ".gguf" || filepath.Ext(name) == ".safetensors") {
		return &countedFile{file, c}, nil
	}
	return f, err
}

type countedFile struct {
	*os.File
	c *counter
}

func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.c.n += int64(n)
	return n, err
}

func (f *countedFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	f.c.n += int64(n)
	return n, err
}
