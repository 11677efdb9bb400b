package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

var (
	_ desktop.Keyable = (*longtext.Reader)(nil)
	_ fyne.Tabbable   = (*longtext.Reader)(nil)
)

// bindReader gives the keys their meaning.
func (w *window) bindReader() {
	t := w.transcript
	t.Reader().Do = longtext.ReaderActions{
		Move:  w.readBy,
		Page:  t.PageBy,
		Find:  w.findAgain,
		Leave: w.focusPrompt,
		Edit: func() {
			m, first := t.Reading()
			if m.Chat {
				w.editMessage(m)
			} else if !w.writing() {
				w.editParagraph(first)
			}
		},
		Copy: func() {
			m, first := t.Reading()
			if m.Chat {
				w.copyText(w.messageText(m))
			} else {
				w.copyText(t.Paragraphs()[first].Text)
			}
		},
		Version: func(by int) {
			if m, _ := t.Reading(); m.Versions > 1 && !w.writing() {
				w.closeEditor(true)
				w.ctl.Step(m.Step, by)
			}
		},
		Buttons: func() {
			if b := t.FocusButtons(); b != nil {
				w.win.Canvas().Focus(b)
			}
		},
		Text: func() string {
			m, first := t.Reading()
			switch {
			case !m.Chat:
				return t.Paragraphs()[first].Text
			case m.Mine:
				return kit.Tr("You: {{.Text}}", "Text", w.messageText(m))
			}
			return kit.Tr("Answer: {{.Text}}", "Text", w.messageText(m))
		},
	}
}

// readBy goes from message to message, or from paragraph to paragraph of a story,
// at first from what can be seen; behind the last is the prompt.
func (w *window) readBy(by int) {
	t := w.transcript
	if w.dialogs.Shown != nil || w.screen != nil || len(t.Paragraphs()) == 0 {
		return
	}
	w.closeEditor(true)
	if !t.Read(by) {
		w.focusPrompt()
		return
	}
	w.win.Canvas().Focus(t.Reader())
}
