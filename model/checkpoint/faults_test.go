package checkpoint_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/modeltest"
)

// faultyFS is the folder dir, to which something happens before the call at of
// those that reach its files: opening, reading, asking for the size.
type faultyFS struct {
	dir   string
	at    int64
	fault func(dir string) error // what the call returns; nil lets it go on
	calls atomic.Int64
}

func (f *faultyFS) call() error {
	if f.calls.Add(1)-1 != f.at {
		return nil
	}
	return f.fault(f.dir)
}

func (f *faultyFS) Open(name string) (fs.File, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	file, err := os.Open(filepath.Join(f.dir, name))
	if err != nil {
		return nil, err
	}
	return &faultyFile{file, f}, nil
}

type faultyFile struct {
	*os.File
	fs *faultyFS
}

func (f *faultyFile) Stat() (fs.FileInfo, error) {
	if err := f.fs.call(); err != nil {
		return nil, err
	}
	return f.File.Stat()
}

func (f *faultyFile) Read(p []byte) (int, error) {
	if err := f.fs.call(); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fs.call(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

// each calls do for every file of weights in dir.
func each(dir string, do func(name string) error) error {
	for _, pattern := range []string{"*.safetensors", "*.gguf"} {
		names, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, name := range names {
			if err := do(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestFaults opens checkpoints to which something happens at each of the calls
// that reading them takes. Each time either the model is whole, or the error says
// what happened.
func TestFaults(t *testing.T) {
	sharded := modeltest.Tiny(checkpoint.BitNet, modeltest.Packed)
	sharded.Shards = 2
	forms := []string{modeltest.Folder(t, sharded), t.TempDir()}
	one := filepath.Join(forms[1], "m.gguf")
	if err := modeltest.TinyGGUF(checkpoint.BitNet).WriteGGUF(one, modeltest.GGUF{Linear: gguf.TQ2}); err != nil {
		t.Fatal(err)
	}
	removes := map[string]bool{"files deleted": true, "the folder is gone": true, "files replaced": true}
	for name, fault := range map[string]struct {
		happen func(dir string) error
		want   []error
	}{
		"a read error": {func(string) error { return &fs.PathError{Op: "read", Path: "m", Err: syscall.EIO} },
			[]error{syscall.EIO, model.ErrNotFound}}, // who cannot ask for a file, does not find it
		"a file that may not be read": {func(string) error { return &fs.PathError{Op: "open", Path: "m", Err: fs.ErrPermission} },
			[]error{fs.ErrPermission, model.ErrNotFound}},
		"files cut in the middle": {func(dir string) error {
			return each(dir, func(name string) error {
				info, err := os.Stat(name)
				if err != nil {
					return err
				}
				return os.Truncate(name, info.Size()/2)
			})
		}, []error{model.ErrDamaged}},
		"files emptied": {func(dir string) error {
			return each(dir, func(name string) error { return os.Truncate(name, 0) })
		}, []error{model.ErrDamaged}},
		"files deleted":      {func(dir string) error { return each(dir, os.Remove) }, []error{model.ErrNotFound}},
		"the folder is gone": {os.RemoveAll, []error{model.ErrNotFound, fs.ErrNotExist}},
		"files replaced": {func(dir string) error {
			return each(dir, func(name string) error {
				if err := os.WriteFile(name+"~", []byte("no model"), 0o600); err != nil {
					return err
				}
				return os.Rename(name+"~", name)
			})
		}, []error{model.ErrDamaged}},
	} {
		t.Run(name, func(t *testing.T) {
			if removes[name] && runtime.GOOS == "windows" {
				return // which removes no file that is open
			}
			failed := 0
			dir := filepath.Join(t.TempDir(), "m")
			for _, form := range forms {
				fresh := func(at int64) *faultyFS {
					t.Helper()
					if err := os.RemoveAll(dir); err != nil {
						t.Fatal(err)
					}
					if err := os.CopyFS(dir, os.DirFS(form)); err != nil {
						t.Fatal(err)
					}
					return &faultyFS{dir: dir, at: at, fault: fault.happen}
				}
				clean := fresh(-1)
				want, err := checkpoint.OpenFS(t.Context(), clean, ".", nil)
				if err != nil {
					t.Fatal(err)
				}
				for at := range clean.calls.Load() {
					m, err := checkpoint.OpenFS(t.Context(), fresh(at), ".", nil)
					switch {
					case err == nil && reflect.DeepEqual(m, want):
					case m == nil && wrapsOne(err, fault.want):
						failed++
					default:
						t.Errorf("%s, call %d: model %t, error %v", form, at, m != nil, err)
					}
				}
			}
			if failed < 10 {
				t.Errorf("only %d loads failed", failed)
			}
		})
	}
}

func wrapsOne(err error, of []error) bool {
	for _, e := range of {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
