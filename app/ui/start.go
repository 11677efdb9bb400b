package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
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
	s.page = container.New(&stack{})
	s.box = newColumn(s.page, columnWidth, pageMargin, 0.4)
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
	s.page.Add(container.NewCenter(container.New(layoutFunc{min: fyne.NewSquareSize(px(emblem)),
		do: func(o []fyne.CanvasObject, size fyne.Size) { o[0].Resize(size) }}, icon)))
	s.page.Add(gapOf(8))
	s.page.Add(newWrappedNote(theme.SizeNameHeadingText, fyne.TextAlignCenter,
		span{text: title, colour: theme.ColorNameForeground}))
	for _, l := range lines {
		s.page.Add(newWrappedNote(theme.SizeNameText, fyne.TextAlignCenter, muted(l)))
	}
}

func (s *start) noModel() {
	s.heading(iconBird, tr("Open a model to begin."))
	s.page.Add(gapOf(12))
	b := newButton(tr("Open…"), s.escape, s.open)
	b.Importance = widget.HighImportance
	s.page.Add(container.NewHBox(layout.NewSpacer(), b, newButton(tr("Use the built-in model"), s.escape, s.use), layout.NewSpacer()))
}

func (s *start) model(m *chat.ModelInfo) {
	switch {
	case m.Builtin:
		s.heading(iconApp, tr("A small model is ready to write."),
			tr("It lives in this app, needs no network, and knows short children’s stories."))
	case m.Host != "":
		s.heading(iconApp, tr("{{.Model}} is ready.", "Model", m.Name), tr("What you write goes to {{.Host}}; everything else stays here.", "Host", m.Host))
	case m.Template != "":
		s.heading(iconApp, tr("{{.Model}} is ready to chat.", "Model", m.Name))
	default:
		s.heading(iconApp, tr("{{.Model}} is ready to write.", "Model", m.Name), tr("It continues texts; it was not made to answer messages."))
	}
	examples := examplesOf(m)
	if len(examples) == 0 {
		return
	}
	s.page.Add(gapOf(16))
	list := container.New(&stack{})
	for i, e := range examples {
		if i > 0 {
			list.Add(newRule())
		}
		list.Add(newExample(e, s.escape, func() { s.begin(e) }))
	}
	s.page.Add(container.NewStack(newBorder(colorCard, theme.ColorNameSeparator, 10), list))
}

// examplesOf are prompts to begin with: the model's own, or for one that chats
// some that suit any.
func examplesOf(m *chat.ModelInfo) []string {
	if len(m.Examples) > 0 || m.Template == "" {
		return m.Examples
	}
	return []string{tr("Tell me a short story about a little bird."), tr("Why is the sky blue? Explain it in simple words."), tr("Give me three ideas for a rainy Sunday.")}
}

// newExample is a prompt across the column, with an arrow at its end.
func newExample(text string, escape, tapped func()) fyne.CanvasObject {
	b := newQuietButton(text, escape, tapped)
	b.Alignment = widget.ButtonAlignLeading
	arrow := container.NewHBox(layout.NewSpacer(), widget.NewIcon(theme.NavigateNextIcon()), gapOf(1))
	return container.NewStack(b, arrow)
}

// gapOf is empty space of a height.
func gapOf(h float32) fyne.CanvasObject {
	return container.New(layoutFunc{min: fyne.NewSize(1, h), do: func([]fyne.CanvasObject, fyne.Size) {}})
}
