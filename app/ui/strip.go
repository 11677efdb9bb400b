package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

const stripHeight = 44

// message is what a strip says: a sentence, a hint and at most two actions.
type message struct {
	kind     messageKind
	sentence string
	hint     string
	actions  []action
	dismiss  func() // nil: it cannot be closed
}

type messageKind uint8

const (
	messageInfo messageKind = iota
	messageLimit
	messageError
)

type action struct {
	label string
	do    func()
}

// same tells if two messages say the same.
func (m *message) same(n *message) bool {
	if m == nil || n == nil {
		return m == n
	}
	if m.kind != n.kind || m.sentence != n.sentence || m.hint != n.hint || len(m.actions) != len(n.actions) {
		return false
	}
	for i := range m.actions {
		if m.actions[i].label != n.actions[i].label {
			return false
		}
	}
	return true
}

// strip stands at the top of the centre and pushes the text down.
type strip struct {
	box     *fyne.Container
	ground  *surface
	line    *surface
	icon    *widget.Icon
	text    *note
	buttons *fyne.Container
	escape  func()
	now     *message
}

func newStrip(escape func()) *strip {
	s := &strip{
		ground:  newSurface(colorSidebar),
		line:    newSurface(theme.ColorNameSeparator),
		icon:    widget.NewIcon(theme.InfoIcon()),
		text:    newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading),
		buttons: container.NewHBox(),
		escape:  escape,
	}
	s.box = container.New(layoutFunc{min: fyne.NewSize(200, stripHeight), do: s.layout},
		s.ground, s.icon, s.text, s.buttons, s.line)
	s.box.Hide()
	return s
}

// show says m, or nothing; it returns true if that changed the strip.
func (s *strip) show(m *message) bool {
	if s.now.same(m) {
		if m != nil {
			s.now = m
		}
		return false
	}
	s.now = m
	if m == nil {
		s.box.Hide()
		return true
	}
	s.text.set(span{text: m.sentence, colour: theme.ColorNameForeground, bold: true}, muted("  "+m.hint))
	switch m.kind {
	case messageError:
		s.icon.SetResource(theme.NewErrorThemedResource(theme.ErrorIcon()))
	case messageLimit:
		s.icon.SetResource(theme.NewWarningThemedResource(theme.WarningIcon()))
	default:
		s.icon.SetResource(theme.NewPrimaryThemedResource(theme.InfoIcon()))
	}
	s.buttons.RemoveAll()
	for i, a := range m.actions {
		s.buttons.Add(newButton(a.label, s.escape, func() { s.now.actions[i].do() }))
	}
	if m.dismiss != nil {
		s.buttons.Add(newIconButton(tr("Dismiss"), theme.CancelIcon(), s.escape, func() { s.now.dismiss() }))
	}
	s.box.Show()
	return true
}

// height is what the strip needs at a width: one line where it fits.
func (s *strip) height(width float32) float32 {
	if s.now == nil {
		return 0
	}
	return max(px(stripHeight), heightFor(s.text, s.textWidth(width)))
}

func (s *strip) textWidth(width float32) float32 {
	return width - 12 - theme.IconInlineSize() - s.buttons.MinSize().Width - 8
}

func (s *strip) layout(_ []fyne.CanvasObject, size fyne.Size) {
	s.ground.Resize(size)
	s.line.Move(fyne.NewPos(0, size.Height-1))
	s.line.Resize(fyne.NewSize(size.Width, 1))
	icon := theme.IconInlineSize()
	s.icon.Resize(fyne.NewSquareSize(icon))
	s.icon.Move(fyne.NewPos(12, (size.Height-icon)/2))
	h := heightFor(s.text, s.textWidth(size.Width))
	s.text.Move(fyne.NewPos(12+icon, (size.Height-h)/2))
	s.text.Resize(fyne.NewSize(s.textWidth(size.Width), h))
	b := s.buttons.MinSize()
	s.buttons.Move(fyne.NewPos(size.Width-b.Width-8, (size.Height-b.Height)/2))
	s.buttons.Resize(b)
	canvas.Refresh(s.box)
}
