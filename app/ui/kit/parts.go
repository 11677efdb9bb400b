package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
)

func Section(title string) fyne.CanvasObject {
	return container.New(Flush{}, NewNote(theme.SizeNameSubHeadingText,
		Span{Text: title, Colour: theme.ColorNameForeground, Bold: true}))
}

// Choice is one of a few words, side by side.
type Choice struct {
	Buttons []*Button
	Box     *fyne.Container
}

func NewChoice(labels []string, escape func(), chosen func(int)) *Choice {
	c := &Choice{Box: container.NewHBox()}
	for i, l := range labels {
		b := NewButton(l, escape, func() { chosen(i) })
		c.Buttons = append(c.Buttons, b)
		c.Box.Add(b)
	}
	return c
}

// Show marks the chosen word.
func (c *Choice) Show(chosen int) {
	for i, b := range c.Buttons {
		b.setHigh(i == chosen)
	}
}

// NewHeader is the top bar of a page that replaces the conversation.
func NewHeader(title string, back, escape func()) fyne.CanvasObject {
	b := NewQuietButton(Tr("‹ Back"), escape, back)
	text := NewNote(theme.SizeNameSubHeadingText, Span{Text: title, Colour: theme.ColorNameForeground, Bold: true})
	row := container.NewBorder(nil, nil, container.NewHBox(b), nil, text)
	return container.NewBorder(nil, NewRule(), nil, nil, container.New(layout.NewCustomPaddedLayout(4, 3, 8, 8), row))
}

// NewRule is a line between two regions.
func NewRule() fyne.CanvasObject {
	return container.New(LayoutFunc{Min: fyne.NewSize(1, 1), Do: func(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }},
		NewSurface(theme.ColorNameSeparator))
}
