package ui

import (
	"image/color"
	"math"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
)

const (
	altRows   = 10
	barSize   = 12
	barPitch  = barSize + 2
	sparkSize = 24
	sparkStep = 3 // a token
)

// percent writes a share: 31.0%, 0.4%, <0.1%.
func percent(p float64) string {
	switch {
	case p > 0 && p < 0.0005:
		return "<0.1%"
	case p > 0.9995 && p < 1:
		return ">99.9%"
	}
	return decimal(100*p) + "%"
}

// visible is the text of a token as a list shows it.
func visible(text string) string {
	switch text = strings.NewReplacer("\n", "↵", "\t", "⇥").Replace(text); {
	case text == "":
		return tr("end of the text")
	case strings.TrimSpace(text) == "":
		return strings.ReplaceAll(text, " ", "␣")
	}
	return text
}

// bars shows the most likely tokens of one place, each with its share. One of them
// can be chosen, by a click or with the arrow keys and Enter.
type bars struct {
	widget.BaseWidget
	choose  func(a chat.Alternative)
	escape  func()
	list    []chat.Alternative
	id      int // of the list, the row that stands there; -1 for none
	enabled bool
	row     int // pointed at, or where the arrow keys are; -1 for none
	focused bool
}

func newBars(choose func(chat.Alternative), escape func()) *bars {
	b := &bars{choose: choose, escape: escape, row: -1, id: -1}
	b.ExtendBaseWidget(b)
	return b
}

// set shows the alternatives of a token.
func (b *bars) set(t *chat.Token, enabled bool) {
	b.enabled = enabled
	if t == nil {
		b.list, b.id = nil, -1
	} else {
		b.list, b.id = t.Top, t.Rank-1
	}
	if b.row >= len(b.list) {
		b.row = -1
	}
	b.Refresh()
}

// can tells if a row can be chosen: it can stand there, and does not yet.
func (b *bars) can(row int) bool {
	return b.enabled && row >= 0 && row < len(b.list) && row != b.id && b.list[row].Choosable()
}

func (b *bars) point(row int) {
	if row >= len(b.list) {
		row = -1
	}
	if row != b.row {
		b.row = row
		b.Refresh()
	}
}

// MinSize has room for all rows, so that nothing below them jumps.
func (b *bars) MinSize() fyne.Size { return fyne.NewSize(120, px(altRows*barPitch)) }

// Tapped chooses the row that was clicked.
func (b *bars) Tapped(e *fyne.PointEvent) {
	if row := int(e.Position.Y / px(barPitch)); b.can(row) {
		b.choose(b.list[row])
	}
}

// MouseIn implements desktop.Hoverable.
func (b *bars) MouseIn(e *desktop.MouseEvent) { b.MouseMoved(e) }

// MouseMoved marks the row below the mouse.
func (b *bars) MouseMoved(e *desktop.MouseEvent) { b.point(int(e.Position.Y / px(barPitch))) }

// MouseOut implements desktop.Hoverable.
func (b *bars) MouseOut() { b.point(-1) }

// Cursor is a hand over a row that can be chosen.
func (b *bars) Cursor() desktop.Cursor {
	if b.can(b.row) {
		return desktop.PointerCursor
	}
	return desktop.DefaultCursor
}

// FocusGained implements fyne.Focusable.
func (b *bars) FocusGained() {
	b.focused = true
	b.point(max(0, b.row))
	b.Refresh()
}

// FocusLost implements fyne.Focusable.
func (b *bars) FocusLost() {
	b.focused, b.row = false, -1
	b.Refresh()
}

// TypedRune implements fyne.Focusable.
func (b *bars) TypedRune(rune) {}

// TypedKey moves between the rows and chooses one.
func (b *bars) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		b.escape()
	case fyne.KeyUp:
		b.point(max(0, b.row-1))
	case fyne.KeyDown:
		b.point(min(len(b.list)-1, b.row+1))
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		if b.can(b.row) {
			b.choose(b.list[b.row])
		}
	}
}

// AccessibilityLabel says the rows.
func (b *bars) AccessibilityLabel() string {
	var s strings.Builder
	for _, a := range b.list {
		s.WriteString(visible(a.Text) + " " + percent(a.Prob) + "\n")
	}
	return s.String()
}

// AccessibilityRole is fyne.AccessibleRoleText.
func (b *bars) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements fyne.Widget.
func (b *bars) CreateRenderer() fyne.WidgetRenderer {
	return newRing(newDrawing(b, b.draw), b, func() bool { return b.focused })
}

