package ui

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/settings"
)

// prefs is the settings page: what the window looks like and how it writes.
type prefs struct {
	theme    *choice
	size     *choice
	language *choice
	enter    *check
	body     *fyne.Container

	models  *prefsModels
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
	return []namedTheme{{tr("System"), settings.ThemeSystem}, {tr("Light"), settings.ThemeLight}, {tr("Dark"), settings.ThemeDark}}
}

const prefsWidth = 520

// newPrefs builds the page; each function is told a new value.
func newPrefs(escape func(), setTheme func(settings.Theme), setSize func(int), setEnter func(bool), setLanguage func(string), models *prefsModels, serving *serving, updates *updateRow) *prefs {
	p := &prefs{models: models, serving: serving, updates: updates}
	var names []string
	for _, t := range themes() {
		names = append(names, t.name)
	}
	p.theme = newChoice(names, escape, func(i int) { setTheme(themes()[i].theme) })
	var sizes []string
	for _, s := range settings.TextScales {
		sizes = append(sizes, fmt.Sprintf("%d%%", s))
	}
	p.size = newChoice(sizes, escape, func(i int) { setSize(settings.TextScales[i]) })
	var tongues []string
	for i, l := range languages {
		if i == 0 {
			l.name = tr("System")
		}
		tongues = append(tongues, l.name)
	}
	p.language = newChoice(tongues, escape, func(i int) { setLanguage(languages[i].code) })
	p.enter = newCheck(tr("Enter sends (Shift+Enter starts a new line)"), escape, setEnter)
	body := container.New(&stack{gap: 6})
	for _, o := range []fyne.CanvasObject{
		section(tr("Appearance")),
		newRow(tr("Theme"), tr("System follows the setting of this computer."), p.theme.box, nil, escape, nil).box,
		newRow(tr("Text size"), tr("Applies at once, to everything."), p.size.box, nil, escape, nil).box,
		newRow(tr("Language"), tr("Tern speaks it from its next start on."), p.language.box, nil, escape, nil).box,
		gapOf(10),
		section(tr("Writing")),
		container.NewHBox(p.enter),
		gapOf(10),
		container.New(&stack{gap: 6}, models.rows...),
		gapOf(10),
		container.New(&stack{gap: 6}, serving.parts...),
		gapOf(10),
		section(tr("Privacy")),
		container.New(flush{}, newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			muted(tr("Tern sends nothing unless you download, connect or look for a new version. Models run on this computer, and what you write stays here.")))),
		container.New(&stack{gap: 6}, updates.rows...),
	} {
		body.Add(o)
	}
	p.body = newColumn(body, func() float32 { return px(prefsWidth) }, pageMargin, 0)
	return p
}

// screen is the page as the window opens it.
func (p *prefs) screen() *screen {
	p.page = &screen{
		title: tr("Settings"), key: fyne.KeyComma, content: p.body, first: p.theme.buttons[0],
		restyle: p.arrange,
	}
	return p.page
}

// arrange lays the page out again, after a text in it became longer or shorter.
func (p *prefs) arrange() { p.body.Layout.Layout(p.body.Objects, p.body.Size()) }

func section(title string) fyne.CanvasObject {
	return container.New(flush{}, newNote(theme.SizeNameSubHeadingText,
		span{text: title, colour: theme.ColorNameForeground, bold: true}))
}

// show brings the page in step with s.
func (p *prefs) show(s settings.Settings) {
	for i, t := range themes() {
		if t.theme == s.Theme {
			p.theme.show(i)
		}
	}
	p.models.show(s)
	p.serving.show(s.Serving)
	p.updates.show(s.Updates.On)
	p.language.show(slices.IndexFunc(languages, func(l language) bool { return l.code == s.Language }))
	p.size.show(slices.Index(settings.TextScales, s.TextScale))
	if p.enter.Checked != s.EnterSends {
		p.enter.SetChecked(s.EnterSends)
	}
}

// choice is one of a few words, side by side.
type choice struct {
	buttons []*button
	box     *fyne.Container
}

func newChoice(labels []string, escape func(), chosen func(int)) *choice {
	c := &choice{box: container.NewHBox()}
	for i, l := range labels {
		b := newButton(l, escape, func() { chosen(i) })
		c.buttons = append(c.buttons, b)
		c.box.Add(b)
	}
	return c
}

// show marks the chosen word.
func (c *choice) show(chosen int) {
	for i, b := range c.buttons {
		b.setHigh(i == chosen)
	}
}
