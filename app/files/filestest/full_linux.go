package filestest

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Disk is a disk that can be full. Folder is on it.
type Disk struct {
	Folder     string
	Fill, Free func()
}

// Full runs a test on disks that can be full: one where no file may grow beyond
// some bytes, in a process of its own since that limit is the process's, and,
// where this process may mount one, one of 2 MB.
func Full(t *testing.T, test func(t *testing.T, d Disk)) {
	const variable = "TERN_TEST_LIMITED"
	if os.Getenv(variable) != "" {
		test(t, limited(t))
		return
	}
	t.Run("limit", func(t *testing.T) {
		name, _, _ := strings.Cut(t.Name(), "/")
		cmd := exec.Command(os.Args[0], "-test.run=^"+name+"$")
		cmd.Env = append(os.Environ(), variable+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Logf("a small disk cannot be mounted here: %v", err)
		return
	}
	defer func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	t.Run("disk", func(t *testing.T) { test(t, mounted(t, dir)) })
}

// limited is a folder where Fill ends writing with EFBIG, in the middle of a file.
func limited(t *testing.T) Disk {
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	set := func(bytes uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: was.Max}); err != nil {
			t.Error(err)
		}
	}
	signal.Ignore(syscall.SIGXFSZ)
	free := func() { set(was.Cur) }
	t.Cleanup(free)
	return Disk{t.TempDir(), func() { set(100) }, free}
}

// mounted is a small disk where Fill ends writing with ENOSPC.
func mounted(t *testing.T, dir string) Disk {
	ballast := filepath.Join(dir, "ballast")
	return Disk{
		Folder: dir,
		Fill: func() {
			f, err := os.Create(ballast)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for err == nil {
				_, err = f.Write(make([]byte, 4096))
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
		},
		Free: func() {
			if err := os.Remove(ballast); err != nil {
				t.Error(err)
			}
		},
	}
}
