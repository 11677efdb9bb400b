package ui

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/settings"
	"tern/app/ui/kit"
)

// prefs is the settings page: what the window looks like and how it writes.
type prefs struct {
	theme    *kit.Choice
	size     *kit.Choice
	language *kit.Choice
	enter    *kit.Check
	body     *fyne.Container

	models  *prefsModels
	memory  *prefsMemory
	serving *serving
	updates *updateRow
	page    *screen
}

// namedTheme is a theme as it is offered.
type namedTheme struct {
	name  string
	theme settings.Theme
}

func themes() []namedTheme {
	return []namedTheme{{kit.Tr("System"), settings.ThemeSystem}, {kit.Tr("Light"), settings.ThemeLight}, {kit.Tr("Dark"), settings.ThemeDark}}
}

const prefsWidth = 520

// newPrefs builds the page; each function is told a new value.
func newPrefs(escape func(), setTheme func(settings.Theme), setSize func(int), setEnter func(bool), setLanguage func(string), models *prefsModels, memory *prefsMemory, serving *serving, updates *updateRow) *prefs {
	p := &prefs{models: models, memory: memory, serving: serving, updates: updates}
	var names []string
	for _, t := range themes() {
		names = append(names, t.name)
	}
	p.theme = kit.NewChoice(names, escape, func(i int) { setTheme(themes()[i].theme) })
	var sizes []string
	for _, s := range settings.TextScales {
		sizes = append(sizes, fmt.Sprintf("%d%%", s))
	}
	p.size = kit.NewChoice(sizes, escape, func(i int) { setSize(settings.TextScales[i]) })
	var tongues []string
	for i, l := range languages {
		if i == 0 {
			l.name = kit.Tr("System")
		}
		tongues = append(tongues, l.name)
	}
	p.language = kit.NewChoice(tongues, escape, func(i int) { setLanguage(languages[i].code) })
	p.enter = kit.NewCheck(kit.Tr("Enter sends (Shift+Enter starts a new line)"), escape, setEnter)
	body := container.New(&kit.Stack{Gap: 6})
	for _, o := range []fyne.CanvasObject{
		kit.Section(kit.Tr("Appearance")),
		kit.NewRow(kit.Tr("Theme"), kit.Tr("System follows the setting of this computer."), p.theme.Box, nil, escape, nil).Box,
		kit.NewRow(kit.Tr("Text size"), kit.Tr("Applies at once, to everything."), p.size.Box, nil, escape, nil).Box,
		kit.NewRow(kit.Tr("Language"), kit.Tr("Tern speaks it from its next start on."), p.language.Box, nil, escape, nil).Box,
		kit.Gap(10),
		kit.Section(kit.Tr("Writing")),
		container.NewHBox(p.enter),
		kit.Gap(10),
		container.New(&kit.Stack{Gap: 6}, models.rows...),
		kit.Gap(10),
		container.New(&kit.Stack{Gap: 6}, memory.rows...),
		kit.Gap(10),
		container.New(&kit.Stack{Gap: 6}, serving.parts...),
		kit.Gap(10),
		kit.Section(kit.Tr("Privacy")),
		container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			kit.Muted(kit.Tr("Tern sends nothing unless you download, connect or look for a new version. Models run on this computer, and what you write stays here.")))),
		container.New(&kit.Stack{Gap: 6}, updates.rows...),
	} {
		body.Add(o)
	}
	p.body = kit.NewColumn(body, func() float32 { return kit.Px(prefsWidth) }, kit.PageMargin, 0)
	return p
}

// screen is the page as the window opens it.
func (p *prefs) screen() *screen {
	p.page = &screen{
		title: kit.Tr("Settings"), key: fyne.KeyComma, content: p.body, first: p.theme.Buttons[0],
		restyle: p.arrange,
	}
	return p.page
}

// arrange lays the page out again, after a text in it became longer or shorter.
func (p *prefs) arrange() { p.body.Layout.Layout(p.body.Objects, p.body.Size()) }

// show brings the page in step with s.
func (p *prefs) show(s settings.Settings) {
	for i, t := range themes() {
		if t.theme == s.Theme {
			p.theme.Show(i)
		}
	}
	p.models.show(s)
	p.memory.show(s)
	p.serving.show(s.Serving)
	p.updates.show(s.Updates.On)
	p.language.Show(slices.IndexFunc(languages, func(l language) bool { return l.code == s.Language }))
	p.size.Show(slices.Index(settings.TextScales, s.TextScale))
	if p.enter.Checked != s.EnterSends {
		p.enter.SetChecked(s.EnterSends)
	}
}
