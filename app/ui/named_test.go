package ui

import (
	"fmt"
	"strings"
	"tern/app/ui/inspect/inspecttest"
	"testing"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	saying "tern/app/say"
	"tern/app/ui/inspect"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// Every control says what it does: by its label, its tooltip, the placeholder of
// an entry or the title of the row it stands in.
func TestEveryControlIsNamed(t *testing.T) {
	for _, width := range []float32{1280, 720} {
		r := newRig(t, width, 800)
		r.options.fold(false)
		r.fake.tokens = inspecttest.Tokens(" there", " was", " a")
		r.fake.view.Conversations = []chat.Entry{{ID: "now", Name: "Once upon"}, {ID: "old", Name: "Lily"}}
		r.show()
		found := 0
		look := func(where string) {
			r.show()
			found += r.checkNamed(fmt.Sprintf("%s, %v wide", where, width), r.win.Canvas().Content(), "")
			if r.dialogs.Shown != nil {
				found += r.checkNamed(where, r.dialogs.Shown.Popup, "")
			}
		}
		look("start")
		r.show(document("Once", " upon\n\n```go\nx := 1\n```\n"), func(v *chat.View) { v.Figures.Stop, v.Figures.MaxTokens = chat.ReachedLength, 256 })
		look("story")
		r.show(chatting, func(v *chat.View) {
			for i := range v.Document {
				v.Document[i].Versions, v.Document[i].Version = 3, 2
			}
			v.Problem = &saying.Problem{Sentence: saying.Say("No model in this folder"), Hint: saying.Say("Choose another."), Detail: "x"}
		})
		look("chat")
		r.reading.find()
		look("find")
		r.reading.closeFind()
		r.arrangement.toggleSidebar()
		look("sidebar")
		for _, p := range r.arrangement.panels {
			if r.arrangement.panelShown() != p {
				r.arrangement.togglePanel(p)
			}
			look(p.title)
		}
		for i, b := range r.inspect.Tabs {
			r.inspect.Open(i)
			look(b.Text)
		}
		for _, s := range r.arrangement.screens {
			r.arrangement.openScreen(s)
			look(s.title)
			r.arrangement.closeScreen()
		}
		r.shortcuts()
		look("shortcuts")
		r.about()
		look("about")
		r.dialogs.Close()
		if found < 300 {
			t.Errorf("%v wide: %d controls were looked at", width, found)
		}
	}
}

// checkNamed looks at what can be seen of o, which stands in a row with a title,
// and counts the controls.
func (r *rig) checkNamed(where string, o fyne.CanvasObject, row string) (found int) {
	r.t.Helper()
	if !o.Visible() {
		return 0
	}
	if c, ok := o.(*fyne.Container); ok {
		if l, ok := c.Layout.(interface{ Title() string }); ok {
			row = l.Title()
		}
		for _, x := range c.Objects {
			found += r.checkNamed(where, x, row)
		}
		return found
	}
	w, ok := o.(fyne.Widget)
	if !ok {
		return 0
	}
	if name, control := nameOf(o, row); control {
		found++
		if !strings.ContainsFunc(name, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }) {
			r.t.Errorf("%s: %T at %v says only %q", where, o, fyne.CurrentApp().Driver().AbsolutePositionForObject(o), name)
		}
	}
	for _, x := range test.WidgetRenderer(w).Objects() {
		found += r.checkNamed(where, x, row)
	}
	return found
}

// nameOf is what a control says of itself, and whether o is one.
func nameOf(o fyne.CanvasObject, row string) (name string, control bool) {
	switch o := o.(type) {
	case *kit.Button:
		if o.Text == "" || o.Name != "" && !strings.ContainsFunc(o.Text, unicode.IsLetter) {
			return o.ToolTip(), true
		}
		return o.Text, true
	case *kit.Check:
		return o.Text + row, true
	case *kit.Slider:
		return row, true
	case *kit.LineEntry:
		return o.PlaceHolder + row, true
	case *promptEntry:
		return o.PlaceHolder, true
	case *longtext.FindEntry:
		return o.PlaceHolder, true
	case *kit.TextEntry:
		return o.PlaceHolder + row, true
	case *inspect.Bars:
		return o.AccessibilityLabel(), len(o.List) > 0
	case *kit.Scrim, *longtext.Ear, *widget.Label, *widget.RichText: // text, and what lies under a drawer
		return "", false
	}
	if !ours(o) {
		return "", false // parts that Fyne makes itself
	}
	_, taps := o.(fyne.Tappable)
	if a, ok := o.(fyne.Accessible); taps && ok {
		return a.AccessibilityLabel(), true
	}
	return "", taps
}
