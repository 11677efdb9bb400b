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

// messages is what is done with one message, from its buttons and menus.
type messages struct {
	*session
	do messagesActions

	conversation Conversation
	tokens       Tokens

	dialogs    *kit.Dialogs
	transcript *longtext.View
	win        fyne.Window
}

// messagesActions are what messages needs of the other parts.
type messagesActions struct {
	closeEditor   func(keep bool)
	editMessage   func(m longtext.Message)
	editParagraph func(i int)
	escape        func()
	retry         func()
	retryMessage  func(m longtext.Message)
	tell          func(sentence string, actions ...kit.Action)
	undo          func()
}

// documentText is all of the text.
func (ses *session) documentText() string {
	var all strings.Builder
	for _, s := range ses.view.Document {
		all.WriteString(s.Text)
	}
	return all.String()
}

// messageText is what a message says.
func (ses *session) messageText(m longtext.Message) string {
	_, text := ses.messageAt(m)
	return text
}

// messageAt is what a message says, and where in the document that begins. A
// message that is not there says nothing.
func (ses *session) messageAt(m longtext.Message) (from int, text string) {
	i := slices.IndexFunc(ses.view.Document, func(s chat.Segment) bool { return s.ID == m.Segment })
	if i < 0 {
		return 0, ""
	}
	for _, s := range ses.view.Document[:i] {
		from += len(s.Text)
	}
	var all strings.Builder
	author := ses.view.Document[i].Author
	for _, s := range ses.view.Document[i:] {
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
func (mes *messages) messageRow(m longtext.Message) longtext.Buttons {
	first := kit.NewQuietButton(kit.Tr("Copy"), mes.do.escape, func() { mes.copyText(mes.messageText(m)) })
	row := container.NewHBox(first)
	if m.Chat {
		row.Add(kit.NewQuietButton(kit.Tr("Edit"), mes.do.escape, func() { mes.do.editMessage(m) }))
	}
	switch {
	case m.Chat && !m.Mine:
		row.Add(kit.NewQuietButton(kit.Tr("Retry"), mes.do.escape, func() { mes.do.retryMessage(m) }))
	case !m.Chat:
		row.Add(kit.NewQuietButton(kit.Tr("Retry"), mes.do.escape, mes.do.retry))
		row.Add(kit.NewQuietButton(kit.Tr("Undo"), mes.do.escape, mes.do.undo))
		b := kit.NewIconButton(kit.Tr("How this was written"), theme.InfoIcon(), mes.do.escape, func() { mes.aboutAnswer(m) })
		row.Add(b)
	}
	if m.Chat && !m.Mine {
		b := kit.NewIconButton(kit.Tr("More"), theme.MoreHorizontalIcon(), mes.do.escape, nil)
		b.OnTapped = func() {
			kit.PopUp(mes.win.Canvas(), b, mes.moreOf(m))
		}
		row.Add(b)
	}
	if m.Versions > 1 {
		step := func(by int) func() {
			return func() {
				if !mes.writing() {
					mes.do.closeEditor(true)
					mes.conversation.Step(m.Step, by)
				}
				if r := mes.transcript.Reader(); r.On >= 0 {
					mes.win.Canvas().Focus(r) // the button is gone with its version
				}
			}
		}
		back := kit.NewQuietButton("◂", mes.do.escape, step(-1))
		on := kit.NewQuietButton("▸", mes.do.escape, step(1))
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
func (mes *messages) moreOf(m longtext.Message) []*fyne.MenuItem {
	t := mes.transcript
	var items []*fyne.MenuItem
	switch plain := t.Plain(m); {
	case plain:
		items = append(items, fyne.NewMenuItem(kit.Tr("Show with formatting"), func() { t.ShowPlain(m, false) }))
	case t.Formatted(m):
		items = append(items, fyne.NewMenuItem(kit.Tr("Show as plain text"), func() { t.ShowPlain(m, true) }))
	}
	items = append(items, mes.thoughtItems(m)...)
	return append(items, mes.removal(m),
		fyne.NewMenuItem(kit.Tr("New conversation from here"), func() { mes.do.closeEditor(true); mes.conversation.Branch(m.Segment) }),
		fyne.NewMenuItem(kit.Tr("How this was written…"), func() { mes.aboutAnswer(m) }))
}

// removal takes a message out of the conversation; it is undone rather than asked
// about.
func (mes *messages) removal(m longtext.Message) *fyne.MenuItem {
	return fyne.NewMenuItem(kit.Tr("Delete this message"), func() {
		if mes.writing() {
			return
		}
		mes.do.closeEditor(true)
		mes.conversation.Remove(m.Segment)
		mes.do.tell(kit.Tr("The message was deleted."), kit.Action{Label: kit.Tr("Undo"), Do: mes.do.undo})
	})
}

// textMenu is what can be done with a paragraph that is clicked with the other
// button of the mouse.
func (mes *messages) textMenu(i int, at fyne.Position) {
	t := mes.transcript
	if i >= len(t.Paragraphs()) {
		return
	}
	m := t.MessageOf(i)
	items := []*fyne.MenuItem{fyne.NewMenuItem(kit.Tr("Copy this paragraph"), func() { mes.copyText(strings.TrimSpace(t.Paragraphs()[i].Text)) })}
	if m.Chat {
		items = append(items, fyne.NewMenuItem(kit.Tr("Copy this message"), func() { mes.copyText(mes.messageText(m)) }))
	} else {
		items = append(items, fyne.NewMenuItem(kit.Tr("Copy the text"), mes.copyAll))
	}
	if !mes.writing() {
		items = append(items, fyne.NewMenuItem(kit.Tr("Edit"), func() {
			if m.Chat {
				mes.do.editMessage(m)
			} else if i < len(t.Paragraphs()) && !mes.writing() {
				mes.do.closeEditor(true)
				mes.do.editParagraph(i)
			}
		}))
	}
	switch {
	case m.Chat && !m.Mine:
		items = append(append(items, fyne.NewMenuItemSeparator()), mes.moreOf(m)...)
	case m.Chat:
		items = append(items, fyne.NewMenuItemSeparator(), mes.removal(m))
	}
	kit.PopUpAt(mes.win.Canvas(), at, items)
}

// retryMessage writes an answer again, with what followed it kept behind the
// old version.
func (ans *answering) retryMessage(m longtext.Message) {
	if m.Last {
		ans.retry()
		return
	}
	ans.goOn(func() {
		ans.do.closeEditor(true)
		ans.transcript.ToEnd()
		ans.conversation.RetryAt(m.Segment, ans.generation)
	})
}

// answerID names the last answer, 0 for none.
func answerID(v chat.View) int {
	for _, s := range slices.Backward(v.Document) {
		if s.Author == chat.Model {
			return s.ID
		}
	}
	return 0
}

// lastAnswer is what the model wrote last.
func lastAnswer(v chat.View) string {
	for _, s := range slices.Backward(v.Document) {
		if s.Author == chat.Model {
			return strings.TrimLeft(s.Text, "\n")
		}
	}
	return ""
}

func (mes *messages) copyAnswer() { mes.copyText(lastAnswer(mes.view)) }

func (mes *messages) copyAll() {
	var all strings.Builder
	for _, s := range mes.view.Document {
		all.WriteString(s.Text)
	}
	mes.copyText(all.String())
}

func (mes *messages) copyText(text string) {
	if text != "" {
		fyne.CurrentApp().Clipboard().SetContent(text)
	}
}
