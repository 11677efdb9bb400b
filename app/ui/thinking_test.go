package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/ui/longtext"
)

// thinks makes the open model one that thinks, and has it answer.
func thinks(thoughts, text string, thinking bool) func(*chat.View) {
	return func(v *chat.View) {
		chatting(v)
		v.Model.Thinks = &chat.Thinks{Levels: []string{"off", "low", "high"}, Usual: "high"}
		v.Document = []chat.Segment{{ID: 1, Author: chat.User, Text: "2+2?"},
			{ID: 2, Author: chat.Model, Text: "\n\n" + text, Lead: 2, Thoughts: thoughts, Thinking: thinking, Took: 12 * time.Second}}
	}
}

// folds are the labels of folds that can be seen.
func (r *rig) folds() (list []string) {
	for _, b := range r.transcript.Places().Blocks() {
		if f, ok := b.(*longtext.Fold); ok {
			list = append(list, f.Head.Text)
		}
	}
	return list
}

// TestThoughtsInTheWindow: they stand in a fold, and no copy has them but the one that says so.
func TestThoughtsInTheWindow(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(thinks("Two and two.\nFour?", "Four.", false), state(chat.Ready), func(v *chat.View) { v.Figures.Stop = chat.EndedByItself })
	if got := r.folds(); !slices.Equal(got, []string{"▸ Thought for 12 s"}) {
		t.Errorf("folds %q", got)
	}
	copied := func(what, want string) {
		t.Helper()
		if got := fyne.CurrentApp().Clipboard().Content(); got != want {
			t.Errorf("%s: copied %q, want %q", what, got, want)
		}
	}
	r.messages.copyAnswer()
	copied("the answer", "Four.")
	r.messages.copyAll()
	copied("all", "2+2?\n\nFour.")
	m := r.transcript.Messages()[1]
	r.messages.copyText(r.messages.messageText(m))
	copied("the message", "Four.")
	i := slices.IndexFunc(r.messages.moreOf(m), func(i *fyne.MenuItem) bool { return i.Label == "Copy with thoughts" })
	if i < 0 {
		t.Fatal("nothing copies the thoughts")
	}
	r.messages.moreOf(m)[i].Action()
	copied("with thoughts", "> Two and two.\n> Four?\n\nFour.")
	r.reading.readBy(-1)
	r.transcript.Reader().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if got := r.folds(); !slices.Equal(got, []string{"▾ Thought for 12 s"}) {
		t.Errorf("opened by key: %q", got)
	}
	r.editing.editMessage(m)
	if e := r.transcript.Editor(); e == nil || e.Entry.Text != "Four." {
		t.Errorf("what is edited: %+v", e)
	}
	r.editing.closeEditor(false)
	r.show(thinks("", "Four.", false))
	if got := r.folds(); got != nil {
		t.Errorf("folds without thoughts: %q", got)
	}
}

// TestEndedThinking: an answer that is thoughts alone says so and offers to go on.
func TestEndedThinking(t *testing.T) {
	for _, c := range []struct {
		stop chat.StopReason
		want string
	}{
		{chat.ReachedLength, "The model was still thinking when it reached 256 tokens."},
		{chat.EndedByItself, "The answer ended while the model was thinking."},
		{chat.StoppedByUser, "The answer ended while the model was thinking."},
	} {
		r := newRig(t, 1100, 720)
		r.show(thinks("Two and", "", true), state(chat.Ready), func(v *chat.View) { v.Figures.Stop, v.Figures.MaxTokens = c.stop, 256 })
		n := r.notices.message()
		if n == nil || n.Sentence != c.want || len(n.Actions) == 0 || n.Actions[0].Label != "Continue" {
			t.Errorf("%s: %+v", c.stop, n)
			continue
		}
		if b := r.composer.main; b.Text != "Continue" || b.Disabled() {
			t.Errorf("%s: the button is %q", c.stop, b.Text)
		}
		if got := r.folds(); len(got) != 1 || !strings.HasPrefix(got[0], "▸ Stopped while it was thinking") {
			t.Errorf("%s: %q", c.stop, got)
		}
		n.Actions[0].Do()
		r.took("generate")
		r.show(state(chat.Generating))
		if got := r.folds(); !slices.Equal(got, []string{"▸ Thinking…"}) {
			t.Errorf("%s: %q", c.stop, got)
		}
	}
}

