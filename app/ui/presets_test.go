package ui

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
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
	entry, ok := r.win.Canvas().Focused().(*lineEntry)
	if !ok {
		r.t.Fatal("nothing asks for a line")
	}
	entry.SetText(text)
	entry.OnSubmitted(text)
}

func (r *rig) said() string {
	if m := r.message(); m != nil {
		return m.sentence
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
	if got, want := labels(r.presetItems()), []string{"Precise", "Balanced", "Creative", "-", "Save current as…"}; !slices.Equal(got, want) {
		t.Errorf("menu %q, want %q", got, want)
	}
	r.savePreset()
	r.answerLine(" Calm ")
	if r.composer.preset.Text != "Calm ▾" || r.options.preset.Text != "Calm ▾" || r.saved[len(r.saved)-1].Presets[0].Temperature != 0.33 {
		t.Errorf("preset %q, panel %q, saved %+v", r.composer.preset.Text, r.options.preset.Text, r.saved[len(r.saved)-1].Presets)
	}
	if got, want := labels(r.presetItems()), []string{"Precise", "Balanced", "Creative", "-", "✓ Calm", "-", "Save current as…", "Delete “Calm”"}; !slices.Equal(got, want) {
		t.Errorf("menu %q, want %q", got, want)
	}
	r.presetItems()[0].Action()
	if r.composer.preset.Text != "Precise ▾" || r.generation.Temperature != 0.2 {
		t.Errorf("preset %q at %g", r.composer.preset.Text, r.generation.Temperature)
	}
	r.presetItems()[4].Action()
	if r.composer.preset.Text != "Calm ▾" || r.generation.Temperature != 0.33 {
		t.Errorf("preset %q at %g", r.composer.preset.Text, r.generation.Temperature)
	}
	r.presetItems()[7].Action()
	if r.composer.preset.Text != "Custom ▾" || len(r.settings.Presets) != 0 || !strings.Contains(r.said(), "Deleted") {
		t.Errorf("preset %q, %q", r.composer.preset.Text, r.said())
	}
	r.message().actions[0].do()
	if r.composer.preset.Text != "Calm ▾" || len(r.settings.Presets) != 1 {
		t.Errorf("preset %q after Undo", r.composer.preset.Text)
	}
	for name, say := range map[string]string{"": "1 to 40 characters", "balanced": "one of Tern's own", strings.Repeat("x", 41): "1 to 40"} {
		r.savePreset()
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
	var row *row
	for _, n := range r.options.numbers {
		if n.spec.title == titleContext() {
			row = n.row
		}
	}
	if got := row.sentence.text(); !strings.HasSuffix(got, "629 MB when it is full.") {
		t.Errorf("%q", got)
	}
	row.slider.SetValue(1000)
	if got := row.sentence.text(); !strings.HasSuffix(got, "154 MB when it is full.") {
		t.Errorf("%q", got)
	}
}
