package longtext

import (
	"slices"
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

// A widget that was not drawn for a minute has lost its renderer. It is as high as
// before, can be clicked and selected in, and so is one that is used again.
func TestForgottenRenderers(t *testing.T) {
	r := newViewRig(t, 1100, 720)
	r.show(says(kittest.Story(30)))
	p := r.page
	r.scroll.ScrollToTop()
	r.scrolled()
	height, free := p.height, len(p.free[proseKind])
	if free == 0 {
		t.Fatal("no widget waits for its use: the test does not work")
	}
	t.Run("a minute", func(t *testing.T) {
		for _, b := range p.live {
			test.TempWidgetRenderer(t, b.Block.(*Prose))
		}
		for _, b := range p.free[proseKind] {
			test.TempWidgetRenderer(t, b.(*Prose))
		}
	})
	r.show(func(d *Document) { d.Parts[0].ID, d.Parts[0].Text = 7, kittest.Story(30)+"!" })
	for i, b := range p.live {
		if i < p.content.shown-1 && p.heights[i] < 100 {
			t.Errorf("paragraph %d is %v high", i, p.heights[i])
		}
		if b.MinSize().Height != p.heights[i] {
			t.Errorf("paragraph %d takes %v and has %v", i, b.MinSize().Height, p.heights[i])
		}
	}
	if p.height < height-50 {
		t.Errorf("the page is %v high, was %v", p.height, height)
	}
	r.drag(0, fyne.NewPos(10, 14), fyne.NewPos(100, 14))
	s := kittest.SelectionOf(t, r.label(1))
	m := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(10, 14)}, Button: desktop.MouseButtonPrimary}
	s.MouseDown(m)
	s.MouseUp(m)
	if !slices.Equal(r.clicked, []int{1}) {
		t.Errorf("clicks on %v are told", r.clicked)
	}
}
