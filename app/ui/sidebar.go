package ui

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// sidebar is the list of conversations at the left.
type sidebar struct {
	fresh  *kit.Button // starts a conversation
	search *kit.LineEntry
	list   *titles
	clear  *kit.Button // empties the search
	empty  *kit.Note   // why the list is empty
	box    *fyne.Container

	all     []chat.Entry
	found   *chat.Found
	current string
	answers []chat.Answering
	shown   []chat.Entry // those of all that the search leaves
	opened  func(id string)
}

// sidebarActions are what the sidebar does; menu opens the menu of a
// conversation, at a place in the window.
type sidebarActions struct {
	fresh, models        func()
	escape, leave        func() // leave goes from the search to where one writes
	search, open, remove func(string)
	rename               func(id string)
	menu                 func(e chat.Entry, at fyne.Position)
}

func newSidebar(do sidebarActions) *sidebar {
	s := &sidebar{
		fresh:  kit.NewButton(kit.Tr("New conversation"), do.escape, do.fresh),
		empty:  kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading),
		opened: do.open,
	}
	s.search = kit.NewLineEntry(func() { // Esc empties it, then leaves
		if s.search.Text == "" {
			do.leave()
			return
		}
		s.search.SetText("")
	}, func(text string) {
		do.search(text)
		s.filter()
	}, func(string) {})
	s.clear = kit.NewIconButton(kit.Tr("Clear the search"), theme.CancelIcon(), do.escape, func() { s.search.SetText("") })
	s.clear.Hide()
	s.search.SetPlaceHolder(kit.Tr("Search conversations"))
	s.list = newTitles(s, do)
	top := container.New(&kit.Stack{Gap: 8, Pad: 8}, s.fresh, container.NewBorder(nil, nil, nil, s.clear, s.search), s.empty)
	models := kit.NewQuietButton(kit.Tr("Models"), do.escape, do.models)
	models.Alignment = widget.ButtonAlignLeading
	s.box = container.NewStack(kit.NewSurface(kit.ColorSidebar),
		container.New(kit.LayoutFunc{Min: fyne.NewSize(100, 100), Do: s.layout}, top, s.list, container.New(&kit.Stack{Pad: 8}, models)))
	s.filter()
	return s
}

// layout puts the list between what stands above and below it; the Tab key goes the
// same way.
func (s *sidebar) layout(o []fyne.CanvasObject, size fyne.Size) {
	top, foot := kit.HeightFor(o[0], size.Width), kit.HeightFor(o[2], size.Width)
	o[0].Resize(fyne.NewSize(size.Width, top))
	o[1].Move(fyne.NewPos(0, top))
	o[1].Resize(fyne.NewSize(size.Width, max(0, size.Height-top-foot)))
	o[2].Move(fyne.NewPos(0, size.Height-foot))
	o[2].Resize(fyne.NewSize(size.Width, foot))
}

// show brings the list in step with the view.
func (s *sidebar) show(v chat.View) {
	same := s.current == v.ID && s.found == v.Found && slices.Equal(s.all, v.Conversations) &&
		slices.EqualFunc(s.answers, v.Answers, func(a, b chat.Answering) bool { return a.ID == b.ID })
	if same {
		return
	}
	s.all, s.found, s.current, s.answers = v.Conversations, v.Found, v.ID, v.Answers
	s.filter()
}

// filter leaves what the search found; titles at once, texts when they were read.
func (s *sidebar) filter() {
	query := strings.TrimSpace(s.search.Text)
	kit.SetVisible(s.clear, query != "")
	s.shown = s.all
	if query != "" {
		s.shown = nil
		for _, e := range s.all {
			if s.found != nil && s.found.IDs[e.ID] || chat.Named(e.Name, query) {
				s.shown = append(s.shown, e)
			}
		}
	}
	switch {
	case len(s.shown) > 0:
		s.empty.Hide()
	case query != "":
		s.empty.Set(kit.Muted(kit.Tr("Nothing matches “{{.Text}}”.", "Text", query)))
		s.empty.Show()
	default:
		s.empty.Set(kit.Muted(kit.Tr("Conversations appear here.")))
		s.empty.Show()
	}
	s.list.current = slices.IndexFunc(s.shown, func(e chat.Entry) bool { return e.ID == s.current })
	s.list.setTall(query != "" && s.found != nil && len(s.found.Snippets) > 0)
	s.list.Refresh()
	if body, ok := s.box.Objects[1].(*fyne.Container); ok {
		s.layout(body.Objects, body.Size())
	}
	s.box.Refresh()
}

