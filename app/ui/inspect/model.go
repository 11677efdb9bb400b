package inspect

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
	"tern/app/ui/kit"
)

// ModelTab shows what the open model is made of.
type ModelTab struct {
	of      *chat.ModelInfo // whose weights are shown or asked for
	weights *chat.Weights
	layers  *layerBars
	memory  *kit.Note
	session chat.SessionMemory
	Notes   *kit.Note   // what was passed over or assumed
	Input   *kit.Choice // int8 or float activations, where a file cannot say it
	input   *fyne.Container
	search  *kit.LineEntry
	found   *kit.Note
	list    *widget.List
	shown   []chat.Tensor
	body    *fyne.Container
	empty   *kit.Note
	box     *fyne.Container
}

func newModelTab(escape func(), input func(float bool)) *ModelTab {
	t := &ModelTab{
		memory: kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading),
		Notes:  kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading),
		found:  kit.NewNote(theme.SizeNameCaptionText),
		empty:  kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading),
	}
	t.layers = newLayerBars(escape)
	t.Input = kit.NewChoice([]string{kit.Tr("8 bits"), kit.Tr("Floats")}, escape, func(i int) { input(i == 1) })
	t.input = container.NewBorder(nil, nil, kit.NewNote(theme.SizeNameCaptionText, kit.Span{Text: kit.Tr("Activations"), Colour: theme.ColorNameForeground}), t.Input.Box)
	t.input.Hide()
	t.search = kit.NewLineEntry(escape, func(string) {}, func(string) {})
	t.search.SetPlaceHolder(kit.Tr("Search tensors"))
	t.search.OnChanged = func(string) { t.filter() }
	t.list = widget.NewList(func() int { return len(t.shown) },
		func() fyne.CanvasObject {
			return container.New(kit.LayoutFunc{Min: fyne.NewSize(100, kit.Px(34)), Do: func(o []fyne.CanvasObject, size fyne.Size) {
				for i, line := range o {
					line.Move(fyne.NewPos(-kit.Inset(), float32(i)*size.Height/2-kit.Inset()))
					line.Resize(fyne.NewSize(size.Width+2*kit.Inset(), line.MinSize().Height))
				}
			}}, kit.NewNote(theme.SizeNameCaptionText), kit.NewNote(theme.SizeNameCaptionText))
		},
		func(i widget.ListItemID, o fyne.CanvasObject) {
			x := t.shown[i]
			rows := o.(*fyne.Container).Objects
			rows[0].(*kit.Note).Set(kit.Span{Text: x.Name, Colour: theme.ColorNameForeground})
			rows[1].(*kit.Note).Set(kit.Muted(x.Type + " · " + shape(x.Shape)))
		})
	t.list.HideSeparators = true
	t.list.OnSelected = func(i widget.ListItemID) { t.list.Unselect(i) }
	scroll := container.NewVScroll(container.New(layout.NewCustomPaddedLayout(2, 2, 2, 12), t.layers))
	t.layers.grown = func() { t.body.Layout.Layout(nil, t.body.Size()) }
	t.body = container.New(kit.LayoutFunc{Min: fyne.NewSize(120, 120), Do: func(_ []fyne.CanvasObject, size fyne.Size) {
		const margin = 12
		w := size.Width - 2*margin
		y := float32(0)
		place := func(o fyne.CanvasObject, h, gap float32) {
			o.Move(fyne.NewPos(margin, y))
			o.Resize(fyne.NewSize(w, h))
			y += h + gap
		}
		memory, notes := kit.HeightFor(t.memory, w+2*kit.Inset()), float32(0)
		if t.Notes.Visible() {
			notes = kit.HeightFor(t.Notes, w+2*kit.Inset())
		}
		input := float32(0)
		if t.input.Visible() {
			input = t.input.MinSize().Height + 4
		}
		rest := size.Height - memory - notes - input - kit.Px(34) - kit.Px(20) - 16
		place(scroll, max(kit.Px(60), min(t.layers.MinSize().Height+4, rest*0.62)), 4)
		t.memory.Move(fyne.NewPos(margin-kit.Inset(), y))
		t.memory.Resize(fyne.NewSize(w+2*kit.Inset(), memory))
		y += memory + 4
		t.Notes.Move(fyne.NewPos(margin-kit.Inset(), y))
		t.Notes.Resize(fyne.NewSize(w+2*kit.Inset(), notes))
		y += notes
		if t.input.Visible() {
			place(t.input, input-4, 4)
		}
		place(t.search, kit.Px(34), 0)
		t.found.Move(fyne.NewPos(margin-kit.Inset(), y))
		t.found.Resize(fyne.NewSize(w+2*kit.Inset(), kit.Px(20)))
		y += kit.Px(28)
		place(t.list, max(kit.Px(40), size.Height-y-4), 0)
		scroll.Refresh() // its content may be higher now
	}}, scroll, t.memory, t.Notes, t.input, t.search, t.found, t.list)
	t.body.Hide()
	t.box = container.NewStack(container.New(layout.NewCustomPaddedLayout(0, 0, 12-kit.Inset(), 12-kit.Inset()), container.New(&kit.Stack{}, t.empty)), t.body)
	return t
}

