package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/ui/kit"
)

const (
	topHeight  = 44
	wideWindow = 900 // from here on the buttons of the top bar carry words
)

// topbar is the line at the top: the model, facts about it, and where to go.
type topbar struct {
	model   *kit.Button
	facts   *kit.Note
	open    *kit.Button
	sidebar *kit.Button
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
	t := &topbar{facts: kit.NewNote(theme.SizeNameCaptionText)}
	t.model = kit.NewQuietButton("", do.escape, nil)
	t.model.OnTapped = func() { do.menu(t.model) }
	t.model.Bold = true
	t.sidebar = kit.NewIconButton(kit.Tr("Sidebar"), theme.MenuIcon(), do.escape, do.sidebar)
	t.open = kit.NewQuietButton(kit.Tr("Open…"), do.escape, do.open)
	t.wide = container.NewHBox(t.open)
	t.narrow = container.NewHBox(kit.NewIconButton(kit.Tr("Open a model"), theme.FolderOpenIcon(), do.escape, do.open))
	for _, p := range panels {
		t.wide.Add(p.button)
		t.narrow.Add(p.iconButton)
	}
	t.wide.Add(kit.NewIconButton(kit.Tr("Settings"), theme.SettingsIcon(), do.escape, do.settings))
	t.narrow.Add(kit.NewIconButton(kit.Tr("Settings"), theme.SettingsIcon(), do.escape, do.settings))
	t.box = container.New(kit.LayoutFunc{Min: fyne.NewSize(300, topHeight), Do: t.layout},
		t.sidebar, t.model, t.facts, t.wide, t.narrow, kit.NewSurface(theme.ColorNameSeparator))
	return t
}

func (t *topbar) show(v chat.View) {
	name, line := kit.Tr("No model"), ""
	if v.Model != nil {
		name, line = v.Model.Name, facts(v.Model)
	}
	if v.State == chat.Loading {
		line = kit.Tr("opening {{.Model}}", "Model", v.Load.Name)
	}
	t.facts.Set(kit.Muted(line))
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
	if size.Width < kit.Px(wideWindow) {
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
	t.model.SetLabel(kit.Shorten(t.name, theme.Size(theme.SizeNameText), room*0.6, true) + " ▾")
	m := t.model.MinSize().Width
	place(t.model, left, m)
	place(t.facts, left+m, max(0, room-m-8))
}
