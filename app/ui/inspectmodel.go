package ui

import (
	"fmt"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
)

// modelTab shows what the open model is made of.
type modelTab struct {
	of      *chat.ModelInfo // whose weights are shown or asked for
	weights *chat.Weights
	layers  *layerBars
	memory  *note
	notes   *note // what was passed over or assumed
	search  *lineEntry
	found   *note
	list    *widget.List
	shown   []chat.Tensor
	body    *fyne.Container
	empty   *note
	box     *fyne.Container
}

func newModelTab(escape func()) *modelTab {
	t := &modelTab{
		memory: newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading),
		notes:  newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading),
		found:  newNote(theme.SizeNameCaptionText),
		empty:  newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading),
	}
	t.layers = newLayerBars(escape)
	t.search = newLineEntry(escape, func(string) {}, func(string) {})
	t.search.SetPlaceHolder(tr("Search tensors"))
	t.search.OnChanged = func(string) { t.filter() }
	t.list = widget.NewList(func() int { return len(t.shown) },
		func() fyne.CanvasObject {
			return container.New(layoutFunc{min: fyne.NewSize(100, px(34)), do: func(o []fyne.CanvasObject, size fyne.Size) {
				for i, line := range o {
					line.Move(fyne.NewPos(-inset(), float32(i)*size.Height/2-inset()))
					line.Resize(fyne.NewSize(size.Width+2*inset(), line.MinSize().Height))
				}
			}}, newNote(theme.SizeNameCaptionText), newNote(theme.SizeNameCaptionText))
		},
		func(i widget.ListItemID, o fyne.CanvasObject) {
			x := t.shown[i]
			rows := o.(*fyne.Container).Objects
			rows[0].(*note).set(span{text: x.Name, colour: theme.ColorNameForeground})
			rows[1].(*note).set(muted(x.Type + " · " + shape(x.Shape)))
		})
	t.list.HideSeparators = true
	t.list.OnSelected = func(i widget.ListItemID) { t.list.Unselect(i) }
	scroll := container.NewVScroll(container.New(layout.NewCustomPaddedLayout(2, 2, 2, 12), t.layers))
	t.layers.grown = func() { t.body.Layout.Layout(nil, t.body.Size()) }
	t.body = container.New(layoutFunc{min: fyne.NewSize(120, 120), do: func(_ []fyne.CanvasObject, size fyne.Size) {
		const margin = 12
		w := size.Width - 2*margin
		y := float32(0)
		place := func(o fyne.CanvasObject, h, gap float32) {
			o.Move(fyne.NewPos(margin, y))
			o.Resize(fyne.NewSize(w, h))
			y += h + gap
		}
		memory, notes := heightFor(t.memory, w+2*inset()), float32(0)
		if t.notes.Visible() {
			notes = heightFor(t.notes, w+2*inset())
		}
		rest := size.Height - memory - notes - px(34) - px(20) - 16
		place(scroll, max(px(60), min(t.layers.MinSize().Height+4, rest*0.62)), 4)
		t.memory.Move(fyne.NewPos(margin-inset(), y))
		t.memory.Resize(fyne.NewSize(w+2*inset(), memory))
		y += memory + 4
		t.notes.Move(fyne.NewPos(margin-inset(), y))
		t.notes.Resize(fyne.NewSize(w+2*inset(), notes))
		y += notes
		place(t.search, px(34), 0)
		t.found.Move(fyne.NewPos(margin-inset(), y))
		t.found.Resize(fyne.NewSize(w+2*inset(), px(20)))
		y += px(28)
		place(t.list, max(px(40), size.Height-y-4), 0)
		scroll.Refresh() // its content may be higher now
	}}, scroll, t.memory, t.notes, t.search, t.found, t.list)
	t.body.Hide()
	t.box = container.NewStack(container.New(layout.NewCustomPaddedLayout(0, 0, 12-inset(), 12-inset()), container.New(&stack{}, t.empty)), t.body)
	return t
}

// showModel asks for the weights of a model that is new, and shows them.
func (p *inspect) showModel() {
	t := p.model
	if p.view.Model == t.of {
		return
	}
	m := p.view.Model
	t.of = m
	if m != nil {
		t.notes.set(muted(strings.Join(m.Notes, " ")))
	}
	setVisible(t.notes, m != nil && len(m.Notes) > 0)
	t.set(nil)
	why := tr("Open a model to see what it is made of.")
	if p.distant() {
		why = tr("Only for models running in Tern.")
	}
	t.empty.set(muted(why))
	if m != nil {
		p.do.weights(func(w *chat.Weights) {
			if t.of == m {
				t.set(w)
			}
		})
	}
}

