package ui

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

// block is the widget of a paragraph. Blocks are used again for others of their
// kind as the reader scrolls.
type block interface {
	fyne.CanvasObject
	set(p paragraph, text string) // text is what to show of p
	SelectedText() string
	deselect()
	shade(list []shade)                // of p, in the order of its text
	at(pos fyne.Position) int          // the byte of p that stands there, -1 for none
	line(at int) (top, bottom float32) // the line that byte of p stands on
}

type blockKind uint8

const (
	proseKind blockKind = iota
	richKind            // with formatting; not selectable
	codeKind
)

// kind is the widget that a paragraph takes. One that grows is plain: it is laid
// out once it is done. So is all of an answer that the user wants to see as it
// was written.
func (p *page) kind(i int) blockKind {
	switch x := p.paras[i]; {
	case p.boxed(i):
		return codeKind
	case p.chat && !x.mine && !p.growing(i) && !p.asWritten(i) && formatted(x.text):
		return richKind
	}
	return proseKind
}

// boxed tells if a paragraph is a block of code, and shown as one.
func (p *page) boxed(i int) bool { return p.paras[i].code && !p.asWritten(i) }

// asWritten tells if a paragraph is of an answer that is shown as it was written.
func (p *page) asWritten(i int) bool {
	m := p.paras[i].message
	return len(p.plain) > 0 && m < len(p.infos) && p.plain[p.infos[m].segment]
}

// marks are what makes a paragraph more than plain text.
var marks = regexp.MustCompile("^ *(?:#{1,6} |[-*+] |\\d+[.)] |> )|[*_~]{1,3}[^\\s*_~]|`[^`]+`|\\[[^]]+\\]\\(")

func formatted(text string) bool { return marks.MatchString(text) }

// prose is a plain paragraph. Where clicked is set, a click that selects nothing
// is told.
type prose struct {
	widget.Label
	shades
	ear     *ear // nil where nothing is clicked, and before there is a renderer
	menu    func(*fyne.PointEvent)
	clicked func(at fyne.Position)
}

// proseLabel makes the widget of a paragraph.
func proseLabel(clicked func(block, fyne.Position)) *prose {
	l := &prose{}
	l.Wrapping, l.Selectable, l.SizeName = fyne.TextWrapWord, true, kit.SizeProse
	if clicked != nil {
		l.clicked = func(at fyne.Position) { clicked(l, at) }
	}
	l.ExtendBaseWidget(l)
	return l
}

func (l *prose) set(p paragraph, text string) { l.show(p.text, 0, text) }

// show shows text, which is in source from a byte on.
func (l *prose) show(source string, start int, text string) {
	l.of(source, start)
	if l.Text != text {
		l.deselect()
		l.SetText(text)
	}
}

// deselect ends a selection.
func (l *prose) deselect() {
	if l.ear != nil {
		l.ear.end()
	}
}

func (l *prose) shade(list []shade) {
	if l.shades.show(list) {
		canvas.Refresh(l)
	}
}

