package longtext

import (
	"image/color"
	"regexp"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/ui/kit"
)

// Block is the widget of a paragraph. Blocks are used again for others of their
// kind as the reader scrolls.
type Block interface {
	fyne.CanvasObject
	set(p paragraph, text string) // text is what to show of p
	SelectedText() string
	deselect()
	shade(list []Shade)                // of p, in the order of its text
	Shaded() []string                  // the words on them
	At(pos fyne.Position) int          // the byte of p that stands there, -1 for none
	Line(at int) (top, bottom float32) // the line that byte of p stands on
}

type blockKind uint8

const (
	proseKind blockKind = iota
	richKind            // with formatting; not selectable
	codeKind
	foldKind
	thoughtKind // quiet prose

	blockKinds = iota
)

// marks are what makes a paragraph more than plain text.
var marks = regexp.MustCompile("^ *(?:#{1,6} |[-*+] |\\d+[.)] |> )|[*_~]{1,3}[^\\s*_~]|`[^`]+`|\\[[^]]+\\]\\(")

func formatted(text string) bool { return marks.MatchString(text) }

// Prose is a plain paragraph. Where clicked is set, a click that selects nothing
// is told.
type Prose struct {
	widget.Label
	shades
	ear     *Ear // nil where nothing is clicked, and before there is a renderer
	menu    func(*fyne.PointEvent)
	clicked func(at fyne.Position)
}

// NewProse makes the widget of a paragraph.
func NewProse(clicked func(Block, fyne.Position)) *Prose {
	l := &Prose{}
	l.Wrapping, l.Selectable, l.SizeName = fyne.TextWrapWord, true, kit.SizeProse
	if clicked != nil {
		l.clicked = func(at fyne.Position) { clicked(l, at) }
	}
	l.ExtendBaseWidget(l)
	return l
}

func (l *Prose) set(p paragraph, text string) { l.show(p.Text, 0, text) }

// show shows text, which is in source from a byte on.
func (l *Prose) show(source string, start int, text string) {
	l.of(source, start)
	if l.Text != text {
		l.deselect()
		l.SetText(text)
	}
}

// deselect ends a selection.
func (l *Prose) deselect() {
	if l.ear != nil {
		l.ear.end()
	}
}

func (l *Prose) shade(list []Shade) {
	if l.shades.show(list) {
		canvas.Refresh(l)
	}
}

// CreateRenderer puts shades under Fyne's label, and the ear over it. Fyne throws
// a renderer away that it has not drawn for a minute, and the new one of a label
// wraps its text at no width until the label gets another size: it would be one
// line high. So it is laid out here.
func (l *Prose) CreateRenderer() fyne.WidgetRenderer {
	l.ExtendBaseWidget(l)
	l.Selectable = true // or Fyne does not tell what selects
	r := &shaded{WidgetRenderer: l.Label.CreateRenderer(), h: &l.shades}
	for _, o := range r.WidgetRenderer.Objects() {
		if t, ok := o.(*widget.RichText); ok {
			l.text = t
		}
		if s, ok := o.(selection); ok && l.clicked != nil {
			e := &Ear{selection: s, of: l}
			e.ExtendBaseWidget(e)
			r.over, l.ear = e, e
			l.Selectable = false // until someone selects
		}
	}
	if size := l.Size(); !size.IsZero() {
		r.Layout(size)
	}
	return r
}

// selection is the part of Fyne's label that selects text.
type selection interface {
	fyne.CanvasObject
	fyne.Draggable
	fyne.DoubleTappable
	fyne.SecondaryTappable
	desktop.Mouseable
	desktop.Cursorable
	SelectedText() string
}

// Ear hears a click, and passes on everything to what selects. That is part of
// the text only while something is selected: the Tab key would stop there, with
// nothing to show for it.
type Ear struct {
	widget.BaseWidget
	selection
	of      *Prose
	dragged bool
}

// begin lets the text be selected in.
func (e *Ear) begin() {
	if e.of.Selectable {
		return
	}
	e.of.Selectable = true
	e.of.Refresh() // tells Fyne's selection the size of the letters
	if c := fyne.CurrentApp().Driver().CanvasForObject(e); c != nil {
		if f, ok := e.selection.(fyne.Focusable); ok {
			c.Focus(f)
		}
		canvas.Refresh(e)
	}
}

// end ends a selection, and gives the focus back.
func (e *Ear) end() {
	if !e.of.Selectable {
		return
	}
	e.of.SetText(e.of.Text) // nothing is between the ends of the selection now
	e.selection.DragEnd()   // so it is none
	e.of.Selectable = false
	if c := fyne.CurrentApp().Driver().CanvasForObject(e); c != nil {
		if f, ok := e.selection.(fyne.Focusable); ok && c.Focused() == f {
			c.Unfocus()
		}
		canvas.Refresh(e)
	}
}

