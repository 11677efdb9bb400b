package longtext

import (
	"testing"

	"tern/app/ui/kit"
)

const (
	shortMessage = "Why is the sky blue?"
	longMessage  = "\n\nTell me more of it, please, with all that belongs to it: light, air, water and dust, and the colours of the evening.\n\nThank you."
)

// TestBubbles: the user's messages stand at the right in bubbles of at most 400,
// answers in the column without one.
func TestBubbles(t *testing.T) {
	for _, width := range []float32{1100, 600} {
		r := newViewRig(t, width, 720)
		r.show(messages, says(shortMessage, "\n\nBlue light is scattered most.", longMessage, "\n\nYes."))
		p := r.page
		if p.content.shown != 5 || len(p.bubbles.groups) != 2 || p.bubbles.groups[1] != (run{2, 4}) {
			t.Fatalf("%d paragraphs, bubbles %v", p.content.shown, p.bubbles.groups)
		}
		right := p.left() + p.column()
		for i := range p.content.shown {
			l := r.label(i)
			if !p.content.paras[i].mine {
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
			first, last := r.label(g.first), r.label(g.end-1)
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
	r := newViewRig(t, 1100, 720)
	r.show(messages, says(shortMessage, "\n\nYes."))
	if n := len(r.page.bubbles.groups); n != 1 {
		t.Fatalf("%d bubbles", n)
	}
	r.show(func(d *Document) { d.Chat = false })
	p := r.page
	if len(p.bubbles.groups) != 0 || r.label(0).Position().X != p.left()-kit.Inset() {
		t.Errorf("%d bubbles, the text stands at %v", len(p.bubbles.groups), r.label(0).Position().X)
	}
}

// TestCaretIsNotInTheBubble while the model reads the message.
func TestCaretIsNotInTheBubble(t *testing.T) {
	r := newViewRig(t, 1100, 720)
	r.show(messages, growing(true), says(shortMessage))
	if text := r.label(0).Text; text != shortMessage {
		t.Errorf("%q", text)
	}
	r.show(says(shortMessage, "\n\n"))
	if p := r.page; p.content.shown != 2 || r.label(1).Text != Caret || p.content.paras[1].mine {
		t.Errorf("%d paragraphs, %q", p.content.shown, r.label(1).Text)
	}
}
