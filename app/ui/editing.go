package ui

import (
	"slices"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"

	"tern/app/chat"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// openEditor puts an editor in the place of what e names.
func (w *window) openEditor(e *longtext.Editor) {
	t := w.transcript
	e.ID = w.view.ID
	e.Entry.Leave = func() { w.closeEditor(e.Message == nil) }
	e.Entry.Moved = func() { w.showMain(w.cfg.now()) }
	t.Edit(e)
	w.win.Canvas().Focus(e.Entry)
	w.showMain(w.cfg.now())
}

// closeEditor leaves the editor, with what was changed or without.
func (w *window) closeEditor(keep bool) {
	e := w.transcript.Editor()
	if e == nil {
		return
	}
	w.transcript.EndEdit()
	if text := e.Entry.Text; keep && text != e.Old {
		if e.Message == nil {
			w.ctl.Splice(passage(e), text)
		} else {
			w.ctl.Edit(e.Message.Segment, text, false, w.generation)
		}
	}
	w.focusPrompt()
	w.showMain(w.cfg.now())
}

// letGo shows all that there is, where a selection held text back: what is
// edited is what the document says.
func (w *window) letGo() {
	w.transcript.Deselect()
	w.showText()
}

// checkEditor closes an editor whose place in the document is gone, or whose
// document is. Every action saves what is typed before; this is for what comes
// from elsewhere, and takes nothing away.
func (w *window) checkEditor() {
	e := w.transcript.Editor()
	if e == nil || e.ID == w.view.ID && !w.writing() && w.transcript.Chat() == (w.view.Mode == chat.ChatMode) && w.holds(e) {
		return
	}
	if e.ID == w.view.ID && !w.writing() && w.holds(e) { // the model is another one
		w.closeEditor(true)
		return
	}
	text := e.Entry.Text
	if w.closeEditor(false); text != e.Old {
		w.copyText(text)
		w.tellLater(kit.Tr("The text was changed elsewhere while you edited it. What you wrote is on the clipboard."))
	}
}

// holds tells if the document says what an editor was opened on. A message may
// stand elsewhere in it than before.
func (w *window) holds(e *longtext.Editor) bool {
	if e.Message != nil {
		from, text := w.messageAt(*e.Message)
		e.From, e.To = from, from+len(text)
		return text == e.Old
	}
	all := w.documentText()
	return e.To <= len(all) && all[e.From:e.To] == e.Old
}

// editMessage opens an editor in the place of a message.
func (w *window) editMessage(m longtext.Message) {
	if w.writing() || w.screen != nil {
		return
	}
	w.closeEditor(true)
	w.letGo()
	if first, end := w.transcript.ParagraphsOf(m.Segment); first == end {
		return
	}
	from, text := w.messageAt(m)
	e := longtext.NewEditor(w.th, text)
	e.Message, e.From, e.To = &m, from, from+len(text)
	e.Row = container.NewHBox(layout.NewSpacer(), kit.NewQuietButton(kit.Tr("Cancel"), w.escape, func() { w.closeEditor(false) }))
	if m.Mine {
		e.Row.Add(kit.NewQuietButton(kit.Tr("Save"), w.escape, func() { w.closeEditor(true) }))
		e.Row.Add(kit.NewButton(kit.Tr("Send"), w.escape, w.sendEdited))
	} else {
		e.Row.Add(kit.NewButton(kit.Tr("Save"), w.escape, func() { w.closeEditor(true) }))
	}
	w.openEditor(e)
	e.ToEnd()
}

// sendEdited asks for an answer to the message that is edited.
func (w *window) sendEdited() {
	e := w.transcript.Editor()
	if e == nil || e.Message == nil || !w.canWrite() {
		return
	}
	m, text := *e.Message, e.Entry.Text
	w.closeEditor(false)
	w.transcript.ToEnd()
	w.ctl.Edit(m.Segment, text, m.Mine, w.generation)
}

// clickedText looks at the token that was clicked where tokens are shown, and
// edits what was clicked of a story.
func (w *window) clickedText(i, at int, pos fyne.Position) {
	if at >= 0 && w.tokensShown() && w.inspect.PinAt(w.transcript.Paragraphs()[i].From+at) {
		// Soon: what is not under the mouse loses the focus when a click is over.
		fyne.Do(func() { kit.Refocus(w.win.Canvas(), w.inspect.Text) })
		return
	}
	w.clickedStory(i, pos)
}

// clickedStory turns a paragraph of a story into an entry, with the caret where
// it was clicked.
func (w *window) clickedStory(i int, at fyne.Position) {
	t := w.transcript
	if w.writing() || w.view.Mode == chat.ChatMode || i >= len(t.Paragraphs()) {
		return
	}
	w.letGo()
	from := t.Paragraphs()[i].From
	if e := t.Editor(); e != nil {
		if e.Entry.Text != e.Old && e.From < from {
			from += len(e.Entry.Text) - len(e.Old)
		}
		changed := e.Entry.Text != e.Old
		w.closeEditor(true)
		if changed {
			return // its paragraphs are cut anew; a second click finds them
		}
	}
	w.editStory(i, i+1)
	if e := t.Editor(); e != nil {
		m := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary}
		e.Entry.MouseDown(m)
		e.Entry.MouseUp(m)
	}
}

