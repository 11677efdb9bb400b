package kit

import (
	"image/color"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Span is a piece of a line in one colour.
type Span struct {
	Text   string
	Colour fyne.ThemeColorName
	Bold   bool
}

func Muted(text string) Span { return Span{Text: text, Colour: theme.ColorNamePlaceHolder} }

// Note is text of the window itself, in our colours: Fyne's quiet label is
// drawn in the colour of disabled things.
type Note struct {
	widget.RichText
	size  fyne.ThemeSizeName
	align fyne.TextAlign
	spans []Span
}

// NewNote makes a line that is cut with "…" where it does not fit.
func NewNote(size fyne.ThemeSizeName, spans ...Span) *Note {
	n := &Note{size: size}
	n.Truncation = fyne.TextTruncateEllipsis
	n.Scroll = fyne.ScrollNone
	n.ExtendBaseWidget(n)
	n.Set(spans...)
	return n
}

// NewWrappedNote makes text that is wrapped to the width it gets.
func NewWrappedNote(size fyne.ThemeSizeName, align fyne.TextAlign, spans ...Span) *Note {
	n := NewNote(size)
	n.Truncation, n.Wrapping, n.align = fyne.TextTruncateOff, fyne.TextWrapWord, align
	n.Set(spans...)
	return n
}

// Set replaces the text where it differs.
func (n *Note) Set(spans ...Span) {
	if n.Segments != nil && slices.Equal(n.spans, spans) {
		return
	}
	n.spans = spans
	n.fit()
	n.Refresh()
}

// Resize cuts the text again where it is cut at all.
func (n *Note) Resize(size fyne.Size) {
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
func (n *Note) fit() {
	shown, room := n.spans, n.Size().Width-2*n.Theme().Size(theme.SizeNameInnerPadding)
	if n.Truncation == fyne.TextTruncateEllipsis && len(shown) > 1 && room > 0 {
		shown = cutSpans(shown, n.Theme().Size(n.size), room)
	}
	n.Segments = make([]widget.RichTextSegment, 0, len(shown))
	for _, s := range shown {
		n.Segments = append(n.Segments, &widget.TextSegment{Text: s.Text, Style: widget.RichTextStyle{
			ColorName: s.Colour, SizeName: n.size, Inline: true, Alignment: n.align, TextStyle: fyne.TextStyle{Bold: s.Bold},
		}})
	}
}

// WidthOf is the width of a line at a size of text.
func WidthOf(size float32, spans ...Span) float32 {
	w := float32(0)
	for _, s := range spans {
		w += fyne.MeasureText(s.Text, size, fyne.TextStyle{Bold: s.Bold}).Width
	}
	return w
}

// cutSpans cuts a line with "…" to a width.
func cutSpans(spans []Span, size, width float32) []Span {
	if WidthOf(size, spans...) <= width {
		return spans
	}
	var cut []Span
	for _, s := range spans {
		w := WidthOf(size, s)
		if w > width {
			s.Text = Shorten(s.Text, size, width, s.Bold)
			return append(cut, s)
		}
		cut, width = append(cut, s), width-w
	}
	return cut
}

// Shorten cuts a text with "…" where it is wider than width.
func Shorten(text string, size, width float32, bold bool) string {
	fits := func(s string) bool { return WidthOf(size, Span{Text: s, Bold: bold}) <= width }
	if fits(text) {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && !fits(string(runes)+"…") {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ·") + "…"
}

// Text is the whole text, without colours.
func (n *Note) Text() string {
	s := ""
	for _, p := range n.spans {
		s += p.Text
	}
	return s
}

// AccessibilityLabel is the whole text.
func (n *Note) AccessibilityLabel() string { return n.Text() }

// AccessibilityRole is fyne.AccessibleRoleText.
func (n *Note) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// Surface is a rectangle in colours of the theme.
type Surface struct {
	widget.BaseWidget
	Fill, Stroke fyne.ThemeColorName
	StrokeWidth  float32
	Radius       float32
	rect         *canvas.Rectangle
}

func NewSurface(fill fyne.ThemeColorName) *Surface {
	s := &Surface{Fill: fill, rect: canvas.NewRectangle(color.Transparent)}
	s.ExtendBaseWidget(s)
	return s
}

// NewBorder makes a rounded card with a line around it.
func NewBorder(fill, stroke fyne.ThemeColorName, radius float32) *Surface {
	s := NewSurface(fill)
	s.Stroke, s.StrokeWidth, s.Radius = stroke, 1, radius
	return s
}

func (s *Surface) CreateRenderer() fyne.WidgetRenderer {
	s.paint()
	return &surfaceRenderer{WidgetRenderer: widget.NewSimpleRenderer(s.rect), s: s}
}

func (s *Surface) paint() {
	v := fyne.CurrentApp().Settings().ThemeVariant()
	get := func(n fyne.ThemeColorName) color.Color {
		if n == "" {
			return color.Transparent
		}
		return s.Theme().Color(n, v)
	}
	s.rect.FillColor, s.rect.StrokeColor = get(s.Fill), get(s.Stroke)
	s.rect.StrokeWidth, s.rect.CornerRadius = s.StrokeWidth, s.Radius
}

type surfaceRenderer struct {
	fyne.WidgetRenderer
	s *Surface
}

func (r *surfaceRenderer) Refresh() {
	r.s.paint()
	r.s.rect.Refresh()
}

// NewQuestion is the text of a dialog.
func NewQuestion(text string) fyne.CanvasObject {
	return NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading, Span{Text: text, Colour: theme.ColorNameForeground})
}
