package ui

import (
	"runtime"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"tern/app/settings"
	"tern/app/ui/kit"
)

// menu is the main menu. Every shortcut is an item of it: shortcuts of the
// canvas do not arrive while an entry has the focus, those of the menu do. They
// also run for disabled items, so every action checks the state itself.
type menu struct {
	main         *fyne.MainMenu
	recent       *fyne.MenuItem
	themes       []*fyne.MenuItem
	side         *fyne.MenuItem // the sidebar
	stop         *fyne.MenuItem
	write        *fyne.MenuItem
	retry        *fyne.MenuItem
	undo         *fyne.MenuItem
	undelete     *fyne.MenuItem
	branch       *fyne.MenuItem
	fresh        *fyne.MenuItem
	conversation []*fyne.MenuItem // for one that has something in it
	versions     []*fyne.MenuItem
	story        *fyne.MenuItem
	copy         *fyne.MenuItem
	answer       *fyne.MenuItem
	find         *fyne.MenuItem
	unload       *fyne.MenuItem
	keep         *fyne.MenuItem // a compact copy
	thoughts     *fyne.MenuItem // are exported
	panels       []*panel
	shown        menuState
}

// menuState is all that the menu shows of the window.
type menuState struct {
	writing, stoppable, canWrite, canRetry, canUndo, removed, text, answer, model, copies bool
	sidebar, versions, chats, story, thoughts                                             bool
	panel                                                                                 *panel // nil: none is shown
	theme                                                                                 settings.Theme
}

func item(label string, do func(), key fyne.KeyName, mod ...fyne.KeyModifier) *fyne.MenuItem {
	i := fyne.NewMenuItem(label, do)
	if key != "" {
		m := fyne.KeyModifierShortcutDefault
		for _, x := range mod {
			m |= x
		}
		i.Shortcut = shortcut(key, m)
	}
	return i
}

// altItem is an item with Alt and a key.
func altItem(label string, do func(), key fyne.KeyName) *fyne.MenuItem {
	i := fyne.NewMenuItem(label, do)
	i.Shortcut = shortcut(key, fyne.KeyModifierAlt)
	return i
}

// menuActions are what the items do. Those about a conversation are given its id.
type menuActions struct {
	current                                                           func() string // the id of the conversation that is shown
	write, stop, retry, undo, undelete, branch, fresh, story          func()
	copyAll, copyAnswer, find, search, editLast, importFile           func()
	unload, keepCopy, sidebar, shortcuts, lookForVersion, about, quit func()
	thoughts                                                          func()
	focusPrompt                                                       func()
	rename, duplicate, remove                                         func(id string)
	export                                                            func(id, ext string)
	choose                                                            func(folder bool)
	step, read, zoom                                                  func(by int)
	theme                                                             func(settings.Theme)
}

