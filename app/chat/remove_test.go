package chat

import (
	"testing"
	"testing/synctest"
)

// TestRemove: one message is taken out, what follows stays, the model does not see
// it any more, and Undo brings it back; all of it is there after a restart.
func TestRemove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.template = "fake"
		f.says = []string{"one", "two", "three"}
		f.context = 1000
		dir := t.TempDir()
		c := f.kept(dir)
		is := func(what, want string) {
			t.Helper()
			idle()
			if v := c.View(); text(v) != want || v.Problem != nil || v.Trouble != nil {
				t.Errorf("%s: %q, want %q; %v %v", what, text(v), want, v.Problem, v.Trouble)
			}
		}
		c.Generate("Hi", balanced)
		idle()
		c.Generate("So", balanced)
		is("the conversation", "Hi\n\none\n\nSo\n\ntwo")
		c.Remove(c.View().Document[1].ID)
		is("without the first answer", "Hi\n\nSo\n\ntwo")
		c.Undo()
		is("with it again", "Hi\n\none\n\nSo\n\ntwo")
		c.Remove(99999)
		is("what is not there", "Hi\n\none\n\nSo\n\ntwo")
		c.Remove(c.View().Document[3].ID)
		is("without the last answer", "Hi\n\none\n\nSo")
		c.Undo()
		c.Remove(c.View().Document[1].ID)
		is("without the first answer again", "Hi\n\nSo\n\ntwo")
		id := c.View().ID
		c.Close()
		c = f.kept(dir)
		c.Open(id)
		is("after a restart", "Hi\n\nSo\n\ntwo")
		c.Generate("And", balanced)
		idle()
		if asked := spelled(f.asked[len(f.asked)-1]); asked != "^u:Hi\n\nSo\na:two\nu:And\na:" && asked != "^u:Hi\nu:So\na:two\nu:And\na:" {
			t.Errorf("the model is asked %q", asked)
		}
	})
}