// showModel asks for the weights of a model that is new, and shows them.
func (p *Panel) showModel() {
	t := p.Model
	if t.session != p.view.Memory {
		t.session = p.view.Memory
		t.showMemory()
	}
	if p.view.Model == t.of {
		return
	}
	m := p.view.Model
	t.of = m
	if m != nil {
		t.Notes.Set(kit.Muted(strings.Join(m.Notes, " ")))
	}
	kit.SetVisible(t.Notes, m != nil && len(m.Notes) > 0)
	kit.SetVisible(t.input, m != nil && m.EitherInput)
	if m != nil && m.Float {
		t.Input.Show(1)
	} else {
		t.Input.Show(0)
	}
	t.set(nil)
	why := kit.Tr("Open a model to see what it is made of.")
	if p.distant() {
		why = kit.Tr("Only for models running in Tern.")
	}
	t.empty.Set(kit.Muted(why))
	if m != nil {
		p.Do.Weights(func(w *chat.Weights) {
			if t.of == m {
				t.set(w)
			}
		})
	}
}

// set shows weights, nil for none.
func (t *ModelTab) set(w *chat.Weights) {
	t.weights = w
	kit.SetVisible(t.body, w != nil)
	kit.SetVisible(t.empty, w == nil)
	if w == nil {
		t.layers.set(nil)
		return
	}
	t.showMemory()
	t.layers.set(w.Layers)
	t.filter()
	t.box.Refresh()
}

// showMemory says what the weights take, and what the conversation does.
func (t *ModelTab) showMemory() {
	if t.weights == nil {
		return
	}
	var spans []kit.Span
	add := func(title string, names []string, bytes []int64) {
		total := int64(0)
		var parts []string
		for i, n := range bytes {
			if n > 0 {
				total += n
				parts = append(parts, names[i]+" "+kit.Size(n))
			}
		}
		spans = append(spans, kit.Span{Text: title + " " + kit.Size(total), Colour: theme.ColorNameForeground}, kit.Muted(" · "+strings.Join(parts, " · ")))
	}
	var names []string
	var bytes []int64
	for _, m := range t.weights.Memory {
		names, bytes = append(names, memoryName(m.Name)), append(bytes, m.Bytes)
	}
	add(kit.Tr("Memory:"), names, bytes)
	if m := t.session; m.KV+m.State+m.Snapshots > 0 {
		spans = append(spans, kit.Muted("\n"))
		add(kit.Tr("Conversation:"), []string{kit.Tr("keys and values"), kit.Tr("state"), kit.TrN(m.Kept, "one copy of it", "{{.N}} copies of it")}, []int64{m.KV, m.State, m.Snapshots})
	}
	t.memory.Set(spans...)
	t.body.Layout.Layout(nil, t.body.Size())
}

// memoryName says a part of the memory.
func memoryName(name string) string {
	switch name {
	case "packed layers":
		return kit.Tr("layers")
	case "float layers":
		return kit.Tr("float layers")
	case "embedding":
		return kit.Tr("embedding")
	case "head":
		return kit.Tr("head")
	case "norms":
		return kit.Tr("norms")
	}
	return kit.Tr("copy of the head")
}

func shape(s []int) string {
	var parts []string
	for _, n := range s {
		parts = append(parts, kit.Count(n))
	}
	return strings.Join(parts, " × ")
}

// filter shows the tensors whose names hold all the words that are searched for.
func (t *ModelTab) filter() {
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
	t.found.Set(kit.Muted(kit.Tr("{{.Shown}} of {{.All}} tensors", "Shown", kit.Count(len(t.shown)), "All", kit.Count(len(t.weights.Tensors)))))
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
	return fyne.NewSize(120, kit.Px(h))
}

