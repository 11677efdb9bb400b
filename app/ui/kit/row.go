package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// Row is one setting: its name and an exact entry, a slider below them, and
// the sentence that says what it does. A button that brings the default back
// appears when the value is another.
type Row struct {
	title    *Note
	Reset    *Button
	Entry    *LineEntry // nil where a row has something else
	Slider   *Slider    // nil for none
	Sentence *Note
	Box      *fyne.Container

	Spec    NumberSpec
	value   float64
	syncing bool // the widgets are being set, not used
}

// NumberSpec says how a number is shown, read and bounded.
type NumberSpec struct {
	Title, Sentence string
	Min, Max, Step  float64
	Format          func(float64) string
	Parse           func(string) (float64, error)
	Initial         float64       // the default
	Changed         func(float64) // while a slider moves and when an entry is done
}

const entryWidth = 76

// NewNumberRow makes a row of a number.
func NewNumberRow(th fyne.Theme, spec NumberSpec, escape func()) *Row {
	r := &Row{Spec: spec}
	r.Entry = NewLineEntry(escape, r.typed, r.leave)
	r.Slider = newSlider(escape)
	r.Slider.OnChanged = func(v float64) {
		if !r.syncing {
			r.Use(v)
		}
	}
	r.Bound(spec.Min, spec.Max)
	track := container.NewThemeOverride(r.Slider, Override{Theme: th, Colours: map[fyne.ThemeColorName]fyne.ThemeColorName{
		theme.ColorNameInputBackground: ColorTrack,
		theme.ColorNameFocus:           ColorNone,
	}})
	r.build(r.Entry, track, escape, func() { r.Use(spec.Initial) })
	r.Set(spec.Initial)
	return r
}

// NewRow makes a row around other controls: side stands beside the title,
// below under it; either may be nil.
func NewRow(title, sentence string, side, below fyne.CanvasObject, escape, reset func()) *Row {
	r := &Row{Spec: NumberSpec{Title: title, Sentence: sentence}}
	r.build(side, below, escape, reset)
	return r
}

func (r *Row) build(side, below fyne.CanvasObject, escape, reset func()) {
	r.title = NewNote(theme.SizeNameText, Span{Text: r.Spec.Title, Colour: theme.ColorNameForeground})
	r.Sentence = NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, Muted(r.Spec.Sentence))
	r.Reset = NewIconButton(Tr("Reset: {{.Setting}}", "Setting", r.Spec.Title), theme.ContentUndoIcon(), escape, reset)
	r.Reset.Hide()
	r.Box = container.New(&rowLayout{side: side, below: below, r: r})
	for _, o := range []fyne.CanvasObject{r.title, r.Reset, side, below, r.Sentence} {
		if o != nil {
			r.Box.Add(o)
		}
	}
}

// Set shows a value without reporting it as a change.
func (r *Row) Set(v float64) {
	r.value = v
	r.syncing = true
	r.Slider.SetValue(v)
	if !r.Entry.Focused {
		r.Entry.SetText(r.Spec.Format(v))
	}
	r.syncing = false
	r.ShowReset(v != r.Spec.Initial)
}

// Use takes a value from the user.
func (r *Row) Use(v float64) {
	v = min(max(v, r.Slider.Min), r.Slider.Max)
	r.Set(v)
	r.Spec.Changed(v)
}

// Bound changes the range.
func (r *Row) Bound(low, high float64) {
	s := r.Slider
	if s.Min == low && s.Max == high && s.Step == r.Spec.Step {
		return
	}
	r.syncing = true
	s.Min, s.Max, s.Step = low, high, r.Spec.Step
	s.Refresh()
	r.syncing = false
}

// typed follows the entry while it holds a number in range.
func (r *Row) typed(text string) {
	if r.syncing {
		return
	}
	if v, err := r.Spec.Parse(text); err == nil && v >= r.Slider.Min && v <= r.Slider.Max && v != r.value {
		r.Use(v)
	}
}

// leave brings the entry back to what is in use: the nearest allowed value, or
// the old one if it holds no number.
func (r *Row) leave(text string) {
	v, err := r.Spec.Parse(text)
	if err != nil {
		v = r.value
	}
	if v != r.value {
		r.Use(v)
	}
	r.syncing = true
	r.Entry.SetText(r.Spec.Format(r.value))
	r.syncing = false
}

func (r *Row) ShowReset(on bool) {
	if on == r.Reset.Visible() {
		return
	}
	if on {
		r.Reset.Show()
	} else {
		r.Reset.Hide()
	}
	r.Box.Layout.Layout(r.Box.Objects, r.Box.Size())
}

// Lock disables the row and says why, or brings it back.
func (r *Row) Lock(why string) {
	text := r.Spec.Sentence
	if why != "" {
		text = why
	}
	r.Sentence.Set(Muted(text))
	if r.Entry.Disabled() == (why != "") {
		return
	}
	if why != "" {
		r.Entry.Disable()
		r.Slider.Disable()
		r.Reset.Disable()
	} else {
		r.Entry.Enable()
		r.Slider.Enable()
		r.Reset.Enable()
	}
}

// rowLayout: title, reset and side on one line; below; the sentence.
type rowLayout struct {
	r           *Row
	side, below fyne.CanvasObject
}

// Title is the name of the setting.
func (l *rowLayout) Title() string { return l.r.title.Text() }

func (l *rowLayout) line() float32 {
	h := l.r.title.MinSize().Height
	if l.side != nil {
		h = max(h, l.side.MinSize().Height)
	}
	return h
}

func (l *rowLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	h := l.line() + l.r.Sentence.MinSize().Height - Inset()
	if l.below != nil {
		h += l.below.MinSize().Height
	}
	return fyne.NewSize(0, h)
}

func (l *rowLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	h, right := l.line(), size.Width
	if l.side != nil {
		w := max(l.side.MinSize().Width, Px(entryWidth))
		l.side.Resize(fyne.NewSize(w, l.side.MinSize().Height))
		l.side.Move(fyne.NewPos(right-w, (h-l.side.MinSize().Height)/2))
		right -= w + 4
	}
	if l.r.Reset.Visible() {
		b := l.r.Reset.MinSize()
		l.r.Reset.Resize(b)
		l.r.Reset.Move(fyne.NewPos(right-b.Width, (h-b.Height)/2))
		right -= b.Width
	}
	t := l.r.title.MinSize().Height
	l.r.title.Move(fyne.NewPos(-Inset(), (h-t)/2))
	l.r.title.Resize(fyne.NewSize(right+Inset(), t))
	if l.below != nil {
		b := l.below.MinSize().Height
		l.below.Move(fyne.NewPos(0, h))
		l.below.Resize(fyne.NewSize(size.Width, b))
		h += b
	}
	l.r.Sentence.Move(fyne.NewPos(-Inset(), h-Inset()))
	l.r.Sentence.Resize(fyne.NewSize(size.Width+2*Inset(), l.r.Sentence.MinSize().Height))
}
