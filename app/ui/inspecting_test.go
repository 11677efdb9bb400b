package ui

import (
	"slices"
	"strings"
	"tern/app/ui/inspect/inspecttest"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/ui/kit/kittest"
	"tern/app/ui/longtext"
)

// TestInspectInWindow opens the panel in a window: answers are then written with
// figures, and a chosen word and a recipe reach the controller.
func TestInspectInWindow(t *testing.T) {
	r := newRig(t, 1100, 720)
	if r.fake.inspect {
		t.Error("figures are asked for while nobody looks")
	}
	r.fake.tokens = inspecttest.Tokens("One", " two")
	r.show(func(v *chat.View) {
		v.Document = []chat.Segment{{ID: 2, Author: chat.Model, Text: "One two"}}
	})
	r.arrangement.togglePanel(r.inspectSide)
	if !r.fake.inspect || r.arrangement.panelShown() != r.inspectSide || len(r.inspect.Text.Tokens) != 2 {
		t.Fatal("the panel does not look")
	}
	r.inspect.Text.Pin(1)
	r.inspect.Bars.Choose(r.inspect.Bars.List[4])
	if !slices.Contains(r.fake.calls, "choose 2 1 104") {
		t.Errorf("calls %q", r.fake.calls)
	}
	r.inspecting.copyRecipe()
	if r.notices.message() == nil || !strings.Contains(r.notices.message().Sentence, "no recipe") {
		t.Errorf("without a recipe: %+v", r.notices.message())
	}
	r.fake.recipe = []byte("{}\n")
	r.inspecting.copyRecipe()
	if got := fyne.CurrentApp().Clipboard().Content(); got != "{}\n" {
		t.Errorf("the clipboard has %q", got)
	}
	r.arrangement.togglePanel(r.options.side)
	if r.fake.inspect {
		t.Error("figures are still asked for")
	}
}

// tokensOf cuts a segment into words with figures.
func tokensOf(s chat.Segment) []chat.Token {
	tokens := inspecttest.Tokens(strings.SplitAfter(s.Text[s.Lead:], " ")...)
	for i := range tokens {
		tokens[i].Segment = s.ID
	}
	return tokens
}

// While tokens are shown they are tinted in the text itself, which answers the
// mouse; nothing of that is there once they are not.
func TestTokensInTheText(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.inspect.Text.After = func(time.Duration, func()) {}
	r.show(chatting, document("Hi", "\n\nOne two three", "\n\nAnd?", "\n\nA **fourth** and fifth of them and a sixth.\n\n```\ncode is text\n```"), func(v *chat.View) {
		v.Document[1].Lead, v.Document[3].Lead = 2, 2
		v.Figures.Stop = chat.EndedByItself
	})
	doc := r.fake.view.Document
	r.fake.tokens = tokensOf(doc[3])
	text, mouse := r.inspect.Text, r.transcript.Places().Column().(desktop.Hoverable)
	shaded := func() (list []string) {
		for i := range len(r.transcript.Paragraphs()) {
			list = append(list, strings.Join(r.transcript.Places().Block(i).Shaded(), "|"))
		}
		return list
	}
	over := func(i, at int) fyne.Position {
		b := r.transcript.Places().Block(i)
		for y := float32(0); y < b.Size().Height; y++ {
			for x := float32(0); x < 400; x++ {
				if b.At(fyne.NewPos(x, y)) == at {
					return b.Position().AddXY(x+0.5, y+1)
				}
			}
		}
		t.Fatalf("byte %d of paragraph %d is nowhere", at, i)
		return fyne.Position{}
	}
	click := func(o fyne.CanvasObject, at fyne.Position) {
		t.Helper()
		d := fyne.CurrentApp().Driver()
		s := kittest.SelectionOf(t, o)
		m := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
		m.Position = at.Add(d.AbsolutePositionForObject(r.transcript.Places().Column())).Subtract(d.AbsolutePositionForObject(s))
		s.MouseDown(m)
		s.MouseUp(m)
	}
	none := []string{"", "", "", "", ""}
	if got := shaded(); !slices.Equal(got, none) {
		t.Fatalf("%q is tinted with Inspect closed", got)
	}
	mouse.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: over(3, 4)}})
	if text.Hovered != -1 {
		t.Error("the mouse is followed with Inspect closed")
	}
	r.arrangement.togglePanel(r.inspectSide)
	// The tint of each word is its number modulo 5, 0 for none.
	want := []string{"", "", "", "**fourth** |and |fifth |of |and |a |sixth.", "```\ncode |is "}
	if got := shaded(); !slices.Equal(got, want) {
		t.Fatalf("%q is tinted, want %q", got, want)
	}

	at := strings.Index(doc[3].Text, "fifth") - 2
	mouse.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: over(3, at)}})
	if text.Hovered != 3 {
		t.Errorf("the mouse is over token %d", text.Hovered)
	}
	text.Point(text.Hovered)
	if got := shaded()[3]; !strings.Contains(got, "fifth |fifth ") {
		t.Errorf("what the mouse is over is not marked: %q", got)
	}
	mouse.MouseOut()
	if got := shaded(); !slices.Equal(got, want) || text.Hovered != -1 {
		t.Errorf("%q after the mouse has left", got)
	}
	test.TapAt(r.transcript.Places().Block(3).(*longtext.Rich), over(3, at).Subtract(r.transcript.Places().Block(3).Position()))
	if text.Pinned != 3 || r.win.Canvas().Focused() != fyne.Focusable(text) || !strings.Contains(r.inspect.Headline.Text(), "fifth") {
		t.Errorf("a click pins %d: %q", text.Pinned, r.inspect.Headline.Text())
	}
	r.key(fyne.KeyRight)
	if got := shaded()[3]; !strings.Contains(got, "of |of ") || strings.Contains(got, "fifth |fifth ") {
		t.Errorf("the arrow key marks %q", got)
	}
	code := r.transcript.Places().Block(4).(*longtext.Code)
	click(code, over(4, 4))
	if text.Pinned != 8 {
		t.Errorf("a click on code pins %d", text.Pinned)
	}
	r.inspect.Bars.Choose(r.inspect.Bars.List[5])
	r.took("choose 4 8 105")

	// Another answer is looked at when it is clicked, and pinned when it is known.
	r.fake.tokens, r.fake.missing = nil, true
	click(r.label(1), over(1, 4))
	r.took("examine 2")
	if text.Pinned != -1 {
		t.Errorf("token %d of another answer is pinned", text.Pinned)
	}
	r.fake.tokens, r.fake.missing = tokensOf(doc[1]), false
	r.show()
	if got := shaded(); text.Pinned != 1 || !slices.Equal(got, []string{"", "two |two |three", "", "", ""}) {
		t.Errorf("token %d of the other answer is pinned, %q is tinted", text.Pinned, got)
	}
	// What the user wrote has no figures.
	click(r.label(2), over(2, 1))
	if r.inspect.Chosen != 2 {
		t.Errorf("answer %d is looked at", r.inspect.Chosen)
	}
	// A new answer is what is looked at next.
	r.show(func(v *chat.View) {
		v.Document = append(v.Document, chat.Segment{ID: 5, Author: chat.Model, Text: " More."})
	})
	if r.inspect.Chosen != 0 {
		t.Errorf("answer %d is looked at while another is written", r.inspect.Chosen)
	}
	r.arrangement.togglePanel(r.inspectSide)
	for _, b := range r.transcript.Places().Blocks() {
		if got := b.Shaded(); len(got) > 0 {
			t.Errorf("%q is tinted after Inspect was closed", got)
		}
	}
}