// titles is the list itself. Fyne's knows no Esc, no Enter and no second button.
type titles struct {
	widget.List
	s       *sidebar
	do      sidebarActions
	current int  // the open conversation, -1 for none
	at      int  // where the keyboard is
	focused bool // so that is shown
	tall    bool // rows have two lines
	sized   int  // rows that had two lines at some time
}

func newTitles(s *sidebar, do sidebarActions) *titles {
	l := &titles{s: s, do: do, current: -1}
	l.HideSeparators = true
	l.Length = func() int { return len(s.shown) }
	l.CreateItem = func() fyne.CanvasObject { return newTitle(l) }
	l.UpdateItem = func(i int, o fyne.CanvasObject) { o.(*title).show(i) }
	l.ExtendBaseWidget(l)
	return l
}

// setTall gives each row two lines, or one.
func (l *titles) setTall(on bool) {
	l.tall = on
	if on {
		l.sized = max(l.sized, len(l.s.shown))
	}
	for i := range l.sized { // all others have one line
		l.SetItemHeight(i, l.height())
	}
}

// height is what a row needs.
func (l *titles) height() float32 {
	if l.tall {
		return 25 + theme.CaptionTextSize() + 6
	}
	return 25
}

func (l *titles) open(i int) {
	if i >= 0 && i < len(l.s.shown) {
		l.do.open(l.s.shown[i].ID)
	}
}

// FocusGained puts the keyboard on the open conversation. Fyne's list would show
// that as it shows the pointer, and begin with the first.
func (l *titles) FocusGained() {
	l.focused = true
	if l.current >= 0 {
		l.at = l.current
	}
	l.goTo(l.at)
}

// FocusLost implements fyne.Focusable.
func (l *titles) FocusLost() {
	l.focused = false
	l.Refresh()
}

// goTo moves the keyboard to a row, the nearest where there is none.
func (l *titles) goTo(i int) {
	l.at = max(0, min(i, len(l.s.shown)-1))
	l.ScrollTo(l.at)
	l.Refresh()
}

// TypedKey moves with the arrows, opens with Enter and Space, renames with F2 and
// deletes with Delete.
func (l *titles) TypedKey(k *fyne.KeyEvent) {
	if l.at >= len(l.s.shown) {
		l.at = max(0, len(l.s.shown)-1)
	}
	switch k.Name {
	case fyne.KeyEscape:
		l.do.escape()
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		l.open(l.at)
	case fyne.KeyF2:
		if len(l.s.shown) > 0 {
			l.do.rename(l.s.shown[l.at].ID)
		}
	case fyne.KeyDelete:
		if len(l.s.shown) > 0 {
			l.do.remove(l.s.shown[l.at].ID)
		}
	case fyne.KeyUp:
		l.goTo(l.at - 1)
	case fyne.KeyDown:
		l.goTo(l.at + 1)
	case fyne.KeyHome:
		l.goTo(0)
	case fyne.KeyEnd:
		l.goTo(len(l.s.shown) - 1)
	}
}

// title is a row of the list.
type title struct {
	widget.BaseWidget
	l      *titles
	i      int
	ground *kit.Surface
	text   *kit.Note
	sub    *kit.Note    // where the search found its words
	mark   *kit.Surface // an answer is being written here, or waits for its turn
	state  markState
}

// markState is what the mark of a row says.
type markState uint8

const (
	noMark markState = iota
	writingMark
	waitingMark
)

const markSize = 8

// markOf is the mark of a conversation.
func (s *sidebar) markOf(id string) markState {
	switch i := slices.IndexFunc(s.answers, func(a chat.Answering) bool { return a.ID == id }); {
	case i < 0:
		return noMark
	case i == 0:
		return writingMark
	}
	return waitingMark
}

func newTitle(l *titles) *title {
	t := &title{l: l, ground: kit.NewSurface(""), text: kit.NewNote(theme.SizeNameText), sub: kit.NewNote(theme.SizeNameCaptionText), mark: kit.NewSurface("")}
	t.ground.Radius, t.mark.Radius = 6, markSize/2
	t.mark.Hide()
	t.ExtendBaseWidget(t)
	return t
}

func (t *title) show(i int) {
	if t.i = i; i >= len(t.l.s.shown) {
		return
	}
	name := t.l.s.shown[i].Name
	if name == "" {
		name = kit.Tr("Untitled")
	}
	t.text.Set(kit.Span{Text: name, Colour: theme.ColorNameForeground, Bold: i == t.l.current})
	t.showSnippet(t.l.s.snippet(t.l.s.shown[i].ID))
	t.showMark(t.l.s.markOf(t.l.s.shown[i].ID))
	fill := fyne.ThemeColorName("")
	if i == t.l.current {
		fill = theme.ColorNameSelection
	}
	line, width := fyne.ThemeColorName(""), float32(0)
	if t.l.focused && i == t.l.at {
		line, width = theme.ColorNamePrimary, 2
	}
	if t.ground.Fill != fill || t.ground.Stroke != line {
		t.ground.Fill, t.ground.Stroke, t.ground.StrokeWidth = fill, line, width
		t.ground.Refresh()
	}
}