// newMenu makes the menu with an item for each panel and each screen; updates says
// that newer versions can be looked for.
func newMenu(do menuActions, panels []*panel, screens []*screen, updates bool) *menu {
	const shift = fyne.KeyModifierShift
	line := fyne.NewMenuItemSeparator
	m := &menu{
		recent:   fyne.NewMenuItem(kit.Tr("Recent"), nil),
		side:     item(kit.Tr("Sidebar"), do.sidebar, fyne.KeyB),
		write:    item(kit.Tr("Generate"), do.write, fyne.KeyReturn),
		stop:     item(kit.Tr("Stop"), do.stop, fyne.KeyPeriod),
		retry:    item(kit.Tr("Retry"), do.retry, fyne.KeyR),
		undo:     item(kit.Tr("Undo the last turn"), do.undo, ""),
		undelete: item(kit.Tr("Undo the last deletion"), do.undelete, ""),
		branch:   item(kit.Tr("New conversation from here"), do.branch, ""),
		fresh:    item(kit.Tr("New conversation"), do.fresh, fyne.KeyN),
		story:    fyne.NewMenuItem(kit.Tr("Write as a story"), do.story),
		copy:     item(kit.Tr("Copy the text"), do.copyAll, ""),
		answer:   item(kit.Tr("Copy last answer"), do.copyAnswer, fyne.KeyC, shift),
		find:     item(kit.Tr("Find in the text"), do.find, fyne.KeyF),
		unload:   item(kit.Tr("Close the model"), do.unload, ""),
		keep:     item(kit.Tr("Keep a compact copy…"), do.keepCopy, ""),
		thoughts: item(kit.Tr("Export with thoughts"), do.thoughts, ""),
	}
	quit := item(kit.Tr("Quit"), do.quit, fyne.KeyQ)
	quit.IsQuit = true
	theme := fyne.NewMenuItem(kit.Tr("Theme"), nil)
	for _, t := range themes() {
		m.themes = append(m.themes, fyne.NewMenuItem(t.name, func() { do.theme(t.theme) }))
	}
	theme.ChildMenu = fyne.NewMenu("", m.themes...)
	m.recent.ChildMenu = fyne.NewMenu("")
	m.panels = panels
	current := func(run func(id string)) func() { return func() { run(do.current()) } }
	m.conversation = []*fyne.MenuItem{
		item(kit.Tr("Rename…"), current(do.rename), fyne.KeyR, shift),
		item(kit.Tr("Duplicate"), current(do.duplicate), fyne.KeyD),
		item(kit.Tr("Delete"), current(do.remove), fyne.KeyBackspace, shift),
		fyne.NewMenuItem(kit.Tr("Export as Markdown…"), func() { do.export(do.current(), ".md") }),
		fyne.NewMenuItem(kit.Tr("Export as JSON…"), func() { do.export(do.current(), ".json") }),
	}
	m.versions = []*fyne.MenuItem{
		altItem(kit.Tr("Previous version"), func() { do.step(-1) }, fyne.KeyUp),
		altItem(kit.Tr("Next version"), func() { do.step(1) }, fyne.KeyDown),
	}
	file := []*fyne.MenuItem{m.fresh, line(),
		fyne.NewMenuItem(kit.Tr("Import a conversation…"), do.importFile), m.conversation[3], m.conversation[4], m.thoughts, line(),
		item(kit.Tr("Open file…"), func() { do.choose(false) }, fyne.KeyO),
		item(kit.Tr("Open folder…"), func() { do.choose(true) }, fyne.KeyO, shift),
		m.recent, m.keep, m.unload, line()}
	for _, s := range screens {
		file = append(file, s.item)
	}
	view := []*fyne.MenuItem{m.side}
	for _, p := range panels {
		view = append(view, p.item)
	}
	help := []*fyne.MenuItem{item(kit.Tr("Keyboard shortcuts"), do.shortcuts, fyne.KeyH, shift)}
	if updates {
		help = append(help, fyne.NewMenuItem(kit.Tr("Look for a new version…"), do.lookForVersion))
	}
	m.main = fyne.NewMainMenu(
		fyne.NewMenu(kit.Tr("File"), append(file, line(), quit)...),
		fyne.NewMenu(kit.Tr("Edit"), m.undo, m.undelete, line(), m.copy, m.answer, line(), m.find,
			item(kit.Tr("Search conversations"), do.search, fyne.KeyF, shift)),
		fyne.NewMenu(kit.Tr("Conversation"), m.write, m.stop, m.retry, item(kit.Tr("Edit the last message"), do.editLast, fyne.KeyE), m.versions[0], m.versions[1], line(),
			item(kit.Tr("Go up in the text"), func() { do.read(-1) }, fyne.KeyUp, shift),
			item(kit.Tr("Go down in the text"), func() { do.read(1) }, fyne.KeyDown, shift),
			item(kit.Tr("Go to the prompt"), do.focusPrompt, fyne.KeyL), m.story, line(),
			m.branch, m.conversation[0], m.conversation[1], m.conversation[2]),
		fyne.NewMenu(kit.Tr("View"), append(view, theme, line(),
			item(kit.Tr("Larger text"), func() { do.zoom(1) }, fyne.KeyEqual),
			item(kit.Tr("Smaller text"), func() { do.zoom(-1) }, fyne.KeyMinus),
			item(kit.Tr("Normal text"), func() { do.zoom(0) }, fyne.Key0))...),
		fyne.NewMenu(kit.Tr("Help"), append(help, fyne.NewMenuItem(kit.Tr("About Tern"), do.about))...),
	)
	for _, x := range m.main.Items {
		withKeys(x)
	}
	return m
}