func (e *Ear) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent))
}
func (e *Ear) Hide()                           { e.BaseWidget.Hide() }
func (e *Ear) Show()                           { e.BaseWidget.Show() }
func (e *Ear) Visible() bool                   { return e.BaseWidget.Visible() }
func (e *Ear) Position() fyne.Position         { return e.BaseWidget.Position() }
func (e *Ear) Size() fyne.Size                 { return e.BaseWidget.Size() }
func (e *Ear) Move(p fyne.Position)            { e.BaseWidget.Move(p) }
func (e *Ear) Resize(s fyne.Size)              { e.BaseWidget.Resize(s) }
func (e *Ear) MinSize() fyne.Size              { return fyne.NewSize(0, 0) }
func (e *Ear) Refresh()                        { e.BaseWidget.Refresh() }
func (e *Ear) Dragged(d *fyne.DragEvent)       { e.begin(); e.dragged = true; e.selection.Dragged(d) }
func (e *Ear) DoubleTapped(p *fyne.PointEvent) { e.begin(); e.selection.DoubleTapped(p) }

// TappedSecondary offers to copy what is selected, or else the menu of the
// paragraph.
func (e *Ear) TappedSecondary(p *fyne.PointEvent) {
	if e.SelectedText() != "" {
		e.selection.TappedSecondary(p)
	} else if e.of.menu != nil {
		e.of.menu(p)
	}
}

// MouseDown ends a selection, or makes it larger.
func (e *Ear) MouseDown(m *desktop.MouseEvent) {
	e.dragged = false
	if e.of.Selectable {
		e.selection.MouseDown(m)
	}
}

// MouseUp ends a selection; a click that made none is told.
func (e *Ear) MouseUp(m *desktop.MouseEvent) {
	if e.of.Selectable {
		e.selection.MouseUp(m)
	}
	if e.SelectedText() != "" {
		return
	}
	e.of.Selectable = false
	if m.Button == desktop.MouseButtonPrimary && !e.dragged {
		e.of.clicked(m.Position)
	}
}

// Rich is a paragraph with formatting.
type Rich struct {
	widget.RichText
	shades
	clicked func(Block, fyne.Position)
}

func newRich(clicked func(Block, fyne.Position)) *Rich {
	r := &Rich{clicked: clicked}
	r.Wrapping, r.Scroll = fyne.TextWrapWord, fyne.ScrollNone
	r.ExtendBaseWidget(r)
	return r
}

func (r *Rich) shade(list []Shade) {
	if r.shades.show(list) {
		canvas.Refresh(r)
	}
}

// CreateRenderer puts shades under Fyne's text.
func (r *Rich) CreateRenderer() fyne.WidgetRenderer {
	r.text = &r.RichText
	return &shaded{WidgetRenderer: r.RichText.CreateRenderer(), h: &r.shades}
}

// Tapped tells of a click on it.
func (r *Rich) Tapped(e *fyne.PointEvent) { r.clicked(r, e.Position) }

// AccessibilityLabel is the text without its formatting.
func (r *Rich) AccessibilityLabel() string { return r.String() }

// AccessibilityRole is fyne.AccessibleRoleText.
func (r *Rich) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// SelectedText is always empty: Fyne cannot select in formatted text. Copy does.
func (r *Rich) SelectedText() string { return "" }

func (r *Rich) deselect() {}

// prefix matches what makes a line a heading, an item or a quotation.
var linePrefix = regexp.MustCompile(`^( *)(#{1,6} |[-*+] |\d+[.)] |> )?`)

func (r *Rich) set(p paragraph, _ string) {
	found := linePrefix.FindStringSubmatch(p.Text)
	r.of(p.Text, len(found[0]))
	indent, lead, rest := found[1], found[2], p.Text[len(found[0]):]
	style := widget.RichTextStyle{SizeName: kit.SizeProse, ColorName: theme.ColorNameForeground, Inline: true}
	var segments []widget.RichTextSegment
	switch {
	case strings.HasPrefix(lead, "#"):
		style.TextStyle.Bold = true
		if len(lead) <= 3 {
			style.SizeName = theme.SizeNameSubHeadingText
		}
	case strings.HasPrefix(lead, ">"):
		style.ColorName, style.TextStyle.Italic = theme.ColorNamePlaceHolder, true
		segments = append(segments, &widget.TextSegment{Text: "▏ ", Style: style})
	case lead != "":
		if !strings.ContainsAny(lead, "0123456789") {
			lead = "•  "
		}
		segments = append(segments, &widget.TextSegment{Text: indent + " " + lead, Style: style})
	}
	inline := widget.NewRichTextFromMarkdown(harmless(rest))
	for i, s := range inline.Segments {
		t, isText := s.(*widget.TextSegment)
		switch {
		case !isText:
			segments = append(segments, s)
			continue
		case t.Text == "" && i == len(inline.Segments)-1:
			continue // the line's end
		}
		own := style
		own.TextStyle.Bold = own.TextStyle.Bold || t.Style.TextStyle.Bold
		own.TextStyle.Italic = own.TextStyle.Italic || t.Style.TextStyle.Italic
		own.TextStyle.Monospace = t.Style.TextStyle.Monospace
		if own.TextStyle.Monospace {
			own.SizeName = kit.SizeCode
		}
		segments = append(segments, &widget.TextSegment{Text: t.Text, Style: own})
	}
	r.Segments = segments
	r.Refresh()
}

