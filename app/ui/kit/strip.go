package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

const stripHeight = 44

// Notice is what a strip says: a sentence, a hint and at most two actions.
type Notice struct {
	Kind     NoticeKind
	Sentence string
	Hint     string
	Actions  []Action
	Dismiss  func() // nil: it cannot be closed
}

type NoticeKind uint8

const (
	Info NoticeKind = iota
	Limit
	Failure
)

type Action struct {
	Label string
	Do    func()
}

// same reports whether two messages say the same.
func (m *Notice) same(n *Notice) bool {
	if m == nil || n == nil {
		return m == n
	}
	if m.Kind != n.Kind || m.Sentence != n.Sentence || m.Hint != n.Hint || len(m.Actions) != len(n.Actions) {
		return false
	}
	for i := range m.Actions {
		if m.Actions[i].Label != n.Actions[i].Label {
			return false
		}
	}
	return true
}

// Strip stands at the top of the centre and pushes the text down.
type Strip struct {
	Box     *fyne.Container
	ground  *Surface
	line    *Surface
	icon    *widget.Icon
	text    *Note
	Buttons *fyne.Container
	escape  func()
	Now     *Notice
}

func NewStrip(escape func()) *Strip {
	s := &Strip{
		ground:  NewSurface(ColorSidebar),
		line:    NewSurface(theme.ColorNameSeparator),
		icon:    widget.NewIcon(theme.InfoIcon()),
		text:    NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading),
		Buttons: container.NewHBox(),
		escape:  escape,
	}
	s.Box = container.New(LayoutFunc{Min: fyne.NewSize(200, stripHeight), Do: s.layout},
		s.ground, s.icon, s.text, s.Buttons, s.line)
	s.Box.Hide()
	return s
}

// Show says m, or nothing; it returns true if that changed the strip.
func (s *Strip) Show(m *Notice) bool {
	if s.Now.same(m) {
		if m != nil {
			s.Now = m
		}
		return false
	}
	s.Now = m
	if m == nil {
		s.Box.Hide()
		return true
	}
	s.text.Set(Span{Text: m.Sentence, Colour: theme.ColorNameForeground, Bold: true}, Muted("  "+m.Hint))
	switch m.Kind {
	case Failure:
		s.icon.SetResource(theme.NewErrorThemedResource(theme.ErrorIcon()))
	case Limit:
		s.icon.SetResource(theme.NewWarningThemedResource(theme.WarningIcon()))
	default:
		s.icon.SetResource(theme.NewPrimaryThemedResource(theme.InfoIcon()))
	}
	s.Buttons.RemoveAll()
	for i, a := range m.Actions {
		s.Buttons.Add(NewButton(a.Label, s.escape, func() { s.Now.Actions[i].Do() }))
	}
	if m.Dismiss != nil {
		s.Buttons.Add(NewIconButton(Tr("Dismiss"), theme.CancelIcon(), s.escape, func() { s.Now.Dismiss() }))
	}
	s.Box.Show()
	return true
}

// Height is what the strip needs at a width: one line where it fits.
func (s *Strip) Height(width float32) float32 {
	if s.Now == nil {
		return 0
	}
	return max(Px(stripHeight), HeightFor(s.text, s.textWidth(width)))
}

func (s *Strip) textWidth(width float32) float32 {
	return width - 12 - theme.IconInlineSize() - s.Buttons.MinSize().Width - 8
}

func (s *Strip) layout(_ []fyne.CanvasObject, size fyne.Size) {
	s.ground.Resize(size)
	s.line.Move(fyne.NewPos(0, size.Height-1))
	s.line.Resize(fyne.NewSize(size.Width, 1))
	icon := theme.IconInlineSize()
	s.icon.Resize(fyne.NewSquareSize(icon))
	s.icon.Move(fyne.NewPos(12, (size.Height-icon)/2))
	h := HeightFor(s.text, s.textWidth(size.Width))
	s.text.Move(fyne.NewPos(12+icon, (size.Height-h)/2))
	s.text.Resize(fyne.NewSize(s.textWidth(size.Width), h))
	b := s.Buttons.MinSize()
	s.Buttons.Move(fyne.NewPos(size.Width-b.Width-8, (size.Height-b.Height)/2))
	s.Buttons.Resize(b)
	canvas.Refresh(s.Box)
}
