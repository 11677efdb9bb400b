// Package kittest has what the tests of the window share: it measures colours,
// walks over widgets, and has texts to show.
package kittest

import (
	"fmt"
	"image/color"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

// luminance is the relative luminance of WCAG 2.x.
func luminance(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Contrast is the ratio of WCAG 2.x: 1 to 21.
func Contrast(a, b color.NRGBA) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// Over lays a translucent colour on an opaque one.
func Over(top, under color.NRGBA) color.NRGBA {
	mix := func(t, u uint8) uint8 {
		a := float64(top.A) / 255
		return uint8(float64(t)*a + float64(u)*(1-a) + 0.5)
	}
	return color.NRGBA{R: mix(top.R, under.R), G: mix(top.G, under.G), B: mix(top.B, under.B), A: 255}
}

// Walk visits o and all that it is made of.
func Walk(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	visit(o)
	switch o := o.(type) {
	case *fyne.Container:
		for _, c := range o.Objects {
			Walk(c, visit)
		}
	case fyne.Widget:
		for _, c := range test.WidgetRenderer(o).Objects() {
			Walk(c, visit)
		}
	}
}

// Selectable is the part of a text that the mouse selects in.
type Selectable interface {
	fyne.CanvasObject
	fyne.Draggable
	desktop.Mouseable
}

// SelectionOf finds that part of o.
func SelectionOf(t testing.TB, o fyne.CanvasObject) (found Selectable) {
	t.Helper()
	Walk(o, func(o fyne.CanvasObject) {
		if s, ok := o.(Selectable); ok {
			found = s
		}
	})
	if found == nil {
		t.Fatal("the label cannot be selected in")
	}
	return found
}

// Story is a text of n paragraphs of several lines each.
func Story(n int) string {
	p := strings.Repeat("One day a little tern flew over the sea and saw a ship. ", 6)
	return strings.TrimSuffix(strings.Repeat(p+"\n\n", n), "\n\n")
}

// Select selects with the mouse from one place of a text to another.
func Select(t testing.TB, o interface {
	fyne.CanvasObject
	SelectedText() string
}, from, to fyne.Position) {
	t.Helper()
	s := SelectionOf(t, o)
	s.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: from}, Button: desktop.MouseButtonPrimary})
	s.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: to}, Dragged: fyne.NewDelta(to.X-from.X, to.Y-from.Y)})
	s.MouseUp(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: to}, Button: desktop.MouseButtonPrimary})
	s.DragEnd()
	if o.SelectedText() == "" {
		t.Fatal("nothing is selected: the test does not work")
	}
}

// LongConversation is the messages of a conversation of about 100,000 tokens, of
// the user and the model in turn.
func LongConversation() []string {
	texts := make([]string, 400)
	for i := range texts {
		texts[i] = fmt.Sprintf("\n\nQuestion %d?", i)
		if i%2 == 1 {
			texts[i] = "\n\n" + strings.TrimSpace(strings.Repeat(Story(1)[:200+i%7*10]+"\n\n", 8)) + "\n- with `code`\n```go\nx\n```\nThe end."
		}
	}
	return texts
}
