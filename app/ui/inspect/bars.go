package inspect

import (
	"math"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/ui/kit"
)

const (
	altRows   = 10
	barSize   = 12
	barPitch  = barSize + 2
	sparkSize = 24
	sparkStep = 3 // a token
)

// visible is the text of a token as a list shows it.
func visible(text string) string {
	switch text = strings.NewReplacer("\n", "↵", "\t", "⇥").Replace(text); {
	case text == "":
		return kit.Tr("end of the text")
	case strings.TrimSpace(text) == "":
		return strings.ReplaceAll(text, " ", "␣")
	}
	return text
}

// Bars shows the most likely tokens of one place, each with its share. One of them
// can be chosen, by a click or with the arrow keys and Enter.
type Bars struct {
	widget.BaseWidget
	Choose  func(a chat.Alternative)
	escape  func()
	List    []chat.Alternative
	id      int // of the list, the row that stands there; -1 for none
	enabled bool
	row     int // pointed at, or where the arrow keys are; -1 for none
	focused bool
}

func newBars(choose func(chat.Alternative), escape func()) *Bars {
	b := &Bars{Choose: choose, escape: escape, row: -1, id: -1}
	b.ExtendBaseWidget(b)
	return b
}

// set shows the alternatives of a token.
func (b *Bars) set(t *chat.Token, enabled bool) {
	b.enabled = enabled
	if t == nil {
		b.List, b.id = nil, -1
	} else {
		b.List, b.id = t.Top, t.Rank-1
	}
	if b.row >= len(b.List) {
		b.row = -1
	}
	b.Refresh()
}

// can reports whether a row can be chosen: it can stand there, and does not yet.
func (b *Bars) can(row int) bool {
	return b.enabled && row >= 0 && row < len(b.List) && row != b.id && b.List[row].Choosable()
}

func (b *Bars) point(row int) {
	if row >= len(b.List) {
		row = -1
	}
	if row != b.row {
		b.row = row
		b.Refresh()
	}
}

// MinSize has room for all rows, so that nothing below them jumps.
func (b *Bars) MinSize() fyne.Size { return fyne.NewSize(120, kit.Px(altRows*barPitch)) }

// Tapped chooses the row that was clicked.
func (b *Bars) Tapped(e *fyne.PointEvent) {
	if row := int(e.Position.Y / kit.Px(barPitch)); b.can(row) {
		b.Choose(b.List[row])
	}
}

// MouseIn implements desktop.Hoverable.
func (b *Bars) MouseIn(e *desktop.MouseEvent) { b.MouseMoved(e) }

// MouseMoved marks the row below the mouse.
func (b *Bars) MouseMoved(e *desktop.MouseEvent) { b.point(int(e.Position.Y / kit.Px(barPitch))) }

// MouseOut implements desktop.Hoverable.
func (b *Bars) MouseOut() { b.point(-1) }

// Cursor is a hand over a row that can be chosen.
func (b *Bars) Cursor() desktop.Cursor {
	if b.can(b.row) {
		return desktop.PointerCursor
	}
	return desktop.DefaultCursor
}

// FocusGained implements fyne.Focusable.
func (b *Bars) FocusGained() {
	b.focused = true
	b.point(max(0, b.row))
	b.Refresh()
}

// FocusLost implements fyne.Focusable.
func (b *Bars) FocusLost() {
	b.focused, b.row = false, -1
	b.Refresh()
}

// TypedRune implements fyne.Focusable.
func (b *Bars) TypedRune(rune) {}

// TypedKey moves between the rows and chooses one.
func (b *Bars) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		b.escape()
	case fyne.KeyUp:
		b.point(max(0, b.row-1))
	case fyne.KeyDown:
		b.point(min(len(b.List)-1, b.row+1))
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		if b.can(b.row) {
			b.Choose(b.List[b.row])
		}
	}
}

// AccessibilityLabel says the rows.
func (b *Bars) AccessibilityLabel() string {
	var s strings.Builder
	for _, a := range b.List {
		s.WriteString(visible(a.Text) + " " + kit.Percent(a.Prob) + "\n")
	}
	return s.String()
}

// AccessibilityRole is fyne.AccessibleRoleText.
func (b *Bars) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements fyne.Widget.
func (b *Bars) CreateRenderer() fyne.WidgetRenderer {
	return kit.NewRing(kit.NewDrawing(b, b.draw), b, func() bool { return b.focused })
}

func (b *Bars) draw(d *kit.Drawing, size fyne.Size) {
	label, figure := kit.Px(84), kit.Px(46)
	full := size.Width - label - figure - 8
	top := 1e-9
	if len(b.List) > 0 {
		top = max(top, b.List[0].Prob)
	}
	for i, a := range b.List {
		y := float32(i) * kit.Px(barPitch)
		if i == b.row && b.can(i) {
			d.Rect(theme.ColorNameHover, 0, y-1, size.Width, kit.Px(barPitch)).CornerRadius = 3
		}
		name, bar := theme.ColorNamePlaceHolder, kit.ColorTrack
		if i == b.id {
			name, bar = theme.ColorNameForeground, theme.ColorNamePrimary
		}
		text := kit.Shorten(visible(a.Text), theme.Size(theme.SizeNameCaptionText), label, i == b.id)
		d.Text(text, name, theme.SizeNameCaptionText, fyne.TextAlignLeading, i == b.id, 0, y, label, kit.Px(barSize))
		d.Rect(bar, label+4, y, max(1, full*float32(a.Prob/top)), kit.Px(barSize)).CornerRadius = 2
		d.Text(kit.Percent(a.Prob), name, theme.SizeNameCaptionText, fyne.TextAlignTrailing, false, size.Width-figure, y, figure, kit.Px(barSize))
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

func (s *spark) MinSize() fyne.Size { return fyne.NewSize(60, kit.Px(sparkSize)) }

func (s *spark) CreateRenderer() fyne.WidgetRenderer { return kit.NewDrawing(s, s.draw) }

func (s *spark) draw(d *kit.Drawing, size fyne.Size) {
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
		colour := kit.ColorTrack
		if first+i == s.mark {
			colour = theme.ColorNamePrimary
		}
		d.Rect(colour, float32(i*sparkStep), size.Height-h, sparkStep-1, h)
	}
	d.Rect(theme.ColorNameSeparator, 0, size.Height-1, size.Width, 1)
}
