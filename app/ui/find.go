package ui

import (
	"regexp"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/ui/kit"
)

// match is a place where words were found.
type match struct {
	para     int
	from, to int // of the paragraph's text, in bytes
}

// finder looks for words in the text: a line above it, in which one types them,
// and marks in it. Nothing is looked for while the line is closed.
type finder struct {
	do    finderActions
	box   *fyne.Container
	entry *findEntry
	count *kit.Note
	steps []*kit.Button // back and on

	pattern *regexp.Regexp // nil: nothing is looked for
	matches []match        // in the order of the text
	at      int            // the one that the reader is at, -1 for none
}

// finderActions are what the finder needs of the window.
type finderActions struct {
	paras  func() []paragraph // as they are shown
	top    func() int         // the first that can be seen
	reveal func(m match)
	mark   func() // draws the shades again
	close  func()
}

const (
	findHeight = 42
	findWidth  = 260 // of what one types in
)

func newFinder(do finderActions) *finder {
	f := &finder{do: do, at: -1, count: kit.NewNote(theme.SizeNameCaptionText)}
	f.entry = newFindEntry(do.close, f.step, f.look)
	f.entry.SetPlaceHolder(kit.Tr("Find in the text"))
	back := kit.NewIconButton(kit.Tr("Previous match"), theme.MoveUpIcon(), do.close, func() { f.step(-1) })
	on := kit.NewIconButton(kit.Tr("Next match"), theme.MoveDownIcon(), do.close, func() { f.step(1) })
	f.steps = []*kit.Button{back, on}
	end := kit.NewIconButton(kit.Tr("Close"), theme.CancelIcon(), do.close, do.close)
	ground, line := kit.NewSurface(kit.ColorSidebar), kit.NewSurface(theme.ColorNameSeparator)
	f.box = container.New(kit.LayoutFunc{Min: fyne.NewSize(200, findHeight), Do: func(_ []fyne.CanvasObject, size fyne.Size) {
		ground.Resize(size)
		line.Move(fyne.NewPos(0, size.Height-1))
		line.Resize(fyne.NewSize(size.Width, 1))
		left, right := float32(12), size.Width-8
		put := func(o fyne.CanvasObject, x, w, h float32) {
			o.Move(fyne.NewPos(x, (size.Height-h)/2))
			o.Resize(fyne.NewSize(w, h))
		}
		for _, b := range []*kit.Button{end, on, back} {
			m := b.MinSize()
			right -= m.Width + 2
			put(b, right, m.Width, m.Height)
		}
		w := max(80, min(kit.Px(findWidth), right-left-kit.Px(90)))
		put(f.entry, left, w, f.entry.MinSize().Height)
		put(f.count, left+w+4, max(0, right-left-w-4), f.count.MinSize().Height)
	}}, ground, line, f.entry, f.count, back, on, end)
	f.box.Hide()
	return f
}

// open tells if the line can be seen.
func (f *finder) open() bool { return f.box.Visible() }

// height is what the line takes.
func (f *finder) height() float32 {
	if !f.open() {
		return 0
	}
	return max(kit.Px(findHeight), f.entry.MinSize().Height+6)
}

// look looks for other words, and goes to the first that the reader has not
// passed.
func (f *finder) look(words string) {
	f.pattern, f.matches, f.at = nil, f.matches[:0], -1
	if words != "" && f.open() {
		f.pattern = regexp.MustCompile("(?i)" + regexp.QuoteMeta(words))
		f.search(0)
		if n := len(f.matches); n > 0 {
			f.at = f.first(f.do.top()) % n
			f.do.reveal(f.matches[f.at])
		}
	}
	f.show()
}

// changed looks again in the paragraphs from first on, which are others now.
func (f *finder) changed(first int) {
	if f.pattern == nil {
		return
	}
	f.matches = f.matches[:f.first(first)]
	f.search(first)
	if f.at >= len(f.matches) {
		f.at = -1
	}
	f.say()
}

