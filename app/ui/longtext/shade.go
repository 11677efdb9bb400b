package longtext

import (
	"slices"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/ui/kit"
)

// Shade is a run of a paragraph that is drawn on a colour.
type Shade struct {
	From, To int // of the paragraph's text, in bytes
	Fill     fyne.ThemeColorName
	Under    bool // a line below it
	Edge     bool // a line around it
}

// piece is a run of a paragraph that Fyne draws on one line and in one style.
type piece struct {
	text  string
	from  int // where it begins in the paragraph's text, in bytes
	at    fyne.Position
	high  float32
	size  float32
	style fyne.TextStyle
}

// width is how wide the first n bytes are.
func (p piece) width(n int) float32 {
	return fyne.MeasureText(p.text[:n], p.size, p.style).Width
}

// offset is the byte of the paragraph that stands at x.
func (p piece) offset(x float32) int {
	at := 0
	for at < len(p.text) {
		_, n := utf8.DecodeRuneInString(p.text[at:])
		if p.at.X+p.width(at+n) > x {
			break
		}
		at += n
	}
	return p.from + at
}

// piecesOf finds where a text stands that Fyne has laid out, and what of source,
// from a byte on, each piece of it is. Fyne does not tell, but a second renderer
// shares what is drawn with the first. Formatting is in source and not in what
// is drawn, so each piece is looked for behind the one before it; one that is
// not there, such as the mark of an item, is left out.
func piecesOf(t *widget.RichText, source string, from int) []piece {
	var list []piece
	var find func(o fyne.CanvasObject, at fyne.Position)
	add := func(text string, at fyne.Position, high, size float32, style fyne.TextStyle) {
		text = strings.TrimSuffix(text, Caret)
		if i := strings.Index(source[from:], text); i >= 0 && text != "" {
			list = append(list, piece{text, from + i, at, high, size, style})
			from += i + len(text)
		}
	}
	find = func(o fyne.CanvasObject, at fyne.Position) {
		at = at.Add(o.Position())
		switch o := o.(type) {
		case *canvas.Text:
			add(o.Text, at, o.MinSize().Height, o.TextSize, o.TextStyle)
		case *widget.Hyperlink:
			add(o.Text, at.AddXY(kit.Inset(), kit.Inset()), o.Size().Height-2*kit.Inset(), theme.Size(theme.SizeNameText), o.TextStyle)
		case *fyne.Container:
			for _, x := range o.Objects {
				find(x, at)
			}
		}
	}
	for _, o := range t.CreateRenderer().Objects() {
		find(o, fyne.Position{})
	}
	return list
}

// shades draws the shades of a text. They lie below it, and cost nothing
// where there are none.
type shades struct {
	text   *widget.RichText // nil before there is a renderer
	source string           // the paragraph's text
	start  int              // where in it that begins which is shown
	found  []piece          // nil where they must be looked for again
	list   []Shade
	drawn  bool // list, as the text stands now
	boxes  []fyne.CanvasObject
}

// of says what the text is from now on.
func (h *shades) of(source string, start int) {
	h.source, h.start = source, start
	h.moved()
}

// moved says that the text stands elsewhere.
func (h *shades) moved() { h.found, h.drawn = nil, false }

// pieces is where the text stands.
func (h *shades) pieces() []piece {
	if h.found == nil && h.text != nil {
		h.found = piecesOf(h.text, h.source, h.start)
	}
	return h.found
}

// At is the byte of the paragraph that stands at a place of the widget, -1 if
// there is no text.
func (h *shades) At(pos fyne.Position) int {
	for _, p := range h.pieces() {
		if pos.Y >= p.at.Y && pos.Y < p.at.Y+p.high && pos.X >= p.at.X && pos.X < p.at.X+p.width(len(p.text)) {
			return p.offset(pos.X)
		}
	}
	return -1
}

// Line is where the line begins and ends that holds a byte of the paragraph.
func (h *shades) Line(at int) (top, bottom float32) {
	for _, p := range h.pieces() {
		if top, bottom = p.at.Y, p.at.Y+p.high; at < p.from+len(p.text) {
			break
		}
	}
	return top, bottom
}

// show draws a list; it reports whether that is another one than before.
func (h *shades) show(list []Shade) bool {
	same := slices.Equal(h.list, list)
	if same && (h.drawn || len(list) == 0) {
		return false
	}
	h.list, h.drawn = list, true
	h.draw()
	return true
}

// Shaded is what is said on each run that has a colour; runs that could not be
// drawn are missing.
func (h *shades) Shaded() (list []string) {
	for _, s := range h.list[:min(len(h.list), len(h.boxes))] {
		list = append(list, h.source[s.From:s.To])
	}
	return list
}

func (h *shades) draw() {
	h.boxes = nil
	variant := fyne.CurrentApp().Settings().ThemeVariant()
	colour := func(n fyne.ThemeColorName) *canvas.Rectangle {
		return canvas.NewRectangle(h.text.Theme().Color(n, variant))
	}
	put := func(r *canvas.Rectangle, x, y, w, high float32) {
		r.Move(fyne.NewPos(x, y))
		r.Resize(fyne.NewSize(w, high))
		h.boxes = append(h.boxes, r)
	}
	if len(h.list) == 0 || h.text == nil {
		return
	}
	pieces := h.pieces()
	for _, m := range h.list {
		// Both are in the order of the text.
		for len(pieces) > 0 && pieces[0].from+len(pieces[0].text) <= m.From {
			pieces = pieces[1:]
		}
		for _, p := range pieces {
			if p.from >= m.To {
				break
			}
			x := p.at.X + p.width(max(0, m.From-p.from))
			w := p.at.X + p.width(min(len(p.text), m.To-p.from)) - x
			r := colour(m.Fill)
			r.CornerRadius = 3
			if m.Edge {
				r.StrokeColor, r.StrokeWidth = h.text.Theme().Color(theme.ColorNamePrimary, variant), 1.5
			}
			put(r, x, p.at.Y, w, p.high)
			if m.Under {
				put(colour(theme.ColorNameForeground), x, p.at.Y+p.high-2, w, 1.5)
			}
		}
	}
}

// shaded is the renderer of a widget with shades.
type shaded struct {
	fyne.WidgetRenderer
	h    *shades
	over fyne.CanvasObject // lies over all; nil for none
}

func (r *shaded) Objects() []fyne.CanvasObject {
	under := r.WidgetRenderer.Objects()
	all := make([]fyne.CanvasObject, 0, len(r.h.boxes)+len(under)+1)
	all = append(append(all, r.h.boxes...), under...)
	if r.over != nil {
		all = append(all, r.over)
	}
	return all
}

func (r *shaded) Layout(size fyne.Size) {
	r.WidgetRenderer.Layout(size)
	r.h.moved()
	if r.over != nil {
		r.over.Resize(size)
	}
}

// Refresh draws them in the colours and the size of the theme as it is now.
func (r *shaded) Refresh() {
	r.WidgetRenderer.Refresh()
	r.h.moved()
	r.h.draw()
}
