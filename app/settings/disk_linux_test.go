package settings

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tern/app/files"
	"tern/app/files/filestest"
)

// TestDiskFull: the old settings stay, nothing half is left, and the new ones
// are written when there is room.
func TestDiskFull(t *testing.T) {
	filestest.Full(t, func(t *testing.T, disk filestest.Disk) {
		path := filepath.Join(disk.Folder, "tern", "settings.json")
		if err := Save(path, Default()); err != nil {
			t.Fatal(err)
		}
		disk.Fill()
		if err := Save(path, changed()); !files.Full(err) || !errors.Is(err, files.ErrNotWritten) {
			t.Errorf("error %v", err)
		}
		if found, err := os.ReadDir(filepath.Dir(path)); len(found) != 1 {
			t.Errorf("%v, %v", found, err)
		}
		if got, err := Load(path); err != nil || !cmp.Equal(got, Default(), emptyIsNil) {
			t.Errorf("%+v, %v", got, err)
		}
		disk.Free()
		if err := Save(path, changed()); err != nil {
			t.Fatal(err)
		}
		if got, err := Load(path); err != nil || !cmp.Equal(got, changed(), emptyIsNil) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestSaveKeepsUnreadable: settings that could not be read are not lost to those
// that are saved meanwhile.
func TestSaveKeepsUnreadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	if err := os.Symlink("/proc/self/mem", path); err != nil { // reading fails with EIO
		t.Fatal(err)
	}
	if _, err := Load(path); !errors.Is(err, syscall.EIO) {
		t.Fatalf("error %v", err)
	}
	for range 2 {
		if err := Save(path, changed()); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Load(path); err != nil || !cmp.Equal(got, changed(), emptyIsNil) {
		t.Errorf("%+v, %v", got, err)
	}
	if to, err := os.Readlink(path + ".damaged"); err != nil || to != "/proc/self/mem" {
		t.Errorf("what could not be read is gone: %q, %v", to, err)
	}
}
