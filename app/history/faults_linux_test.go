package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestUnreadable: files that cannot be read are said, stay as they are, and keep
// nobody from the others.
func TestUnreadable(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		want error // nil: it is not a conversation
	}{
		"fails to read":   {func(path string) error { return os.Symlink("/proc/self/mem", path) }, syscall.EIO},
		"leads to itself": {func(path string) error { return os.Symlink(path, path) }, syscall.ELOOP},
		"leads nowhere":   {func(path string) error { return os.Symlink(path+"x", path) }, nil},
		"a pipe":          {func(path string) error { return syscall.Mkfifo(path, 0o600) }, nil},
		"leads to a pipe": {func(path string) error {
			return errors.Join(syscall.Mkfifo(path+"x", 0o600), os.Symlink(path+"x", path))
		}, nil},
		"a folder":  {func(path string) error { return os.Mkdir(path, 0o700) }, nil},
		"forbidden": {forbidden, fs.ErrPermission},
	} {
		t.Run(name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			defer unix.SetfsuidRetUid(os.Getuid()) // which forbidden changes
			s := NewStore(t.TempDir())
			if err := s.Save(talk("good")); err != nil {
				t.Fatal(err)
			}
			if err := c.make(s.path("bad")); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				list, err := s.List()
				if len(list) != 1 || list[0].ID != "good" || !errors.Is(err, c.want) {
					t.Errorf("%v, %v", list, err)
				}
			}
			if _, err := os.Lstat(s.path("bad")); err != nil {
				t.Error(err)
			}
		})
	}
}

// forbidden makes a file that this thread may not read: where it is root's, the
// thread gives up being that.
func forbidden(path string) error {
	if err := os.WriteFile(path, []byte("{}"), 0); err != nil {
		return err
	}
	if os.Getuid() != 0 {
		return nil
	}
	dir := filepath.Dir(path)
	if err := errors.Join(os.Chmod(filepath.Join(dir, "good.json"), 0o644), os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		return err
	}
	_, err := unix.SetfsuidRetUid(65534)
	return err
}

// TestTwoProcesses: two programs that save under the same names at the same time
// lose nothing of either.
func TestTwoProcesses(t *testing.T) {
	const variable, rounds = "TERN_TEST_TWO", 100
	if v := os.Getenv(variable); v != "" {
		who, dir, _ := strings.Cut(v, " ")
		s := NewStore(dir)
		for i := range rounds {
			c := &Conversation{ID: fmt.Sprint(i), Title: fmt.Sprint(who, i)}
			err := s.Save(c)
			if errors.Is(err, ErrChanged) { // as the controller does
				c.ID = NewID(day)
				err = s.Save(c)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	dir := t.TempDir()
	var both []*exec.Cmd
	for _, who := range []string{"a", "b"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestTwoProcesses$")
		cmd.Env = append(os.Environ(), variable+"="+who+" "+dir)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		both = append(both, cmd)
	}
	for _, cmd := range both {
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	list, err := NewStore(dir).List()
	if err != nil {
		t.Fatal(err)
	}
	copies := 0
	for _, e := range list {
		if strings.Contains(e.ID, "-") {
			copies++
		}
	}
	for i := range rounds {
		for _, who := range []string{"a", "b"} {
			if !slices.ContainsFunc(list, func(e Entry) bool { return e.Name == fmt.Sprint(who, i) }) {
				t.Errorf("what %s saved in round %d is lost", who, i)
			}
		}
	}
	t.Logf("%d of %d were saved as a copy", copies, len(list))
}

// TestRestoreFails: what could be saved nowhere is not lost by an attempt to bring
// it back that fails.
func TestRestoreFails(t *testing.T) {
	dir := t.TempDir()
	s, c := NewStore(dir), talk("a")
	bin := filepath.Join(dir, trash)
	inTheWay := func(path string, folder bool) {
		t.Helper()
		err := os.RemoveAll(path)
		if folder {
			err = errors.Join(err, os.Mkdir(path, 0o700))
		} else {
			err = errors.Join(err, os.WriteFile(path, nil, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	inTheWay(s.path("a"), true)
	if err := s.Save(c); err == nil {
		t.Fatal("saved in the place of a folder")
	}
	if err := errors.Join(os.Remove(s.path("a")), s.Delete("a")); err != nil {
		t.Fatal(err)
	}
	inTheWay(bin, false)
	if err := s.Restore("a"); err == nil {
		t.Error("restored from a bin that is none")
	}
	inTheWay(bin, true)
	if err := s.Restore("a"); err != nil {
		t.Error(err)
	}
	if list, err := s.List(); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}
