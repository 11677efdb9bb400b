// Package ui is the window: widgets and their places, and nothing that a
// conversation needs to know. It shows the view of a controller and passes on
// what the user does. Everything in it but desktop.go works without cgo and is
// tested without a display.
//
// The window (window.go) holds what is shown and the parts that do things, which
// know each other by the functions that wire.go gives them: answering, notices,
// opener, chooser, conversations, editing, messages, reading, arrangement, copies,
// authors, preferences, inspecting and connecting. What they share is the session
// (session.go). controller.go is what the window needs of the rest of the program.
//
// What needs no window is in packages of its own: kit (widgets and words), longtext
// (the view of a text), inspect and models (pages).
package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	tooltip "github.com/dweymouth/fyne-tooltip"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/inspect"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
	"tern/app/ui/models"
)

// Config is what the window is given by whoever runs it.
type Config struct {
	Controller Controller
	Settings   settings.Settings
	Save       func(settings.Settings) // called after every change; must not block
	Now        func() time.Time
	Post       func(func()) // runs a function on the window's goroutine, soon; the only way there
	Closing    func()       // called when the window closes for good: nothing may be posted to it any more
	lag        *lag         // measures the window while an answer is written

	// choose opens the system's file window, for a file or a folder, in dir. It
	// returns at once and calls done on the window's goroutine: with an empty
	// path if nothing was chosen, with an error if there is no such window.
	choose func(folder bool, dir string, done func(path string, err error))
	// chooseNew does so for a file to write, which is called name unless the user
	// says otherwise; chooseJSON for a file to read.
	chooseNew  func(name, dir string, done func(path string, err error))
	chooseJSON func(dir string, done func(path string, err error))

	Shelf   models.Shelf
	Servers Servers
	Report  string // of the crash that ended the last run; empty for none
	Program Program
	Updates Updates
}

// window holds the parts of the window and what they share. All its methods
// run on the window's goroutine. It decides nothing about the conversation: it
// shows the controller's view, and passes on what the user does.
type window struct {
	*session
	win   fyne.Window
	shelf *models.Shelf
	ctl   Controller
	th    *kit.Theme

	// What it does, each part with what it needs of the others (wire.go).
	answering     *answering
	notices       *notices
	opener        *opener
	chooser       *chooser
	conversations *conversations
	editing       *editing
	messages      *messages
	reading       *reading
	arrangement   *arrangement
	copies        *copies
	authors       *authors
	preferences   *preferences
	inspecting    *inspecting
	connecting    *connecting

	// What it shows.
	menu        *menu
	topbar      *topbar
	strip       *kit.Strip
	finder      *longtext.Finder
	transcript  *longtext.View
	start       *start
	sidebar     *sidebar
	composer    *composer
	options     *options
	inspect     *inspect.Panel
	inspectSide *panel
	status      *status
	prefs       *prefs
	models      *models.Page
	modelsPage  *screen
	connect     *connect
	scrim       *kit.Scrim
	leftEdge    *kit.Edge
	rightEdge   *kit.Edge
	parts       []longtext.Segment // of the text that is shown; kept to be filled again
	page        *fyne.Container    // text and prompt; a screen takes its place
	frame       *fyne.Container
	dialogs     *kit.Dialogs
}

