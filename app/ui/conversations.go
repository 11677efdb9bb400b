package ui

import (
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// conversations is what is done with whole conversations.
type conversations struct {
	*session
	do conversationsActions

	conversation Conversation
	shelf        Shelf

	composer   *composer
	dialogs    *kit.Dialogs
	finder     *longtext.Finder
	options    *options
	sidebar    *sidebar
	transcript *longtext.View
	win        fyne.Window

	hit     hit      // to be shown when its conversation is
	removed []string // conversations that were deleted since the start, the last one last
}

// conversationsActions are what conversations needs of the other parts.
type conversationsActions struct {
	applySettings func()
	chooseFile    func(chosen func(path string))
	chooseNew     func(name string, chosen func(path string))
	closeEditor   func(keep bool)
	closeLeft     func()
	closeScreen   func()
	focusPrompt   func()
	quiet         func()
	recommend     func()
	relayout      func()
	showMenu      func()
	sidebarShown  func() bool
	tell          func(sentence string, actions ...kit.Action)
	toggleSidebar func()
}

// fresh opens a new conversation; the one before stays in the list.
func (con *conversations) fresh() {
	con.do.closeEditor(true)
	con.do.closeScreen()
	con.do.closeLeft()
	if !con.transcript.Empty() || con.composer.entry.Text != "" {
		con.conversation.New()
	}
	con.do.focusPrompt()
}

// openConversation shows a conversation of the list.
func (con *conversations) openConversation(id string) {
	con.do.closeScreen()
	con.do.closeLeft()
	if words := strings.TrimSpace(con.sidebar.search.Text); words != "" && con.sidebar.snippet(id) != "" {
		con.hit = hit{id, words}
	}
	if id != con.view.ID {
		con.do.closeEditor(true)
		con.do.quiet()
		con.conversation.Open(id)
	}
	con.do.focusPrompt()
	con.showHit()
}

// hit is what was found in a conversation.
type hit struct{ id, words string }

// showHit goes to what was searched for in the conversations, when the one that
// was chosen is shown.
func (con *conversations) showHit() {
	h := con.hit
	if h.id == "" || h.id != con.view.ID || con.transcript.Empty() {
		return
	}
	con.hit = hit{}
	if f := con.finder; !f.Open() {
		f.Box.Show()
		con.do.relayout()
	}
	con.finder.Entry.SetText(h.words)
	con.finder.Look(h.words)
}

// entry is the list's entry of a conversation; the open one may not be saved yet.
func entry(v chat.View, id string) chat.Entry {
	for _, e := range v.Conversations {
		if e.ID == id {
			return e
		}
	}
	return chat.Entry{ID: id, Name: v.Title}
}

// noConversation reports whether there is nothing to rename, copy or delete.
func (con *conversations) noConversation() bool {
	return con.transcript.Empty() && entry(con.view, con.view.ID).Name == ""
}

// conversationMenu is the menu of a conversation in the list.
func (con *conversations) conversationMenu(e chat.Entry, at fyne.Position) {
	items := []*fyne.MenuItem{
		fyne.NewMenuItem(kit.Tr("Open"), func() { con.openConversation(e.ID) }),
		fyne.NewMenuItem(kit.Tr("Rename…"), func() { con.rename(e.ID) }),
		fyne.NewMenuItem(kit.Tr("Duplicate"), func() { con.duplicate(e.ID) }),
		fyne.NewMenuItem(kit.Tr("Export as Markdown…"), func() { con.export(e.ID, ".md") }),
		fyne.NewMenuItem(kit.Tr("Export as JSON…"), func() { con.export(e.ID, ".json") }),
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(kit.Tr("Delete"), func() { con.remove(e.ID) }),
	}
	kit.PopUpAt(con.win.Canvas(), at, items)
}

// rename asks for a title.
func (con *conversations) rename(id string) {
	if id == con.view.ID && con.noConversation() {
		return
	}
	e := entry(con.view, id)
	con.dialogs.AskLine(kit.Tr("Rename conversation"), kit.Tr("Title; empty for the first words"), e.Name, kit.Tr("Rename"), func(text string) {
		con.shelf.Rename(id, text)
	})
}

func (con *conversations) duplicate(id string) {
	if id != con.view.ID || !con.noConversation() {
		con.do.closeEditor(true)
		con.shelf.Duplicate(id)
	}
}

// remove deletes a conversation; it is undone rather than asked about.
func (con *conversations) remove(id string) {
	if id == con.view.ID && con.noConversation() {
		return
	}
	con.do.closeEditor(true)
	name := entry(con.view, id).Name
	con.shelf.Delete(id)
	con.removed = append(con.removed, id)
	con.do.tell(kit.Tr("Deleted “{{.Title}}”.", "Title", kit.Shorten(name, theme.TextSize(), kit.Px(240), true)), kit.Action{Label: kit.Tr("Undo"), Do: con.restore})
}

// restore brings the conversation back that was deleted last.
func (con *conversations) restore() {
	if n := len(con.removed); n > 0 {
		con.do.closeEditor(true)
		con.do.quiet()
		con.shelf.Restore(con.removed[n-1])
		con.removed = con.removed[:n-1]
		con.do.showMenu()
	}
}

// branch goes on in a copy of the conversation, from its end.
func (con *conversations) branch() {
	if n := len(con.view.Document); n > 0 && !con.writing() {
		con.do.closeEditor(true)
		con.conversation.Branch(con.view.Document[n-1].ID)
	}
}

// export asks for a place and writes a conversation there.
func (con *conversations) export(id, ext string) {
	if id == con.view.ID && con.noConversation() {
		return
	}
	con.do.chooseNew(fileName(entry(con.view, id).Name)+ext, func(path string) {
		if filepath.Ext(path) == "" {
			path += ext
		}
		con.shelf.Export(id, path, kit.Tr("You"), kit.Tr("Tern"), con.settings.ExportThoughts)
	})
}

// turnThoughts has exports hold what models thought before their answers, or no longer.
func (con *conversations) turnThoughts() {
	con.settings.ExportThoughts = !con.settings.ExportThoughts
	con.cfg.Save(con.settings)
	con.do.showMenu()
}

// fileName makes a title a name that every system takes for a file.
func fileName(title string) string {
	name := strings.TrimRight(strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>:"/\|?*`, r) {
			return -1
		}
		return r
	}, title), " .…")
	if name == "" {
		return kit.Tr("Conversation")
	}
	return name
}

