package ui

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// setting finds a row of the panel by its name.
func (r *rig) setting(title string) *kit.Row {
	r.t.Helper()
	for _, n := range r.options.numbers {
		if n.Spec.Title == title {
			return n.Row
		}
	}
	r.t.Fatalf("the panel has no row %q", title)
	return nil
}

func TestRowSliderEntryReset(t *testing.T) {
	r := newRig(t, 1100, 720)
	row := r.setting("Temperature")
	g := func() float64 { return r.settings.Generation.Temperature }
	if row.Reset.Visible() {
		t.Error("a reset button at the default")
	}

	row.Slider.SetValue(1.2)
	if row.Entry.Text != "1.20" || g() != 1.2 || !row.Reset.Visible() {
		t.Errorf("after the slider: entry %q, setting %v, reset %v", row.Entry.Text, g(), row.Reset.Visible())
	}
	if r.settings.Generation.Preset != settings.Custom || r.composer.preset.Text != "Custom ▾" {
		t.Errorf("the preset is still %q, shown %q", r.settings.Generation.Preset, r.composer.preset.Text)
	}

	c := r.win.Canvas()
	c.Focus(row.Entry)
	row.Entry.SetText("")
	test.Type(row.Entry, "0.5")
	if row.Slider.Value != 0.5 || g() != 0.5 || row.Entry.Text != "0.5" {
		t.Errorf("while typing: slider %v, setting %v, entry %q", row.Slider.Value, g(), row.Entry.Text)
	}
	c.Focus(r.composer.entry)
	if row.Entry.Text != "0.50" {
		t.Errorf("after leaving the entry: %q", row.Entry.Text)
	}

	for typed, want := range map[string]float64{"7": 2, "-1": 0, "0,75": 0.75, "abc": 0.75, "": 0.75, "NaN": 0.75, "1e400": 0.75, "0.123": 0.12} {
		row.Use(0.75)
		c.Focus(row.Entry)
		row.Entry.SetText(typed)
		c.Focus(r.composer.entry)
		if g() != want || row.Slider.Value != want || row.Entry.Text != row.Spec.Format(want) {
			t.Errorf("%q: setting %v, slider %v, entry %q; want %v", typed, g(), row.Slider.Value, row.Entry.Text, want)
		}
	}

	test.Tap(row.Reset)
	if g() != 0.8 || row.Entry.Text != "0.80" || row.Slider.Value != 0.8 || row.Reset.Visible() {
		t.Errorf("after reset: setting %v, entry %q, slider %v", g(), row.Entry.Text, row.Slider.Value)
	}
	if r.settings.Generation.Preset != "Recommended" {
		t.Errorf("the preset is %q", r.settings.Generation.Preset)
	}
	if last := r.saved[len(r.saved)-1]; last.Generation.Temperature != 0.8 {
		t.Errorf("kept %v", last.Generation.Temperature)
	}
}

// Every row writes its own field, and only that.
func TestRowsWriteTheirFields(t *testing.T) {
	r := newRig(t, 1100, 720)
	base := settings.DefaultGeneration()
	for title, want := range map[string]func(*settings.Generation){
		"Temperature":        func(g *settings.Generation) { g.Temperature = 0.3 },
		"Top-p":              func(g *settings.Generation) { g.TopP = 0.3 },
		"Top-k":              func(g *settings.Generation) { g.TopK = 7 },
		"Min-p":              func(g *settings.Generation) { g.MinP = 0.3 },
		"Repetition penalty": func(g *settings.Generation) { g.RepeatPenalty = 1.3 },
		"Max tokens":         func(g *settings.Generation) { g.MaxTokens = 7 },
		"Context length":     func(g *settings.Generation) { g.Context = 128 },
		"Threads":            func(g *settings.Generation) { g.Threads = 1 },
	} {
		expect := base
		want(&expect)
		expect = expect.Named([]settings.Preset{settings.RecommendedBy(nil)})
		r.options.use(base)
		row := r.setting(title)
		for _, n := range r.options.numbers {
			if n.Row == row {
				row.Use(n.get(expect))
			}
		}
		if d := cmp.Diff(expect, r.settings.Generation); d != "" {
			t.Errorf("%s: %s", title, d)
		}
	}
}

