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

const (
	shortMessage = "Why is the sky blue?"
	longMessage  = "\n\nTell me more of it, please, with all that belongs to it: light, air, water and dust, and the colours of the evening.\n\nThank you."
)

// TestBubbles: the user's messages stand at the right in bubbles of at most 400,
// answers in the column without one.
func TestBubbles(t *testing.T) {
	for _, width := range []float32{1100, 600} {
		r := newRig(t, width, 720)
		r.show(chatting, document(shortMessage, "\n\nBlue light is scattered most.", longMessage, "\n\nYes."))
		p := r.transcript.page
		if p.shown != 5 || len(p.bubbles.groups) != 2 || p.bubbles.groups[1] != (run{2, 4}) {
			t.Fatalf("%d paragraphs, bubbles %v", p.shown, p.bubbles.groups)
		}
		right := p.left() + p.column()
		for i := range p.shown {
			l := p.label(i)
			if !p.paras[i].mine {
				if l.Position().X != p.left()-kit.Inset() || l.Size().Width != p.column()+2*kit.Inset() {
					t.Errorf("answer %d stands at %v, %v wide", i, l.Position().X, l.Size().Width)
				}
				continue
			}
			if l.Position().X+l.Size().Width != right-bubbleEdge {
				t.Errorf("message %d ends at %v, want %v", i, l.Position().X+l.Size().Width, right-bubbleEdge)
			}
		}
		for k, g := range p.bubbles.groups {
			b := p.bubbles.surfaces[k]
			first, last := p.label(g.first), p.label(g.end-1)
			if b.Size().Width > bubbleWidth || b.Position().X+b.Size().Width != right || b.Position().X >= first.Position().X {
				t.Errorf("bubble %d: %v wide at %v", k, b.Size().Width, b.Position())
			}
			if b.Position().Y != first.Position().Y || b.Position().Y+b.Size().Height != last.Position().Y+last.Size().Height {
				t.Errorf("bubble %d at %v, %v high", k, b.Position(), b.Size().Height)
			}
		}
		if short := p.bubbles.surfaces[0].Size().Width; short > 200 {
			t.Errorf("a bubble of %v for %q", short, shortMessage)
		}
		if p.mark.Visible() {
			t.Error("an answer has the mark of a continuation")
		}
	}
}

// TestBubblesGo when the model that is opened continues texts.
func TestBubblesGo(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, document(shortMessage, "\n\nYes."))
	if n := len(r.transcript.page.bubbles.groups); n != 1 {
		t.Fatalf("%d bubbles", n)
	}
	r.show(func(v *chat.View) { v.Mode, v.Model = chat.StoryMode, &builtin })
	p := r.transcript.page
	if len(p.bubbles.groups) != 0 || p.label(0).Position().X != p.left()-kit.Inset() {
		t.Errorf("%d bubbles, the text stands at %v", len(p.bubbles.groups), p.label(0).Position().X)
	}
}

// TestCaretIsNotInTheBubble while the model reads the message.
func TestCaretIsNotInTheBubble(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, state(chat.Prefilling), document(shortMessage))
	if text := r.transcript.page.label(0).Text; text != shortMessage {
		t.Errorf("%q", text)
	}
	r.show(document(shortMessage, "\n\n"))
	if p := r.transcript.page; p.shown != 2 || p.label(1).Text != caret || p.paras[1].mine {
		t.Errorf("%d paragraphs, %q", p.shown, p.label(1).Text)
	}
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
	r.generate()
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
	if r.copyAnswer(); fyne.CurrentApp().Clipboard().Content() != "Hello" {
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
