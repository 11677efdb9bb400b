package ui

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	saying "tern/app/say"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// tapDialog presses a button of the open dialog.
func (r *rig) tapDialog(label string) {
	r.t.Helper()
	if r.dialogs.Shown == nil {
		r.t.Fatalf("no dialog is open for %q", label)
	}
	for _, b := range r.dialogs.Shown.Buttons {
		if b.AccessibilityLabel() == label {
			test.Tap(b)
			return
		}
	}
	r.t.Fatalf("the dialog has no button %q", label)
}

// tapDialogList presses the button of a form in the dialog of a copy.
func (r *rig) tapDialogList(label string) {
	r.t.Helper()
	for _, o := range test.LaidOutObjects(r.dialogs.Shown.Popup) {
		if b, ok := o.(*kit.Button); ok && b.AccessibilityLabel() == label {
			test.Tap(b)
			return
		}
	}
	r.t.Fatalf("the dialog has no button %q", label)
}

func model(m chat.ModelInfo) func(*chat.View) { return func(v *chat.View) { v.Model = &m } }

// The advice of a file is one click away, and what was clicked is remembered.
func TestAdvice(t *testing.T) {
	r := newRig(t, 1100, 720)
	m := chat.ModelInfo{Name: "wrong", Path: "/m/wrong.gguf", ContextLen: 512}
	advice := &chat.Advice{Sentence: saying.Say("This file seems to hold its multipliers inverted"), Hint: saying.Say("Tern can read it the right way.")}
	r.show(model(m), func(v *chat.View) { v.Advice = advice })
	r.fake.calls = nil
	r.stripIs("This file seems to hold its multipliers inverted [Correct it]")
	r.tapStrip("Correct it")
	r.took("correct")

	m.Reading = "inverted"
	r.show(model(m), func(v *chat.View) { v.Advice = nil })
	r.stripIs("It is read the right way from now on. [Undo]")
	if last := r.saved[len(r.saved)-1].Recent[0]; last != (settings.Recent{Path: m.Path, Name: m.Name, Reading: "inverted", Used: r.clock}) {
		t.Errorf("remembered %+v", last)
	}
	if got := r.recent(m.Path); got == nil || got.Reading != "inverted" {
		t.Errorf("the next start reads %v", got)
	}
	r.tapStrip("Undo")
	r.took("read as it says")
	m.Reading = chat.AsItSays
	r.show(model(m))
	r.stripIs("")

	r.show(func(v *chat.View) { v.Advice = advice })
	r.tapStrip("Dismiss")
	r.took("decline")
}

// A float checkpoint offers a compact copy, until somebody says no.
func TestCopyOffer(t *testing.T) {
	r := newRig(t, 1100, 720)
	m := chat.ModelInfo{Name: "large", Path: "/m/large", ContextLen: 512, Latent: true, OpenedIn: 4 * time.Second}
	r.show(model(m))
	const offer = "A compact copy of this model would open in a moment. [Keep a compact copy…]"
	r.stripIs(offer)
	r.tapStrip("Dismiss")
	r.stripIs("")
	if last := r.saved[len(r.saved)-1].Recent[0]; !last.NoCopy {
		t.Errorf("remembered %+v", last)
	}
	m.Path = "/m/other"
	r.show(model(m))
	r.stripIs(offer)
	m.Latent = false
	r.show(model(m))
	r.stripIs("")
}

