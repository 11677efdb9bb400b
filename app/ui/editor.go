package ui

import (
	"slices"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// editor stands in the place of a message, or of a paragraph of a story, while
// that is edited.
type editor struct {
	first, end int    // paragraphs
	from, to   int    // of the document, in bytes
	id         string // of the conversation
	old        string // what the document says there
	message    *turn  // nil in a story
	entry      *editEntry
	holder     fyne.CanvasObject
	row        *fyne.Container // buttons; nil in a story
	box        *fyne.Container
	ruler      *prose
}

// editEntry is the entry of an editor.
type editEntry struct {
	widget.Entry
	leave func()
	join  func() bool // backspace where there is nothing before; tells if that did something
	lost  func()
	moved func()
}

// AcceptsTab is false: Tab goes to the next control.
func (e *editEntry) AcceptsTab() bool { return false }

func (e *editEntry) FocusLost() {
	e.Entry.FocusLost()
	e.lost()
}

func (e *editEntry) TypedKey(k *fyne.KeyEvent) {
	switch {
	case k.Name == fyne.KeyEscape:
		e.leave()
		return
	case k.Name == fyne.KeyBackspace && e.CursorRow == 0 && e.CursorColumn == 0 && e.SelectedText() == "" && e.join():
		return
	}
	e.Entry.TypedKey(k)
	e.moved()
}

func (e *editEntry) MouseUp(m *desktop.MouseEvent) {
	e.Entry.MouseUp(m)
	e.moved()
}

// before is the text up to the caret. Fyne says where that is in rows as they
// are wrapped, so a mark is typed there and taken back.
func (e *editEntry) before() string {
	const mark = '\uE000'
	changed := e.OnChanged
	e.OnChanged = nil
	defer func() { e.OnChanged = changed }()
	e.TypedRune(mark)
	text, _, _ := strings.Cut(e.Text, string(mark))
	e.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
	return text
}

func newEditor(th fyne.Theme, text string) *editor {
	e := &editor{old: text, entry: &editEntry{}, ruler: proseLabel(nil)}
	e.entry.MultiLine, e.entry.Wrapping = true, fyne.TextWrapWord
	e.entry.SetMinRowsVisible(1)
	e.entry.ExtendBaseWidget(e.entry)
	e.entry.SetText(text)
	e.holder = container.NewThemeOverride(e.entry, kit.Override{Theme: th,
		Sizes: map[fyne.ThemeSizeName]float32{theme.SizeNameText: theme.Size(kit.SizeProse)}})
	return e
}

// height is what the editor takes at a width.
func (e *editor) height(width float32) float32 {
	if e.ruler.Text != e.entry.Text {
		e.ruler.SetText(e.entry.Text)
	}
	h := kit.HeightFor(e.ruler, width) + 4
	if e.row != nil {
		h += e.row.MinSize().Height + 4
	}
	return h
}

func (e *editor) layout(_ []fyne.CanvasObject, size fyne.Size) {
	h := size.Height
	if e.row != nil {
		r := e.row.MinSize()
		e.row.Resize(fyne.NewSize(size.Width, r.Height))
		e.row.Move(fyne.NewPos(0, size.Height-r.Height))
		h -= r.Height + 4
	}
	e.holder.Resize(fyne.NewSize(size.Width, max(0, h)))
}

// openEditor puts an editor in the place of what e names.
func (w *window) openEditor(e *editor) {
	t := w.transcript
	e.id = w.view.ID
	if e.row != nil {
		e.box = container.New(kit.LayoutFunc{Do: e.layout}, e.holder, e.row)
	} else {
		e.box = container.New(kit.LayoutFunc{Do: e.layout}, e.holder)
	}
	e.entry.leave = func() { w.closeEditor(e.message == nil) }
	e.entry.moved = func() { w.showMain(w.cfg.now()) }
	e.entry.join = func() bool { return false }
	e.entry.lost = func() {}
	e.entry.OnChanged = func(string) { w.editorGrew() }
	t.page.edit = e
	clear(t.page.rows)
	t.page.locate()
	w.editorGrew()
	w.win.Canvas().Focus(e.entry)
	w.showMain(w.cfg.now())
}

// editorGrew places everything anew around the editor.
func (w *window) editorGrew() {
	t := w.transcript
	t.follow = false
	t.page.place(0)
	t.page.realise()
	t.page.Refresh()
	t.scroll.Refresh()
	t.look()
}

// closeEditor leaves the editor, with what was changed or without.
func (w *window) closeEditor(keep bool) {
	e := w.transcript.page.edit
	if e == nil {
		return
	}
	w.transcript.page.edit = nil
	w.transcript.page.unedit(e)
	w.editorGrew()
	if text := e.entry.Text; keep && text != e.old {
		if e.message == nil {
			w.ctl.Splice(e.passage(), text)
		} else {
			w.ctl.Edit(e.message.segment, text, false, w.generation)
		}
	}
	w.focusPrompt()
	w.showMain(w.cfg.now())
}

// passage is what a story's editor stands for.
func (e *editor) passage() chat.Passage { return chat.Passage{ID: e.id, From: e.from, Text: e.old} }

// letGo shows all that there is, where a selection held text back: what is
// edited is what the document says.
func (w *window) letGo() {
	w.transcript.page.deselect()
	w.showText()
}

// checkEditor closes an editor whose place in the document is gone, or whose
// document is. Every action saves what is typed before; this is for what comes
// from elsewhere, and takes nothing away.
func (w *window) checkEditor() {
	e := w.transcript.page.edit
	if e == nil || e.id == w.view.ID && !w.writing() && w.transcript.types.chat == (w.view.Mode == chat.ChatMode) && w.holds(e) {
		return
	}
	if e.id == w.view.ID && !w.writing() && w.holds(e) { // the model is another one
		w.closeEditor(true)
		return
	}
	text := e.entry.Text
	if w.closeEditor(false); text != e.old {
		w.copyText(text)
		w.tellLater(kit.Tr("The text was changed elsewhere while you edited it. What you wrote is on the clipboard."))
	}
}

// holds tells if the document says what an editor was opened on. A message may
// stand elsewhere in it than before.
func (w *window) holds(e *editor) bool {
	if e.message != nil {
		from, text := w.messageAt(*e.message)
		e.from, e.to = from, from+len(text)
		return text == e.old
	}
	all := w.documentText()
	return e.to <= len(all) && all[e.from:e.to] == e.old
}

// editMessage opens an editor in the place of a message.
func (w *window) editMessage(m turn) {
	if w.writing() || w.screen != nil {
		return
	}
	w.closeEditor(true)
	w.letGo()
	p := w.transcript.page
	which := slices.IndexFunc(p.infos, func(i turn) bool { return i.segment == m.segment })
	first := slices.IndexFunc(p.paras, func(x paragraph) bool { return x.message == which })
	if which < 0 || first < 0 {
		return
	}
	end := first
	for end < p.shown && p.paras[end].message == which {
		end++
	}
	from, text := w.messageAt(m)
	e := newEditor(w.th, text)
	e.message, e.from, e.to = &m, from, from+len(text)
	e.row = container.NewHBox(layout.NewSpacer(), kit.NewQuietButton(kit.Tr("Cancel"), w.escape, func() { w.closeEditor(false) }))
	if m.mine {
		e.row.Add(kit.NewQuietButton(kit.Tr("Save"), w.escape, func() { w.closeEditor(true) }))
		e.row.Add(kit.NewButton(kit.Tr("Send"), w.escape, w.sendEdited))
	} else {
		e.row.Add(kit.NewButton(kit.Tr("Save"), w.escape, func() { w.closeEditor(true) }))
	}
	w.openEditor(e)
	e.toEnd()
}

// toEnd puts the caret behind the text.
func (e *editor) toEnd() { e.entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyPageDown}) }