// code matches a span of code in a line.
var codeSpan = regexp.MustCompile("``[^`].*?``|`[^`]+`")

// harmless is a line of Markdown whose images and tags are text: an image would be fetched from wherever it names, and
// a tag, as of HTML or of a call of a tool, would not be seen. Code is text already.
func harmless(line string) string {
	var b strings.Builder
	at := 0
	plain := strings.NewReplacer("![", `!\[`, "<", `\<`)
	for _, code := range codeSpan.FindAllStringIndex(line, -1) {
		b.WriteString(plain.Replace(line[at:code[0]]))
		b.WriteString(line[code[0]:code[1]])
		at = code[1]
	}
	b.WriteString(plain.Replace(line[at:]))
	return b.String()
}

// Code is a block of code: in one size of letters, scrolled sideways, with a
// button that copies it.
type Code struct {
	widget.BaseWidget
	ground *kit.Surface
	Text   *Prose
	scroll *sideways
	lang   *kit.Note
	Copy   *kit.Button
}

func newCode(clicked func(Block, fyne.Position), copyAll func(*Code), escape func(), up func(*fyne.ScrollEvent)) *Code {
	c := &Code{ground: kit.NewSurface(kit.ColorSidebar), Text: NewProse(clicked), lang: kit.NewNote(theme.SizeNameCaptionText)}
	c.ground.Radius = 6
	c.Text.Wrapping, c.Text.TextStyle.Monospace, c.Text.SizeName = fyne.TextWrapOff, true, kit.SizeCode
	c.scroll = newSideways(c.Text, up)
	c.Copy = kit.NewQuietButton(kit.Tr("Copy"), escape, func() { copyAll(c) })
	c.Copy.Name = kit.Tr("Copy the code")
	c.ExtendBaseWidget(c)
	return c
}

func (c *Code) set(p paragraph, _ string) {
	text, language := p.CodeText()
	before := c.Text.Text
	c.Text.show(p.Text, max(0, strings.LastIndex(p.Text, text)), text)
	if text != before {
		c.scroll.Refresh()
	}
	c.lang.Set(kit.Muted(language))
	c.Refresh()
}

func (c *Code) shade(list []Shade) { c.Text.shade(list) }

func (c *Code) Shaded() []string { return c.Text.Shaded() }

// inner is a place of the block in its text.
func (c *Code) inner(pos fyne.Position) fyne.Position {
	return pos.Subtract(c.scroll.Position()).Add(c.scroll.Offset)
}

func (c *Code) At(pos fyne.Position) int {
	if pos.Y < c.scroll.Position().Y {
		return -1 // the line above the text
	}
	return c.Text.At(c.inner(pos))
}

func (c *Code) Line(at int) (top, bottom float32) {
	top, bottom = c.Text.Line(at)
	y := c.scroll.Position().Y
	return top + y, bottom + y
}

// SelectedText is what the reader selected of the code.
func (c *Code) SelectedText() string { return c.Text.SelectedText() }

func (c *Code) deselect() { c.Text.deselect() }

// top is the height of the line with the language and the button.
func (c *Code) top() float32 { return c.Copy.MinSize().Height }

// MinSize is the height of all lines; the width is whatever there is.
func (c *Code) MinSize() fyne.Size {
	return fyne.NewSize(40, c.top()+c.Text.MinSize().Height+4)
}

func (c *Code) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(kit.LayoutFunc{Do: func(_ []fyne.CanvasObject, size fyne.Size) {
		c.ground.Resize(size)
		b := c.Copy.MinSize()
		c.Copy.Resize(b)
		c.Copy.Move(fyne.NewPos(size.Width-b.Width, 0))
		c.lang.Resize(fyne.NewSize(max(0, size.Width-b.Width), b.Height))
		c.lang.Move(fyne.NewPos(0, (b.Height-c.lang.MinSize().Height)/2))
		c.scroll.Move(fyne.NewPos(0, b.Height-4))
		c.scroll.Resize(fyne.NewSize(size.Width, max(0, size.Height-b.Height+4)))
	}}, c.ground, c.lang, c.scroll, c.Copy))
}

// sideways scrolls what is wider than it. Turning the wheel moves the text that
// it stands in, unless it is turned sideways.
type sideways struct {
	container.Scroll
	up func(*fyne.ScrollEvent)
}

func newSideways(o fyne.CanvasObject, up func(*fyne.ScrollEvent)) *sideways {
	s := &sideways{up: up}
	s.Content, s.Direction = o, container.ScrollHorizontalOnly
	s.ExtendBaseWidget(s)
	return s
}

// Scrolled moves sideways or passes on.
func (s *sideways) Scrolled(e *fyne.ScrollEvent) {
	if e.Scrolled.DX != 0 {
		s.Scroll.Scrolled(e)
		return
	}
	s.up(e)
}