// show brings the marks of the menu in step; it redraws only on a change.
func (m *menu) show(s menuState) {
	if s == m.shown {
		return
	}
	m.shown = s
	m.write.Disabled, m.stop.Disabled = !s.canWrite, !s.stoppable
	m.retry.Disabled, m.undo.Disabled = !s.canRetry, !s.canUndo
	m.copy.Disabled, m.find.Disabled, m.undelete.Disabled = !s.text, !s.text, !s.removed
	m.branch.Disabled = !s.text || s.writing
	for _, i := range m.conversation {
		i.Disabled = !s.text
	}
	for _, i := range m.versions {
		i.Disabled = !s.versions
	}
	m.story.Disabled, m.story.Checked = !s.chats, s.story
	m.thoughts.Checked = s.thoughts
	m.answer.Disabled, m.unload.Disabled, m.keep.Disabled = !s.answer, !s.model, !s.copies
	m.side.Checked = s.sidebar
	for _, p := range m.panels {
		p.item.Checked = p == s.panel
	}
	for i, t := range themes() {
		m.themes[i].Checked = t.theme == s.theme
	}
	m.main.Refresh()
}

// setRecent shows the models that were opened before.
func (m *menu) setRecent(models []settings.Recent, open func(path string)) {
	m.recent.ChildMenu.Items = recentItems(models, open)
	m.recent.Disabled = len(models) == 0
	m.main.Refresh()
}

// maxMenu is how many recent models a menu lists; the Models page has all.
const maxMenu = 10

func recentItems(models []settings.Recent, open func(path string)) []*fyne.MenuItem {
	models = models[:min(len(models), maxMenu)]
	items := make([]*fyne.MenuItem, 0, len(models))
	for _, r := range models {
		items = append(items, fyne.NewMenuItem(r.Name, func() { open(r.Path) }))
	}
	return items
}

// modelMenu is the menu of the model's button.
func (o *opener) modelMenu(at fyne.CanvasObject) {
	models := slices.Clone(o.settings.Recent)
	if !slices.ContainsFunc(models, func(r settings.Recent) bool { return r.Path == "" }) {
		models = append(models, settings.Recent{Name: kit.Tr("The built-in model")})
	}
	items := recentItems(models, o.load)
	if m := o.view.Model; m != nil {
		for i, r := range models[:len(items)] {
			items[i].Checked = r.Path == m.Path
		}
	}
	items = append(items, fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(kit.Tr("Open file…"), func() { o.do.choose(false) }),
		fyne.NewMenuItem(kit.Tr("Open folder…"), func() { o.do.choose(true) }),
		fyne.NewMenuItem(kit.Tr("Models…"), func() { o.do.openScreen(o.modelsPage) }),
		fyne.NewMenuItem(kit.Tr("Connect to a server…"), func() { o.do.openScreen(o.connect.page) }))
	if o.view.Model != nil {
		items = append(items, fyne.NewMenuItemSeparator(), fyne.NewMenuItem(kit.Tr("Close the model"), o.unload))
	}
	kit.PopUp(o.win.Canvas(), at, items)
}

// presetMenu is the menu of presets, at the composer and in the panel.
func (pre *preferences) presetMenu(at fyne.CanvasObject) {
	kit.PopUp(pre.win.Canvas(), at, pre.presetItems())
}

// shortcutName writes a shortcut as people say it.
func shortcutName(s fyne.Shortcut) string {
	if k, ok := s.(keys); ok {
		s = &k.of
	}
	c, ok := s.(*desktop.CustomShortcut)
	if !ok {
		return s.ShortcutName()
	}
	var parts []string
	if c.Modifier&fyne.KeyModifierShortcutDefault != 0 {
		if runtime.GOOS == "darwin" {
			parts = append(parts, "Cmd")
		} else {
			parts = append(parts, kit.Tr("Ctrl"))
		}
	}
	if c.Modifier&fyne.KeyModifierAlt != 0 {
		parts = append(parts, "Alt")
	}
	if c.Modifier&fyne.KeyModifierShift != 0 {
		parts = append(parts, kit.Tr("Shift"))
	}
	name := string(c.KeyName)
	switch c.KeyName {
	case fyne.KeyReturn:
		name = kit.Tr("Enter")
	case fyne.KeyBackspace:
		name = kit.Tr("Backspace")
	case fyne.KeyUp:
		name = kit.Tr("Up")
	case fyne.KeyDown:
		name = kit.Tr("Down")
	}
	return strings.Join(append(parts, name), "+")
}