// importFile asks for a file and opens the conversation in it.
func (con *conversations) importFile() {
	con.do.closeEditor(true)
	con.do.chooseFile(func(path string) { con.shelf.Import(path) })
}

// switched brings the prompt and the settings in step with another conversation.
func (con *conversations) switched() {
	v := con.view
	con.known = v.ID
	if con.composer.entry.Text != v.Draft {
		con.composer.entry.SetText(v.Draft)
	}
	g := con.settings.Generation
	if v.Generation != nil {
		g = *v.Generation
		g.Context, g.Threads = con.settings.Generation.Context, con.settings.Generation.Threads // of the machine
	}
	con.generation = g
	con.do.recommend()
	con.options.show(con.generation)
	con.do.applySettings()
	con.transcript.ToEnd()
}

// canTurn reports whether the conversation can be a story rather than messages, or the
// other way round: a model that continues texts makes no messages of one.
func (con *conversations) canTurn() bool {
	m := con.view.Model
	return con.view.Mode == chat.ChatMode && !con.transcript.Empty() || m != nil && m.Template != ""
}

// setStory makes messages a story, or a story messages.
func (con *conversations) setStory() {
	if con.canTurn() {
		con.conversation.SetStory(con.view.Mode == chat.ChatMode)
	}
}

// lastMessage is the last segment by an author, nil for none.
func lastMessage(v chat.View, by func(chat.Segment) bool) *chat.Segment {
	for i := len(v.Document) - 1; i >= 0; i-- {
		if s := &v.Document[i]; by(*s) {
			return s
		}
	}
	return nil
}

// stepVersion shows the version before or behind of what has several, the last
// of them.
func (con *conversations) stepVersion(by int) {
	if s := lastMessage(con.view, func(s chat.Segment) bool { return s.Versions > 1 }); s != nil && !con.writing() {
		con.do.closeEditor(true)
		con.conversation.Step(s.ID, by)
	}
}

// canRestore reports whether a deletion can be undone.
func (con *conversations) canRestore() bool { return len(con.removed) > 0 }
