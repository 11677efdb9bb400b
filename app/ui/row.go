package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// row is one setting: its name and an exact entry, a slider below them, and
// the sentence that says what it does. A button that brings the default back
// appears when the value is another.
type row struct {
	title    *note
	reset    *button
	entry    *lineEntry // nil where a row has something else
	slider   *slider    // nil for none
	sentence *note
	box      *fyne.Container

	spec    numberSpec
	value   float64
	syncing bool // the widgets are being set, not used
}

// numberSpec says how a number is shown, read and bounded.
type numberSpec struct {
	title, sentence string
	min, max, step  float64
	format          func(float64) string
	parse           func(string) (float64, error)
	initial         float64       // the default
	changed         func(float64) // while a slider moves and when an entry is done
}

const entryWidth = 76

// newNumberRow makes a row of a number.
func newNumberRow(th fyne.Theme, spec numberSpec, escape func()) *row {
	r := &row{spec: spec}
	r.entry = newLineEntry(escape, r.typed, r.leave)
	r.slider = newSlider(escape)
	r.slider.OnChanged = func(v float64) {
		if !r.syncing {
			r.use(v)
		}
	}
	r.bound(spec.min, spec.max)
	track := container.NewThemeOverride(r.slider, altered{Theme: th, colours: map[fyne.ThemeColorName]fyne.ThemeColorName{
		theme.ColorNameInputBackground: colorTrack,
		theme.ColorNameFocus:           colorNone,
	}})
	r.build(r.entry, track, escape, func() { r.use(spec.initial) })
	r.set(spec.initial)
	return r
}

// newRow makes a row around other controls: side stands beside the title,
// below under it; either may be nil.
func newRow(title, sentence string, side, below fyne.CanvasObject, escape, reset func()) *row {
	r := &row{spec: numberSpec{title: title, sentence: sentence}}
	r.build(side, below, escape, reset)
	return r
}

func (r *row) build(side, below fyne.CanvasObject, escape, reset func()) {
	r.title = newNote(theme.SizeNameText, span{text: r.spec.title, colour: theme.ColorNameForeground})
	r.sentence = newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, muted(r.spec.sentence))
	r.reset = newIconButton(tr("Reset: {{.Setting}}", "Setting", r.spec.title), theme.ContentUndoIcon(), escape, reset)
	r.reset.Hide()
	r.box = container.New(&rowLayout{side: side, below: below, r: r})
	for _, o := range []fyne.CanvasObject{r.title, r.reset, side, below, r.sentence} {
		if o != nil {
			r.box.Add(o)
		}
	}
}

// set shows a value without reporting it as a change.
func (r *row) set(v float64) {
	r.value = v
	r.syncing = true
	r.slider.SetValue(v)
	if !r.entry.focused {
		r.entry.SetText(r.spec.format(v))
	}
	r.syncing = false
	r.showReset(v != r.spec.initial)
}

// use takes a value from the user.
func (r *row) use(v float64) {
	v = min(max(v, r.slider.Min), r.slider.Max)
	r.set(v)
	r.spec.changed(v)
}

// bound changes the range.
func (r *row) bound(low, high float64) {
	s := r.slider
	if s.Min == low && s.Max == high && s.Step == r.spec.step {
		return
	}
	r.syncing = true
	s.Min, s.Max, s.Step = low, high, r.spec.step
	s.Refresh()
	r.syncing = false
}

// typed follows the entry while it holds a number in range.
func (r *row) typed(text string) {
	if r.syncing {
		return
	}
	if v, err := r.spec.parse(text); err == nil && v >= r.slider.Min && v <= r.slider.Max && v != r.value {
		r.use(v)
	}
}

// leave brings the entry back to what is in use: the nearest allowed value, or
// the old one if it holds no number.
func (r *row) leave(text string) {
	v, err := r.spec.parse(text)
	if err != nil {
		v = r.value
	}
	if v != r.value {
		r.use(v)
	}
	r.syncing = true
	r.entry.SetText(r.spec.format(r.value))
	r.syncing = false
}

func (r *row) showReset(on bool) {
	if on == r.reset.Visible() {
		return
	}
	if on {
		r.reset.Show()
	} else {
		r.reset.Hide()
	}
	r.box.Layout.Layout(r.box.Objects, r.box.Size())
}

// lock disables the row and says why, or brings it back.
func (r *row) lock(why string) {
	text := r.spec.sentence
	if why != "" {
		text = why
	}
	r.sentence.set(muted(text))
	if r.entry.Disabled() == (why != "") {
		return
	}
	if why != "" {
		r.entry.Disable()
		r.slider.Disable()
		r.reset.Disable()
	} else {
		r.entry.Enable()
		r.slider.Enable()
		r.reset.Enable()
	}
}

// rowLayout: title, reset and side on one line; below; the sentence.
type rowLayout struct {
	r           *row
	side, below fyne.CanvasObject
}

func (l *rowLayout) line() float32 {
	h := l.r.title.MinSize().Height
	if l.side != nil {
		h = max(h, l.side.MinSize().Height)
	}
	return h
}

func (l *rowLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	h := l.line() + l.r.sentence.MinSize().Height - inset()
	if l.below != nil {
		h += l.below.MinSize().Height
	}
	return fyne.NewSize(0, h)
}

func (l *rowLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	h, right := l.line(), size.Width
	if l.side != nil {
		w := max(l.side.MinSize().Width, px(entryWidth))
		l.side.Resize(fyne.NewSize(w, l.side.MinSize().Height))
		l.side.Move(fyne.NewPos(right-w, (h-l.side.MinSize().Height)/2))
		right -= w + 4
	}
	if l.r.reset.Visible() {
		b := l.r.reset.MinSize()
		l.r.reset.Resize(b)
		l.r.reset.Move(fyne.NewPos(right-b.Width, (h-b.Height)/2))
		right -= b.Width
	}
	t := l.r.title.MinSize().Height
	l.r.title.Move(fyne.NewPos(-inset(), (h-t)/2))
	l.r.title.Resize(fyne.NewSize(right+inset(), t))
	if l.below != nil {
		b := l.below.MinSize().Height
		l.below.Move(fyne.NewPos(0, h))
		l.below.Resize(fyne.NewSize(size.Width, b))
		h += b
	}
	l.r.sentence.Move(fyne.NewPos(-inset(), h-inset()))
	l.r.sentence.Resize(fyne.NewSize(size.Width+2*inset(), l.r.sentence.MinSize().Height))
}

// lineEntry is a one-line entry that reports what it holds when it is left.
type lineEntry struct {
	widget.Entry
	escape func()
	left   func(string)

	focused bool
}

func newLineEntry(escape func(), typed, left func(string)) *lineEntry {
	e := &lineEntry{escape: escape, left: left}
	e.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	e.OnSubmitted = left
	e.OnChanged = typed
	e.ExtendBaseWidget(e)
	return e
}

func (e *lineEntry) FocusGained() { e.focused = true; e.Entry.FocusGained() }

func (e *lineEntry) FocusLost() {
	e.focused = false
	e.Entry.FocusLost()
	e.left(e.Text)
}

func (e *lineEntry) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape {
		e.escape()
		return
	}
	e.Entry.TypedKey(k)
}
