package longtext

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
	Para     int
	From, to int // of the paragraph's text, in bytes
}

// Finder looks for words in the text: a line above it, in which one types them,
// and marks in it. Nothing is looked for while the line is closed.
type Finder struct {
	do    finderActions
	Box   *fyne.Container
	Entry *FindEntry
	Count *kit.Note
	steps []*kit.Button // back and on

	Pattern *regexp.Regexp // nil: nothing is looked for
	Matches []match        // in the order of the text
	At      int            // the one that the reader is at, -1 for none
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

func newFinder(do finderActions) *Finder {
	f := &Finder{do: do, At: -1, Count: kit.NewNote(theme.SizeNameCaptionText)}
	f.Entry = newFindEntry(do.close, f.Step, f.Look)
	f.Entry.SetPlaceHolder(kit.Tr("Find in the text"))
	back := kit.NewIconButton(kit.Tr("Previous match"), theme.MoveUpIcon(), do.close, func() { f.Step(-1) })
	on := kit.NewIconButton(kit.Tr("Next match"), theme.MoveDownIcon(), do.close, func() { f.Step(1) })
	f.steps = []*kit.Button{back, on}
	end := kit.NewIconButton(kit.Tr("Close"), theme.CancelIcon(), do.close, do.close)
	ground, line := kit.NewSurface(kit.ColorSidebar), kit.NewSurface(theme.ColorNameSeparator)
	f.Box = container.New(kit.LayoutFunc{Min: fyne.NewSize(200, findHeight), Do: func(_ []fyne.CanvasObject, size fyne.Size) {
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
		put(f.Entry, left, w, f.Entry.MinSize().Height)
		put(f.Count, left+w+4, max(0, right-left-w-4), f.Count.MinSize().Height)
	}}, ground, line, f.Entry, f.Count, back, on, end)
	f.Box.Hide()
	return f
}

// Open reports whether the line can be seen.
func (f *Finder) Open() bool { return f.Box.Visible() }

// Height is what the line takes.
func (f *Finder) Height() float32 {
	if !f.Open() {
		return 0
	}
	return max(kit.Px(findHeight), f.Entry.MinSize().Height+6)
}

// Look looks for other words, and goes to the first that the reader has not
// passed.
func (f *Finder) Look(words string) {
	f.Pattern, f.Matches, f.At = nil, f.Matches[:0], -1
	if words != "" && f.Open() {
		f.Pattern = regexp.MustCompile("(?i)" + regexp.QuoteMeta(words))
		f.search(0)
		if n := len(f.Matches); n > 0 {
			f.At = f.first(f.do.top()) % n
			f.do.reveal(f.Matches[f.At])
		}
	}
	f.show()
}

// Changed looks again in the paragraphs from first on, which are others now.
func (f *Finder) Changed(first int) {
	if f.Pattern == nil {
		return
	}
	f.Matches = f.Matches[:f.first(first)]
	f.search(first)
	if f.At >= len(f.Matches) {
		f.At = -1
	}
	f.say()
}

// search adds the matches from a paragraph on.
func (f *Finder) search(first int) {
	for i, p := range f.do.paras()[first:] {
		for _, m := range f.Pattern.FindAllStringIndex(p.Text, -1) {
			f.Matches = append(f.Matches, match{first + i, m[0], m[1]})
		}
	}
}

// first is the first match from a paragraph on.
func (f *Finder) first(para int) int {
	i, _ := slices.BinarySearchFunc(f.Matches, para, func(m match, para int) int {
		if m.Para < para {
			return -1
		}
		return 1
	})
	return i
}

// Step goes to another match, around the ends.
func (f *Finder) Step(by int) {
	n := len(f.Matches)
	if n == 0 {
		return
	}
	switch {
	case f.At >= 0:
		f.At = (f.At + by + n) % n
	case by > 0:
		f.At = f.first(f.do.top()) % n
	default:
		f.At = (f.first(f.do.top()) - 1 + n) % n
	}
	f.do.reveal(f.Matches[f.At])
	f.show()
}

// show says how many there are, and marks them.
func (f *Finder) show() {
	f.say()
	f.do.mark()
}

func (f *Finder) say() {
	n := len(f.Matches)
	text := ""
	switch {
	case f.Pattern == nil:
	case n == 0:
		text = kit.Tr("No matches")
	case f.At < 0:
		text = kit.TrN(n, "One match", "{{.N}} matches")
	default:
		text = kit.Tr("{{.Match}} of {{.Matches}}", "Match", kit.Count(f.At+1), "Matches", kit.Count(n))
	}
	f.Count.Set(kit.Muted(text))
	for _, b := range f.steps {
		b.SetEnabled(n > 0)
	}
}

// Shades are the matches in a paragraph.
func (f *Finder) Shades(para int) (list []Shade) {
	if f.Pattern == nil {
		return nil
	}
	for i := f.first(para); i < len(f.Matches) && f.Matches[i].Para == para; i++ {
		s := Shade{From: f.Matches[i].From, To: f.Matches[i].to, Fill: theme.ColorNameSelection}
		if i == f.At {
			s.Fill, s.Edge = theme.ColorNameFocus, true
		}
		list = append(list, s)
	}
	return list
}

// FindEntry is what one types in: Enter and F3 go on, with Shift back.
type FindEntry struct {
	widget.Entry
	escape func()
	step   func(by int)
	shift  kit.ShiftKey
}

func newFindEntry(escape func(), step func(by int), typed func(string)) *FindEntry {
	e := &FindEntry{escape: escape, step: step}
	e.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	e.OnChanged = typed
	e.ExtendBaseWidget(e)
	return e
}

func (e *FindEntry) FocusLost() {
	e.shift = false
	e.Entry.FocusLost()
}

func (e *FindEntry) KeyDown(k *fyne.KeyEvent) {
	e.shift.Track(k, true)
	e.Entry.KeyDown(k)
}

func (e *FindEntry) KeyUp(k *fyne.KeyEvent) {
	e.shift.Track(k, false)
	e.Entry.KeyUp(k)
}

func (e *FindEntry) TypedKey(k *fyne.KeyEvent) {
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
