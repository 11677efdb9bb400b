package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/ui/kit"
	"tern/app/ui/models"
)

// start is what stands in the centre while there is no text: examples to begin
// with, or the way to a model, and one that chats where none is open.
type start struct {
	box    *fyne.Container
	page   *fyne.Container // in the column, below each other
	fit    *fitting
	escape func()
	begin  func(prompt string)
	open   func()
	use    func() // the built-in model
	browse func() // the page of models

	shown    bool
	name     string
	builtin  bool
	chats    bool
	examples []string
	offers   string // the key of what is offered
	title    *kit.Note
}

const emblem = 72 // the icon, at 100 % text

func newStart(begin func(string), open, builtin, browse, escape func()) *start {
	s := &start{begin: begin, open: open, use: builtin, browse: browse, escape: escape}
	s.fit = &fitting{room: func() float32 { return s.box.Size().Height - 2*kit.PageMargin }}
	s.page = container.New(s.fit)
	s.box = kit.NewColumn(s.page, kit.ColumnWidth, kit.PageMargin, 0.4)
	return s
}

// fitting is a stack that leaves out, first of all what comes first in spare, what it
// has no room for.
type fitting struct {
	kit.Stack
	room  func() float32
	width float32
	spare [][]fyne.CanvasObject // each is shown or left out as a whole
}

// MinSize is the height that is taken, which changes with the room.
func (f *fitting) MinSize(objects []fyne.CanvasObject) fyne.Size {
	f.Layout(objects, fyne.NewSize(f.width, 0))
	return f.Stack.MinSize(objects)
}

func (f *fitting) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	f.width = size.Width
	f.Stack.Layout(objects, size)
	high := f.Stack.MinSize(objects).Height // with everything
	for _, group := range f.spare {
		for _, o := range group {
			if !o.Visible() {
				high += kit.HeightFor(o, f.width)
			}
		}
	}
	changed := false
	for _, group := range f.spare {
		show := high <= f.room()
		for _, o := range group {
			if !show {
				high -= kit.HeightFor(o, f.width)
			}
			changed = kit.SetVisible(o, show) || changed
		}
	}
	if changed {
		f.Stack.Layout(objects, size)
	}
}

// show makes the page for a model, nil for none, and one that is offered.
func (s *start) show(m *chat.ModelInfo, offer models.Suggestion) {
	name, builtin, chats, examples := "", false, false, []string(nil)
	if m != nil {
		name, builtin, chats, examples = m.Name, m.Builtin, m.Template != "", m.Examples
	}
	if m != nil && !m.Builtin {
		offer = models.Suggestion{} // the user chose it
	}
	if s.shown && name == s.name && builtin == s.builtin && chats == s.chats && slices.Equal(examples, s.examples) && offer.Key == s.offers {
		return
	}
	s.shown, s.name, s.builtin, s.chats, s.examples, s.offers = true, name, builtin, chats, examples, offer.Key
	s.page.RemoveAll()
	s.fit.spare = nil
	switch {
	case m == nil:
		s.noModel()
	default:
		s.model(m)
	}
	if offer.Row != nil {
		s.offer(offer)
	}
	s.relayout()
}

// relayout places everything again.
func (s *start) relayout() {
	s.box.Layout.Layout(s.box.Objects, s.box.Size())
	s.page.Layout.Layout(s.page.Objects, s.page.Size())
	s.box.Refresh()
}

// offer adds a model that chats.
func (s *start) offer(o models.Suggestion) {
	gap := kit.Gap(8)
	s.page.Add(kit.Gap(8))
	s.page.Add(gap)
	s.spare(gap)
	s.spare(s.title)
	title := kit.NewNote(theme.SizeNameText, kit.Span{Text: o.Title, Colour: theme.ColorNameForeground, Bold: true})
	s.page.Add(container.NewBorder(nil, nil, nil, kit.NewQuietButton(kit.Tr("Other models…"), s.escape, s.browse), container.New(kit.Flush{}, title)))
	s.page.Add(container.NewStack(kit.NewBorder(kit.ColorCard, theme.ColorNameSeparator, 10), container.New(&kit.Stack{Pad: 8}, o.Row.Alone())))
}

