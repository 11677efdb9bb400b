package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

const sidebarWidth = 232

// sidebar is the list of conversations at the left.
type sidebar struct {
	fresh *button // starts a conversation
	empty *note   // where there is none
	box   *fyne.Container
}

func newSidebar(fresh, escape func()) *sidebar {
	s := &sidebar{
		fresh: newButton(tr("New conversation"), escape, fresh),
		empty: newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, muted(tr("Conversations appear here."))),
	}
	body := container.New(&stack{gap: 8, pad: 8}, s.fresh, s.empty)
	s.box = container.NewStack(newSurface(colorSidebar), body)
	return s
}

// sidebarDocks tells if the sidebar stands beside the text rather than over it.
func (w *window) sidebarDocks() bool { return w.frame.Size().Width >= px(sidebarDockWidth) }

// sidebarShown tells if the sidebar can be seen.
func (w *window) sidebarShown() bool {
	return w.drawer == leftDrawer || w.sidebarDocks() && w.settings.SidebarOpen
}

// toggleSidebar opens or closes the sidebar, beside the text or over it.
func (w *window) toggleSidebar() {
	switch {
	case w.sidebarDocks():
		w.settings.SidebarOpen = !w.settings.SidebarOpen
		w.cfg.save(w.settings)
	case w.drawer == leftDrawer:
		w.closeDrawer()
		return
	default:
		w.drawer = leftDrawer
	}
	w.placeAgain()
	if w.drawer == leftDrawer {
		w.win.Canvas().Focus(w.sidebar.fresh)
	}
}
