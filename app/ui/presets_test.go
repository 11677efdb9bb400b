package ui

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
)

func labels(items []*fyne.MenuItem) (list []string) {
	for _, i := range items {
		switch {
		case i.IsSeparator:
			list = append(list, "-")
		case i.Checked:
			list = append(list, "✓ "+i.Label)
		default:
			list = append(list, i.Label)
		}
	}
	return list
}

// answerLine types into the dialog that asks for a line, and accepts it.
func (r *rig) answerLine(text string) {
	r.t.Helper()
	entry, ok := r.win.Canvas().Focused().(*kit.LineEntry)
	if !ok {
		r.t.Fatal("nothing asks for a line")
	}
	entry.SetText(text)
	entry.OnSubmitted(text)
}

func (r *rig) said() string {
	if m := r.notices.message(); m != nil {
		return m.Sentence
	}
	return ""
}

// TestOwnPresets saves the settings in use under a name, uses them again, and
// deletes them with a way back.
func TestOwnPresets(t *testing.T) {
	r := newRig(t, 1100, 720)
	g := r.generation
	g.Temperature = 0.33
	r.options.use(g)
	if got, want := labels(r.preferences.presetItems()), []string{"Recommended", "Precise", "Balanced", "Creative", "-", "Save current as…"}; !slices.Equal(got, want) {
		t.Errorf("menu %q, want %q", got, want)
	}
	r.preferences.savePreset()
	r.answerLine(" Calm ")
	if r.composer.preset.Text != "Calm ▾" || r.options.preset.Text != "Calm ▾" || r.saved[len(r.saved)-1].Presets[0].Temperature != 0.33 {
		t.Errorf("preset %q, panel %q, saved %+v", r.composer.preset.Text, r.options.preset.Text, r.saved[len(r.saved)-1].Presets)
	}
	if got, want := labels(r.preferences.presetItems()), []string{"Recommended", "Precise", "Balanced", "Creative", "-", "✓ Calm", "-", "Save current as…", "Delete “Calm”"}; !slices.Equal(got, want) {
		t.Errorf("menu %q, want %q", got, want)
	}
	r.preferences.presetItems()[1].Action()
	if r.composer.preset.Text != "Precise ▾" || r.generation.Temperature != 0.2 {
		t.Errorf("preset %q at %g", r.composer.preset.Text, r.generation.Temperature)
	}
	r.preferences.presetItems()[5].Action()
	if r.composer.preset.Text != "Calm ▾" || r.generation.Temperature != 0.33 {
		t.Errorf("preset %q at %g", r.composer.preset.Text, r.generation.Temperature)
	}
	r.preferences.presetItems()[8].Action()
	if r.composer.preset.Text != "Custom ▾" || len(r.settings.Presets) != 0 || !strings.Contains(r.said(), "Deleted") {
		t.Errorf("preset %q, %q", r.composer.preset.Text, r.said())
	}
	r.notices.message().Actions[0].Do()
	if r.composer.preset.Text != "Calm ▾" || len(r.settings.Presets) != 1 {
		t.Errorf("preset %q after Undo", r.composer.preset.Text)
	}
	for name, say := range map[string]string{"": "1 to 40 characters", "balanced": "one of Tern's own", strings.Repeat("x", 41): "1 to 40"} {
		r.preferences.savePreset()
		r.answerLine(name)
		if !strings.Contains(r.said(), say) || len(r.settings.Presets) != 1 {
			t.Errorf("%q: %q", name, r.said())
		}
	}
}

// TestContextCost says the memory of the context length while it is dragged.
func TestContextCost(t *testing.T) {
	r := newRig(t, 1100, 720)
	m := builtin
	m.ContextLen, m.KVBytes = 4096, 153_600
	r.fake.view.Model = &m
	r.show()
	var row *kit.Row
	for _, n := range r.options.numbers {
		if n.Spec.Title == titleContext() {
			row = n.Row
		}
	}
	if got := row.Sentence.Text(); !strings.HasSuffix(got, "629 MB when it is full.") {
		t.Errorf("%q", got)
	}
	row.Slider.SetValue(1000)
	if got := row.Sentence.Text(); !strings.HasSuffix(got, "154 MB when it is full.") {
		t.Errorf("%q", got)
	}
}

// TestRecommended: settings that follow the model take what it recommends when
// it opens, in every conversation, and a reset goes back to that; settings that
// were chosen stay.
func TestRecommended(t *testing.T) {
	r := newRig(t, 1100, 720)
	if got := labels(r.preferences.presetItems())[0]; got != "✓ Recommended" || r.generation.Temperature != 0.8 {
		t.Errorf("%q at %g with a model that recommends nothing", got, r.generation.Temperature)
	}
	open := func(path string, values map[string]float64) {
		m := builtin
		m.Path, m.Name, m.Builtin, m.Recommended = path, path, false, values
		r.show(func(v *chat.View) { v.Model = &m })
	}
	is := func(preset string, temperature float64) {
		t.Helper()
		if r.generation.Preset != preset || r.generation.Temperature != temperature || r.options.g.Temperature != temperature ||
			r.composer.preset.Text != preset+" ▾" || r.options.preset.Text != preset+" ▾" {
			t.Errorf("%q at %g, want %q at %g; the panel has %g, the prompt %q", r.generation.Preset, r.generation.Temperature,
				preset, temperature, r.options.g.Temperature, r.composer.preset.Text)
		}
	}
	open("/a", map[string]float64{"temperature": 0.5, "min_p": 0.1, "repetition_penalty": 1.15})
	is("Recommended", 0.5)
	if g := r.saved[len(r.saved)-1].Generation; g.RepeatPenalty != 1.15 || g.TopP != 1 || g.TopK != 0 || g.MinP != 0.1 {
		t.Errorf("saved %+v", g)
	}
	open("/b", map[string]float64{"temperature": 0.6, "top_p": 0.9})
	is("Recommended", 0.6)
	g := r.generation
	g.Temperature = 0.3
	r.options.use(g)
	is("Custom", 0.3)
	open("/a", map[string]float64{"temperature": 0.5})
	is("Custom", 0.3)
	r.preferences.resetGeneration()
	is("Recommended", 0.5)
	chosen := settings.DefaultGeneration() // in a conversation with another model
	r.show(func(v *chat.View) { v.ID, v.Generation = "b", &chosen })
	is("Recommended", 0.5)
	creative := chosen.WithPreset("Creative")
	r.show(func(v *chat.View) { v.ID, v.Generation = "c", &creative })
	is("Creative", 1.1)
}

// TestEndOfStory: the row that says where a long story ends is there for stories.
func TestEndOfStory(t *testing.T) {
	r := newRig(t, 1100, 720)
	if r.generation.CutOff || !r.options.whole.Checked || !r.options.ending.Box.Visible() {
		t.Error("stories are cut off at first")
	}
	test.Tap(r.options.whole)
	if !r.generation.CutOff || !r.saved[len(r.saved)-1].Generation.CutOff {
		t.Error("nothing changed")
	}
	test.Tap(r.options.ending.Reset)
	if r.generation.CutOff || !r.options.whole.Checked {
		t.Error("the reset left it")
	}
	r.show(func(v *chat.View) { v.Mode = chat.ChatMode })
	if r.options.ending.Box.Visible() {
		t.Error("the row stays for a chat")
	}
}
