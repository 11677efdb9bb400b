package ui

import (
	"tern/app/settings"
	"tern/app/ui/kit"
)

const (
	edgeWidth   = 6
	leastCentre = 360 // that the panel leaves to the text where it stands beside it
)

// sidebarWidth and panelWidth are the widths in use. The settings keep them at
// 100 % text.
func (arr *arrangement) sidebarWidth() float32 { return kit.Px(arr.settings.SidebarWidth) }

func (arr *arrangement) panelWidth() float32 {
	if arr.drawer == rightDrawer {
		return kit.Px(arr.settings.PanelWidth)
	}
	left := float32(0)
	if arr.sidebarShown() {
		left = arr.sidebarWidth()
	}
	return max(kit.Px(settings.MinPanel), min(kit.Px(arr.settings.PanelWidth), arr.frame.Size().Width-left-kit.Px(leastCentre)))
}

// newEdges makes the edges of both sides.
func (w *window) newEdges() {
	s, d := &w.settings, settings.Default()
	left := func(width float32) {
		s.SidebarWidth = min(max(width, settings.MinSidebar), settings.MaxSidebar)
		w.arrangement.relayout()
	}
	right := func(width float32) {
		s.PanelWidth = min(max(width, settings.MinPanel), settings.MaxPanel)
		w.arrangement.relayout()
	}
	keep := func() { w.cfg.Save(w.settings) }
	w.leftEdge = kit.NewEdge(func(x float32) { left(x / kit.Px(1)) }, keep, func() { left(d.SidebarWidth) })
	w.rightEdge = kit.NewEdge(func(x float32) { right((w.frame.Size().Width - x) / kit.Px(1)) }, keep, func() { right(d.PanelWidth) })
}