// layerAt is the layer at a height, -1 for none: the parts of an open one belong
// to it.
func (b *layerBars) layerAt(y float32) int {
	top := kit.Px(layerHead)
	for i := range b.layers {
		h := kit.Px(layerPitch)
		if i == b.opened {
			h += 7 * kit.Px(partPitch)
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
		fmt.Fprintf(&s, "%s %s\n", kit.Tr("Layer {{.N}}", "N", i+1), shares(b.layers[i].Counts()))
	}
	return s.String()
}

// AccessibilityRole is fyne.AccessibleRoleText.
func (b *layerBars) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// shares writes three counts as percent: 29/42/29.
func shares(neg, zero, pos int) string {
	n := neg + zero + pos
	if n == 0 {
		return kit.Tr("floats")
	}
	whole := func(v int) string { return strconv.Itoa((200*v + n) / (2 * n)) }
	return whole(neg) + "/" + whole(zero) + "/" + whole(pos)
}

// CreateRenderer implements fyne.Widget.
func (b *layerBars) CreateRenderer() fyne.WidgetRenderer {
	return kit.NewRing(kit.NewDrawing(b, b.draw), b, func() bool { return b.focused })
}

func (b *layerBars) draw(d *kit.Drawing, all fyne.Size) {
	caption := theme.SizeNameCaptionText
	third := all.Width / 3
	for i, c := range []struct {
		label  string
		colour fyne.ThemeColorName
	}{{"−1", kit.ColorNeg}, {"0", kit.ColorZero}, {"+1", kit.ColorPos}} {
		x := float32(i) * third
		d.Rect(c.colour, x, kit.Px(3), kit.Px(barSize), kit.Px(barSize)).CornerRadius = 2
		d.Text(c.label, theme.ColorNameForeground, caption, fyne.TextAlignLeading, false, x+kit.Px(barSize)+6, 0, third, kit.Px(layerHead))
	}
	y := kit.Px(layerHead)
	label, figure := kit.Px(58), kit.Px(56)
	bar := func(neg, zero, pos int) {
		full := all.Width - label - figure - 12 - 4
		x, n := label+4, max(1, neg+zero+pos)
		for _, part := range []struct {
			n      int
			colour fyne.ThemeColorName
		}{{neg, kit.ColorNeg}, {zero, kit.ColorZero}, {pos, kit.ColorPos}} {
			w := full * float32(part.n) / float32(n)
			if part.n > 0 {
				d.Rect(part.colour, x, y+kit.Px(4), max(1, w), kit.Px(barSize))
			}
			x += w + 2
		}
		d.Text(shares(neg, zero, pos), theme.ColorNameForeground, caption, fyne.TextAlignTrailing, false, all.Width-figure, y, figure, kit.Px(layerPitch))
	}
	for i := range b.layers {
		if b.focused && i == b.row {
			d.Rect(theme.ColorNameSelection, 0, y, all.Width, kit.Px(layerPitch)).CornerRadius = 3
		}
		name := kit.Tr("Layer {{.N}}", "N", i+1)
		d.Text(kit.Shorten(name, theme.Size(caption), label, i == b.opened), theme.ColorNameForeground, caption, fyne.TextAlignLeading, i == b.opened, 0, y, label, kit.Px(layerPitch))
		bar(b.layers[i].Counts())
		y += kit.Px(layerPitch)
		if i != b.opened {
			continue
		}
		for _, p := range b.layers[i].Parts {
			d.Text(p.Name, theme.ColorNamePlaceHolder, caption, fyne.TextAlignLeading, false, kit.Px(12), y, label-kit.Px(12), kit.Px(layerPitch))
			bar(p.Neg, p.Zero, p.Pos)
			d.Text(kit.Tr("{{.Rows}} × {{.Cols}} · scale {{.Scale}} · {{.Size}}", "Rows", kit.Count(p.Rows), "Cols", kit.Count(p.Cols),
				"Scale", strconv.FormatFloat(float64(p.Scale), 'g', 4, 32), "Size", kit.Size(p.Bytes)),
				theme.ColorNamePlaceHolder, caption, fyne.TextAlignLeading, false, label+4, y+kit.Px(layerPitch-6), all.Width-label, kit.Px(partPitch-layerPitch+4))
			y += kit.Px(partPitch)
		}
	}
}
