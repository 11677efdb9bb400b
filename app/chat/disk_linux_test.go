package chat

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tern/app/files/filestest"
	"tern/app/history"
)

// onDisk is the text of a conversation as its file has it.
func onDisk(t *testing.T, dir, id string) string {
	t.Helper()
	x, err := history.NewStore(dir).Read(id)
	if err != nil {
		t.Error(err)
		return ""
	}
	all := ""
	for _, m := range x.Path() {
		all += m.Text
	}
	return all
}

// folder lists the files in a folder.
func folder(t *testing.T, dir string) (names []string) {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Error(err)
	}
	for _, f := range found {
		if !f.IsDir() {
			names = append(names, f.Name())
		}
	}
	return names
}

// TestDiskFull: while the disk is full, what was saved stays, nothing half is
// left, and every conversation is where it was; then all of it is saved.
func TestDiskFull(t *testing.T) {
	filestest.Full(t, func(t *testing.T, disk filestest.Disk) {
		synctest.Test(t, func(t *testing.T) {
			dir := filepath.Join(disk.Folder, "conversations")
			f := newFake(t)
			f.context = 10000
			c := f.kept(dir)
			c.Generate("Once", balanced)
			idle()
			first := c.View().ID
			for range 2 { // it is said each time
				kept, saved := folder(t, dir), onDisk(t, dir, first)
				disk.Fill()
				c.Generate("there was a tern", balanced)
				idle()
				v := c.View()
				if want := (words{"Could not save: the disk is full", "Free some space; your text is kept in memory."}); v.Trouble == nil || said(*v.Trouble) != want || !v.Unsaved {
					t.Errorf("the view has %+v, unsaved: %v", v.Trouble, v.Unsaved)
				}
				long := text(v)
				if !strings.HasSuffix(long, "there was a tern abc") {
					t.Errorf("the text is %q", long)
				}
				if got := onDisk(t, dir, first); got != saved || !slices.Equal(folder(t, dir), kept) {
					t.Errorf("saved is %q, was %q; in the folder is %q, was %q", got, saved, folder(t, dir), kept)
				}
				c.DismissProblem()
				idle()
				if v := c.View(); v.Trouble != nil || !v.Unsaved {
					t.Errorf("it is said again: %+v, unsaved: %v", v.Trouble, v.Unsaved)
				}

				// Another one, and back: neither is lost.
				c.New()
				c.Generate("The second", balanced)
				idle()
				second := c.View().ID
				c.Shelf.Search("there was")
				c.Open(first)
				idle()
				v = c.View()
				if text(v) != long || !strings.Contains(names(v), "The second") || !v.Found.IDs[first] {
					t.Errorf("opened again: %q of %q", text(v), names(v))
				}
				c.Shelf.Rename(second, "Renamed")
				c.Shelf.Delete(second)
				idle()
				c.Shelf.Restore(second)
				idle()
				if v := c.View(); v.ID != second || text(v) != "The second abc" || v.Title != "Renamed" {
					t.Errorf("restored: %q, %q", text(v), v.Title)
				}
				c.Open(first)

				disk.Free()
				idle()
				v = c.View()
				if v.Trouble != nil || v.Unsaved || v.Notice.String() != "Everything is saved again." {
					t.Errorf("the view has %+v, %q, unsaved: %v", v.Trouble, v.Notice, v.Unsaved)
				}
				if onDisk(t, dir, first) != long || onDisk(t, dir, second) != "The second abc" || len(folder(t, dir)) != len(kept)+1 {
					t.Errorf("saved are %q and %q, in %q", onDisk(t, dir, first), onDisk(t, dir, second), folder(t, dir))
				}
			}
		})
	})
}

// TestQuitWithFullDisk: a disk that is full to the end is not a secret, and room
// that comes just before the end is used.
func TestQuitWithFullDisk(t *testing.T) {
	filestest.Full(t, func(t *testing.T, disk filestest.Disk) {
		for _, room := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				c := newFake(t).kept(disk.Folder)
				disk.Fill()
				c.Generate("Once", balanced)
				time.Sleep(time.Second)
				if room {
					disk.Free()
				}
				c.Close()
				v := c.View()
				if v.Unsaved == room || text(v) != "Once abc" {
					t.Errorf("room: %v, unsaved: %v, %q", room, v.Unsaved, text(v))
				}
				if room && onDisk(t, disk.Folder, v.ID) != "Once abc" {
					t.Error("it was not saved")
				}
				if !room {
					disk.Free()
				}
			})
		}
	})
}

// TestCopyToFullDisk: a compact copy that does not fit leaves nothing, and what
// was there stays.
func TestCopyToFullDisk(t *testing.T) {
	filestest.Full(t, func(t *testing.T, disk filestest.Disk) {
		dir := tiny(t)
		b := openFile(t, dir, map[string]string{dir: AsItSays})
		path := filepath.Join(disk.Folder, "copy.gguf")
		if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
			t.Fatal(err)
		}
		disk.Fill()
		b.Jobs.MakeCopy(ExactCopy, path)
		v := b.until(func(v View) bool { return v.Copy != nil && v.Copy.Problem != nil })
		if want := (words{"There is not enough room for copy.gguf", "Free some space, or choose another folder."}); said(*v.Copy.Problem) != want {
			t.Errorf("%+v", v.Copy.Problem)
		}
		disk.Free()
		if old, err := os.ReadFile(path); string(old) != "older" || !slices.Equal(folder(t, disk.Folder), []string{"copy.gguf"}) {
			t.Errorf("%q, %v, in %q", old, err, folder(t, disk.Folder))
		}
		b.Jobs.MakeCopy(ExactCopy, path)
		b.until(func(v View) bool { return v.Copy != nil && v.Copy.Done })
	})
}
