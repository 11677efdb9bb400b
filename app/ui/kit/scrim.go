package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Scrim darkens what lies under a drawer; a click on it closes the drawer.
type Scrim struct {
	widget.BaseWidget
	tapped func()
}

func NewScrim(tapped func()) *Scrim {
	s := &Scrim{tapped: tapped}
	s.ExtendBaseWidget(s)
	return s
}

func (s *Scrim) Tapped(*fyne.PointEvent) { s.tapped() }

func (s *Scrim) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(NewSurface(theme.ColorNameShadow))
}