// sendEdited asks for an answer to the message that is edited.
func (w *window) sendEdited() {
	e := w.transcript.page.edit
	if e == nil || e.message == nil || !w.canWrite() {
		return
	}
	m, text := *e.message, e.entry.Text
	w.closeEditor(false)
	w.transcript.toEnd()
	w.ctl.Edit(m.segment, text, m.mine, w.generation)
}

// clickedText looks at the token that was clicked where tokens are shown, and
// edits what was clicked of a story.
func (w *window) clickedText(i, at int, pos fyne.Position) {
	if at >= 0 && w.tokensShown() && w.inspect.pinAt(w.transcript.page.paras[i].from+at) {
		// Soon: what is not under the mouse loses the focus when a click is over.
		fyne.Do(func() { kit.Refocus(w.win.Canvas(), w.inspect.text) })
		return
	}
	w.clickedStory(i, pos)
}

// clickedStory turns a paragraph of a story into an entry, with the caret where
// it was clicked.
func (w *window) clickedStory(i int, at fyne.Position) {
	p := w.transcript.page
	if w.writing() || w.view.Mode == chat.ChatMode || i >= p.shown {
		return
	}
	w.letGo()
	from := p.paras[i].from
	if e := p.edit; e != nil {
		if e.entry.Text != e.old && e.from < from {
			from += len(e.entry.Text) - len(e.old)
		}
		changed := e.entry.Text != e.old
		w.closeEditor(true)
		if changed {
			return // its paragraphs are cut anew; a second click finds them
		}
	}
	w.editStory(i, i+1)
	if e := p.edit; e != nil {
		m := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary}
		e.entry.MouseDown(m)
		e.entry.MouseUp(m)
	}
}

