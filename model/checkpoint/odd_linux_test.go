package checkpoint_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/modeltest"
)

// TestOddFiles puts what is not an ordinary file into the places of a checkpoint's
// files. A pipe must not be waited for, nor /dev/zero read to its end.
func TestOddFiles(t *testing.T) {
	for kind, put := range map[string]func(name string) error{
		"a pipe":              func(name string) error { return syscall.Mkfifo(name, 0o600) },
		"a link to itself":    func(name string) error { return os.Symlink(name, name) },
		"a folder":            func(name string) error { return os.Mkdir(name, 0o700) },
		"an endless device":   func(name string) error { return os.Symlink("/dev/zero", name) },
		"what cannot be read": func(name string) error { return os.Symlink("/proc/self/mem", name) },
	} {
		for _, name := range []string{"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
			"model.safetensors.index.json", "model-00001-of-00002.safetensors", "m.gguf"} {
			s := modeltest.Tiny(checkpoint.BitNet, modeltest.Packed)
			s.Shards = 2
			dir := modeltest.Folder(t, s)
			path := filepath.Join(dir, name)
			if name == "m.gguf" {
				if err := modeltest.TinyGGUF(checkpoint.BitNet).WriteGGUF(path, modeltest.GGUF{Linear: gguf.TQ2}); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			if err := put(path); err != nil {
				t.Fatal(err)
			}
			picked := dir
			if name == "m.gguf" {
				picked = path
			}
			m, err := checkpoint.Open(t.Context(), picked, nil)
			if m != nil || err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s for %s: %v", kind, name, err)
			}
		}
	}
}
