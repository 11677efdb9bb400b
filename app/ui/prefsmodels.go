package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/explain"
	"tern/app/hub"
	"tern/app/settings"
)

// prefsModels is the part of the settings page about models and downloads.
type prefsModels struct {
	w       *window
	folders *fyne.Container
	shown   []string
	site    *lineEntry
	siteRow *row
	token   *lineEntry
	rows    []fyne.CanvasObject
}

func newPrefsModels(w *window) *prefsModels {
	p := &prefsModels{w: w, folders: container.New(&stack{gap: 4})}
	p.site = newLineEntry(w.escape, func(string) {}, func(text string) { w.setSite(text) })
	p.site.SetPlaceHolder(hub.DefaultBase)
	p.token = newLineEntry(w.escape, func(string) {}, func(text string) { w.setToken(text) })
	p.token.Password = true
	p.token.SetPlaceHolder(tr("none"))
	p.siteRow = newRow(tr("Site"), siteSentence(), nil, p.site, w.escape, nil)
	p.rows = []fyne.CanvasObject{
		section(tr("Models")),
		newRow(tr("Folders"), tr("Models in them are listed on the Models page; downloads go into the first."),
			newButton(tr("Add folder…"), w.escape, w.addFolder), p.folders, w.escape, nil).box,
		gapOf(10),
		section(tr("Downloads")),
		p.siteRow.box,
		newRow(tr("Access token"), tr("Only for models that ask for one. It is kept in the settings file and sent to this site alone."), nil, p.token, w.escape, nil).box,
	}
	return p
}

func siteSentence() string {
	return tr("Where models come from: a mirror of Hugging Face, or empty for Hugging Face itself.")
}

// show brings the part in step with s.
func (p *prefsModels) show(s settings.Settings) {
	for e, text := range map[*lineEntry]string{p.site: s.Site, p.token: s.Token} {
		if !e.focused && e.Text != text {
			e.SetText(text)
		}
	}
	folders := p.w.modelFolders()
	if slices.Equal(folders, p.shown) && p.folders.Objects != nil {
		return
	}
	p.shown = slices.Clone(folders)
	p.folders.RemoveAll()
	for _, dir := range folders {
		name := newNote(theme.SizeNameText, span{text: homely(dir), colour: theme.ColorNameForeground})
		var remove fyne.CanvasObject
		if len(s.Models) > 0 {
			remove = newButton(tr("Remove"), p.w.escape, func() { p.w.forgetFolder(dir) })
		}
		p.folders.Add(container.NewBorder(nil, nil, nil, remove, container.New(flush{}, name)))
	}
}

// setSite takes the address of another site, if it is one.
func (w *window) setSite(text string) {
	if _, err := hub.New(hub.Options{Base: text}); err != nil {
		x := explain.Download(err, "")
		w.prefs.models.siteRow.sentence.set(span{text: say(x.Sentence) + ".", colour: theme.ColorNameError}, muted(" "+say(x.Hint)))
		return
	}
	w.prefs.models.siteRow.sentence.set(muted(siteSentence()))
	w.settings.Site = text
	w.cfg.save(w.settings)
}

func (w *window) setToken(text string) {
	w.settings.Token = text
	w.cfg.save(w.settings)
}