// search adds the matches from a paragraph on.
func (f *finder) search(first int) {
	for i, p := range f.do.paras()[first:] {
		for _, m := range f.pattern.FindAllStringIndex(p.text, -1) {
			f.matches = append(f.matches, match{first + i, m[0], m[1]})
		}
	}
}

// first is the first match from a paragraph on.
func (f *finder) first(para int) int {
	i, _ := slices.BinarySearchFunc(f.matches, para, func(m match, para int) int {
		if m.para < para {
			return -1
		}
		return 1
	})
	return i
}

// step goes to another match, around the ends.
func (f *finder) step(by int) {
	n := len(f.matches)
	if n == 0 {
		return
	}
	switch {
	case f.at >= 0:
		f.at = (f.at + by + n) % n
	case by > 0:
		f.at = f.first(f.do.top()) % n
	default:
		f.at = (f.first(f.do.top()) - 1 + n) % n
	}
	f.do.reveal(f.matches[f.at])
	f.show()
}

// show says how many there are, and marks them.
func (f *finder) show() {
	f.say()
	f.do.mark()
}

func (f *finder) say() {
	n := len(f.matches)
	text := ""
	switch {
	case f.pattern == nil:
	case n == 0:
		text = kit.Tr("No matches")
	case f.at < 0:
		text = kit.TrN(n, "One match", "{{.N}} matches")
	default:
		text = kit.Tr("{{.Match}} of {{.Matches}}", "Match", kit.Count(f.at+1), "Matches", kit.Count(n))
	}
	f.count.Set(kit.Muted(text))
	for _, b := range f.steps {
		b.SetEnabled(n > 0)
	}
}

// shades are the matches in a paragraph.
func (f *finder) shades(para int) (list []shade) {
	if f.pattern == nil {
		return nil
	}
	for i := f.first(para); i < len(f.matches) && f.matches[i].para == para; i++ {
		s := shade{from: f.matches[i].from, to: f.matches[i].to, fill: theme.ColorNameSelection}
		if i == f.at {
			s.fill, s.edge = theme.ColorNameFocus, true
		}
		list = append(list, s)
	}
	return list
}

// find opens the line and puts the focus there.
func (w *window) find() {
	if w.dialogs.Shown != nil || w.transcript.empty() {
		return
	}
	w.closeScreen()
	w.closeEditor(true)
	f := w.finder
	if !f.open() {
		f.box.Show()
		w.relayout()
	}
	f.look(f.entry.Text)
	w.win.Canvas().Focus(f.entry)
	f.entry.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// findAgain goes to another match; without any it opens the line.
func (w *window) findAgain(by int) {
	if !w.finder.open() || w.finder.pattern == nil {
		w.find()
		return
	}
	w.finder.step(by)
}

// closeFind takes the line and the marks away.
func (w *window) closeFind() {
	w.finder.box.Hide()
	w.finder.look("")
	w.relayout()
	w.focusPrompt()
}

// findEntry is what one types in: Enter and F3 go on, with Shift back.
type findEntry struct {
	widget.Entry
	escape func()
	step   func(by int)
	shift  kit.ShiftKey
}

func newFindEntry(escape func(), step func(by int), typed func(string)) *findEntry {
	e := &findEntry{escape: escape, step: step}
	e.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	e.OnChanged = typed
	e.ExtendBaseWidget(e)
	return e
}

func (e *findEntry) FocusLost() {
	e.shift = false
	e.Entry.FocusLost()
}

func (e *findEntry) KeyDown(k *fyne.KeyEvent) {
	e.shift.Track(k, true)
	e.Entry.KeyDown(k)
}

func (e *findEntry) KeyUp(k *fyne.KeyEvent) {
	e.shift.Track(k, false)
	e.Entry.KeyUp(k)
}

func (e *findEntry) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		e.escape()
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyF3:
		e.step(e.shift.Step())
	case fyne.KeyDown:
		e.step(1)
	case fyne.KeyUp:
		e.step(-1)
	default:
		e.Entry.TypedKey(k)
	}
}
