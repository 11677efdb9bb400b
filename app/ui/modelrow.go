package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// modelRow is a model in a list: its name and what can be done with it on one
// line, what is known of it below, and a bar while it is coming.
type modelRow struct {
	title   *note
	line    *note
	buttons *fyne.Container
	track   *surface
	bar     *surface
	share   float32 // of the bar; below 0 there is none
	box     *fyne.Container
}

func newModelRow(name string, buttons ...fyne.CanvasObject) *modelRow {
	r := &modelRow{
		title:   newNote(theme.SizeNameText, span{text: name, colour: theme.ColorNameForeground, bold: true}),
		line:    newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading),
		buttons: container.NewHBox(buttons...),
		track:   newSurface(colorTrack),
		bar:     newSurface(theme.ColorNamePrimary),
		share:   -1,
	}
	r.track.radius, r.bar.radius = rowBar/2, rowBar/2
	r.track.Hide()
	r.bar.Hide()
	r.box = container.New(r, r.title, r.line, r.buttons, r.track, r.bar, newSurface(theme.ColorNameSeparator))
	return r
}

const rowBar = 6 // the height of the bar

// set shows what is known, and the bar at a share of its width.
func (r *modelRow) set(share float32, spans ...span) {
	r.line.set(spans...)
	if share == r.share {
		return
	}
	r.share = share
	setVisible(r.track, share >= 0)
	setVisible(r.bar, share >= 0)
	r.Layout(nil, r.box.Size())
}

// MinSize is the height at the width that the row has.
func (r *modelRow) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, r.place(r.box.Size().Width))
}

func (r *modelRow) Layout(_ []fyne.CanvasObject, size fyne.Size) { r.place(size.Width) }

func (r *modelRow) place(width float32) float32 {
	b := r.buttons.MinSize()
	head := max(r.title.MinSize().Height, b.Height)
	y := float32(4)
	r.buttons.Move(fyne.NewPos(width-b.Width, y))
	r.buttons.Resize(b)
	h := r.title.MinSize().Height
	r.title.Move(fyne.NewPos(-inset(), y+(head-h)/2))
	r.title.Resize(fyne.NewSize(max(0, width-b.Width-4+inset()), h))
	y += head - inset()/2
	if r.share >= 0 {
		y += inset()/2 + 4
		r.track.Move(fyne.NewPos(0, y))
		r.track.Resize(fyne.NewSize(width, rowBar))
		r.bar.Move(fyne.NewPos(0, y))
		r.bar.Resize(fyne.NewSize(width*min(1, r.share), rowBar))
		y += rowBar
	}
	h = heightFor(r.line, width+2*inset())
	r.line.Move(fyne.NewPos(-inset(), y))
	r.line.Resize(fyne.NewSize(width+2*inset(), h))
	y += h
	rule := r.box.Objects[len(r.box.Objects)-1]
	rule.Move(fyne.NewPos(0, y))
	rule.Resize(fyne.NewSize(width, 1))
	return y + 1
}

// dotted puts " · " between pieces.
func dotted(pieces ...[]span) (line []span) {
	for _, p := range pieces {
		if len(p) == 0 || p[0].text == "" {
			continue
		}
		if len(line) > 0 {
			line = append(line, muted(" · "))
		}
		line = append(line, p...)
	}
	return line
}