// set shows weights, nil for none.
func (t *modelTab) set(w *chat.Weights) {
	t.weights = w
	setVisible(t.body, w != nil)
	setVisible(t.empty, w == nil)
	if w == nil {
		t.layers.set(nil)
		return
	}
	parts := make([]string, 0, len(w.Memory)+1)
	total := int64(0)
	for _, m := range w.Memory {
		total += m.Bytes
		parts = append(parts, memoryName(m.Name)+" "+size(m.Bytes))
	}
	t.memory.set(span{text: tr("Memory: {{.Size}}", "Size", size(total)), colour: theme.ColorNameForeground}, muted(" · "+strings.Join(parts, " · ")))
	t.layers.set(w.Layers)
	t.filter()
	t.box.Refresh()
}

// memoryName says a part of the memory.
func memoryName(name string) string {
	switch name {
	case "packed layers":
		return tr("layers")
	case "float layers":
		return tr("float layers")
	case "embedding":
		return tr("embedding")
	case "head":
		return tr("head")
	case "norms":
		return tr("norms")
	}
	return tr("copy of the head")
}

// size writes bytes with a unit that suits.
func size(n int64) string {
	if n < 950_000 {
		return fmt.Sprintf("%d kB", (n+500)/1000)
	}
	return bytesOf(n)
}

func shape(s []int) string {
	var parts []string
	for _, n := range s {
		parts = append(parts, count(n))
	}
	return strings.Join(parts, " × ")
}

// filter shows the tensors whose names hold all the words that are searched for.
func (t *modelTab) filter() {
	t.shown = t.shown[:0]
	words := strings.Fields(strings.ToLower(t.search.Text))
	if t.weights == nil {
		return
	}
tensors:
	for _, x := range t.weights.Tensors {
		for _, w := range words {
			if !strings.Contains(strings.ToLower(x.Name+" "+x.Type), w) {
				continue tensors
			}
		}
		t.shown = append(t.shown, x)
	}
	t.found.set(muted(tr("{{.Shown}} of {{.All}} tensors", "Shown", count(len(t.shown)), "All", count(len(t.weights.Tensors)))))
	t.list.Refresh()
}

// layerBars shows for each layer which share of its weights is -1, 0 and +1. A
// click, or Enter, opens a layer: the same for each of its matrices, with scale
// and bytes.
type layerBars struct {
	widget.BaseWidget
	layers  []chat.LayerWeights
	opened  int // -1 for none
	row     int // where the arrow keys are
	focused bool
	escape  func()
	grown   func()
}

func newLayerBars(escape func()) *layerBars {
	b := &layerBars{opened: -1, escape: escape, grown: func() {}}
	b.ExtendBaseWidget(b)
	return b
}

func (b *layerBars) set(layers []chat.LayerWeights) {
	b.layers, b.opened, b.row = layers, -1, 0
	b.Refresh()
	b.grown()
}

const (
	layerHead  = 18 // the line that explains the colours
	layerPitch = 20
	partPitch  = 32 // two lines
)

// MinSize is the height of all rows.
func (b *layerBars) MinSize() fyne.Size {
	h := float32(layerHead + layerPitch*len(b.layers))
	if b.opened >= 0 {
		h += 7 * partPitch
	}
	return fyne.NewSize(120, px(h))
}

// layerAt is the layer at a height, -1 for none: the parts of an open one belong
// to it.
func (b *layerBars) layerAt(y float32) int {
	top := px(layerHead)
	for i := range b.layers {
		h := px(layerPitch)
		if i == b.opened {
			h += 7 * px(partPitch)
		}
		if y >= top && y < top+h {
			return i
		}
		top += h
	}
	return -1
}

func (b *layerBars) open(i int) {
	if i < 0 {
		return
	}
	b.row = i
	if b.opened == i {
		i = -1
	}
	b.opened = i
	b.Refresh()
	b.grown()
}

// Tapped opens or closes the layer that was clicked.
func (b *layerBars) Tapped(e *fyne.PointEvent) { b.open(b.layerAt(e.Position.Y)) }

// Cursor is a hand: every row can be opened.
func (b *layerBars) Cursor() desktop.Cursor { return desktop.PointerCursor }

