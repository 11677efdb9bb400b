package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// chatting makes the open model one that answers messages.
func chatting(v *chat.View) {
	v.Mode = chat.ChatMode
	v.Model = &chat.ModelInfo{Name: "2B", Path: "/m/2b", Template: "2B-4T", Summary: "332 tensors"}
}

func TestSend(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting)
	b := r.composer.main
	is := func(what, label string, enabled bool) {
		t.Helper()
		if b.Text != label || b.Disabled() == enabled {
			t.Errorf("%s: %q, disabled %v", what, b.Text, b.Disabled())
		}
	}
	is("nothing written", "Send", false)
	if r.composer.entry.PlaceHolder != "Write a message" {
		t.Errorf("the prompt asks %q", r.composer.entry.PlaceHolder)
	}
	r.answering.generate()
	r.took()
	test.Type(r.composer.entry, "Hi")
	is("a message", "Send", true)
	b.OnTapped()
	r.took("generate Hi")
	r.show(state(chat.Ready), document("Hi", "\n\nHello"), func(v *chat.View) { v.Figures.Stop = chat.EndedByItself })
	is("answered", "Send", false)
	r.show(func(v *chat.View) { v.Figures.Stop = chat.ReachedLength })
	is("cut", "Continue", true)
	test.Type(r.composer.entry, "And")
	is("cut, and a message", "Send", true)
	r.show(state(chat.Generating))
	is("writing", "Stop", true)
	if r.messages.copyAnswer(); fyne.CurrentApp().Clipboard().Content() != "Hello" {
		t.Errorf("copied %q", fyne.CurrentApp().Clipboard().Content())
	}
}

// notes is what the notes among objects say.
func notes(c *fyne.Container) string {
	var all []string
	for _, o := range c.Objects {
		if n, ok := o.(*kit.Note); ok {
			all = append(all, n.Text())
		}
	}
	return strings.Join(all, "|")
}

// TestBaseModelIsNamed: a model that answers nobody is told from one that does.
func TestBaseModelIsNamed(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(func(v *chat.View) { v.Model = &chat.ModelInfo{Name: "large", Path: "/m/large", Summary: "266 tensors"} })
	if want := "This model continues texts: write the beginning of one…"; r.composer.entry.PlaceHolder != want {
		t.Errorf("the prompt asks %q, want %q", r.composer.entry.PlaceHolder, want)
	}
	if !strings.Contains(notes(r.start.page), "It continues texts; it was not made to answer messages.") {
		t.Errorf("the start says %q", notes(r.start.page))
	}
	r.show(chatting)
	if !strings.Contains(notes(r.start.page), "2B is ready to chat.") {
		t.Errorf("the start says %q", notes(r.start.page))
	}
}
