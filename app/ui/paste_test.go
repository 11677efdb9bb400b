package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// A book that is pasted does not stand in the entry, but it is what is sent,
// where it was pasted, once, and not where its mark was deleted.
func TestLongPaste(t *testing.T) {
	r := newRig(t, 1100, 720)
	e := r.composer.entry
	book := strings.Repeat("Lily found a red box. ", 50_000)
	paste := func(text string) { e.TypedShortcut(&fyne.ShortcutPaste{Clipboard: kit.FixedClipboard(text)}) }

	test.Type(e, "Read ")
	paste(book)
	test.Type(e, " and ")
	paste(strings.Repeat("a", longPaste))
	if want := "Read [pasted text 1, 1.1 MB] and [pasted text 2, 16 kB]"; e.Text != want {
		t.Fatalf("the prompt shows %.80q, want %q", e.Text, want)
	}
	r.answering.generate()
	if got, want := r.fake.calls, "generate Read "+book+" and "+strings.Repeat("a", longPaste); len(got) != 1 || got[0] != want {
		t.Fatalf("%d calls, not the pasted texts", len(got))
	}
	r.fake.calls = nil

	paste(book)
	e.SetText("")
	paste("short")
	r.answering.generate()
	r.took("generate short")
}

// TestPasteOfWindows: a text that was copied on Windows has the same lines.
func TestPasteOfWindows(t *testing.T) {
	r := newRig(t, 1100, 720)
	paste := func(text string) {
		r.composer.entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: kit.FixedClipboard(text)})
	}
	paste("Once\r\nupon\ra time")
	r.answering.generate()
	r.took("generate Once\nupon\na time")
	r.fake.calls = nil
	paste(strings.Repeat("Lily\r\n", longPaste) + "end")
	if got := r.composer.entry.words(); got != strings.Repeat("Lily\n", longPaste)+"end" {
		t.Errorf("%d bytes are in the prompt, beginning with %.20q", len(got), got)
	}
	edit := &longtext.EditEntry{}
	edit.ExtendBaseWidget(edit)
	edit.MultiLine = true
	edit.TypedShortcut(&fyne.ShortcutPaste{Clipboard: kit.FixedClipboard("a\r\nb")})
	if edit.Text != "a\nb" {
		t.Errorf("the editor holds %q", edit.Text)
	}
}
