// Package ui is the window: widgets and their places, and nothing that a
// conversation needs to know. It shows the view of a controller and passes on
// what the user does. Everything in it but run.go works without cgo and is
// tested without a display.
package ui

import (
	"strings"
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

// config is what the window is given by whoever runs it.
type config struct {
	controller Controller
	settings   settings.Settings
	save       func(settings.Settings) // called after every change; must not block
	now        func() time.Time
	lag        *lag // measures the window while an answer is written

	// choose opens the system's file window, for a file or a folder, in dir. It
	// returns at once and calls done on the window's goroutine: with an empty
	// path if nothing was chosen, with an error if there is no such window.
	choose func(folder bool, dir string, done func(path string, err error))
	// chooseNew does so for a file to write, which is called name unless the user
	// says otherwise; chooseJSON for a file to read.
	chooseNew  func(name, dir string, done func(path string, err error))
	chooseJSON func(dir string, done func(path string, err error))

	shelf   models.Shelf
	servers servers
	report  string // of the crash that ended the last run; empty for none
	program Program
	updates updates
}

// window holds the parts of the window and what they share. All its methods
// run on the window's goroutine. It decides nothing about the conversation: it
// shows the controller's view, and passes on what the user does.
type window struct {
	win      fyne.Window
	cfg      config
	ctl      Controller
	shelf    *models.Shelf
	th       *kit.Theme
	settings settings.Settings
	view     chat.View

	known      string              // conversation that prompt and settings belong to
	generation settings.Generation // of it

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

	dialogs    *kit.Dialogs
	choosing   bool
	panels     []*panel
	screens    []*screen
	screen     *screen // nil: the text is shown
	drawer     drawer
	info       *kit.Notice // of the window itself, until infoUntil
	infoUntil  time.Time
	report     string            // of a crash, until it was looked at
	opening    bool              // a model was asked for, and nothing was written since
	asked      int               // counts the models that were asked for
	loadFailed bool              // the problem in the view comes from that
	shaded     bool              // tokens are drawn in the text
	limitSeen  int               // the answer whose limit was dismissed
	hit        hit               // to be shown when its conversation is
	offered    string            // the model that a compact copy was offered of,
	offeredIn  string            // and the conversation that was shown then
	continued  map[string]string // models that the user chose to go on with, by conversation
	first      string            // the model that is being opened because Tern was closed with it
	instead    *instead          // nil: that is open, or the user saw why not
	notes      []string          // of the open model, until the user has seen them
	removed    []string          // conversations that were deleted since the start, the last one last
}

// newWindow fills win. update must be called once before it is shown.
func newWindow(win fyne.Window, th *kit.Theme, cfg config) *window {
	w := &window{win: win, cfg: cfg, ctl: cfg.controller, th: th, settings: cfg.settings, report: cfg.report,
		generation: cfg.settings.Generation, continued: map[string]string{}}
	w.dialogs = kit.NewDialogs(win.Canvas(), w.escape, w.dialogClosed)
	w.strip = kit.NewStrip(w.escape)
	w.transcript = longtext.New(longtext.Actions{Row: w.messageRow, Clicked: w.clickedText, Menu: w.textMenu, Pointed: w.pointed, Pointing: w.tokensShown, CopyText: w.copyText, Escape: w.escape,
		Changed: func(first int) { w.finder.Changed(first) }, Shades: w.shades})
	w.finder = w.transcript.Find(w.closeFind)
	w.start = newStart(w.begin, func() { w.choose(false) }, func() { w.load("") }, w.escape)
	w.composer = newComposer(th, w.generate, w.mainAction, w.escape)
	w.bindReader()
	w.composer.entry.onFocus = func(on bool) {
		w.composer.setFocused(on)
		if on {
			w.transcript.StopReading()
		}
		if on && w.editsStory() {
			w.closeEditor(true)
		}
	}
	w.composer.preset.OnTapped = func() { w.presetMenu(w.composer.preset) }
	w.composer.entry.page = w.transcript.PageBy
	w.composer.entry.find = w.findAgain
	w.composer.entry.OnChanged = func(text string) {
		w.ctl.SetDraft(w.known, text)
		w.showMain(w.cfg.now())
		if w.composer.grown() {
			w.relayout()
		}
	}
	w.options = newOptions(th, w.settings.Generation, w.settings.MoreOpen,
		w.setGeneration, w.presetMenu, w.resetGeneration, w.escape, w.setMore,
		func(text string) { w.ctl.SetSystem(w.known, text) })
	w.options.named = w.named
	w.status = newStatus(statusActions{cancel: w.cancelWork, open: w.openConversation, stop: w.ctl.StopIn, escape: w.escape})
	w.shelf = cfg.shelf.Whole()
	w.prefs = newPrefs(w.escape, w.setTheme, w.setTextSize, w.setEnterSends, w.setLanguage, newPrefsModels(w),
		newServing(w.escape, fyne.CurrentApp().Clipboard().SetContent, w.setServing), newUpdateRow(w))
	w.connect = newConnect(w.escape, w.findModels)
	w.newModelsPage()
	w.sidebar = newSidebar(sidebarActions{fresh: w.fresh, models: func() { w.openScreen(w.modelsPage) }, escape: w.escape, leave: w.focusPrompt, search: w.ctl.Search, open: w.openConversation,
		remove: w.remove, rename: w.rename, menu: w.conversationMenu})
	w.newInspectPanel()
	w.addPanels(w.options.panel(w.writing), w.inspectSide)
	w.addScreens(w.modelsPage, w.connect.screen(w.openConnect), w.prefs.screen())
	w.topbar = newTopbar(topbarActions{menu: w.modelMenu, open: func() { w.choose(false) }, sidebar: w.toggleSidebar,
		settings: func() { w.openScreen(w.prefs.page) }, escape: w.escape}, w.panels)
	w.scrim = kit.NewScrim(w.closeDrawer)
	w.scrim.Hide()
	w.newEdges()
	w.menu = newMenu(w)
	w.menu.setRecent(w.settings.Recent, w.load)

	w.page = container.NewWithoutLayout(w.start.box, w.transcript, w.strip.Box, w.finder.Box, w.composer.box)
	w.frame = container.New(kit.LayoutFunc{Min: fyne.NewSize(settings.MinWidth, settings.MinHeight-menuHeight), Do: w.layout},
		w.topbar.box, w.page)
	for _, s := range w.screens {
		w.frame.Add(s.box)
	}
	w.frame.Add(w.scrim)
	w.frame.Add(w.sidebar.box)
	for _, p := range w.panels {
		w.frame.Add(p.content)
	}
	w.frame.Add(w.leftEdge)
	w.frame.Add(w.rightEdge)
	w.frame.Add(w.status.box)
	w.cfg.lag.judged = w.lagged
	w.applySettings()
	win.SetMainMenu(w.menu.main)
	win.SetContent(tooltip.AddWindowToolTipLayer(w.frame, win.Canvas()))
	win.SetPadded(false)
	win.Resize(fyne.NewSize(w.settings.Width, w.settings.Height))
	win.SetOnDropped(func(_ fyne.Position, files []fyne.URI) { w.dropped(files) })
	win.Canvas().SetOnTypedKey(w.typedKey)
	w.focusPrompt()
	return w
}

// applySettings brings the parts in step with what does not depend on the view.
func (w *window) applySettings() {
	w.composer.entry.enterSends = w.settings.EnterSends
	w.composer.preset.SetLabel(presetName(w.named(w.generation).Preset) + " ▾")
	w.prefs.show(w.settings)
}

// update reads the controller's view and shows it. It returns when it wants to
// be called again although nothing may have changed, 0 for never.
func (w *window) update() time.Duration {
	v, now := w.ctl.View(), w.cfg.now()
	was := w.view
	w.view = v
	w.noteModel(was, v)
	w.noteRate(was, v)
	w.checkEditor()
	if v.ID != w.known {
		w.switched()
	}
	w.sidebar.show(v)
	if v.Problem != was.Problem {
		w.loadFailed = v.Problem != nil && w.opening
	}

	w.followFirst(was, v)

	w.status.download = runningDownload(w.shelf.Downloads.View())
	w.cfg.lag.watch(len(v.Answers) > 0 || w.writing())
	wake := w.status.show(v, now)
	if w.showText() {
		wake = sooner(wake, figuresEvery)
	}
	blank := w.transcript.Empty()
	changed := kit.SetVisible(w.transcript, !blank)
	changed = kit.SetVisible(w.start.box, blank && (v.State == chat.Ready || v.State == chat.NoModel)) || changed
	if w.start.box.Visible() {
		w.start.show(v.Model)
	}
	w.showHit()
	w.topbar.show(v)
	w.showPanel()
	w.showScreen()
	w.showComposer(now)
	if w.info != nil && !now.Before(w.infoUntil) {
		w.info = nil
	}
	if w.info != nil {
		wake = sooner(wake, w.infoUntil.Sub(now))
	}
	if w.strip.Show(w.message()) || changed {
		w.relayout()
	}
	w.showMenu()
	w.showCopy(was.Copy)
	return wake
}

// showText brings the text in step with the view, and tells if some waits.
func (w *window) showText() (waiting bool) {
	v := w.view
	w.parts = w.parts[:0]
	for _, s := range v.Document {
		w.parts = append(w.parts, longtext.Segment{ID: s.ID, Mine: s.Author == chat.User, Text: s.Text, Version: s.Version, Versions: s.Versions})
	}
	return w.transcript.Update(longtext.Document{ID: v.ID, Chat: v.Mode == chat.ChatMode, Parts: w.parts, Writing: w.writing()})
}

// sooner is the shorter of two waits, of which 0 is none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// writing tells if an answer of the conversation that is shown is being made, or
// waits for its turn.
func (w *window) writing() bool {
	s := w.view.State
	return s == chat.Prefilling || s == chat.Generating || s == chat.Stopping || s == chat.Waiting
}

// stoppable tells if an answer is being made here that was not stopped yet.
func (w *window) stoppable() bool { return w.writing() && w.view.State != chat.Stopping }

// elsewhere is the answer that is being written in a conversation that is not
// shown, nil for none.
func elsewhere(v chat.View) *chat.Answering {
	if len(v.Answers) == 0 || v.Answers[0].ID == v.ID {
		return nil
	}
	return &v.Answers[0]
}

// full tells if the context has no room left. Where only memory was short, there
// may be more the next time.
func (w *window) full() bool {
	f := w.view.Figures
	return f.Context > 0 && !f.Short && f.ContextUsed >= f.Context
}

// canWrite tells if Generate would do something.
func (w *window) canWrite() bool { return w.ready() && !w.full() }

// ready tells if the model would write for this conversation, had it room.
func (w *window) ready() bool { return w.view.State == chat.Ready && w.view.Model != nil }

// answered tells if a chat has nothing more to say without the user's words:
// the last answer was not cut, and no message waits for one.
func (w *window) answered() bool {
	stop := w.view.Figures.Stop
	if n := len(w.view.Document); n > 0 && stop == "" {
		last := w.view.Document[n-1]
		if stop = last.Stop; last.Author == chat.User {
			return false
		}
	}
	switch stop {
	case chat.ReachedLength, chat.StoppedByUser, chat.ContextFull, chat.StoppedByError:
		return false
	}
	return w.view.Mode == chat.ChatMode
}

// done tells if there is nothing to do for the model until the user writes.
func (w *window) done() bool { return w.answered() && w.wordless() }

// wordless tells if the prompt holds no words.
func (w *window) wordless() bool { return strings.TrimSpace(w.composer.entry.Text) == "" }

// showComposer sets the one main button and what the prompt asks for.
func (w *window) showComposer(now time.Time) {
	w.showMain(now)
	hint := kit.Tr("Write the beginning of a story…")
	switch m := w.view.Model; {
	case w.view.Mode == chat.ChatMode:
		hint = kit.Tr("Write a message")
	case !w.transcript.Empty():
		hint = kit.Tr("Add words, or leave empty")
	case m != nil && !m.Builtin:
		hint = kit.Tr("This model continues texts: write the beginning of one…")
	}
	if e := w.composer.entry; e.PlaceHolder != hint {
		e.SetPlaceHolder(hint)
	}
}

// showMain sets the one main button.
func (w *window) showMain(now time.Time) {
	label, tip := kit.Tr("Generate"), ""
	switch {
	case w.view.Mode == chat.ChatMode && (w.answered() || !w.wordless()):
		label = kit.Tr("Send")
	case w.editsStory():
		label = kit.Tr("Continue here")
	case !w.transcript.Empty():
		label = kit.Tr("Continue")
	}
	switch w.view.State {
	case chat.NoModel:
		tip = kit.Tr("Open a model first")
	case chat.Loading:
		tip = kit.Tr("Available when the model is open")
	case chat.Prefilling, chat.Generating, chat.Waiting:
		label = kit.Tr("Stop")
	case chat.Stopping:
		label = kit.Tr("Stop")
		if now.Sub(w.status.since) >= showStoppingAfter {
			label = kit.Tr("Stopping…")
		}
	}
	b := w.composer.main
	b.SetLabel(label)
	b.SetEnabled(w.ready() && (w.full() || !w.done()) || w.stoppable())
	b.SetToolTip(tip)
}

func (w *window) showMenu() {
	text := !w.transcript.Empty()
	w.menu.show(menuState{
		writing: w.writing(), stoppable: w.stoppable() || elsewhere(w.view) != nil, canWrite: w.ready(),
		canRetry: w.view.CanRetry, canUndo: w.view.CanUndo,
		removed: len(w.removed) > 0,
		text:    text, answer: w.lastAnswer() != "", model: w.view.Model != nil,
		copies:   w.view.Model != nil && !w.view.Model.Builtin,
		versions: w.lastMessage(func(s chat.Segment) bool { return s.Versions > 1 }) != nil,
		chats:    w.canTurn(), story: w.view.Mode == chat.StoryMode,
		sidebar: w.sidebarShown(), panel: w.panelShown(), theme: w.settings.Theme,
	})
}
