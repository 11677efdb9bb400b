package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"tern/app/settings"
	"tern/app/ui/kit"
)

// named is g with the name of the preset that has its values, the user's own
// among them.
func (w *window) named(g settings.Generation) settings.Generation {
	if w.view.Model == nil && g.Preset == settings.Recommended {
		return g // until a model says what it recommends
	}
	return g.Named(append([]settings.Preset{w.options.own}, w.settings.Presets...))
}

// recommend brings the settings in step with what the open model recommends,
// where they are to follow it.
func (w *window) recommend() {
	if m := w.view.Model; m != nil {
		w.options.recommend(settings.RecommendedBy(m.Recommended))
	}
	if w.view.Model == nil || w.generation.Preset != settings.Recommended {
		return
	}
	w.generation = w.generation.With(w.options.own)
	w.settings.Generation = w.settings.Generation.With(w.options.own)
}

// presetItems are Tern's presets and the user's, and what can be done with those.
func (w *window) presetItems() []*fyne.MenuItem {
	var items []*fyne.MenuItem
	current := w.named(w.generation).Preset
	add := func(presets []settings.Preset) {
		for _, p := range presets {
			i := fyne.NewMenuItem(presetName(p.Name), func() { w.options.use(w.generation.With(p)) })
			i.Checked = p.Name == current
			items = append(items, i)
		}
	}
	add([]settings.Preset{w.options.own})
	add(settings.Presets)
	own := w.settings.Presets
	if len(own) > 0 {
		items = append(items, fyne.NewMenuItemSeparator())
		add(own)
	}
	items = append(items, fyne.NewMenuItemSeparator(), fyne.NewMenuItem(kit.Tr("Save current as…"), w.savePreset))
	for _, p := range own {
		if p.Name == current {
			items = append(items, fyne.NewMenuItem(kit.Tr("Delete “{{.Name}}”", "Name", p.Name), func() { w.dropPreset(p.Name) }))
		}
	}
	return items
}

// savePreset keeps the sampling values in use under a name.
func (w *window) savePreset() {
	w.dialogs.AskLine(kit.Tr("Save current settings as a preset"), kit.Tr("Name"), "", kit.Tr("Save"), func(name string) {
		name = strings.TrimSpace(name)
		switch settings.CheckPresetName(name) {
		case settings.EmptyName:
			w.tell(kit.Tr("The preset was not saved: its name must have 1 to 40 characters."))
			return
		case settings.TakenName:
			w.tell(kit.Tr("The preset was not saved: “{{.Name}}” is one of Tern's own.", "Name", name))
			return
		}
		if !w.settings.SavePreset(name, w.generation) {
			w.tell(kit.Tr("The preset was not saved: there are 50 already. Delete one first."))
			return
		}
		g := w.generation
		g.Preset = name
		w.options.use(g)
	})
}

// dropPreset forgets a preset of the user's; it can be undone.
func (w *window) dropPreset(name string) {
	old := w.settings.Presets
	w.settings.DropPreset(name)
	w.options.use(w.generation)
	w.tell(kit.Tr("Deleted the preset “{{.Name}}”.", "Name", name), kit.Action{Label: kit.Tr("Undo"), Do: func() {
		w.info = nil
		w.settings.Presets = old
		w.options.use(w.generation)
		w.update()
	}})
}
