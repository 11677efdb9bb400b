package ui

import (
	"slices"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// documentText is all of the text.
func (w *window) documentText() string {
	var all strings.Builder
	for _, s := range w.view.Document {
		all.WriteString(s.Text)
	}
	return all.String()
}

// messageText is what a message says.
func (w *window) messageText(m longtext.Message) string {
	_, text := w.messageAt(m)
	return text
}

// messageAt is what a message says, and where in the document that begins. A
// message that is not there says nothing.
func (w *window) messageAt(m longtext.Message) (from int, text string) {
	i := slices.IndexFunc(w.view.Document, func(s chat.Segment) bool { return s.ID == m.Segment })
	if i < 0 {
		return 0, ""
	}
	for _, s := range w.view.Document[:i] {
		from += len(s.Text)
	}
	var all strings.Builder
	author := w.view.Document[i].Author
	for _, s := range w.view.Document[i:] {
		if m.Chat && s.Author != author {
			break
		}
		all.WriteString(s.Text)
	}
	text = all.String()
	if m.Chat {
		rest := strings.TrimLeftFunc(text, unicode.IsSpace)
		from += len(text) - len(rest)
		text = strings.TrimSpace(rest)
	}
	return from, text
}

// messageRow makes the buttons below a message.
func (w *window) messageRow(m longtext.Message) longtext.Buttons {
	first := kit.NewQuietButton(kit.Tr("Copy"), w.escape, func() { w.copyText(w.messageText(m)) })
	row := container.NewHBox(first)
	if m.Chat {
		row.Add(kit.NewQuietButton(kit.Tr("Edit"), w.escape, func() { w.editMessage(m) }))
	}
	switch {
	case m.Chat && !m.Mine:
		row.Add(kit.NewQuietButton(kit.Tr("Retry"), w.escape, func() { w.retryMessage(m) }))
	case !m.Chat:
		row.Add(kit.NewQuietButton(kit.Tr("Retry"), w.escape, w.retry))
		row.Add(kit.NewQuietButton(kit.Tr("Undo"), w.escape, w.undo))
		b := kit.NewIconButton(kit.Tr("How this was written"), theme.InfoIcon(), w.escape, func() { w.aboutAnswer(m) })
		row.Add(b)
	}
	if m.Chat && !m.Mine {
		b := kit.NewIconButton(kit.Tr("More"), theme.MoreHorizontalIcon(), w.escape, nil)
		b.OnTapped = func() {
			kit.PopUp(w.win.Canvas(), b, w.moreOf(m))
		}
		row.Add(b)
	}
	if m.Versions > 1 {
		step := func(by int) func() {
			return func() {
				if !w.writing() {
					w.closeEditor(true)
					w.ctl.Step(m.Step, by)
				}
				if r := w.transcript.Reader(); r.On >= 0 {
					w.win.Canvas().Focus(r) // the button is gone with its version
				}
			}
		}
		back := kit.NewQuietButton("◂", w.escape, step(-1))
		on := kit.NewQuietButton("▸", w.escape, step(1))
		back.Name, on.Name = kit.Tr("Previous version"), kit.Tr("Next version")
		back.SetToolTip(back.Name)
		on.SetToolTip(on.Name)
		back.SetEnabled(m.Version > 1)
		on.SetEnabled(m.Version < m.Versions)
		row.Add(back)
		row.Add(container.NewCenter(newKey(kit.Tr("{{.Version}} of {{.Versions}}", "Version", m.Version, "Versions", m.Versions))))
		row.Add(on)
	}
	return longtext.Buttons{CanvasObject: row, First: first}
}

// moreOf is the menu of an answer.
func (w *window) moreOf(m longtext.Message) []*fyne.MenuItem {
	t := w.transcript
	var items []*fyne.MenuItem
	switch plain := t.Plain(m); {
	case plain:
		items = append(items, fyne.NewMenuItem(kit.Tr("Show with formatting"), func() { t.ShowPlain(m, false) }))
	case t.Formatted(m):
		items = append(items, fyne.NewMenuItem(kit.Tr("Show as plain text"), func() { t.ShowPlain(m, true) }))
	}
	return append(items, w.removal(m),
		fyne.NewMenuItem(kit.Tr("New conversation from here"), func() { w.closeEditor(true); w.ctl.Branch(m.Segment) }),
		fyne.NewMenuItem(kit.Tr("How this was written…"), func() { w.aboutAnswer(m) }))
}

// removal takes a message out of the conversation; it is undone rather than asked
// about.
func (w *window) removal(m longtext.Message) *fyne.MenuItem {
	return fyne.NewMenuItem(kit.Tr("Delete this message"), func() {
		if w.writing() {
			return
		}
		w.closeEditor(true)
		w.ctl.Remove(m.Segment)
		w.tell(kit.Tr("The message was deleted."), kit.Action{Label: kit.Tr("Undo"), Do: w.undo})
	})
}

// textMenu is what can be done with a paragraph that is clicked with the other
// button of the mouse.
func (w *window) textMenu(i int, at fyne.Position) {
	t := w.transcript
	if i >= len(t.Paragraphs()) {
		return
	}
	m := t.MessageOf(i)
	items := []*fyne.MenuItem{fyne.NewMenuItem(kit.Tr("Copy this paragraph"), func() { w.copyText(strings.TrimSpace(t.Paragraphs()[i].Text)) })}
	if m.Chat {
		items = append(items, fyne.NewMenuItem(kit.Tr("Copy this message"), func() { w.copyText(w.messageText(m)) }))
	} else {
		items = append(items, fyne.NewMenuItem(kit.Tr("Copy the text"), w.copyAll))
	}
	if !w.writing() {
		items = append(items, fyne.NewMenuItem(kit.Tr("Edit"), func() {
			if m.Chat {
				w.editMessage(m)
			} else if i < len(t.Paragraphs()) && !w.writing() {
				w.closeEditor(true)
				w.editParagraph(i)
			}
		}))
	}
	switch {
	case m.Chat && !m.Mine:
		items = append(append(items, fyne.NewMenuItemSeparator()), w.moreOf(m)...)
	case m.Chat:
		items = append(items, fyne.NewMenuItemSeparator(), w.removal(m))
	}
	kit.PopUpAt(w.win.Canvas(), at, items)
}

// retryMessage writes an answer again, with what followed it kept behind the
// old version.
func (w *window) retryMessage(m longtext.Message) {
	if m.Last {
		w.retry()
		return
	}
	w.goOn(func() {
		w.closeEditor(true)
		w.transcript.ToEnd()
		w.ctl.RetryAt(m.Segment, w.generation)
	})
}
