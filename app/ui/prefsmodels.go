package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/explain"
	"tern/app/hub"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// prefsModels is the part of the settings page about models and downloads.
type prefsModels struct {
	do      foldersActions
	folders *fyne.Container
	shown   []string
	site    *kit.LineEntry
	siteRow *kit.Row
	token   *kit.LineEntry
	rows    []fyne.CanvasObject
}

// foldersActions are what the part asks for.
type foldersActions struct {
	folders           func() []string // of models
	add               func()
	forget            func(dir string)
	setSite, setToken func(string)
	escape            func()
}

func newPrefsModels(do foldersActions) *prefsModels {
	p := &prefsModels{do: do, folders: container.New(&kit.Stack{Gap: 4})}
	p.site = kit.NewLineEntry(do.escape, func(string) {}, func(text string) { do.setSite(text) })
	p.site.SetPlaceHolder(hub.DefaultBase)
	p.token = kit.NewLineEntry(do.escape, func(string) {}, func(text string) { do.setToken(text) })
	p.token.Password = true
	p.token.SetPlaceHolder(kit.Tr("none"))
	p.siteRow = kit.NewRow(kit.Tr("Site"), siteSentence(), nil, p.site, do.escape, nil)
	p.rows = []fyne.CanvasObject{
		kit.Section(kit.Tr("Models")),
		kit.NewRow(kit.Tr("Folders"), kit.Tr("Models in them are listed on the Models page; downloads go into the first."),
			kit.NewButton(kit.Tr("Add folder…"), do.escape, do.add), p.folders, do.escape, nil).Box,
		kit.Gap(10),
		kit.Section(kit.Tr("Downloads")),
		p.siteRow.Box,
		kit.NewRow(kit.Tr("Access token"), kit.Tr("Only for models that ask for one. It is kept in the settings file and sent to this site alone."), nil, p.token, do.escape, nil).Box,
	}
	return p
}

func siteSentence() string {
	return kit.Tr("Where models come from: a mirror of Hugging Face, or empty for Hugging Face itself.")
}

// show brings the part in step with s.
func (p *prefsModels) show(s settings.Settings) {
	for e, text := range map[*kit.LineEntry]string{p.site: s.Site, p.token: s.Token} {
		if !e.Focused && e.Text != text {
			e.SetText(text)
		}
	}
	folders := p.do.folders()
	if slices.Equal(folders, p.shown) && p.folders.Objects != nil {
		return
	}
	p.shown = slices.Clone(folders)
	p.folders.RemoveAll()
	for _, dir := range folders {
		name := kit.NewNote(theme.SizeNameText, kit.Span{Text: homely(dir), Colour: theme.ColorNameForeground})
		var remove fyne.CanvasObject
		if len(s.Models) > 0 {
			remove = kit.NewButton(kit.Tr("Remove"), p.do.escape, func() { p.do.forget(dir) })
		}
		p.folders.Add(container.NewBorder(nil, nil, nil, remove, container.New(kit.Flush{}, name)))
	}
}

// setSite takes the address of another site, if it is one.
func (pre *preferences) setSite(text string) {
	if _, err := hub.New(hub.Options{Base: text}); err != nil {
		x := explain.Download(err, "")
		pre.prefs.models.siteRow.Sentence.Set(kit.Span{Text: kit.Translate(x.Sentence) + ".", Colour: theme.ColorNameError}, kit.Muted(" "+kit.Translate(x.Hint)))
		return
	}
	pre.prefs.models.siteRow.Sentence.Set(kit.Muted(siteSentence()))
	pre.settings.Site = text
	pre.cfg.Save(pre.settings)
}

func (pre *preferences) setToken(text string) {
	pre.settings.Token = text
	pre.cfg.Save(pre.settings)
}
