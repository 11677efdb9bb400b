package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// reading is going through the text with the keyboard, and finding words in it.
type reading struct {
	*session
	do readingActions

	conversation Conversation

	dialogs    *kit.Dialogs
	finder     *longtext.Finder
	transcript *longtext.View
	win        fyne.Window
}

// readingActions are what reading needs of the other parts.
type readingActions struct {
	closeEditor   func(keep bool)
	closeScreen   func()
	copyText      func(text string)
	covered       func() bool
	editMessage   func(m longtext.Message)
	editParagraph func(i int)
	focusPrompt   func()
	relayout      func()
}

var (
	_ desktop.Keyable = (*longtext.Reader)(nil)
	_ fyne.Tabbable   = (*longtext.Reader)(nil)
)

// bindReader gives the keys their meaning.
func (rd *reading) bindReader() {
	t := rd.transcript
	t.Reader().Do = longtext.ReaderActions{
		Move:  rd.readBy,
		Page:  t.PageBy,
		Find:  rd.findAgain,
		Leave: rd.do.focusPrompt,
		Edit: func() {
			m, first := t.Reading()
			if m.Chat {
				rd.do.editMessage(m)
			} else if !rd.writing() {
				rd.do.editParagraph(first)
			}
		},
		Copy: func() {
			m, first := t.Reading()
			if m.Chat {
				rd.do.copyText(rd.messageText(m))
			} else {
				rd.do.copyText(t.Paragraphs()[first].Text)
			}
		},
		Version: func(by int) {
			if m, _ := t.Reading(); m.Versions > 1 && !rd.writing() {
				rd.do.closeEditor(true)
				rd.conversation.Step(m.Step, by)
			}
		},
		Buttons: func() {
			if b := t.FocusButtons(); b != nil {
				rd.win.Canvas().Focus(b)
			}
		},
		Text: func() string {
			m, first := t.Reading()
			switch {
			case !m.Chat:
				return t.Paragraphs()[first].Text
			case m.Mine:
				return kit.Tr("You: {{.Text}}", "Text", rd.messageText(m))
			}
			return kit.Tr("Answer: {{.Text}}", "Text", rd.messageText(m))
		},
	}
}

// readBy goes from message to message, or from paragraph to paragraph of a story,
// at first from what can be seen; behind the last is the prompt.
func (rd *reading) readBy(by int) {
	t := rd.transcript
	if rd.dialogs.Shown != nil || rd.do.covered() || len(t.Paragraphs()) == 0 {
		return
	}
	rd.do.closeEditor(true)
	if !t.Read(by) {
		rd.do.focusPrompt()
		return
	}
	rd.win.Canvas().Focus(t.Reader())
}