func (b *bars) draw(d *drawing, size fyne.Size) {
	label, figure := px(84), px(46)
	full := size.Width - label - figure - 8
	top := 1e-9
	if len(b.list) > 0 {
		top = max(top, b.list[0].Prob)
	}
	for i, a := range b.list {
		y := float32(i) * px(barPitch)
		if i == b.row && b.can(i) {
			d.rect(theme.ColorNameHover, 0, y-1, size.Width, px(barPitch)).CornerRadius = 3
		}
		name, bar := theme.ColorNamePlaceHolder, colorTrack
		if i == b.id {
			name, bar = theme.ColorNameForeground, theme.ColorNamePrimary
		}
		text := shorten(visible(a.Text), theme.Size(theme.SizeNameCaptionText), label, i == b.id)
		d.text(text, name, theme.SizeNameCaptionText, fyne.TextAlignLeading, i == b.id, 0, y, label, px(barSize))
		d.rect(bar, label+4, y, max(1, full*float32(a.Prob/top)), px(barSize)).CornerRadius = 2
		d.text(percent(a.Prob), name, theme.SizeNameCaptionText, fyne.TextAlignTrailing, false, size.Width-figure, y, figure, px(barSize))
	}
}

// spark draws the entropy of the last tokens, and marks one of them.
type spark struct {
	widget.BaseWidget
	values []float64
	mark   int // of values, -1 for none
}

func newSpark() *spark {
	s := &spark{mark: -1}
	s.ExtendBaseWidget(s)
	return s
}

// set shows values; mark is the one to mark.
func (s *spark) set(tokens []chat.Token, mark int) {
	s.values = s.values[:0]
	for _, t := range tokens {
		s.values = append(s.values, t.Entropy)
	}
	s.mark = mark
	s.Refresh()
}

func (s *spark) MinSize() fyne.Size { return fyne.NewSize(60, px(sparkSize)) }

func (s *spark) CreateRenderer() fyne.WidgetRenderer { return newDrawing(s, s.draw) }

func (s *spark) draw(d *drawing, size fyne.Size) {
	room := int(size.Width / sparkStep)
	first := max(0, len(s.values)-room)
	if s.mark >= 0 && s.mark < first {
		first = s.mark
	}
	shown := s.values[first:min(len(s.values), first+room)]
	top := 1.0
	for _, v := range shown {
		top = math.Max(top, v)
	}
	for i, v := range shown {
		h := max(1, size.Height*float32(v/top))
		colour := colorTrack
		if first+i == s.mark {
			colour = theme.ColorNamePrimary
		}
		d.rect(colour, float32(i*sparkStep), size.Height-h, sparkStep-1, h)
	}
	d.rect(theme.ColorNameSeparator, 0, size.Height-1, size.Width, 1)
}

// drawing is the renderer of a widget that is drawn from its state: all objects
// are made anew when that or the size changes.
type drawing struct {
	w       fyne.Widget
	theme   func() fyne.Theme
	draw    func(*drawing, fyne.Size)
	objects []fyne.CanvasObject
	size    fyne.Size
}

func newDrawing(w interface {
	fyne.Widget
	Theme() fyne.Theme
}, draw func(*drawing, fyne.Size)) *drawing {
	return &drawing{w: w, theme: w.Theme, draw: draw}
}

func (d *drawing) colour(n fyne.ThemeColorName) color.Color {
	return d.theme().Color(n, fyne.CurrentApp().Settings().ThemeVariant())
}

func (d *drawing) rect(fill fyne.ThemeColorName, x, y, w, h float32) *canvas.Rectangle {
	r := canvas.NewRectangle(d.colour(fill))
	r.Move(fyne.NewPos(x, y))
	r.Resize(fyne.NewSize(w, h))
	d.objects = append(d.objects, r)
	return r
}

// text writes a line, in the middle of a height.
func (d *drawing) text(s string, colour fyne.ThemeColorName, size fyne.ThemeSizeName, align fyne.TextAlign, bold bool, x, y, w, h float32) {
	t := canvas.NewText(s, d.colour(colour))
	t.TextSize, t.Alignment, t.TextStyle.Bold = d.theme().Size(size), align, bold
	high := t.MinSize().Height
	t.Move(fyne.NewPos(x, y+(h-high)/2))
	t.Resize(fyne.NewSize(w, high))
	d.objects = append(d.objects, t)
}

func (d *drawing) build() {
	d.objects = d.objects[:0]
	if d.size.Width > 0 && d.size.Height > 0 { // containers try sizes below 0
		d.draw(d, d.size)
	}
}

func (d *drawing) Destroy()                     {}
func (d *drawing) MinSize() fyne.Size           { return d.w.MinSize() }
func (d *drawing) Objects() []fyne.CanvasObject { return d.objects }

func (d *drawing) Layout(size fyne.Size) {
	d.size = size
	d.build()
}

func (d *drawing) Refresh() {
	d.build()
	canvas.Refresh(d.w)
}