// spare marks objects that are left out where there is no room, after those that were
// marked before.
func (s *start) spare(objects ...fyne.CanvasObject) { s.fit.spare = append(s.fit.spare, objects) }

func (s *start) heading(picture fyne.Resource, title string, lines ...string) {
	icon := container.NewCenter(container.New(kit.LayoutFunc{Min: fyne.NewSquareSize(kit.Px(emblem)),
		Do: func(o []fyne.CanvasObject, size fyne.Size) { o[0].Resize(size) }}, widget.NewIcon(picture)))
	gap := kit.Gap(8)
	s.page.Add(icon)
	s.page.Add(gap)
	s.spare(icon, gap)
	s.title = kit.NewWrappedNote(theme.SizeNameHeadingText, fyne.TextAlignCenter, kit.Span{Text: title, Colour: theme.ColorNameForeground})
	s.page.Add(s.title)
	for _, l := range lines {
		line := kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignCenter, kit.Muted(l))
		s.page.Add(line)
		s.spare(line)
	}
}

func (s *start) noModel() {
	s.heading(iconBird, kit.Tr("Open a model to begin."))
	s.page.Add(kit.Gap(12))
	b := kit.NewButton(kit.Tr("Open…"), s.escape, s.open)
	b.Importance = widget.HighImportance
	s.page.Add(container.NewHBox(layout.NewSpacer(), b, kit.NewButton(kit.Tr("Use the built-in model"), s.escape, s.use), layout.NewSpacer()))
}

func (s *start) model(m *chat.ModelInfo) {
	switch {
	case m.Builtin:
		s.heading(iconApp, kit.Tr("A small model is ready to write."),
			kit.Tr("It lives in this app, needs no network, and knows short children’s stories."))
	case m.Host != "":
		s.heading(iconApp, kit.Tr("{{.Model}} is ready.", "Model", m.Name), kit.Tr("What you write goes to {{.Host}}; everything else stays here.", "Host", m.Host))
	case m.Template != "":
		s.heading(iconApp, kit.Tr("{{.Model}} is ready to chat.", "Model", m.Name))
	default:
		s.heading(iconApp, kit.Tr("{{.Model}} is ready to write.", "Model", m.Name), kit.Tr("It continues texts; it was not made to answer messages."))
	}
	examples := examplesOf(m)
	if len(examples) == 0 {
		return
	}
	gap := kit.Gap(8)
	s.page.Add(kit.Gap(8))
	s.page.Add(gap)
	s.spare(gap)
	list := container.New(&kit.Stack{})
	var more [][]fyne.CanvasObject
	for i, e := range examples {
		example := newExample(e, s.escape, func() { s.begin(e) })
		if i > 0 {
			rule := kit.NewRule()
			list.Add(rule)
			more = append(more, []fyne.CanvasObject{rule, example})
		}
		list.Add(example)
	}
	slices.Reverse(more) // the last one is left out first
	s.fit.spare = append(s.fit.spare, more...)
	s.page.Add(container.NewStack(kit.NewBorder(kit.ColorCard, theme.ColorNameSeparator, 10), list))
}

// examplesOf are prompts to begin with: the model's own, or for one that chats
// some that suit any.
func examplesOf(m *chat.ModelInfo) []string {
	if len(m.Examples) > 0 || m.Template == "" {
		return m.Examples
	}
	return []string{kit.Tr("Tell me a short story about a little bird."), kit.Tr("Why is the sky blue? Explain it in simple words."), kit.Tr("Give me three ideas for a rainy Sunday.")}
}

// newExample is a prompt across the column, with an arrow at its end.
func newExample(text string, escape, tapped func()) fyne.CanvasObject {
	b := kit.NewQuietButton(text, escape, tapped)
	b.Alignment = widget.ButtonAlignLeading
	arrow := container.NewHBox(layout.NewSpacer(), widget.NewIcon(theme.NavigateNextIcon()), kit.Gap(1))
	return container.NewStack(b, arrow)
}
