package inspect

import (
	"math"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// hoverDelay is how long one points at a token until it is shown.
const hoverDelay = 150 * time.Millisecond

// maxTokens is how many tokens of an answer can be pointed at, the last ones:
// each tint is an object that is drawn.
const maxTokens = 2000

// tint is the step of surprise that a probability belongs to, 0 for none to 4.
func tint(p float64) int {
	for step, from := range []float64{0.3, 0.1, 0.03, 0.01} {
		if p >= from {
			return step
		}
	}
	return 4
}

var tints = [5]fyne.ThemeColorName{"", kit.ColorTint1, kit.ColorTint2, kit.ColorTint3, kit.ColorTint4}

// place is where a part of a token stands: those that a line ends in stand in two.
type place struct {
	token    int
	line     int
	from, to float32
}

// tokenText is a text whose tokens can be pointed at, with the surprising ones
// tinted. Pointing at one for a moment shows it, a click or an arrow key pins it.
type tokenText struct {
	widget.BaseWidget
	show   func(i int) // a token to show, -1 for none
	escape func()
	After  func(d time.Duration, do func()) // on the window's goroutine
	reveal func(top, bottom float32)        // scrolls what is pinned into view
	view   func() (top, bottom float32)     // what of it can be seen

	Tokens  []chat.Token
	tinted  bool
	width   float32
	lines   []string
	places  []place // in the order of the text
	done    int     // tokens that stand in them
	Pinned  int     // -1 for none
	Hovered int
	pointed int          // hovered for long enough
	moves   int          // counts what the mouse does, to tell an old timer
	ring    *kit.Surface // around what can be seen of it, while it has the focus
}

func newTokenText(show func(i int), escape func(), after func(time.Duration, func())) *tokenText {
	t := &tokenText{ring: kit.NewSurface(""), show: show, escape: escape, After: after, Pinned: -1, Hovered: -1, pointed: -1, reveal: func(float32, float32) {}, view: func() (float32, float32) { return 0, math.MaxFloat32 }}
	t.ring.Stroke, t.ring.StrokeWidth, t.ring.Radius = theme.ColorNamePrimary, 2, 6
	t.ring.Hide()
	t.ExtendBaseWidget(t)
	return t
}

// set shows the tokens, and the same one as before where the text only grew.
func (t *tokenText) set(tokens []chat.Token, tinted bool) {
	// What is cut off is cut in steps: to begin elsewhere is to break all lines again.
	const step = maxTokens / 4
	tokens = tokens[(max(0, len(tokens)-maxTokens)+step-1)/step*step:]
	old := t.Tokens
	same := len(old) > 0 && len(tokens) >= len(old) && sameToken(tokens[0], old[0]) && sameToken(tokens[len(old)-1], old[len(old)-1])
	if same && len(tokens) == len(old) && tinted == t.tinted {
		return
	}
	if !same {
		t.Pinned, t.Hovered, t.pointed = -1, -1, -1
	}
	t.Tokens, t.tinted = tokens, tinted
	if same {
		t.typesetMore()
	} else {
		t.typeset()
	}
	t.Refresh()
}

func sameToken(a, b chat.Token) bool {
	return a.Segment == b.Segment && a.Index == b.Index && a.Rank == b.Rank && a.Text == b.Text
}

// shown is the token that is looked at, -1 for none.
func (t *tokenText) shown() int {
	if t.pointed >= 0 {
		return t.pointed
	}
	return t.Pinned
}

// typeset breaks the tokens into lines, between tokens where that can be.
func (t *tokenText) typeset() {
	t.lines, t.places, t.done = nil, nil, 0
	t.typesetMore()
}

// typesetMore goes on behind the tokens that stand in lines already.
func (t *tokenText) typesetMore() {
	if t.width <= 0 {
		return
	}
	size := t.size()
	var line strings.Builder
	x := float32(0)
	if n := len(t.lines); n > 0 {
		line.WriteString(t.lines[n-1])
		t.lines = t.lines[:n-1]
		if last := len(t.places) - 1; last >= 0 && t.places[last].line == n-1 {
			x = t.places[last].to
		}
	}
	end := func() {
		t.lines = append(t.lines, line.String())
		line.Reset()
		x = 0
	}
	for i := t.done; i < len(t.Tokens); i++ {
		tok := t.Tokens[i]
		for n, part := range strings.Split(tok.Text, "\n") {
			if n > 0 {
				end()
			}
			for part != "" {
				w := kit.WidthOf(size, kit.Span{Text: part})
				if x > 0 && x+w > t.width {
					end()
					part = strings.TrimLeft(part, " ")
					continue
				}
				piece := []rune(part)
				for len(piece) > 1 && x+w > t.width { // a token that is wider than a line
					piece = piece[:len(piece)-1]
					w = kit.WidthOf(size, kit.Span{Text: string(piece)})
				}
				line.WriteString(string(piece))
				t.places = append(t.places, place{i, len(t.lines), x, x + w})
				x += w
				part = part[len(string(piece)):]
			}
		}
	}
	end()
	t.done = len(t.Tokens)
}

func (t *tokenText) size() float32 { return t.Theme().Size(theme.SizeNameText) }

func (t *tokenText) lineHeight() float32 {
	return fyne.MeasureText("M", t.size(), fyne.TextStyle{}).Height
}

// Resize breaks the lines again where the width differs.
func (t *tokenText) Resize(size fyne.Size) {
	if size.Width != t.width {
		t.width = size.Width
		t.typeset()
	}
	t.BaseWidget.Resize(size)
}

// MinSize is the height of the lines at the width of the last Resize.
func (t *tokenText) MinSize() fyne.Size {
	return fyne.NewSize(40, float32(max(1, len(t.lines)))*t.lineHeight())
}

// at is the token at a place, -1 for none.
func (t *tokenText) at(pos fyne.Position) int {
	line := int(pos.Y / t.lineHeight())
	for _, p := range t.places {
		if p.line == line && pos.X >= p.from && pos.X < p.to {
			return p.token
		}
	}
	return -1
}

// MouseIn implements desktop.Hoverable.
func (t *tokenText) MouseIn(e *desktop.MouseEvent) { t.MouseMoved(e) }

// MouseMoved shows the token below the mouse if it stays there for a moment.
func (t *tokenText) MouseMoved(e *desktop.MouseEvent) { t.hover(t.at(e.Position)) }

// hover is told which token the mouse is over, -1 for none.
func (t *tokenText) hover(i int) {
	if i == t.Hovered {
		return
	}
	t.Hovered = i
	t.moves++
	move := t.moves
	if i < 0 {
		t.Point(-1)
		return
	}
	t.After(hoverDelay, func() {
		if move == t.moves {
			t.Point(i)
		}
	})
}

// MouseOut goes back to the token that is pinned.
func (t *tokenText) MouseOut() {
	t.Hovered = -1
	t.moves++
	t.Point(-1)
}

func (t *tokenText) Point(i int) {
	if i != t.pointed {
		t.pointed = i
		t.show(t.shown())
		t.Refresh()
	}
}

// Pin keeps a token shown, -1 for none.
func (t *tokenText) Pin(i int) {
	t.Pinned, t.pointed = i, -1
	t.moves++
	for _, p := range t.places {
		if p.token == i {
			h := t.lineHeight()
			t.reveal(float32(p.line)*h, float32(p.line+1)*h)
			break
		}
	}
	t.show(t.shown())
	t.Refresh()
}

// Tapped pins the token that was clicked, or none.
func (t *tokenText) Tapped(e *fyne.PointEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(t); c != nil {
		c.Focus(t)
	}
	t.Pin(t.at(e.Position))
}

// FocusGained implements fyne.Focusable.
func (t *tokenText) FocusGained() { t.ring.Show() }

// FocusLost implements fyne.Focusable.
func (t *tokenText) FocusLost() { t.ring.Hide() }

// TypedRune implements fyne.Focusable.
func (t *tokenText) TypedRune(rune) {}

// TypedKey steps from token to token.
func (t *tokenText) TypedKey(k *fyne.KeyEvent) {
	n := len(t.Tokens)
	switch k.Name {
	case fyne.KeyEscape:
		t.escape()
	case fyne.KeyLeft:
		if n > 0 && t.Pinned < 0 {
			t.Pin(n - 1)
		} else if t.Pinned > 0 {
			t.Pin(t.Pinned - 1)
		}
	case fyne.KeyRight:
		if t.Pinned < n-1 {
			t.Pin(t.Pinned + 1)
		}
	case fyne.KeyHome:
		t.Pin(min(0, n-1))
	case fyne.KeyEnd:
		t.Pin(n - 1)
	}
}

// AccessibilityLabel is the whole text.
func (t *tokenText) AccessibilityLabel() string {
	var b strings.Builder
	for _, tok := range t.Tokens {
		b.WriteString(tok.Text)
	}
	return b.String()
}

// AccessibilityRole is fyne.AccessibleRoleText.
func (t *tokenText) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements fyne.Widget.
func (t *tokenText) CreateRenderer() fyne.WidgetRenderer {
	return kit.NewDrawing(t, t.draw)
}

// draw makes the objects of the lines that can be seen: tints and marks below,
// and a text for each line.
func (t *tokenText) draw(d *kit.Drawing, _ fyne.Size) {
	h := t.lineHeight()
	add := func(p place, y, height float32, c fyne.ThemeColorName) *canvas.Rectangle {
		return d.Rect(c, p.from, float32(p.line)*h+y, p.to-p.from, height)
	}
	top, bottom := t.view()
	seen := func(line int) bool { return float32(line+1)*h >= top && float32(line)*h <= bottom }
	for _, p := range t.places {
		if !seen(p.line) {
			continue
		}
		if step := tint(t.Tokens[p.token].Prob); t.tinted && step > 0 {
			add(p, 0, h, tints[step]).CornerRadius = 3
			if step == 4 {
				add(p, h-2, 1.5, theme.ColorNameForeground)
			}
		}
		switch p.token {
		case t.Pinned:
			b := add(p, 0, h, theme.ColorNameSelection)
			b.StrokeColor, b.StrokeWidth, b.CornerRadius = d.Colour(theme.ColorNamePrimary), 1.5, 3
		case t.pointed:
			add(p, 0, h, theme.ColorNameSelection).CornerRadius = 3
		}
	}
	for i, line := range t.lines {
		if !seen(i) {
			continue
		}
		d.Text(line, theme.ColorNameForeground, theme.SizeNameText, fyne.TextAlignLeading, false, 0, float32(i)*h, t.width, h)
	}
}