// newWindow fills win. update must be called once before it is shown.
func newWindow(win fyne.Window, th *kit.Theme, cfg Config) *window {
	ctl := cfg.Controller
	cfg.Controller = Controller{} // a part has what it needs of it
	w := &window{win: win, th: th, ctl: ctl, session: &session{cfg: cfg, settings: cfg.Settings, generation: cfg.Settings.Generation},
		answering: &answering{}, notices: &notices{report: cfg.Report}, opener: &opener{}, chooser: &chooser{}, conversations: &conversations{},
		editing: &editing{}, messages: &messages{}, reading: &reading{}, arrangement: &arrangement{}, copies: &copies{},
		authors: &authors{continued: map[string]string{}}, preferences: &preferences{}, inspecting: &inspecting{}, connecting: &connecting{}}
	w.wire()
	w.dialogs = kit.NewDialogs(win.Canvas(), w.escape, w.dialogClosed)
	w.strip = kit.NewStrip(w.escape)
	w.transcript = longtext.New(longtext.Actions{Row: w.messages.messageRow, Clicked: w.editing.clickedText, Menu: w.messages.textMenu, Pointed: w.inspecting.pointed, Pointing: w.inspecting.tokensShown, CopyText: w.messages.copyText, Escape: w.escape,
		Changed: func(first int) { w.finder.Changed(first) }, Shades: w.inspecting.shades})
	w.finder = w.transcript.Find(w.reading.closeFind)
	w.start = newStart(w.answering.begin, func() { w.chooser.choose(false) }, func() { w.opener.load("") }, func() { w.arrangement.openScreen(w.modelsPage) }, w.escape)
	w.composer = newComposer(th, w.answering.generate, w.answering.mainAction, w.escape)
	w.composer.entry.onFocus = func(on bool) {
		w.composer.setFocused(on)
		if on {
			w.transcript.StopReading()
		}
		if on && w.editing.editsStory() {
			w.editing.closeEditor(true)
		}
	}
	w.composer.preset.OnTapped = func() { w.preferences.presetMenu(w.composer.preset) }
	w.composer.entry.page = w.transcript.PageBy
	w.composer.entry.find = w.reading.findAgain
	w.composer.entry.OnChanged = func(text string) {
		w.ctl.Conversation.SetDraft(w.known, text)
		w.answering.showMain(w.cfg.Now())
		if w.composer.grown() {
			w.arrangement.relayout()
		}
	}
	w.options = newOptions(th, w.settings.Generation, w.settings.MoreOpen,
		w.preferences.setGeneration, w.preferences.presetMenu, w.preferences.resetGeneration, w.escape, w.preferences.setMore,
		func(text string) { w.ctl.Conversation.SetSystem(w.known, text) })
	w.options.named = w.preferences.named
	w.status = newStatus(statusActions{cancel: w.copies.cancelWork, open: w.conversations.openConversation, stop: w.ctl.Conversation.StopIn, escape: w.escape})
	w.shelf = cfg.Shelf.Whole()
	w.prefs = newPrefs(w.escape, w.preferences.setTheme, w.preferences.setTextSize, w.preferences.setEnterSends, w.preferences.setLanguage, newPrefsModels(foldersActions{folders: w.chooser.modelFolders, add: w.chooser.addFolder, forget: w.chooser.forgetFolder,
		setSite: w.preferences.setSite, setToken: w.preferences.setToken, escape: w.escape}),
		newPrefsMemory(memoryActions{setKept: w.preferences.setKept, setSnapshots: w.preferences.setSnapshots, clear: w.ctl.Kept.Clear, escape: w.escape}),
		newServing(w.escape, fyne.CurrentApp().Clipboard().SetContent, w.preferences.setServing), newUpdateRow(w.cfg.Updates.host(), w.escape, w.preferences.setUpdates))
	w.connect = newConnect(w.escape, w.connecting.findModels)
	w.newModelsPage()
	w.sidebar = newSidebar(sidebarActions{fresh: w.conversations.fresh, models: func() { w.arrangement.openScreen(w.modelsPage) }, escape: w.escape, leave: w.focusPrompt, search: w.ctl.Shelf.Search, open: w.conversations.openConversation,
		remove: w.conversations.remove, rename: w.conversations.rename, menu: w.conversations.conversationMenu})
	w.newInspectPanel()
	w.arrangement.addPanels(w.options.panel(w.writing), w.inspectSide)
	w.arrangement.addScreens(w.modelsPage, w.connect.screen(w.connecting.openConnect), w.prefs.screen())
	w.topbar = newTopbar(topbarActions{menu: w.opener.modelMenu, open: func() { w.chooser.choose(false) }, sidebar: w.arrangement.toggleSidebar,
		settings: func() { w.arrangement.openScreen(w.prefs.page) }, escape: w.escape}, w.arrangement.panels)
	w.scrim = kit.NewScrim(w.arrangement.closeDrawer)
	w.scrim.Hide()
	w.newEdges()
	w.menu = newMenu(w.menuActions(), w.arrangement.panels, w.arrangement.screens, w.cfg.Updates.Home != "")
	w.menu.setRecent(w.settings.Recent, w.opener.load)

	w.equip()
	w.reading.bindReader()
	w.page = container.NewWithoutLayout(w.start.box, w.transcript, w.strip.Box, w.finder.Box, w.composer.box)
	w.frame = container.New(kit.LayoutFunc{Min: fyne.NewSize(settings.MinWidth, settings.MinHeight-menuHeight), Do: w.arrangement.layout},
		w.topbar.box, w.page)
	w.arrangement.frame, w.arrangement.page = w.frame, w.page
	for _, s := range w.arrangement.screens {
		w.frame.Add(s.box)
	}
	w.frame.Add(w.scrim)
	w.frame.Add(w.sidebar.box)
	for _, p := range w.arrangement.panels {
		w.frame.Add(p.content)
	}
	w.frame.Add(w.leftEdge)
	w.frame.Add(w.rightEdge)
	w.frame.Add(w.status.box)
	w.cfg.lag.judged = w.inspecting.lagged
	w.preferences.applySettings()
	win.SetMainMenu(w.menu.main)
	win.SetContent(tooltip.AddWindowToolTipLayer(w.frame, win.Canvas()))
	win.SetPadded(false)
	win.Resize(fyne.NewSize(w.settings.Width, w.settings.Height))
	win.SetOnDropped(func(_ fyne.Position, files []fyne.URI) { w.opener.dropped(files) })
	win.Canvas().SetOnTypedKey(w.typedKey)
	w.focusPrompt()
	return w
}