// editStory opens an editor for paragraphs of a story.
func (w *window) editStory(first, end int) {
	p := w.transcript.page
	from := p.paras[first].from
	to := p.paras[end-1].from + len(p.paras[end-1].text)
	text := w.documentText()[from:to]
	e := newEditor(w.th, text)
	e.first, e.end, e.from, e.to = first, end, from, to
	w.openEditor(e)
	e.entry.join = func() bool { return w.joinStory(e) }
}

// joinStory takes the paragraph before into the editor.
func (w *window) joinStory(e *editor) bool {
	if e.first == 0 {
		return false
	}
	p := w.transcript.page
	before := p.paras[e.first-1]
	head := before.text
	text := head + e.entry.Text
	e.first, e.from = e.first-1, before.from
	e.old = w.documentText()[e.from:e.to]
	e.entry.SetText(text)
	e.entry.CursorRow, e.entry.CursorColumn = 0, 0
	for range utf8.RuneCountInString(head) {
		e.entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	}
	w.editorGrew()
	return true
}

// continueHere writes on from the caret; what followed stays as the other version.
func (w *window) continueHere() {
	e := w.transcript.page.edit
	if e == nil || e.message != nil || !w.canWrite() {
		return
	}
	text := e.entry.before()
	w.closeEditor(false)
	w.transcript.toEnd()
	w.ctl.ContinueAt(e.passage(), text, w.generation)
}

// editLast edits the user's last message, or the last paragraph of a story.
func (w *window) editLast() {
	p := w.transcript.page
	if w.writing() || w.screen != nil || p.shown == 0 {
		return
	}
	if w.view.Mode == chat.ChatMode {
		for _, m := range slices.Backward(p.infos) {
			if m.mine {
				w.editMessage(m)
				return
			}
		}
		return
	}
	w.closeEditor(true)
	w.letGo()
	w.transcript.toEnd()
	w.editParagraph(p.shown - 1)
}

// editParagraph edits a paragraph of a story, with the caret behind it.
func (w *window) editParagraph(i int) {
	w.letGo()
	w.editStory(i, i+1)
	if e := w.transcript.page.edit; e != nil {
		e.toEnd()
	}
}

// editsStory tells if a paragraph of a story is an entry now.
func (w *window) editsStory() bool {
	e := w.transcript.page.edit
	return e != nil && e.message == nil
}

// locate finds the paragraphs that the editor stands for.
func (p *page) locate() {
	e := p.edit
	if e == nil {
		return
	}
	e.first, e.end = p.shown, p.shown
	for i, x := range p.paras[:p.shown] {
		in := x.from >= e.from && x.from < max(e.to, e.from+1)
		if e.message != nil {
			in = p.infos[x.message].segment == e.message.segment
		}
		if in {
			e.first, e.end = min(e.first, i), i+1
		}
	}
	for i := e.first; i < e.end; i++ {
		if b := p.live[i]; b != nil {
			p.release(b)
		}
	}
}

// unedit shows the paragraphs again that an editor stood for.
func (p *page) unedit(e *editor) {
	for i := e.first; i < min(e.end, p.shown); i++ {
		p.known[i], p.heights[i] = false, p.estimate(i)
	}
}

// TypedShortcut pastes lines as models know them.
func (e *editEntry) TypedShortcut(s fyne.Shortcut) { e.Entry.TypedShortcut(kit.PlainPaste(s)) }
