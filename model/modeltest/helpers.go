package modeltest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"tern/model"
	"tern/model/checkpoint"
)

// Folder writes a checkpoint into a folder called "tiny" and returns its path.
func Folder(t testing.TB, s Spec) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Open opens a checkpoint that must open.
func Open(t testing.TB, path string) *model.Model {
	t.Helper()
	m, err := checkpoint.Open(context.Background(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Bytes is a GGUF file in memory.
func Bytes(t testing.TB, s Spec, g GGUF) []byte {
	t.Helper()
	raw, err := s.BytesGGUF(g)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// OpenBytes opens a GGUF file that is in memory.
func OpenBytes(raw []byte) (*model.Model, error) {
	return checkpoint.OpenFS(context.Background(), fstest.MapFS{"m.gguf": {Data: raw}}, "m.gguf", nil)
}
