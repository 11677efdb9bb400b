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
)

// start is what stands in the centre while there is no text: examples to begin
// with, or the way to a model.
type start struct {
	box    *fyne.Container
	page   *fyne.Container // in the column, below each other
	escape func()
	begin  func(prompt string)
	open   func()
	use    func() // the built-in model

	shown    bool
	name     string
	builtin  bool
	chats    bool
	examples []string
}

const emblem = 72 // the icon, at 100 % text

func newStart(begin func(string), open, builtin, escape func()) *start {
	s := &start{begin: begin, open: open, use: builtin, escape: escape}
	s.page = container.New(&kit.Stack{})
	s.box = kit.NewColumn(s.page, kit.ColumnWidth, kit.PageMargin, 0.4)
	return s
}

// show makes the page for a model, nil for none.
func (s *start) show(m *chat.ModelInfo) {
	name, builtin, chats, examples := "", false, false, []string(nil)
	if m != nil {
		name, builtin, chats, examples = m.Name, m.Builtin, m.Template != "", m.Examples
	}
	if s.shown && name == s.name && builtin == s.builtin && chats == s.chats && slices.Equal(examples, s.examples) {
		return
	}
	s.shown, s.name, s.builtin, s.chats, s.examples = true, name, builtin, chats, examples
	s.page.RemoveAll()
	switch {
	case m == nil:
		s.noModel()
	default:
		s.model(m)
	}
	s.box.Layout.Layout(nil, s.box.Size())
	s.box.Refresh()
}

func (s *start) heading(picture fyne.Resource, title string, lines ...string) {
	icon := widget.NewIcon(picture)
	s.page.Add(container.NewCenter(container.New(kit.LayoutFunc{Min: fyne.NewSquareSize(kit.Px(emblem)),
		Do: func(o []fyne.CanvasObject, size fyne.Size) { o[0].Resize(size) }}, icon)))
	s.page.Add(kit.Gap(8))
	s.page.Add(kit.NewWrappedNote(theme.SizeNameHeadingText, fyne.TextAlignCenter,
		kit.Span{Text: title, Colour: theme.ColorNameForeground}))
	for _, l := range lines {
		s.page.Add(kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignCenter, kit.Muted(l)))
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
	s.page.Add(kit.Gap(16))
	list := container.New(&kit.Stack{})
	for i, e := range examples {
		if i > 0 {
			list.Add(kit.NewRule())
		}
		list.Add(newExample(e, s.escape, func() { s.begin(e) }))
	}
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