// CreateRenderer puts shades under Fyne's label, and the ear over it. Fyne throws
// a renderer away that it has not drawn for a minute, and the new one of a label
// wraps its text at no width until the label gets another size: it would be one
// line high. So it is laid out here.
func (l *prose) CreateRenderer() fyne.WidgetRenderer {
	l.ExtendBaseWidget(l)
	l.Selectable = true // or Fyne does not tell what selects
	r := &shaded{WidgetRenderer: l.Label.CreateRenderer(), h: &l.shades}
	for _, o := range r.WidgetRenderer.Objects() {
		if t, ok := o.(*widget.RichText); ok {
			l.text = t
		}
		if s, ok := o.(selection); ok && l.clicked != nil {
			e := &ear{selection: s, of: l}
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

// ear hears a click, and passes on everything to what selects. That is part of
// the text only while something is selected: the Tab key would stop there, with
// nothing to show for it.
type ear struct {
	widget.BaseWidget
	selection
	of      *prose
	dragged bool
}

// begin lets the text be selected in.
func (e *ear) begin() {
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
func (e *ear) end() {
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

func (e *ear) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent))
}
func (e *ear) Hide()                           { e.BaseWidget.Hide() }
func (e *ear) Show()                           { e.BaseWidget.Show() }
func (e *ear) Visible() bool                   { return e.BaseWidget.Visible() }
func (e *ear) Position() fyne.Position         { return e.BaseWidget.Position() }
func (e *ear) Size() fyne.Size                 { return e.BaseWidget.Size() }
func (e *ear) Move(p fyne.Position)            { e.BaseWidget.Move(p) }
func (e *ear) Resize(s fyne.Size)              { e.BaseWidget.Resize(s) }
func (e *ear) MinSize() fyne.Size              { return fyne.NewSize(0, 0) }
func (e *ear) Refresh()                        { e.BaseWidget.Refresh() }
func (e *ear) Dragged(d *fyne.DragEvent)       { e.begin(); e.dragged = true; e.selection.Dragged(d) }
func (e *ear) DoubleTapped(p *fyne.PointEvent) { e.begin(); e.selection.DoubleTapped(p) }

// TappedSecondary offers to copy what is selected, or else the menu of the
// paragraph.
func (e *ear) TappedSecondary(p *fyne.PointEvent) {
	if e.SelectedText() != "" {
		e.selection.TappedSecondary(p)
	} else if e.of.menu != nil {
		e.of.menu(p)
	}
}

// MouseDown ends a selection, or makes it larger.
func (e *ear) MouseDown(m *desktop.MouseEvent) {
	e.dragged = false
	if e.of.Selectable {
		e.selection.MouseDown(m)
	}
}

// MouseUp ends a selection; a click that made none is told.
func (e *ear) MouseUp(m *desktop.MouseEvent) {
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

// rich is a paragraph with formatting.
type rich struct {
	widget.RichText
	shades
	clicked func(block, fyne.Position)
}

func newRich(clicked func(block, fyne.Position)) *rich {
	r := &rich{clicked: clicked}
	r.Wrapping, r.Scroll = fyne.TextWrapWord, fyne.ScrollNone
	r.ExtendBaseWidget(r)
	return r
}

func (r *rich) shade(list []shade) {
	if r.shades.show(list) {
		canvas.Refresh(r)
	}
}

// CreateRenderer puts shades under Fyne's text.
func (r *rich) CreateRenderer() fyne.WidgetRenderer {
	r.text = &r.RichText
	return &shaded{WidgetRenderer: r.RichText.CreateRenderer(), h: &r.shades}
}

// Tapped tells of a click on it.
func (r *rich) Tapped(e *fyne.PointEvent) { r.clicked(r, e.Position) }

// AccessibilityLabel is the text without its formatting.
func (r *rich) AccessibilityLabel() string { return r.String() }

// AccessibilityRole is fyne.AccessibleRoleText.
func (r *rich) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// SelectedText is always empty: Fyne cannot select in formatted text. Copy does.
func (r *rich) SelectedText() string { return "" }

func (r *rich) deselect() {}

// prefix matches what makes a line a heading, an item or a quotation.
var linePrefix = regexp.MustCompile(`^( *)(#{1,6} |[-*+] |\d+[.)] |> )?`)

func (r *rich) set(p paragraph, _ string) {
	found := linePrefix.FindStringSubmatch(p.text)
	r.of(p.text, len(found[0]))
	indent, lead, rest := found[1], found[2], p.text[len(found[0]):]
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
	// An image would be fetched from wherever it names; its text is enough.
	inline := widget.NewRichTextFromMarkdown(strings.ReplaceAll(rest, "![", `!\[`))
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

// code is a block of code: in one size of letters, scrolled sideways, with a
// button that copies it.
type code struct {
	widget.BaseWidget
	ground *kit.Surface
	text   *prose
	scroll *sideways
	lang   *kit.Note
	copy   *kit.Button
}

func newCode(clicked func(block, fyne.Position), copyAll func(*code), escape func(), up func(*fyne.ScrollEvent)) *code {
	c := &code{ground: kit.NewSurface(kit.ColorSidebar), text: proseLabel(clicked), lang: kit.NewNote(theme.SizeNameCaptionText)}
	c.ground.Radius = 6
	c.text.Wrapping, c.text.TextStyle.Monospace, c.text.SizeName = fyne.TextWrapOff, true, kit.SizeCode
	c.scroll = newSideways(c.text, up)
	c.copy = kit.NewQuietButton(kit.Tr("Copy"), escape, func() { copyAll(c) })
	c.copy.Name = kit.Tr("Copy the code")
	c.ExtendBaseWidget(c)
	return c
}

func (c *code) set(p paragraph, _ string) {
	text, language := p.codeText()
	before := c.text.Text
	c.text.show(p.text, max(0, strings.LastIndex(p.text, text)), text)
	if text != before {
		c.scroll.Refresh()
	}
	c.lang.Set(kit.Muted(language))
	c.Refresh()
}

func (c *code) shade(list []shade) { c.text.shade(list) }

// inner is a place of the block in its text.
func (c *code) inner(pos fyne.Position) fyne.Position {
	return pos.Subtract(c.scroll.Position()).Add(c.scroll.Offset)
}

func (c *code) at(pos fyne.Position) int {
	if pos.Y < c.scroll.Position().Y {
		return -1 // the line above the text
	}
	return c.text.at(c.inner(pos))
}

func (c *code) line(at int) (top, bottom float32) {
	top, bottom = c.text.line(at)
	y := c.scroll.Position().Y
	return top + y, bottom + y
}

// SelectedText is what the reader selected of the code.
func (c *code) SelectedText() string { return c.text.SelectedText() }

func (c *code) deselect() { c.text.deselect() }

// top is the height of the line with the language and the button.
func (c *code) top() float32 { return c.copy.MinSize().Height }

// MinSize is the height of all lines; the width is whatever there is.
func (c *code) MinSize() fyne.Size {
	return fyne.NewSize(40, c.top()+c.text.MinSize().Height+4)
}

func (c *code) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(kit.LayoutFunc{Do: func(_ []fyne.CanvasObject, size fyne.Size) {
		c.ground.Resize(size)
		b := c.copy.MinSize()
		c.copy.Resize(b)
		c.copy.Move(fyne.NewPos(size.Width-b.Width, 0))
		c.lang.Resize(fyne.NewSize(max(0, size.Width-b.Width), b.Height))
		c.lang.Move(fyne.NewPos(0, (b.Height-c.lang.MinSize().Height)/2))
		c.scroll.Move(fyne.NewPos(0, b.Height-4))
		c.scroll.Resize(fyne.NewSize(size.Width, max(0, size.Height-b.Height+4)))
	}}, c.ground, c.lang, c.scroll, c.copy))
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