// FocusGained implements fyne.Focusable.
func (b *layerBars) FocusGained() { b.focused = true; b.Refresh() }

// FocusLost implements fyne.Focusable.
func (b *layerBars) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune implements fyne.Focusable.
func (b *layerBars) TypedRune(rune) {}

// TypedKey moves between the layers and opens one.
func (b *layerBars) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		b.escape()
	case fyne.KeyUp:
		b.row = max(0, b.row-1)
	case fyne.KeyDown:
		b.row = max(0, min(len(b.layers)-1, b.row+1))
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		if b.row < len(b.layers) {
			b.open(b.row)
		}
	}
	b.Refresh()
}

// AccessibilityLabel says the shares of each layer.
func (b *layerBars) AccessibilityLabel() string {
	var s strings.Builder
	for i := range b.layers {
		fmt.Fprintf(&s, "%s %s\n", tr("Layer {{.N}}", "N", i+1), shares(b.layers[i].Counts()))
	}
	return s.String()
}

// AccessibilityRole is fyne.AccessibleRoleText.
func (b *layerBars) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// shares writes three counts as percent: 29/42/29.
func shares(neg, zero, pos int) string {
	n := neg + zero + pos
	if n == 0 {
		return tr("floats")
	}
	whole := func(v int) string { return strconv.Itoa((200*v + n) / (2 * n)) }
	return whole(neg) + "/" + whole(zero) + "/" + whole(pos)
}

// CreateRenderer implements fyne.Widget.
func (b *layerBars) CreateRenderer() fyne.WidgetRenderer {
	return newRing(newDrawing(b, b.draw), b, func() bool { return b.focused })
}

func (b *layerBars) draw(d *drawing, all fyne.Size) {
	caption := theme.SizeNameCaptionText
	third := all.Width / 3
	for i, c := range []struct {
		label  string
		colour fyne.ThemeColorName
	}{{"−1", colorNeg}, {"0", colorZero}, {"+1", colorPos}} {
		x := float32(i) * third
		d.rect(c.colour, x, px(3), px(barSize), px(barSize)).CornerRadius = 2
		d.text(c.label, theme.ColorNameForeground, caption, fyne.TextAlignLeading, false, x+px(barSize)+6, 0, third, px(layerHead))
	}
	y := px(layerHead)
	label, figure := px(58), px(56)
	bar := func(neg, zero, pos int) {
		full := all.Width - label - figure - 12 - 4
		x, n := label+4, max(1, neg+zero+pos)
		for _, part := range []struct {
			n      int
			colour fyne.ThemeColorName
		}{{neg, colorNeg}, {zero, colorZero}, {pos, colorPos}} {
			w := full * float32(part.n) / float32(n)
			if part.n > 0 {
				d.rect(part.colour, x, y+px(4), max(1, w), px(barSize))
			}
			x += w + 2
		}
		d.text(shares(neg, zero, pos), theme.ColorNameForeground, caption, fyne.TextAlignTrailing, false, all.Width-figure, y, figure, px(layerPitch))
	}
	for i := range b.layers {
		if b.focused && i == b.row {
			d.rect(theme.ColorNameSelection, 0, y, all.Width, px(layerPitch)).CornerRadius = 3
		}
		name := tr("Layer {{.N}}", "N", i+1)
		d.text(shorten(name, theme.Size(caption), label, i == b.opened), theme.ColorNameForeground, caption, fyne.TextAlignLeading, i == b.opened, 0, y, label, px(layerPitch))
		bar(b.layers[i].Counts())
		y += px(layerPitch)
		if i != b.opened {
			continue
		}
		for _, p := range b.layers[i].Parts {
			d.text(p.Name, theme.ColorNamePlaceHolder, caption, fyne.TextAlignLeading, false, px(12), y, label-px(12), px(layerPitch))
			bar(p.Neg, p.Zero, p.Pos)
			d.text(tr("{{.Rows}} × {{.Cols}} · scale {{.Scale}} · {{.Size}}", "Rows", count(p.Rows), "Cols", count(p.Cols),
				"Scale", strconv.FormatFloat(float64(p.Scale), 'g', 4, 32), "Size", size(p.Bytes)),
				theme.ColorNamePlaceHolder, caption, fyne.TextAlignLeading, false, label+4, y+px(layerPitch-6), all.Width-label, px(partPitch-layerPitch+4))
			y += px(partPitch)
		}
	}
}
