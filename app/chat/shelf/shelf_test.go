package shelf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"tern/app/history"
	"tern/app/say"
)

// desk is a host with one conversation in memory, and no worker.
type desk struct {
	memory  *history.Conversation
	dirty   bool
	opened  []string
	notices []string
}

func (d *desk) host() Host {
	return Host{
		Changed: func() {}, Notice: func(t say.Text) { d.notices = append(d.notices, t.String()) }, Failed: func(err error) { panic(err) },
		Do: func(f func()) bool { f(); return true }, Open: func(id string) { d.opened = append(d.opened, id) },
		Unsaved: func() []*history.Conversation {
			if !d.dirty {
				return nil
			}
			d.dirty = false
			return []*history.Conversation{d.Picture(d.memory.ID)}
		},
		Picture: d.Picture, Renumbered: func(_, to string) { d.memory.ID = to },
		Rename: func(string, string) bool { return false }, PutAway: func(string) {},
	}
}

func (d *desk) Picture(id string) *history.Conversation {
	if d.memory == nil || d.memory.ID != id {
		return nil
	}
	copied := *d.memory
	return &copied
}

func conversation(id, text string) *history.Conversation {
	return &history.Conversation{ID: id, Leaf: 1, Messages: []history.Message{{ID: 1, Author: history.User, Text: text}}}
}

// TestShelf saves, renames, copies, deletes, restores, exports, imports and finds conversations without
// any controller.
func TestShelf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		d := &desk{memory: conversation("open", "words in memory"), dirty: true}
		s := New(filepath.Join(dir, "kept"), d.host())
		defer s.Close()
		s.Put(conversation("put", "words on disk"))
		s.Save()
		synctest.Wait()
		if list := s.View().Conversations; len(list) != 2 {
			t.Fatalf("%+v", list)
		}
		s.Search("memory")
		synctest.Wait()
		if f := s.View().Found; f == nil || len(f.IDs) != 1 || !f.IDs["open"] {
			t.Errorf("found %+v", f)
		}
		s.Rename("put", " A   title ")
		s.Duplicate("put")
		synctest.Wait()
		names := 0
		for _, e := range s.View().Conversations {
			if strings.HasPrefix(e.Name, "A title") {
				names++
			}
		}
		if names != 2 || len(d.opened) != 1 {
			t.Errorf("%d conversations have the title, opened %q", names, d.opened)
		}
		file := filepath.Join(dir, "x.json")
		s.Export("put", file, "You", "Tern", false)
		s.Import(file)
		s.Delete("put")
		synctest.Wait()
		if list := s.View().Conversations; len(list) != 3 || len(d.opened) != 2 || len(d.notices) != 1 {
			t.Errorf("%d conversations, opened %q, notices %q", len(list), d.opened, d.notices)
		}
		s.Restore("put")
		s.Import(dir) // a folder
		synctest.Wait()
		if v := s.View(); len(v.Conversations) != 4 || d.opened[2] != "put" || v.Trouble == nil {
			t.Errorf("%d conversations, opened %q, trouble %+v", len(v.Conversations), d.opened, v.Trouble)
		}
		if s.Dismiss(); s.View().Trouble != nil {
			t.Error("the trouble stays")
		}

		// Another program changes the file of the open one: ours is kept under another id.
		other := history.NewStore(filepath.Join(dir, "kept"))
		x, err := other.Load("open")
		if err != nil {
			t.Fatal(err)
		}
		x.Title = "theirs"
		if err := other.Save(x); err != nil {
			t.Fatal(err)
		}
		d.memory.Title, d.dirty = "ours", true
		s.Save()
		synctest.Wait()
		if d.memory.ID == "open" || len(s.View().Conversations) != 5 {
			t.Errorf("id %q, %d conversations", d.memory.ID, len(s.View().Conversations))
		}
	})
}

// TestDeletedMeanwhile: whoever has an older list may ask for a conversation that was
// deleted, and bring it back twice: nothing went wrong then. What another program removed
// is told.
func TestDeletedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		d := &desk{}
		s := New(dir, d.host())
		defer s.Close()
		s.Put(conversation("a", "words"))
		s.Put(conversation("b", "words"))
		s.Delete("a")
		s.Load("a", func(*history.Conversation) { t.Error("it is there") })
		s.Rename("a", "title")
		s.Duplicate("a")
		synctest.Wait()
		if v := s.View(); v.Trouble != nil || len(v.Conversations) != 1 || len(d.opened) > 0 {
			t.Errorf("%+v, opened %q", v, d.opened)
		}
		s.Export("a", filepath.Join(dir, "x.md"), "You", "Tern", false)
		synctest.Wait()
		if v := s.View(); v.Trouble == nil || strings.Contains(v.Trouble.Sentence.String(), "cannot be written there") {
			t.Errorf("the export: %+v", v.Trouble)
		}
		s.Dismiss()
		s.Restore("a")
		s.Restore("a")
		synctest.Wait()
		if v := s.View(); v.Trouble != nil || len(v.Conversations) != 2 || len(d.opened) != 2 {
			t.Errorf("%+v, opened %q", v, d.opened)
		}
		if err := os.Remove(filepath.Join(dir, "b.json")); err != nil {
			t.Fatal(err)
		}
		s.Load("b", func(*history.Conversation) {})
		synctest.Wait()
		if v := s.View(); v.Trouble == nil {
			t.Error("nothing is said of a file that is gone")
		}
	})
}

// TestUnsaved keeps what the disk does not take, and saves it when it does.
func TestUnsaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "kept")
		if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file where the folder is to be
			t.Fatal(err)
		}
		d := &desk{}
		s := New(dir, d.host())
		defer s.Close()
		s.Put(conversation("put", "words"))
		synctest.Wait()
		if v := s.View(); !v.Unsaved || v.Trouble == nil {
			t.Errorf("%+v", v)
		}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		s.Save()
		synctest.Wait()
		if v := s.View(); v.Unsaved || len(v.Conversations) != 1 || len(d.notices) != 1 {
			t.Errorf("%+v, %q", v, d.notices)
		}
	})
}
