package ui

import (
	"slices"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"

	"tern/app/chat"
	"tern/app/ui/inspect"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// editing is the editor in the place of a message, or of a paragraph of a story.
type editing struct {
	*session
	do editingActions

	conversation Conversation

	inspect    *inspect.Panel
	th         *kit.Theme
	transcript *longtext.View
	win        fyne.Window
}

// editingActions are what editing needs of the other parts.
type editingActions struct {
	copyText    func(text string)
	covered     func() bool
	escape      func()
	focusPrompt func()
	showMain    func(now time.Time)
	showText    func() (waiting bool)
	tellLater   func(sentence string, actions ...kit.Action)
	tokensShown func() bool
}

// openEditor puts an editor in the place of what e names.
func (ed *editing) openEditor(e *longtext.Editor) {
	t := ed.transcript
	e.ID = ed.view.ID
	e.Entry.Leave = func() { ed.closeEditor(e.Message == nil) }
	e.Entry.Moved = func() { ed.do.showMain(ed.cfg.Now()) }
	t.Edit(e)
	ed.win.Canvas().Focus(e.Entry)
	ed.do.showMain(ed.cfg.Now())
}

// closeEditor leaves the editor, with what was changed or without.
func (ed *editing) closeEditor(keep bool) {
	e := ed.transcript.Editor()
	if e == nil {
		return
	}
	ed.transcript.EndEdit()
	if text := e.Entry.Text; keep && text != e.Old {
		if e.Message == nil {
			ed.conversation.Splice(passage(e), text)
		} else {
			ed.conversation.Edit(e.Message.Segment, text, false, ed.generation)
		}
	}
	ed.do.focusPrompt()
	ed.do.showMain(ed.cfg.Now())
}

// letGo shows all that there is, where a selection held text back: what is
// edited is what the document says.
func (ed *editing) letGo() {
	ed.transcript.Deselect()
	ed.do.showText()
}

// checkEditor closes an editor whose place in the document is gone, or whose
// document is. Every action saves what is typed before; this is for what comes
// from elsewhere, and takes nothing away.
func (ed *editing) checkEditor() {
	e := ed.transcript.Editor()
	if e == nil || e.ID == ed.view.ID && !ed.writing() && ed.transcript.Chat() == (ed.view.Mode == chat.ChatMode) && ed.holds(e) {
		return
	}
	if e.ID == ed.view.ID && !ed.writing() && ed.holds(e) { // the model is another one
		ed.closeEditor(true)
		return
	}
	text := e.Entry.Text
	if ed.closeEditor(false); text != e.Old {
		ed.do.copyText(text)
		ed.do.tellLater(kit.Tr("The text was changed elsewhere while you edited it. What you wrote is on the clipboard."))
	}
}

// holds reports whether the document says what an editor was opened on. A message may
// stand elsewhere in it than before.
func (ed *editing) holds(e *longtext.Editor) bool {
	if e.Message != nil {
		from, text := ed.messageAt(*e.Message)
		e.From, e.To = from, from+len(text)
		return text == e.Old
	}
	all := ed.documentText()
	return e.To <= len(all) && all[e.From:e.To] == e.Old
}

// editMessage opens an editor in the place of a message.
func (ed *editing) editMessage(m longtext.Message) {
	if ed.writing() || ed.do.covered() {
		return
	}
	ed.closeEditor(true)
	ed.letGo()
	if first, end := ed.transcript.ParagraphsOf(m.Segment); first == end {
		return
	}
	from, text := ed.messageAt(m)
	e := longtext.NewEditor(ed.th, text)
	e.Message, e.From, e.To = &m, from, from+len(text)
	e.Row = container.NewHBox(layout.NewSpacer(), kit.NewQuietButton(kit.Tr("Cancel"), ed.do.escape, func() { ed.closeEditor(false) }))
	if m.Mine {
		e.Row.Add(kit.NewQuietButton(kit.Tr("Save"), ed.do.escape, func() { ed.closeEditor(true) }))
		e.Row.Add(kit.NewButton(kit.Tr("Send"), ed.do.escape, ed.sendEdited))
	} else {
		e.Row.Add(kit.NewButton(kit.Tr("Save"), ed.do.escape, func() { ed.closeEditor(true) }))
	}
	ed.openEditor(e)
	e.ToEnd()
}

// sendEdited asks for an answer to the message that is edited.
func (ed *editing) sendEdited() {
	e := ed.transcript.Editor()
	if e == nil || e.Message == nil || !ed.canWrite() {
		return
	}
	m, text := *e.Message, e.Entry.Text
	ed.closeEditor(false)
	ed.transcript.ToEnd()
	ed.conversation.Edit(m.Segment, text, m.Mine, ed.generation)
}

// clickedText looks at the token that was clicked where tokens are shown, and
// edits what was clicked of a story.
func (ed *editing) clickedText(i, at int, pos fyne.Position) {
	if at >= 0 && ed.do.tokensShown() && ed.transcript.Paragraphs()[i].Words() && ed.inspect.PinAt(ed.transcript.Paragraphs()[i].From+at) {
		// Soon: what is not under the mouse loses the focus when a click is over.
		ed.cfg.Post(func() { kit.Refocus(ed.win.Canvas(), ed.inspect.Text) })
		return
	}
	ed.clickedStory(i, pos)
}

// clickedStory turns a paragraph of a story into an entry, with the caret where
// it was clicked.
func (ed *editing) clickedStory(i int, at fyne.Position) {
	t := ed.transcript
	if ed.writing() || ed.view.Mode == chat.ChatMode {
		return
	}
	ed.letGo()
	if i >= len(t.Paragraphs()) {
		return // it was the empty one of the caret that wrote
	}
	from := t.Paragraphs()[i].From
	if e := t.Editor(); e != nil {
		if e.Entry.Text != e.Old && e.From < from {
			from += len(e.Entry.Text) - len(e.Old)
		}
		changed := e.Entry.Text != e.Old
		ed.closeEditor(true)
		if changed {
			return // its paragraphs are cut again; a second click finds them
		}
	}
	ed.editStory(i, i+1)
	if e := t.Editor(); e != nil {
		m := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary}
		e.Entry.MouseDown(m)
		e.Entry.MouseUp(m)
	}
}