// TestThinkingSettings: the panel has levels and a budget where the open model thinks, and nothing where it does not.
func TestThinkingSettings(t *testing.T) {
	r := newRig(t, 1100, 720)
	o := r.options
	r.show(chatting)
	if o.thinking.row.Box.Visible() || o.thinking.budget.Box.Visible() {
		t.Error("a model that does not think has a switch")
	}
	r.show(thinks("a", "b", false), state(chat.Ready))
	if !o.thinking.row.Box.Visible() || !o.thinking.budget.Box.Visible() || o.thinking.level.Text != "High ▾" {
		t.Errorf("the switch is %q", o.thinking.level.Text)
	}
	items := o.levelItems()
	if len(items) != 3 || items[0].Label != "Off" || !items[2].Checked {
		t.Fatalf("%+v", items)
	}
	items[0].Action()
	if g := r.preferences.generation; g.Thinking != "off" || o.thinking.level.Text != "Off ▾" || !o.thinking.row.Reset.Visible() {
		t.Errorf("%+v, %q", g, o.thinking.level.Text)
	}
	o.thinking.budget.Use(300)
	if g := r.preferences.generation; g.ThinkingBudget != 300 {
		t.Errorf("%+v", g)
	}
	test.Tap(&o.thinking.row.Reset.Button)
	if g := r.preferences.generation; g.Thinking != "" || o.thinking.level.Text != "High ▾" {
		t.Errorf("%+v, %q", g, o.thinking.level.Text)
	}
	// Another template has other words; the nearest is used.
	items[1].Action()
	r.show(func(v *chat.View) { v.Model.Thinks = &chat.Thinks{Levels: []string{"off", "on"}, Usual: "on"} })
	if o.thinking.level.Text != "On ▾" {
		t.Errorf("the level low becomes %q", o.thinking.level.Text)
	}
	// A server says nothing of it until its model thinks.
	r.show(thinks("", "b", false), func(v *chat.View) { v.Model.Thinks, v.Model.Host = nil, "localhost" })
	if o.thinking.row.Box.Visible() {
		t.Error("a switch for what nobody knows")
	}
	r.show(thinks("a", "b", false), func(v *chat.View) { v.Model.Thinks, v.Model.Host = nil, "localhost" })
	if !o.thinking.row.Box.Visible() || len(o.levelItems()) != 2 {
		t.Error("no switch for a server's model that thought")
	}
}

// TestSettingsOfTheModel: the panel says whose settings are used, and brings those of the model back.
func TestSettingsOfTheModel(t *testing.T) {
	r := newRig(t, 1100, 720)
	says := func(want string) {
		t.Helper()
		if got := r.options.presets.Spec.Sentence; !strings.HasPrefix(got, want) {
			t.Errorf("the panel says %q", got)
		}
	}
	r.show(chatting, func(v *chat.View) { v.Model.Recommended = map[string]float64{"temperature": 0.6, "top_k": 20} })
	says("The settings of this model")
	if g := r.preferences.generation; g.Temperature != 0.6 || g.TopK != 20 {
		t.Errorf("%+v", g)
	}
	g := r.preferences.generation
	g.Temperature = 1
	r.options.use(g)
	says("This model has settings of its own")
	test.Tap(&r.options.presets.Reset.Button)
	says("The settings of this model")
	if g := r.preferences.generation; g.Temperature != 0.6 {
		t.Errorf("%+v", g)
	}
	r.show(chatting, func(v *chat.View) { v.Model.Path = "/m/another" })
	says("Sets temperature")
}