// editStory opens an editor for paragraphs of a story.
func (w *window) editStory(first, end int) {
	t := w.transcript
	from := t.Paragraphs()[first].From
	to := t.Paragraphs()[end-1].From + len(t.Paragraphs()[end-1].Text)
	text := w.documentText()[from:to]
	e := longtext.NewEditor(w.th, text)
	e.First, e.End, e.From, e.To = first, end, from, to
	w.openEditor(e)
	e.Entry.Join = func() bool { return w.joinStory(e) }
}

// joinStory takes the paragraph before into the editor.
func (w *window) joinStory(e *longtext.Editor) bool {
	if e.First == 0 {
		return false
	}
	t := w.transcript
	before := t.Paragraphs()[e.First-1]
	head := before.Text
	text := head + e.Entry.Text
	e.First, e.From = e.First-1, before.From
	e.Old = w.documentText()[e.From:e.To]
	e.Entry.SetText(text)
	e.Entry.CursorRow, e.Entry.CursorColumn = 0, 0
	for range utf8.RuneCountInString(head) {
		e.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	}
	w.transcript.Refit()
	return true
}

// continueHere writes on from the caret; what followed stays as the other version.
func (w *window) continueHere() {
	e := w.transcript.Editor()
	if e == nil || e.Message != nil || !w.canWrite() {
		return
	}
	text := e.Entry.Before()
	w.closeEditor(false)
	w.transcript.ToEnd()
	w.ctl.ContinueAt(passage(e), text, w.generation)
}

// editLast edits the user's last message, or the last paragraph of a story.
func (w *window) editLast() {
	t := w.transcript
	if w.writing() || w.screen != nil || len(t.Paragraphs()) == 0 {
		return
	}
	if w.view.Mode == chat.ChatMode {
		for _, m := range slices.Backward(t.Messages()) {
			if m.Mine {
				w.editMessage(m)
				return
			}
		}
		return
	}
	w.closeEditor(true)
	w.letGo()
	w.transcript.ToEnd()
	w.editParagraph(len(t.Paragraphs()) - 1)
}

// editParagraph edits a paragraph of a story, with the caret behind it.
func (w *window) editParagraph(i int) {
	w.letGo()
	w.editStory(i, i+1)
	if e := w.transcript.Editor(); e != nil {
		e.ToEnd()
	}
}

// editsStory tells if a paragraph of a story is an entry now.
func (w *window) editsStory() bool {
	e := w.transcript.Editor()
	return e != nil && e.Message == nil
}

// passage is what a story's editor stands for.
func passage(e *longtext.Editor) chat.Passage {
	return chat.Passage{ID: e.ID, From: e.From, Text: e.Old}
}