// snippet is where the search found its words in a conversation; empty where
// nothing is searched for.
func (s *sidebar) snippet(id string) string {
	if s.found == nil || strings.TrimSpace(s.search.Text) == "" {
		return ""
	}
	return s.found.Snippets[id]
}

// showSnippet shows a second line.
func (t *title) showSnippet(text string) {
	if text != t.sub.Text() {
		t.sub.Set(kit.Muted(text))
	}
	kit.SetVisible(t.sub, text != "")
}

// showMark draws a dot for an answer that is being written, and a ring for one that
// waits.
func (t *title) showMark(m markState) {
	if m == t.state {
		return
	}
	t.state = m
	t.mark.Fill, t.mark.Stroke, t.mark.StrokeWidth = theme.ColorNamePrimary, "", 0
	if m == waitingMark {
		t.mark.Fill, t.mark.Stroke, t.mark.StrokeWidth = "", theme.ColorNamePrimary, 1.5
	}
	kit.SetVisible(t.mark, m != noMark)
	t.Refresh()
}

// AccessibilityLabel is the name of the conversation, and what happens in it.
func (t *title) AccessibilityLabel() string {
	switch t.state {
	case writingMark:
		return kit.Tr("{{.Title}}, an answer is being written", "Title", t.text.Text())
	case waitingMark:
		return kit.Tr("{{.Title}}, an answer waits for its turn", "Title", t.text.Text())
	}
	return t.text.Text()
}

// AccessibilityRole is fyne.AccessibleRoleButton.
func (t *title) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// Tapped opens the conversation.
func (t *title) Tapped(*fyne.PointEvent) { t.l.open(t.i) }

// TappedSecondary opens its menu.
func (t *title) TappedSecondary(e *fyne.PointEvent) {
	if t.i < len(t.l.s.shown) {
		t.l.do.menu(t.l.s.shown[t.i], e.AbsolutePosition)
	}
}

func (t *title) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(kit.LayoutFunc{Min: fyne.NewSize(40, 25), Do: func(_ []fyne.CanvasObject, size fyne.Size) {
		t.ground.Move(fyne.NewPos(4, -3))
		t.ground.Resize(fyne.NewSize(size.Width-8, size.Height+6))
		h := t.text.MinSize().Height
		low := t.sub.MinSize().Height - 8 // the empty space of two lines in between
		top := (size.Height - h) / 2
		if t.l.tall {
			top = (size.Height - h - low) / 2
		}
		t.sub.Move(fyne.NewPos(6, top+h-8))
		t.sub.Resize(fyne.NewSize(size.Width-12, t.sub.MinSize().Height))
		t.text.Move(fyne.NewPos(6, top))
		t.text.Resize(fyne.NewSize(size.Width-12-2*markSize, h))
		t.mark.Move(fyne.NewPos(size.Width-8-markSize-4, (size.Height-markSize)/2))
		t.mark.Resize(fyne.NewSquareSize(markSize))
	}}, t.ground, t.text, t.sub, t.mark))
}

// sidebarDocks reports whether the sidebar stands beside the text rather than over it.
func (arr *arrangement) sidebarDocks() bool {
	return arr.frame.Size().Width >= kit.Px(sidebarDockWidth)
}

// sidebarShown reports whether the sidebar can be seen.
func (arr *arrangement) sidebarShown() bool {
	return arr.drawer == leftDrawer || arr.sidebarDocks() && arr.settings.SidebarOpen
}

// toggleSidebar opens or closes the sidebar, beside the text or over it.
func (arr *arrangement) toggleSidebar() {
	switch {
	case arr.sidebarDocks():
		arr.settings.SidebarOpen = !arr.settings.SidebarOpen
		arr.cfg.Save(arr.settings)
	case arr.drawer == leftDrawer:
		arr.closeDrawer()
		return
	default:
		arr.drawer = leftDrawer
	}
	arr.placeAgain()
	if arr.drawer == leftDrawer {
		arr.win.Canvas().Focus(arr.sidebar.fresh)
	}
}

// searchConversations puts the focus where one searches, and opens the sidebar
// for it.
func (con *conversations) searchConversations() {
	if !con.do.sidebarShown() {
		con.do.toggleSidebar()
	}
	if con.dialogs.Shown == nil {
		con.win.Canvas().Focus(con.sidebar.search)
	}
}
