package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
)

const (
	topHeight  = 44
	wideWindow = 900 // from here on the buttons of the top bar carry words
)

// topbar is the line at the top: the model, facts about it, and where to go.
type topbar struct {
	model   *button
	facts   *note
	open    *button
	sidebar *button
	wide    *fyne.Container // the buttons with words
	narrow  *fyne.Container // and as icons
	box     *fyne.Container
	name    string
}

// topbarActions are what the buttons of the top bar do; menu opens the menu of
// models at a button.
type topbarActions struct {
	menu                            func(at fyne.CanvasObject)
	sidebar, open, settings, escape func()
}

// newTopbar builds the bar, with a button for each panel.
func newTopbar(do topbarActions, panels []*panel) *topbar {
	t := &topbar{facts: newNote(theme.SizeNameCaptionText)}
	t.model = newQuietButton("", do.escape, nil)
	t.model.OnTapped = func() { do.menu(t.model) }
	t.model.bold = true
	t.sidebar = newIconButton(tr("Sidebar"), theme.MenuIcon(), do.escape, do.sidebar)
	t.open = newQuietButton(tr("Open…"), do.escape, do.open)
	t.wide = container.NewHBox(t.open)
	t.narrow = container.NewHBox(newIconButton(tr("Open a model"), theme.FolderOpenIcon(), do.escape, do.open))
	for _, p := range panels {
		t.wide.Add(p.button)
		t.narrow.Add(p.iconButton)
	}
	t.wide.Add(newIconButton(tr("Settings"), theme.SettingsIcon(), do.escape, do.settings))
	t.narrow.Add(newIconButton(tr("Settings"), theme.SettingsIcon(), do.escape, do.settings))
	t.box = container.New(layoutFunc{min: fyne.NewSize(300, topHeight), do: t.layout},
		t.sidebar, t.model, t.facts, t.wide, t.narrow, newSurface(theme.ColorNameSeparator))
	return t
}

func (t *topbar) show(v chat.View) {
	name, line := tr("No model"), ""
	if v.Model != nil {
		name, line = v.Model.Name, facts(v.Model)
	}
	if v.State == chat.Loading {
		line = tr("opening {{.Model}}", "Model", v.Load.Name)
	}
	t.facts.set(muted(line))
	if name != t.name {
		t.name = name
		t.layout(t.box.Objects, t.box.Size())
	}
}

func (t *topbar) layout(o []fyne.CanvasObject, size fyne.Size) {
	line := o[len(o)-1]
	line.Move(fyne.NewPos(0, size.Height-1))
	line.Resize(fyne.NewSize(size.Width, 1))

	side := t.wide
	if size.Width < px(wideWindow) {
		side = t.narrow
	}
	for _, b := range []*fyne.Container{t.wide, t.narrow} {
		if b == side {
			b.Show()
		} else {
			b.Hide()
		}
	}
	place := func(o fyne.CanvasObject, x, w float32) {
		h := o.MinSize().Height
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
		o.Resize(fyne.NewSize(w, h))
	}
	s := side.MinSize().Width
	place(side, size.Width-s-8, s)
	left := 4 + t.sidebar.MinSize().Width
	place(t.sidebar, 4, t.sidebar.MinSize().Width)
	room := size.Width - s - 8 - left
	t.model.setLabel(shorten(t.name, theme.Size(theme.SizeNameText), room*0.6, true) + " ▾")
	m := t.model.MinSize().Width
	place(t.model, left, m)
	place(t.facts, left+m, max(0, room-m-8))
}

// newHeader is the top bar of a page that replaces the conversation.
func newHeader(title string, back, escape func()) fyne.CanvasObject {
	b := newQuietButton(tr("‹ Back"), escape, back)
	text := newNote(theme.SizeNameSubHeadingText, span{text: title, colour: theme.ColorNameForeground, bold: true})
	row := container.NewBorder(nil, nil, container.NewHBox(b), nil, text)
	return container.NewBorder(nil, newRule(), nil, nil, container.New(layout.NewCustomPaddedLayout(4, 3, 8, 8), row))
}

// newRule is a line between two regions.
func newRule() fyne.CanvasObject {
	return container.New(layoutFunc{min: fyne.NewSize(1, 1), do: func(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }},
		newSurface(theme.ColorNameSeparator))
}
