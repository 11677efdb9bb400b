package ui

import (
	"image/color"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// span is a piece of a line in one colour.
type span struct {
	text   string
	colour fyne.ThemeColorName
	bold   bool
}

func muted(text string) span { return span{text: text, colour: theme.ColorNamePlaceHolder} }

// note is text of the window itself, in our colours: Fyne's quiet label is
// drawn in the colour of disabled things.
type note struct {
	widget.RichText
	size  fyne.ThemeSizeName
	align fyne.TextAlign
	spans []span
}

// newNote makes a line that is cut with "…" where it does not fit.
func newNote(size fyne.ThemeSizeName, spans ...span) *note {
	n := &note{size: size}
	n.Truncation = fyne.TextTruncateEllipsis
	n.Scroll = fyne.ScrollNone
	n.ExtendBaseWidget(n)
	n.set(spans...)
	return n
}

// newWrappedNote makes text that is wrapped to the width it gets.
func newWrappedNote(size fyne.ThemeSizeName, align fyne.TextAlign, spans ...span) *note {
	n := newNote(size)
	n.Truncation, n.Wrapping, n.align = fyne.TextTruncateOff, fyne.TextWrapWord, align
	n.set(spans...)
	return n
}

// set replaces the text where it differs.
func (n *note) set(spans ...span) {
	if n.Segments != nil && slices.Equal(n.spans, spans) {
		return
	}
	n.spans = spans
	n.fit()
	n.Refresh()
}

// Resize cuts the text anew where it is cut at all.
func (n *note) Resize(size fyne.Size) {
	if size.Width != n.Size().Width && n.Truncation == fyne.TextTruncateEllipsis && len(n.spans) > 1 {
		n.RichText.Resize(size)
		n.fit()
		n.Refresh()
		return
	}
	n.RichText.Resize(size)
}

// fit makes the segments. Fyne cuts a line of one colour with "…", not one of
// several: that is done here.
func (n *note) fit() {
	shown, room := n.spans, n.Size().Width-2*n.Theme().Size(theme.SizeNameInnerPadding)
	if n.Truncation == fyne.TextTruncateEllipsis && len(shown) > 1 && room > 0 {
		shown = cutSpans(shown, n.Theme().Size(n.size), room)
	}
	n.Segments = make([]widget.RichTextSegment, 0, len(shown))
	for _, s := range shown {
		n.Segments = append(n.Segments, &widget.TextSegment{Text: s.text, Style: widget.RichTextStyle{
			ColorName: s.colour, SizeName: n.size, Inline: true, Alignment: n.align, TextStyle: fyne.TextStyle{Bold: s.bold},
		}})
	}
}

// widthOf is the width of a line at a size of text.
func widthOf(size float32, spans ...span) float32 {
	w := float32(0)
	for _, s := range spans {
		w += fyne.MeasureText(s.text, size, fyne.TextStyle{Bold: s.bold}).Width
	}
	return w
}

// cutSpans cuts a line with "…" to a width.
func cutSpans(spans []span, size, width float32) []span {
	if widthOf(size, spans...) <= width {
		return spans
	}
	var cut []span
	for _, s := range spans {
		w := widthOf(size, s)
		if w > width {
			s.text = shorten(s.text, size, width, s.bold)
			return append(cut, s)
		}
		cut, width = append(cut, s), width-w
	}
	return cut
}

// shorten cuts a text with "…" where it is wider than width.
func shorten(text string, size, width float32, bold bool) string {
	fits := func(s string) bool { return widthOf(size, span{text: s, bold: bold}) <= width }
	if fits(text) {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && !fits(string(runes)+"…") {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ·") + "…"
}

// text is the whole text, without colours.
func (n *note) text() string {
	s := ""
	for _, p := range n.spans {
		s += p.text
	}
	return s
}

// AccessibilityLabel is the whole text.
func (n *note) AccessibilityLabel() string { return n.text() }

// AccessibilityRole is fyne.AccessibleRoleText.
func (n *note) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// surface is a rectangle in colours of the theme.
type surface struct {
	widget.BaseWidget
	fill, stroke fyne.ThemeColorName
	strokeWidth  float32
	radius       float32
	rect         *canvas.Rectangle
}

func newSurface(fill fyne.ThemeColorName) *surface {
	s := &surface{fill: fill, rect: canvas.NewRectangle(color.Transparent)}
	s.ExtendBaseWidget(s)
	return s
}

// newBorder makes a rounded card with a line around it.
func newBorder(fill, stroke fyne.ThemeColorName, radius float32) *surface {
	s := newSurface(fill)
	s.stroke, s.strokeWidth, s.radius = stroke, 1, radius
	return s
}

func (s *surface) CreateRenderer() fyne.WidgetRenderer {
	s.colour()
	return &surfaceRenderer{WidgetRenderer: widget.NewSimpleRenderer(s.rect), s: s}
}

func (s *surface) colour() {
	v := fyne.CurrentApp().Settings().ThemeVariant()
	get := func(n fyne.ThemeColorName) color.Color {
		if n == "" {
			return color.Transparent
		}
		return s.Theme().Color(n, v)
	}
	s.rect.FillColor, s.rect.StrokeColor = get(s.fill), get(s.stroke)
	s.rect.StrokeWidth, s.rect.CornerRadius = s.strokeWidth, s.radius
}

type surfaceRenderer struct {
	fyne.WidgetRenderer
	s *surface
}

func (r *surfaceRenderer) Refresh() {
	r.s.colour()
	r.s.rect.Refresh()
}
