package ui

import (
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// fresh opens a new conversation; the one before stays in the list.
func (w *window) fresh() {
	w.closeEditor(true)
	w.closeScreen()
	if w.drawer == leftDrawer {
		w.closeDrawer()
	}
	if !w.transcript.Empty() || w.composer.entry.Text != "" {
		w.ctl.New()
	}
	w.focusPrompt()
}

// openConversation shows a conversation of the list.
func (w *window) openConversation(id string) {
	w.closeScreen()
	if w.drawer == leftDrawer {
		w.closeDrawer()
	}
	if words := strings.TrimSpace(w.sidebar.search.Text); words != "" && w.sidebar.snippet(id) != "" {
		w.hit = hit{id, words}
	}
	if id != w.view.ID {
		w.closeEditor(true)
		w.info = nil
		w.ctl.Open(id)
	}
	w.focusPrompt()
	w.showHit()
}

// hit is what was found in a conversation.
type hit struct{ id, words string }

// showHit goes to what was searched for in the conversations, when the one that
// was chosen is shown.
func (w *window) showHit() {
	h := w.hit
	if h.id == "" || h.id != w.view.ID || w.transcript.Empty() {
		return
	}
	w.hit = hit{}
	if f := w.finder; !f.Open() {
		f.Box.Show()
		w.relayout()
	}
	w.finder.Entry.SetText(h.words)
	w.finder.Look(h.words)
}

// entry is the list's entry of a conversation; the open one may not be saved yet.
func (w *window) entry(id string) chat.Entry {
	for _, e := range w.view.Conversations {
		if e.ID == id {
			return e
		}
	}
	return chat.Entry{ID: id, Name: w.view.Title}
}

// noConversation tells if there is nothing to rename, copy or delete.
func (w *window) noConversation() bool { return w.transcript.Empty() && w.entry(w.view.ID).Name == "" }

// conversationMenu is the menu of a conversation in the list.
func (w *window) conversationMenu(e chat.Entry, at fyne.Position) {
	items := []*fyne.MenuItem{
		fyne.NewMenuItem(kit.Tr("Open"), func() { w.openConversation(e.ID) }),
		fyne.NewMenuItem(kit.Tr("Rename…"), func() { w.rename(e.ID) }),
		fyne.NewMenuItem(kit.Tr("Duplicate"), func() { w.duplicate(e.ID) }),
		fyne.NewMenuItem(kit.Tr("Export as Markdown…"), func() { w.export(e.ID, ".md") }),
		fyne.NewMenuItem(kit.Tr("Export as JSON…"), func() { w.export(e.ID, ".json") }),
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(kit.Tr("Delete"), func() { w.remove(e.ID) }),
	}
	kit.PopUpAt(w.win.Canvas(), at, items)
}

// rename asks for a title.
func (w *window) rename(id string) {
	if id == w.view.ID && w.noConversation() {
		return
	}
	e := w.entry(id)
	w.dialogs.AskLine(kit.Tr("Rename conversation"), kit.Tr("Title; empty for the first words"), e.Name, kit.Tr("Rename"), func(text string) {
		w.ctl.Rename(id, text)
	})
}

func (w *window) duplicate(id string) {
	if id != w.view.ID || !w.noConversation() {
		w.closeEditor(true)
		w.ctl.Duplicate(id)
	}
}

// remove deletes a conversation; it is undone rather than asked about.
func (w *window) remove(id string) {
	if id == w.view.ID && w.noConversation() {
		return
	}
	w.closeEditor(true)
	name := w.entry(id).Name
	w.ctl.Delete(id)
	w.removed = append(w.removed, id)
	w.tell(kit.Tr("Deleted “{{.Title}}”.", "Title", kit.Shorten(name, theme.TextSize(), kit.Px(240), true)), kit.Action{Label: kit.Tr("Undo"), Do: w.restore})
}

// restore brings the conversation back that was deleted last.
func (w *window) restore() {
	if n := len(w.removed); n > 0 {
		w.closeEditor(true)
		w.info = nil
		w.ctl.Restore(w.removed[n-1])
		w.removed = w.removed[:n-1]
		w.showMenu()
	}
}

// branch goes on in a copy of the conversation, from its end.
func (w *window) branch() {
	if n := len(w.view.Document); n > 0 && !w.writing() {
		w.closeEditor(true)
		w.ctl.Branch(w.view.Document[n-1].ID)
	}
}

// export asks for a place and writes a conversation there.
func (w *window) export(id, ext string) {
	if id == w.view.ID && w.noConversation() {
		return
	}
	w.chooseNew(fileName(w.entry(id).Name)+ext, func(path string) {
		if filepath.Ext(path) == "" {
			path += ext
		}
		w.ctl.Export(id, path, kit.Tr("You"), kit.Tr("Tern"))
	})
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
func (w *window) importFile() {
	w.closeEditor(true)
	w.chooseFile(func(path string) { w.ctl.Import(path) })
}

// switched brings the prompt and the settings in step with another conversation.
func (w *window) switched() {
	v := w.view
	w.known = v.ID
	if w.composer.entry.Text != v.Draft {
		w.composer.entry.SetText(v.Draft)
	}
	g := w.settings.Generation
	if v.Generation != nil {
		g = *v.Generation
		g.Context, g.Threads = w.settings.Generation.Context, w.settings.Generation.Threads // of the machine
	}
	w.generation = g
	w.recommend()
	w.options.show(w.generation)
	w.applySettings()
	w.transcript.ToEnd()
}

// canTurn tells if the conversation can be a story rather than messages, or the
// other way round: a model that continues texts makes no messages of one.
func (w *window) canTurn() bool {
	m := w.view.Model
	return w.view.Mode == chat.ChatMode && !w.transcript.Empty() || m != nil && m.Template != ""
}

// setStory makes messages a story, or a story messages.
func (w *window) setStory() {
	if w.canTurn() {
		w.ctl.SetStory(w.view.Mode == chat.ChatMode)
	}
}

// lastMessage is the last segment by an author, nil for none.
func (w *window) lastMessage(by func(chat.Segment) bool) *chat.Segment {
	for i := len(w.view.Document) - 1; i >= 0; i-- {
		if s := &w.view.Document[i]; by(*s) {
			return s
		}
	}
	return nil
}

// stepVersion shows the version before or behind of what has several, the last
// of them.
func (w *window) stepVersion(by int) {
	if s := w.lastMessage(func(s chat.Segment) bool { return s.Versions > 1 }); s != nil && !w.writing() {
		w.closeEditor(true)
		w.ctl.Step(s.ID, by)
	}
}
