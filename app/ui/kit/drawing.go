package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// Drawing is the renderer of a widget that is drawn from its state: all objects
// are made again when that or the size changes.
type Drawing struct {
	w       fyne.Widget
	theme   func() fyne.Theme
	draw    func(*Drawing, fyne.Size)
	objects []fyne.CanvasObject
	size    fyne.Size
}

func NewDrawing(w interface {
	fyne.Widget
	Theme() fyne.Theme
}, draw func(*Drawing, fyne.Size)) *Drawing {
	return &Drawing{w: w, theme: w.Theme, draw: draw}
}

func (d *Drawing) Colour(n fyne.ThemeColorName) color.Color {
	return d.theme().Color(n, fyne.CurrentApp().Settings().ThemeVariant())
}

func (d *Drawing) Rect(fill fyne.ThemeColorName, x, y, w, h float32) *canvas.Rectangle {
	r := canvas.NewRectangle(d.Colour(fill))
	r.Move(fyne.NewPos(x, y))
	r.Resize(fyne.NewSize(w, h))
	d.objects = append(d.objects, r)
	return r
}

// Text writes a line, in the middle of a height.
func (d *Drawing) Text(s string, colour fyne.ThemeColorName, size fyne.ThemeSizeName, align fyne.TextAlign, bold bool, x, y, w, h float32) {
	t := canvas.NewText(s, d.Colour(colour))
	t.TextSize, t.Alignment, t.TextStyle.Bold = d.theme().Size(size), align, bold
	high := t.MinSize().Height
	t.Move(fyne.NewPos(x, y+(h-high)/2))
	t.Resize(fyne.NewSize(w, high))
	d.objects = append(d.objects, t)
}

func (d *Drawing) build() {
	d.objects = d.objects[:0]
	if d.size.Width > 0 && d.size.Height > 0 { // containers try sizes below 0
		d.draw(d, d.size)
	}
}

func (d *Drawing) Destroy() {}

func (d *Drawing) MinSize() fyne.Size { return d.w.MinSize() }

func (d *Drawing) Objects() []fyne.CanvasObject { return d.objects }

func (d *Drawing) Layout(size fyne.Size) {
	d.size = size
	d.build()
}

func (d *Drawing) Refresh() {
	d.build()
	canvas.Refresh(d.w)
}

func (d *Drawing) Line(stroke fyne.ThemeColorName, width, x1, y1, x2, y2 float32) {
	l := canvas.NewLine(d.Colour(stroke))
	l.StrokeWidth = width
	l.Position1, l.Position2 = fyne.NewPos(x1, y1), fyne.NewPos(x2, y2)
	d.objects = append(d.objects, l)
}

// Dashed draws a line of dashes.
func (d *Drawing) Dashed(stroke fyne.ThemeColorName, x1, y1, x2, y2 float32) {
	const dash, gap = 5, 4
	long := x2 - x1
	for at := float32(0); at < long; at += dash + gap {
		end := min(at+dash, long)
		d.Line(stroke, 1, x1+at, y1+(y2-y1)*at/long, x1+end, y1+(y2-y1)*end/long)
	}
}