// update reads the controller's view and shows it. It returns when it wants to
// be called again although nothing may have changed, 0 for never.
func (w *window) update() time.Duration {
	v, now := w.ctl.Conversation.View(), w.cfg.Now()
	was := w.view
	w.view = v
	w.copies.noteModel(was, v)
	w.copies.noteRate(was, v)
	w.editing.checkEditor()
	if v.ID != w.known {
		w.conversations.switched()
	}
	w.sidebar.show(v)
	w.opener.noteProblem(was, v)
	w.opener.followFirst(was, v)

	w.status.download = runningDownload(w.shelf.Downloads.View())
	w.cfg.lag.watch(len(v.Answers) > 0 || w.writing())
	w.prefs.memory.kept(v.KeptView)
	wake := w.status.show(v, now)
	if w.showText() {
		wake = sooner(wake, figuresEvery)
	}
	blank := w.transcript.Empty()
	changed := kit.SetVisible(w.transcript, !blank)
	changed = kit.SetVisible(w.start.box, blank && (v.State == chat.Ready || v.State == chat.NoModel)) || changed
	if w.start.box.Visible() {
		w.start.show(v.Model, w.models.First.Suggest(v))
	}
	w.models.First.Follow(v)
	w.conversations.showHit()
	w.topbar.show(v)
	w.arrangement.showPanel()
	w.arrangement.showScreen()
	w.answering.showComposer(now)
	wake = sooner(wake, w.notices.expire(now))
	if w.strip.Show(w.notices.message()) || changed {
		w.arrangement.relayout()
	}
	w.showMenu()
	w.copies.showCopy(was.Copy)
	return wake
}

// showText brings the text in step with the view, and reports whether some waits.
func (w *window) showText() (waiting bool) {
	v := w.view
	w.parts = w.parts[:0]
	for _, s := range v.Document {
		w.parts = append(w.parts, longtext.Segment{ID: s.ID, Mine: s.Author == chat.User, Text: s.Text, Version: s.Version, Versions: s.Versions,
			Thoughts: s.Thoughts, Thinking: s.Thinking, Took: s.Took})
	}
	return w.transcript.Update(longtext.Document{ID: v.ID, Chat: v.Mode == chat.ChatMode, Parts: w.parts, Writing: w.writing()})
}

// sooner is the shorter of two waits, where 0 means no wait.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// elsewhere is the answer that is being written in a conversation that is not
// shown, nil for none.
func elsewhere(v chat.View) *chat.Answering {
	if len(v.Answers) == 0 || v.Answers[0].ID == v.ID {
		return nil
	}
	return &v.Answers[0]
}

func (w *window) showMenu() {
	text := !w.transcript.Empty()
	w.menu.show(menuState{
		writing: w.writing(), stoppable: w.stoppable() || elsewhere(w.view) != nil, canWrite: w.ready(),
		canRetry: w.view.CanRetry, canUndo: w.view.CanUndo,
		removed: w.conversations.canRestore(),
		text:    text, answer: lastAnswer(w.view) != "", model: w.view.Model != nil,
		copies:   w.view.Model != nil && !w.view.Model.Builtin,
		versions: lastMessage(w.view, func(s chat.Segment) bool { return s.Versions > 1 }) != nil,
		chats:    w.conversations.canTurn(), story: w.view.Mode == chat.StoryMode, thoughts: w.settings.ExportThoughts,
		sidebar: w.arrangement.sidebarShown(), panel: w.arrangement.panelShown(), theme: w.settings.Theme,
	})
}

// escape closes the topmost thing that is open, then stops, then does nothing.
func (w *window) escape() {
	switch {
	case w.chooser.busy():
	case w.dialogs.Shown != nil:
		w.dialogs.Close()
	case w.arrangement.drawerOpen():
		w.arrangement.closeDrawer()
	case w.transcript.Editor() != nil && !w.arrangement.covered():
		w.editing.closeEditor(w.transcript.Editor().Message == nil)
	case w.arrangement.covered():
		w.arrangement.closeScreen()
	case w.finder.Open():
		w.reading.closeFind()
	case w.transcript.Reader().On >= 0:
		w.focusPrompt()
	default:
		w.answering.stop()
	}
}

// typedKey gets the keys that no control has the focus for.
func (w *window) typedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		w.escape()
	case fyne.KeyPageUp:
		w.transcript.PageBy(-1)
	case fyne.KeyPageDown:
		w.transcript.PageBy(1)
	case fyne.KeyF3:
		w.reading.findAgain(1)
	}
}

// focusPrompt puts the focus where one writes.
func (w *window) focusPrompt() {
	if w.dialogs.Shown == nil && !w.arrangement.covered() {
		w.win.Canvas().Focus(w.composer.entry)
	}
}

// dialogClosed gives the focus back to the editor that is open, or the prompt.
func (w *window) dialogClosed() {
	if e := w.transcript.Editor(); e != nil { // the prompt would close it
		w.win.Canvas().Focus(e.Entry)
		return
	}
	w.focusPrompt()
}