// editStory opens an editor for paragraphs of a story.
func (ed *editing) editStory(first, end int) {
	t := ed.transcript
	from := t.Paragraphs()[first].From
	to := t.Paragraphs()[end-1].From + len(t.Paragraphs()[end-1].Text)
	text := ed.documentText()[from:to]
	e := longtext.NewEditor(ed.th, text)
	e.First, e.End, e.From, e.To = first, end, from, to
	ed.openEditor(e)
	e.Entry.Join = func() bool { return ed.joinStory(e) }
}

// joinStory takes the paragraph before into the editor.
func (ed *editing) joinStory(e *longtext.Editor) bool {
	if e.First == 0 {
		return false
	}
	t := ed.transcript
	before := t.Paragraphs()[e.First-1]
	head := before.Text
	text := head + e.Entry.Text
	e.First, e.From = e.First-1, before.From
	e.Old = ed.documentText()[e.From:e.To]
	e.Entry.SetText(text)
	e.Entry.CursorRow, e.Entry.CursorColumn = 0, 0
	for range utf8.RuneCountInString(head) {
		e.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	}
	ed.transcript.Refit()
	return true
}

// continueHere writes on from the caret; what followed stays as the other version.
func (ed *editing) continueHere() {
	e := ed.transcript.Editor()
	if e == nil || e.Message != nil || !ed.canWrite() {
		return
	}
	text := e.Entry.Before()
	ed.closeEditor(false)
	ed.transcript.ToEnd()
	ed.conversation.ContinueAt(passage(e), text, ed.generation)
}

// editLast edits the user's last message, or the last paragraph of a story.
func (ed *editing) editLast() {
	t := ed.transcript
	if ed.writing() || ed.do.covered() || len(t.Paragraphs()) == 0 {
		return
	}
	if ed.view.Mode == chat.ChatMode {
		for _, m := range slices.Backward(t.Messages()) {
			if m.Mine {
				ed.editMessage(m)
				return
			}
		}
		return
	}
	ed.closeEditor(true)
	ed.letGo()
	ed.transcript.ToEnd()
	ed.editParagraph(len(t.Paragraphs()) - 1)
}

// editParagraph edits a paragraph of a story, with the caret behind it.
func (ed *editing) editParagraph(i int) {
	ed.letGo()
	if i >= len(ed.transcript.Paragraphs()) {
		return // as for a click
	}
	ed.editStory(i, i+1)
	if e := ed.transcript.Editor(); e != nil {
		e.ToEnd()
	}
}

// editsStory reports whether a paragraph of a story is an entry now.
func (ed *editing) editsStory() bool {
	e := ed.transcript.Editor()
	return e != nil && e.Message == nil
}

// passage is what a story's editor stands for.
func passage(e *longtext.Editor) chat.Passage {
	return chat.Passage{ID: e.ID, From: e.From, Text: e.Old}
}