func TestSeedAndStopText(t *testing.T) {
	r := newRig(t, 1100, 720)
	o, c := r.options, r.win.Canvas()
	o.fold(false)
	if !o.random.Checked || !o.seedIn.Disabled() {
		t.Error("the seed is not random at first")
	}
	o.random.SetChecked(false)
	c.Focus(o.seedIn)
	o.seedIn.SetText("4294967295")
	c.Focus(r.composer.entry)
	if g := r.settings.Generation; g.RandomSeed || g.Seed != 4294967295 {
		t.Errorf("seed %v, random %v", g.Seed, g.RandomSeed)
	}
	c.Focus(o.seedIn)
	o.seedIn.SetText("4294967296")
	c.Focus(r.composer.entry)
	if o.seedIn.Text != "4294967295" {
		t.Errorf("an impossible seed leaves %q", o.seedIn.Text)
	}
	test.Tap(o.seed.Reset)
	if !r.settings.Generation.RandomSeed || o.seed.Reset.Visible() {
		t.Error("reset does not bring the random seed back")
	}

	c.Focus(o.stopIn)
	o.stopIn.SetText("The end\n\n###\n")
	c.Focus(r.composer.entry)
	if got := r.settings.Generation.Stop; !slices.Equal(got, []string{"The end", "###"}) {
		t.Errorf("stop texts %q", got)
	}
	test.Tap(o.stop.Reset)
	if len(r.settings.Generation.Stop) != 0 || o.stopIn.Text != "" {
		t.Error("reset does not remove the stop texts")
	}
}

func TestModelBoundsTheRows(t *testing.T) {
	r := newRig(t, 1100, 720)
	context := r.setting("Context length")
	if context.Slider.Max != 512 || context.Entry.Text != "512" || context.Reset.Visible() {
		t.Errorf("context up to %v, shown %q", context.Slider.Max, context.Entry.Text)
	}
	context.Use(512)
	if r.settings.Generation.Context != 0 {
		t.Errorf("the model's own length is kept as %d, not as “the model's own”", r.settings.Generation.Context)
	}
	if m := r.setting("Max tokens"); m.Slider.Max != 512 {
		t.Errorf("max tokens up to %v", m.Slider.Max)
	}
	threads := r.setting("Threads")
	if threads.Entry.Text != "auto" {
		t.Errorf("threads %q", threads.Entry.Text)
	}
	r.show(state(chat.Generating))
	for _, row := range []*kit.Row{context, threads} {
		if !row.Entry.Disabled() || !row.Slider.Disabled() || row.Sentence.Text() != "Stop first." {
			t.Errorf("%s can be changed while text is written: %q", row.Spec.Title, row.Sentence.Text())
		}
	}
	if r.setting("Temperature").Entry.Disabled() {
		t.Error("temperature is locked: it applies to the next answer")
	}
	r.show(state(chat.Ready))
	if context.Entry.Disabled() || context.Sentence.Text() == "Stop first." {
		t.Error("the rows stay locked")
	}
}

func TestResetAll(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.options.use(r.settings.Generation.WithPreset("Creative"))
	r.preferences.resetGeneration()
	if r.settings.Generation.Preset != "Recommended" {
		t.Fatalf("preset %q", r.settings.Generation.Preset)
	}
	r.stripIs("Settings reset. [Undo]")
	r.tapStrip("Undo")
	if r.settings.Generation.Preset != "Creative" {
		t.Errorf("Undo leads to %q", r.settings.Generation.Preset)
	}
	r.stripIs("")
}

// The system prompt belongs to the conversation, and to models that chat.
func TestSystemPrompt(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.options.fold(false)
	if r.options.system.Box.Visible() {
		t.Error("a story has a system prompt")
	}
	r.show(chatting, func(v *chat.View) { v.System = "Be brief." })
	o := r.options
	if !o.system.Box.Visible() || o.systemIn.Text != "Be brief." || !o.system.Reset.Visible() {
		t.Errorf("visible %v, %q", o.system.Box.Visible(), o.systemIn.Text)
	}
	r.win.Canvas().Focus(o.systemIn)
	o.systemIn.SetText("Be long.")
	r.win.Canvas().Focus(r.composer.entry)
	test.Tap(o.system.Reset)
	r.took("system now Be long.", "system now")
}
