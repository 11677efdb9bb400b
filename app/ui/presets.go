package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"tern/app/settings"
	"tern/app/ui/kit"
)

// named is g with the name of the preset that has its values, the user's own
// among them.
func (pre *preferences) named(g settings.Generation) settings.Generation {
	if pre.view.Model == nil && g.Preset == settings.Recommended {
		return g // until a model says what it recommends
	}
	return g.Named(append([]settings.Preset{pre.options.own}, pre.settings.Presets...))
}

// recommend brings the settings in step with what the open model recommends,
// where they are to follow it.
func (pre *preferences) recommend() {
	if m := pre.view.Model; m != nil {
		pre.options.recommend(settings.RecommendedBy(m.Recommended), len(m.Recommended) > 0)
	}
	if pre.view.Model == nil || pre.generation.Preset != settings.Recommended {
		return
	}
	pre.generation = pre.generation.With(pre.options.own)
	pre.settings.Generation = pre.settings.Generation.With(pre.options.own)
}

// presetItems are Tern's presets and the user's, and what can be done with those.
func (pre *preferences) presetItems() []*fyne.MenuItem {
	var items []*fyne.MenuItem
	current := pre.named(pre.generation).Preset
	add := func(presets []settings.Preset) {
		for _, p := range presets {
			i := fyne.NewMenuItem(presetName(p.Name), func() { pre.options.use(pre.generation.With(p)) })
			i.Checked = p.Name == current
			items = append(items, i)
		}
	}
	add([]settings.Preset{pre.options.own})
	add(settings.Presets)
	own := pre.settings.Presets
	if len(own) > 0 {
		items = append(items, fyne.NewMenuItemSeparator())
		add(own)
	}
	items = append(items, fyne.NewMenuItemSeparator(), fyne.NewMenuItem(kit.Tr("Save current as…"), pre.savePreset))
	for _, p := range own {
		if p.Name == current {
			items = append(items, fyne.NewMenuItem(kit.Tr("Delete “{{.Name}}”", "Name", p.Name), func() { pre.dropPreset(p.Name) }))
		}
	}
	return items
}

// savePreset keeps the sampling values in use under a name.
func (pre *preferences) savePreset() {
	pre.dialogs.AskLine(kit.Tr("Save current settings as a preset"), kit.Tr("Name"), "", kit.Tr("Save"), func(name string) {
		name = strings.TrimSpace(name)
		switch settings.CheckPresetName(name) {
		case settings.EmptyName:
			pre.do.tell(kit.Tr("The preset was not saved: its name must have 1 to 40 characters."))
			return
		case settings.TakenName:
			pre.do.tell(kit.Tr("The preset was not saved: “{{.Name}}” is one of Tern's own.", "Name", name))
			return
		}
		if !pre.settings.SavePreset(name, pre.generation) {
			pre.do.tell(kit.Tr("The preset was not saved: there are 50 already. Delete one first."))
			return
		}
		g := pre.generation
		g.Preset = name
		pre.options.use(g)
	})
}

// dropPreset forgets a preset of the user's; it can be undone.
func (pre *preferences) dropPreset(name string) {
	old := pre.settings.Presets
	pre.settings.DropPreset(name)
	pre.options.use(pre.generation)
	pre.do.tell(kit.Tr("Deleted the preset “{{.Name}}”.", "Name", name), kit.Action{Label: kit.Tr("Undo"), Do: func() {
		pre.do.quiet()
		pre.settings.Presets = old
		pre.options.use(pre.generation)
		pre.do.update()
	}})
}
