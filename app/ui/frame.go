package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// arrangement has the places of the regions: which panel, screen and drawer can be
// seen.
type arrangement struct {
	*session
	do arrangementActions

	tokens Tokens

	composer    *composer
	dialogs     *kit.Dialogs
	finder      *longtext.Finder
	frame       *fyne.Container
	inspectSide *panel
	leftEdge    *kit.Edge
	page        *fyne.Container
	rightEdge   *kit.Edge
	scrim       *kit.Scrim
	sidebar     *sidebar
	start       *start
	status      *status
	strip       *kit.Strip
	topbar      *topbar
	transcript  *longtext.View
	win         fyne.Window

	drawer  drawer
	panels  []*panel
	screen  *screen // nil: the text is shown
	screens []*screen
}

// arrangementActions are what arrangement needs of the other parts.
type arrangementActions struct {
	escape      func()
	focusPrompt func()
	reshade     func()
	showMenu    func()
}

const (
	menuHeight = 26 // measured at 100 % text

	sidebarDockWidth = 900  // from here on the sidebar stands beside the text
	panelDockWidth   = 1000 // from here on the panel does
	lowWindow        = 560  // below, the prompt keeps to one row
)

// drawer is what lies over the text, where the window is too narrow for it to
// stand beside.
type drawer uint8

const (
	noDrawer drawer = iota
	leftDrawer
	rightDrawer
)

// layout places the regions. Nothing here depends on how much any of them
// wants to show, so opening a thing never resizes the window.
func (arr *arrangement) layout(_ []fyne.CanvasObject, size fyne.Size) {
	place := func(o fyne.CanvasObject, x, y, width, height float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, width), max(0, height)))
	}
	top, foot := kit.Px(topHeight), kit.Px(statusHeight)
	body := size.Height - top - foot
	if arr.drawer == leftDrawer && arr.sidebarDocks() || arr.drawer == rightDrawer && arr.panelDocks() {
		arr.drawer = noDrawer
	}
	left, right := float32(0), size.Width
	if arr.sidebarShown() && arr.drawer != leftDrawer {
		left = arr.sidebarWidth()
	}
	shown := arr.panelShown()
	if shown != nil && arr.drawer != rightDrawer {
		right -= arr.panelWidth()
	}

	place(arr.status.box, 0, size.Height-foot, size.Width, foot)
	place(arr.topbar.box, 0, 0, size.Width, top)
	kit.SetVisible(arr.topbar.box, arr.screen == nil)
	kit.SetVisible(arr.page, arr.screen == nil)
	kit.SetVisible(arr.sidebar.box, arr.sidebarShown())
	kit.SetVisible(arr.scrim, arr.drawer != noDrawer)
	place(arr.sidebar.box, 0, top, arr.sidebarWidth(), body)
	place(arr.leftEdge, arr.sidebarWidth()-edgeWidth/2, top, edgeWidth, body)
	kit.SetVisible(arr.leftEdge, arr.sidebarShown())
	place(arr.rightEdge, size.Width-arr.panelWidth()-edgeWidth/2, top, edgeWidth, body)
	kit.SetVisible(arr.rightEdge, shown != nil)
	place(arr.scrim, 0, top, size.Width, body)
	for _, p := range arr.panels {
		kit.SetVisible(p.content, p == shown)
		if p == shown {
			place(p.content, size.Width-arr.panelWidth(), top, arr.panelWidth(), body)
		}
	}
	for _, s := range arr.screens {
		kit.SetVisible(s.box, s == arr.screen)
		if s == arr.screen {
			arr.placeScreen(s, left, top, size.Width, body)
		}
	}

	place(arr.page, left, top, right-left, body)
	centre := right - left
	strip := arr.strip.Height(centre)
	place(arr.strip.Box, 0, 0, centre, strip)
	place(arr.finder.Box, 0, strip, centre, arr.finder.Height())
	strip += arr.finder.Height()
	column := min(kit.ColumnWidth()+2*kit.Inset(), centre-2*kit.PageMargin)
	c := arr.composer.height(column, size.Height < lowWindow)
	place(arr.composer.box, (centre-column)/2, body-c-12, column, c)
	text := body - strip - c - 12 - 8
	place(arr.transcript, 0, strip, centre, text)
	place(arr.start.box, 0, strip, centre, text)
}

// placeScreen gives a screen the whole width for its title line, which stands
// in the place of the top bar, and what is beside the sidebar for the rest.
func (arr *arrangement) placeScreen(s *screen, left, top, width, body float32) {
	s.box.Layout = kit.LayoutFunc{Do: func(o []fyne.CanvasObject, size fyne.Size) {
		content, header := o[0], o[1]
		header.Move(fyne.NewPos(0, 0))
		header.Resize(fyne.NewSize(size.Width, top))
		content.Move(fyne.NewPos(left, top))
		content.Resize(fyne.NewSize(size.Width-left, size.Height-top))
	}}
	s.box.Move(fyne.NewPos(0, 0))
	s.box.Resize(fyne.NewSize(width, top+body))
	s.box.Layout.Layout(s.box.Objects, s.box.Size())
}

// relayout places everything again, after a change of what is open.
func (arr *arrangement) relayout() {
	if arr.frame == nil {
		return
	}
	arr.layout(nil, arr.frame.Size())
	canvas.Refresh(arr.frame)
}

// placeAgain is relayout after something was opened or closed: what can be seen
// now is brought in step.
func (arr *arrangement) placeAgain() {
	arr.relayout()
	arr.showPanel()
	arr.showScreen()
	arr.do.showMenu()
}

func (arr *arrangement) closeDrawer() {
	arr.drawer = noDrawer
	arr.placeAgain()
	arr.do.focusPrompt()
}
