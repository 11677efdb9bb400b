package ui

import (
	"fyne.io/fyne/v2"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// panel is one of the things that the right side can show, never two at once.
// A panel is made once and kept; newWindow lists it in addPanels.
type panel struct {
	id    string        // in the settings
	title string        // on its button and in the View menu
	icon  fyne.Resource // its button in narrow windows
	key   fyne.KeyName  // with Ctrl

	content fyne.CanvasObject
	first   fyne.Focusable  // gets the focus when the panel opens over the text
	show    func(chat.View) // brings it in step, each time something changed while it can be seen
	restyle func()          // lays it out again after a change of theme or text size; may be nil

	button, iconButton *kit.Button    // in the top bar
	item               *fyne.MenuItem // in the View menu
}

// addPanels lists the panels, in the order of their buttons.
func (w *window) addPanels(panels ...*panel) {
	w.panels = append(w.panels, panels...)
	for _, p := range panels {
		toggle := func() { w.togglePanel(p) }
		p.content.Hide()
		p.button = kit.NewQuietButton(p.title, w.escape, toggle)
		p.iconButton = kit.NewIconButton(p.title, p.icon, w.escape, toggle)
		p.item = item(p.title, toggle, p.key)
	}
}

// side is the panel of the right side: the one shown last.
func (w *window) side() *panel {
	for _, p := range w.panels {
		if p.id == w.settings.Panel {
			return p
		}
	}
	return w.panels[0]
}

// panelShown is the panel that can be seen, nil for none.
func (w *window) panelShown() *panel {
	switch {
	case w.screen != nil:
		return nil
	case w.drawer == rightDrawer, w.panelDocks() && w.settings.PanelOpen:
		return w.side()
	}
	return nil
}

// panelDocks tells if the panel stands beside the text rather than over it.
func (w *window) panelDocks() bool { return w.frame.Size().Width >= kit.Px(panelDockWidth) }

// togglePanel opens a panel beside the text or over it, in the place of another
// one, or closes it.
func (w *window) togglePanel(p *panel) {
	w.closeScreen()
	shown := w.panelShown() == p
	w.settings.Panel = p.id
	switch {
	case w.panelDocks():
		w.settings.PanelOpen = !shown
	case shown:
		w.closeDrawer()
		return
	default:
		w.drawer = rightDrawer
	}
	w.cfg.save(w.settings)
	w.placeAgain()
	if w.drawer == rightDrawer {
		w.win.Canvas().Focus(p.first)
	}
}

// showPanel brings the panel that can be seen in step with the view.
func (w *window) showPanel() {
	p := w.panelShown()
	for _, x := range w.panels {
		x.button.SetOpen(x == p)
		x.iconButton.SetOpen(x == p)
	}
	w.ctl.SetInspect(p == w.inspectSide)
	if p != nil {
		p.show(w.view)
	}
	w.reshade()
}