// The forms of a copy are chosen in a dialog; a smaller head shows its price
// before it is kept; the copy that is done can be opened.
func TestKeepCopy(t *testing.T) {
	r := newRig(t, 1100, 720)
	m := chat.ModelInfo{Name: "large", Path: "/m/large", ContextLen: 512, Latent: true, OpenedIn: 4 * time.Second}
	r.show(model(m))
	r.fake.calls = nil
	r.fake.offers = []chat.CopyOffer{{Form: chat.ExactCopy, Bytes: 430e6}, {Form: chat.ByteCopy, Bytes: 230e6}}
	r.tapStrip("Keep a compact copy…")
	if r.dialogs.Shown == nil {
		t.Fatal("no dialog")
	}
	r.tapDialog("Cancel")
	r.took()

	r.copies.keepCopy()
	r.tapDialog("Another folder…")
	r.took("choose")
	r.done("/elsewhere", nil)
	r.tapDialogList("8-bit head · 230 MB")
	r.took("copy 2/elsewhere/large.gguf")

	r.show(func(v *chat.View) { v.Copy = &chat.Copy{Form: chat.ByteCopy, Measuring: true} })
	r.tapDialog("Cancel")
	r.took("cancel copy")
	r.show(func(v *chat.View) {
		v.Copy = &chat.Copy{Form: chat.ByteCopy, Price: &chat.Price{Logits: 0.0042, SameArgmax: 127, Positions: 128, Perplexity: [2]float64{8.5, 8.51}}}
	})
	if got := priceOf(r.view.Copy.Price); !strings.Contains(got, "0.42%") || !strings.Contains(got, "127 of 128") || !strings.Contains(got, "8.5 before, 8.51 after") {
		t.Errorf("price %q", got)
	}
	r.tapDialog("Keep this copy")
	r.took("keep")

	r.show(func(v *chat.View) { v.Copy = &chat.Copy{Path: "/m/large.gguf", Written: 120e6, Total: 430e6} })
	r.statusIs("Keeping a compact copy · 120 of 430 MB")
	test.Tap(r.status.cancel)
	r.took("cancel copy")
	r.show(func(v *chat.View) {
		v.Copy = &chat.Copy{Path: "/m/large.gguf", Written: 430e6, Total: 430e6, Done: true}
	})
	r.stripIs("large.gguf is kept, 430 MB. [Open it]")
	r.took("cancel copy")
	r.tapStrip("Open it")
	r.took("load /m/large.gguf")

	r.show(func(v *chat.View) {
		v.Copy = &chat.Copy{Problem: &saying.Problem{Sentence: saying.Say("There is not enough room for large.gguf"), Hint: saying.Say("Free some space, or choose another folder.")}}
	})
	r.stripIs("There is not enough room for large.gguf [More]")
	r.fake.calls = nil
	r.pass(time.Minute)

	r.fake.offers = nil
	r.copies.keepCopy()
	r.stripIs("No compact copy can be made of this model.")
}

// TestNotes: what was passed over when a model was opened is said once, and can be
// read again in Inspect.
func TestNotes(t *testing.T) {
	r := newRig(t, 1100, 720)
	m := chat.ModelInfo{Name: "odd", Path: "/m/odd.gguf", ContextLen: 512, OpenedIn: 90 * time.Millisecond,
		Notes: []string{"generation_config.json is passed over.", "Some of its matrices are computed in float."}}
	r.show(model(m))
	r.stripIs("generation_config.json is passed over. [Show]")
	r.statusIs("Ready · odd opened in 90 ms · 2 notes, see Inspect")
	r.tapStrip("Show")
	found := false
	for _, o := range test.LaidOutObjects(r.dialogs.Shown.Popup) {
		if l, ok := o.(*widget.Label); ok {
			found = found || l.Text == strings.Join(m.Notes, "\n")
		}
	}
	if !found {
		t.Error("the dialog does not show both notes")
	}
	r.dialogs.Close()
	r.stripIs("")
	if last := r.saved[len(r.saved)-1].Recent[0]; !last.Noted {
		t.Errorf("remembered %+v", last)
	}
	r.show(model(chat.ModelInfo{Name: "other", Path: "/m/other.gguf", Notes: m.Notes[:1]}))
	r.stripIs("generation_config.json is passed over.")
	r.show(model(m))
	r.stripIs("")
	if last := r.settings.Recent[0]; last.Path != m.Path || !last.Noted {
		t.Errorf("remembered %+v", last)
	}
	r.inspect.Open(1)
	r.inspect.Show(r.view)
	if got := r.inspect.Model.Notes.Text(); got != strings.Join(m.Notes, " ") {
		t.Errorf("Inspect says %q", got)
	}
}
