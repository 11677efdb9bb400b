package checkpoint_test

import (
	"os"
	"path/filepath"
	"testing"

	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/modeltest"
)

// TestNamesNotText opens files and folders whose names are not UTF-8.
func TestNamesNotText(t *testing.T) {
	root := filepath.Join(t.TempDir(), "Modell\xe4")
	dir := filepath.Join(root, "r\xf6mer\xff")
	s := modeltest.Tiny(checkpoint.BitNet, modeltest.Packed)
	if err := os.CopyFS(dir, os.DirFS(modeltest.Folder(t, s))); err != nil {
		t.Fatal(err)
	}
	single := filepath.Join(dir, "gr\xfc\xdfe.safetensors")
	if err := os.Rename(filepath.Join(dir, "model.safetensors"), single); err != nil {
		t.Fatal(err)
	}
	g := modeltest.TinyGGUF(checkpoint.BitNet)
	if err := g.WriteSplitGGUF(root, "gr\xfcn", 2, modeltest.GGUF{Linear: gguf.TQ2}); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(root, "gr\xfcn-00001-of-00002.gguf")
	for path, name := range map[string]string{dir: "r\xf6mer\xff", single: "gr\xfc\xdfe", part: "gr\xfcn", root: "Modell\xe4"} {
		m, err := checkpoint.Open(t.Context(), path, nil)
		if err != nil {
			t.Errorf("%q: %v", path, err)
			continue
		}
		f, err := checkpoint.Peek(path)
		if err != nil || m.Name != name || f.Name != name || m.Path != path {
			t.Errorf("%q is called %q and %q: %v", path, m.Name, f.Name, err)
		}
	}
	if _, err := checkpoint.OpenVocab(part); err != nil {
		t.Error(err)
	}
}
