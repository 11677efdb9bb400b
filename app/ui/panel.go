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
func (arr *arrangement) addPanels(panels ...*panel) {
	arr.panels = append(arr.panels, panels...)
	for _, p := range panels {
		toggle := func() { arr.togglePanel(p) }
		p.content.Hide()
		p.button = kit.NewQuietButton(p.title, arr.do.escape, toggle)
		p.iconButton = kit.NewIconButton(p.title, p.icon, arr.do.escape, toggle)
		p.item = item(p.title, toggle, p.key)
	}
}

// side is the panel of the right side: the one shown last.
func (arr *arrangement) side() *panel {
	for _, p := range arr.panels {
		if p.id == arr.settings.Panel {
			return p
		}
	}
	return arr.panels[0]
}

// panelShown is the panel that can be seen, nil for none.
func (arr *arrangement) panelShown() *panel {
	switch {
	case arr.screen != nil:
		return nil
	case arr.drawer == rightDrawer, arr.panelDocks() && arr.settings.PanelOpen:
		return arr.side()
	}
	return nil
}

// panelDocks reports whether the panel stands beside the text rather than over it.
func (arr *arrangement) panelDocks() bool { return arr.frame.Size().Width >= kit.Px(panelDockWidth) }

// togglePanel opens a panel beside the text or over it, in the place of another
// one, or closes it.
func (arr *arrangement) togglePanel(p *panel) {
	arr.closeScreen()
	shown := arr.panelShown() == p
	arr.settings.Panel = p.id
	switch {
	case arr.panelDocks():
		arr.settings.PanelOpen = !shown
	case shown:
		arr.closeDrawer()
		return
	default:
		arr.drawer = rightDrawer
	}
	arr.cfg.Save(arr.settings)
	arr.placeAgain()
	if arr.drawer == rightDrawer {
		arr.win.Canvas().Focus(p.first)
	}
}

// showPanel brings the panel that can be seen in step with the view.
func (arr *arrangement) showPanel() {
	p := arr.panelShown()
	for _, x := range arr.panels {
		x.button.SetOpen(x == p)
		x.iconButton.SetOpen(x == p)
	}
	arr.tokens.SetInspect(p == arr.inspectSide)
	if p != nil {
		p.show(arr.view)
	}
	arr.do.reshade()
}

// restyleParts lays the panels and screens out again, after a change of theme or
// text size.
func (arr *arrangement) restyleParts() {
	for _, p := range arr.panels {
		if p.restyle != nil {
			p.restyle()
		}
	}
	for _, s := range arr.screens {
		if s.restyle != nil {
			s.restyle()
		}
	}
}

// covered reports whether a screen takes the place of the text.
func (arr *arrangement) covered() bool { return arr.screen != nil }

// shows reports whether a screen is the one that is open.
func (arr *arrangement) shows(s *screen) bool { return arr.screen == s }

// drawerOpen reports whether a side lies over the text.
func (arr *arrangement) drawerOpen() bool { return arr.drawer != noDrawer }

// closeLeft closes the sidebar where it lies over the text.
func (arr *arrangement) closeLeft() {
	if arr.drawer == leftDrawer {
		arr.closeDrawer()
	}
}
