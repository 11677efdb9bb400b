package models

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/ui/kit"
)

// Row is a model in a list: its name and what can be done with it on one
// line, what is known of it below, and a bar while it is coming.
type Row struct {
	Title   *kit.Note
	Line    *kit.Note
	Buttons *fyne.Container
	track   *kit.Surface
	bar     *kit.Surface
	Share   float32 // of the bar; below 0 there is none
	box     *fyne.Container
}

func newModelRow(name string, buttons ...fyne.CanvasObject) *Row {
	r := &Row{
		Title:   kit.NewNote(theme.SizeNameText, kit.Span{Text: name, Colour: theme.ColorNameForeground, Bold: true}),
		Line:    kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading),
		Buttons: container.NewHBox(buttons...),
		track:   kit.NewSurface(kit.ColorTrack),
		bar:     kit.NewSurface(theme.ColorNamePrimary),
		Share:   -1,
	}
	r.track.Radius, r.bar.Radius = rowBar/2, rowBar/2
	r.track.Hide()
	r.bar.Hide()
	r.box = container.New(r, r.Title, r.Line, r.Buttons, r.track, r.bar, kit.NewSurface(theme.ColorNameSeparator))
	return r
}

const rowBar = 6 // the height of the bar

// set shows what is known, and the bar at a share of its width.
func (r *Row) set(share float32, spans ...kit.Span) {
	r.Line.Set(spans...)
	if share == r.Share {
		return
	}
	r.Share = share
	kit.SetVisible(r.track, share >= 0)
	kit.SetVisible(r.bar, share >= 0)
	r.Layout(nil, r.box.Size())
}

// MinSize is the height at the width that the row has.
func (r *Row) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, r.place(r.box.Size().Width))
}

func (r *Row) Layout(_ []fyne.CanvasObject, size fyne.Size) { r.place(size.Width) }

func (r *Row) place(width float32) float32 {
	b := r.Buttons.MinSize()
	head := max(r.Title.MinSize().Height, b.Height)
	y := float32(4)
	r.Buttons.Move(fyne.NewPos(width-b.Width, y))
	r.Buttons.Resize(b)
	h := r.Title.MinSize().Height
	r.Title.Move(fyne.NewPos(-kit.Inset(), y+(head-h)/2))
	r.Title.Resize(fyne.NewSize(max(0, width-b.Width-4+kit.Inset()), h))
	y += head - kit.Inset()/2
	if r.Share >= 0 {
		y += kit.Inset()/2 + 4
		r.track.Move(fyne.NewPos(0, y))
		r.track.Resize(fyne.NewSize(width, rowBar))
		r.bar.Move(fyne.NewPos(0, y))
		r.bar.Resize(fyne.NewSize(width*min(1, r.Share), rowBar))
		y += rowBar
	}
	h = kit.HeightFor(r.Line, width+2*kit.Inset())
	r.Line.Move(fyne.NewPos(-kit.Inset(), y))
	r.Line.Resize(fyne.NewSize(width+2*kit.Inset(), h))
	y += h
	rule := r.box.Objects[len(r.box.Objects)-1]
	rule.Move(fyne.NewPos(0, y))
	rule.Resize(fyne.NewSize(width, 1))
	return y + 1
}

// Alone is the row by itself, without the line that parts it from the next one.
func (r *Row) Alone() fyne.CanvasObject {
	r.box.Objects[len(r.box.Objects)-1].Hide()
	return r.box
}

// dotted puts " · " between pieces.
func dotted(pieces ...[]kit.Span) (line []kit.Span) {
	for _, p := range pieces {
		if len(p) == 0 || p[0].Text == "" {
			continue
		}
		if len(line) > 0 {
			line = append(line, kit.Muted(" · "))
		}
		line = append(line, p...)
	}
	return line
}
