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
func (w *window) messageText(m turn) string {
	_, text := w.messageAt(m)
	return text
}

// messageAt is what a message says, and where in the document that begins. A
// message that is not there says nothing.
func (w *window) messageAt(m turn) (from int, text string) {
	i := slices.IndexFunc(w.view.Document, func(s chat.Segment) bool { return s.ID == m.segment })
	if i < 0 {
		return 0, ""
	}
	for _, s := range w.view.Document[:i] {
		from += len(s.Text)
	}
	var all strings.Builder
	author := w.view.Document[i].Author
	for _, s := range w.view.Document[i:] {
		if m.chat && s.Author != author {
			break
		}
		all.WriteString(s.Text)
	}
	text = all.String()
	if m.chat {
		rest := strings.TrimLeftFunc(text, unicode.IsSpace)
		from += len(text) - len(rest)
		text = strings.TrimSpace(rest)
	}
	return from, text
}

// messageRow makes the buttons below a message.
func (w *window) messageRow(m turn) messageButtons {
	first := kit.NewQuietButton(kit.Tr("Copy"), w.escape, func() { w.copyText(w.messageText(m)) })
	row := container.NewHBox(first)
	if m.chat {
		row.Add(kit.NewQuietButton(kit.Tr("Edit"), w.escape, func() { w.editMessage(m) }))
	}
	switch {
	case m.chat && !m.mine:
		row.Add(kit.NewQuietButton(kit.Tr("Retry"), w.escape, func() { w.retryMessage(m) }))
	case !m.chat:
		row.Add(kit.NewQuietButton(kit.Tr("Retry"), w.escape, w.retry))
		row.Add(kit.NewQuietButton(kit.Tr("Undo"), w.escape, w.undo))
		b := kit.NewIconButton(kit.Tr("How this was written"), theme.InfoIcon(), w.escape, func() { w.aboutAnswer(m) })
		row.Add(b)
	}
	if m.chat && !m.mine {
		b := kit.NewIconButton(kit.Tr("More"), theme.MoreHorizontalIcon(), w.escape, nil)
		b.OnTapped = func() {
			kit.PopUp(w.win.Canvas(), b, w.moreOf(m))
		}
		row.Add(b)
	}
	if m.versions > 1 {
		step := func(by int) func() {
			return func() {
				if !w.writing() {
					w.closeEditor(true)
					w.ctl.Step(m.step, by)
				}
				if r := w.transcript.page.reader; r.on >= 0 {
					w.win.Canvas().Focus(r) // the button is gone with its version
				}
			}
		}
		back := kit.NewQuietButton("◂", w.escape, step(-1))
		on := kit.NewQuietButton("▸", w.escape, step(1))
		back.Name, on.Name = kit.Tr("Previous version"), kit.Tr("Next version")
		back.SetToolTip(back.Name)
		on.SetToolTip(on.Name)
		back.SetEnabled(m.version > 1)
		on.SetEnabled(m.version < m.versions)
		row.Add(back)
		row.Add(container.NewCenter(newKey(kit.Tr("{{.Version}} of {{.Versions}}", "Version", m.version, "Versions", m.versions))))
		row.Add(on)
	}
	return messageButtons{row, first}
}

// moreOf is the menu of an answer.
func (w *window) moreOf(m turn) []*fyne.MenuItem {
	t := w.transcript
	var items []*fyne.MenuItem
	switch plain := t.page.plain[m.segment]; {
	case plain:
		items = append(items, fyne.NewMenuItem(kit.Tr("Show with formatting"), func() { t.showPlain(m, false) }))
	case t.page.formatted(m):
		items = append(items, fyne.NewMenuItem(kit.Tr("Show as plain text"), func() { t.showPlain(m, true) }))
	}
	return append(items, w.removal(m),
		fyne.NewMenuItem(kit.Tr("New conversation from here"), func() { w.closeEditor(true); w.ctl.Branch(m.segment) }),
		fyne.NewMenuItem(kit.Tr("How this was written…"), func() { w.aboutAnswer(m) }))
}

// removal takes a message out of the conversation; it is undone rather than asked
// about.
func (w *window) removal(m turn) *fyne.MenuItem {
	return fyne.NewMenuItem(kit.Tr("Delete this message"), func() {
		if w.writing() {
			return
		}
		w.closeEditor(true)
		w.ctl.Remove(m.segment)
		w.tell(kit.Tr("The message was deleted."), kit.Action{Label: kit.Tr("Undo"), Do: w.undo})
	})
}

// formatted tells if a message has anything that is shown with formatting.
func (p *page) formatted(m turn) bool {
	for _, x := range p.paras[:p.shown] {
		if p.infos[x.message].segment == m.segment && (x.code || formatted(x.text)) {
			return true
		}
	}
	return false
}

// textMenu is what can be done with a paragraph that is clicked with the other
// button of the mouse.
func (w *window) textMenu(i int, at fyne.Position) {
	p := w.transcript.page
	if i >= p.shown {
		return
	}
	m := p.infos[p.paras[i].message]
	items := []*fyne.MenuItem{fyne.NewMenuItem(kit.Tr("Copy this paragraph"), func() { w.copyText(strings.TrimSpace(p.paras[i].text)) })}
	if m.chat {
		items = append(items, fyne.NewMenuItem(kit.Tr("Copy this message"), func() { w.copyText(w.messageText(m)) }))
	} else {
		items = append(items, fyne.NewMenuItem(kit.Tr("Copy the text"), w.copyAll))
	}
	if !w.writing() {
		items = append(items, fyne.NewMenuItem(kit.Tr("Edit"), func() {
			if m.chat {
				w.editMessage(m)
			} else if i < p.shown && !w.writing() {
				w.closeEditor(true)
				w.editParagraph(i)
			}
		}))
	}
	switch {
	case m.chat && !m.mine:
		items = append(append(items, fyne.NewMenuItemSeparator()), w.moreOf(m)...)
	case m.chat:
		items = append(items, fyne.NewMenuItemSeparator(), w.removal(m))
	}
	kit.PopUpAt(w.win.Canvas(), at, items)
}

// retryMessage writes an answer again, with what followed it kept behind the
// old version.
func (w *window) retryMessage(m turn) {
	if m.last {
		w.retry()
		return
	}
	w.goOn(func() {
		w.closeEditor(true)
		w.transcript.toEnd()
		w.ctl.RetryAt(m.segment, w.generation)
	})
}
