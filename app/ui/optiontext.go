package ui

import (
	"slices"
	"strconv"
	"strings"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// presetSentence explains the presets; ofModel reports whether the model has settings of its own, and used if these are in use.
func presetSentence(ofModel, used bool) string {
	switch {
	case ofModel && used:
		return kit.Tr("The settings of this model, as its makers recommend them; change one of these and it becomes “Custom”. They belong to this conversation, and the next one begins with them.")
	case ofModel:
		return kit.Tr("This model has settings of its own, which its makers recommend: the arrow brings them back. The settings belong to this conversation, and the next one begins with them.")
	}
	return kit.Tr("Sets temperature, top-p, top-k, min-p and repeat penalty; change one of these and it becomes “Custom”. The settings belong to this conversation, and the next one begins with them.")
}

// showPreset says whose settings are in use, and offers the way back to those of the model.
func (o *options) showPreset() {
	used := o.g.Preset == settings.Recommended
	o.presets.ShowReset(!used)
	if text := presetSentence(o.says, used); o.presets.Spec.Sentence != text {
		o.presets.Spec.Sentence = text
		o.presets.Sentence.Set(kit.Muted(text))
		if o.page != nil {
			o.page.Layout.Layout(o.page.Objects, o.page.Size())
		}
	}
}

// buildSeed makes the row of the seed: drawn for every answer, or a number.
func (o *options) buildSeed(escape func()) {
	o.random = kit.NewCheck(kit.Tr("Random"), escape, func(on bool) {
		if g := o.g; g.RandomSeed != on {
			g.RandomSeed = on
			o.use(g)
		}
	})
	o.seedIn = kit.NewLineEntry(escape, func(string) {}, func(text string) {
		v, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
		if g := o.g; err == nil && g.Seed != uint32(v) {
			g.Seed = uint32(v)
			o.use(g)
		}
		o.showSeed()
	})
	o.seed = kit.NewRow(kit.Tr("Seed"), kit.Tr("The same seed, prompt and settings give the same text again."),
		o.random, o.seedIn, escape, func() {
			g := o.g
			g.RandomSeed, g.Seed = true, settings.DefaultGeneration().Seed
			o.use(g)
		})
}

func (o *options) showSeed() {
	if !o.seedIn.Focused {
		o.seedIn.SetText(strconv.FormatUint(uint64(o.g.Seed), 10))
	}
	if o.g.RandomSeed {
		o.seedIn.Disable()
	} else {
		o.seedIn.Enable()
	}
	o.seed.ShowReset(!o.g.RandomSeed)
}

// buildStop makes the row of texts that end an answer.
func (o *options) buildStop(escape func()) {
	o.stopIn = kit.NewTextEntry(escape, func(text string) {
		stop := slices.DeleteFunc(strings.Split(text, "\n"), func(s string) bool { return s == "" })
		if g := o.g; !slices.Equal(stop, g.Stop) {
			g.Stop = stop
			o.use(g)
		}
	})
	o.stopIn.SetPlaceHolder(kit.Tr("none"))
	o.stop = kit.NewRow(kit.Tr("Stop text"), kit.Tr("Writing ends when this text appears; one per line."), nil, o.stopIn, escape, func() {
		g := o.g
		g.Stop = nil
		o.use(g)
	})
}

// buildEnding makes the row that says where a story ends that is too long.
func (o *options) buildEnding(escape func()) {
	o.whole = kit.NewCheck(kit.Tr("Finish the sentence"), escape, func(on bool) {
		if g := o.g; g.CutOff == on {
			g.CutOff = !on
			o.use(g)
		}
	})
	o.ending = kit.NewRow(kit.Tr("End of a story"), kit.Tr("A story that reaches Max tokens goes on to the end of its sentence."),
		nil, o.whole, escape, func() {
			g := o.g
			g.CutOff = false
			o.use(g)
		})
}

func (o *options) showEnding() {
	if o.whole.Checked == o.g.CutOff {
		o.whole.SetChecked(!o.g.CutOff)
	}
	o.ending.ShowReset(o.g.CutOff)
}

// buildSystem makes the row of the instructions that the model reads before a
// conversation, which belong to it.
func (o *options) buildSystem(escape func(), changed func(string)) {
	o.systemIn = kit.NewTextEntry(escape, changed)
	o.systemIn.SetPlaceHolder(kit.Tr("none"))
	o.system = kit.NewRow(kit.Tr("System prompt"), kit.Tr("Instructions the model reads before the conversation; they belong to this one."),
		nil, o.systemIn, escape, func() {
			o.systemIn.SetText("")
			changed("")
		})
	o.system.Box.Hide()
}

// showSystem shows the row while the model chats.
func (o *options) showSystem(v chat.View) {
	if !o.systemIn.Focused && o.systemIn.Text != v.System {
		o.systemIn.SetText(v.System)
	}
	o.system.ShowReset(v.System != "")
	story := kit.SetVisible(o.ending.Box, v.Mode != chat.ChatMode)
	if kit.SetVisible(o.system.Box, v.Mode == chat.ChatMode) || story {
		o.page.Layout.Layout(o.page.Objects, o.page.Size())
		o.page.Refresh()
	}
}
