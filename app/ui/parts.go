package ui

import (
	"tern/app/chat"
	"tern/app/say"
	"tern/app/ui/inspect"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
	"tern/app/ui/models"
	"time"

	"fyne.io/fyne/v2"
)

// answering has the model write: what the main button and the menu do about
// answers.
type answering struct {
	*session
	do answeringActions

	composer   *composer
	options    *options
	status     *status
	strip      *kit.Strip
	transcript *longtext.View
	win        fyne.Window
}

// answeringActions are what answering needs of the other parts.
type answeringActions struct {
	askModel     func(write func())
	closeEditor  func(keep bool)
	continueHere func()
	covered      func() bool
	editsStory   func() bool
	focusPrompt  func()
	foreign      func() *other
	quiet        func()
	sendEdited   func()
	update       func() time.Duration
	wrote        func()
}

// notices is what the strip above the text says.
type notices struct {
	*session
	do noticesActions

	dialogs    *kit.Dialogs
	modelsPage *screen

	info      *kit.Notice // told until infoUntil; nil for nothing
	infoUntil time.Time
	limitSeen int    // the answer whose limit was dismissed
	report    string // of a crash, until it was looked at
}

// noticesActions are what notices needs of the other parts.
type noticesActions struct {
	advice           func(a *chat.Advice) *kit.Notice
	begin            func(text string)
	choose           func(folder bool)
	copyText         func(text string)
	dropOldest       func()
	export           func(id string, ext string)
	failed           func() bool
	foreignMessage   func() *kit.Notice
	fresh            func()
	goOn             func(write func())
	insteadMessage   func() *kit.Notice
	notesMessage     func() *kit.Notice
	offerCopy        func() *kit.Notice
	openConversation func(id string)
	openScreen       func(s *screen)
	raiseLimit       func()
	update           func() time.Duration
}

// opener opens models, the one of the last time among them.
type opener struct {
	*session
	do openerActions

	connect    *connect
	dialogs    *kit.Dialogs
	modelsPage *screen
	shelf      *models.Shelf
	win        fyne.Window

	asked      int      // counts the models that were asked for
	first      string   // the model that is being opened because Tern was closed with it
	instead    *instead // nil: that is open, or the user saw why not
	loadFailed bool     // the problem in the view comes from that
	opening    bool     // a model was asked for, and nothing was written since
}

// openerActions are what opener needs of the other parts.
type openerActions struct {
	choose      func(folder bool)
	closeScreen func()
	focusPrompt func()
	openScreen  func(s *screen)
	update      func() time.Duration
}

// chooser asks for files and folders, and has the folders of models.
type chooser struct {
	*session
	do chooserActions

	dialogs *kit.Dialogs
	menu    *menu
	models  *models.Page
	shelf   *models.Shelf

	choosing bool // the system's file window is open
}

// chooserActions are what chooser needs of the other parts.
type chooserActions struct {
	applySettings func()
	forget        func()
	load          func(path string)
	tell          func(sentence string, actions ...kit.Action)
}

// conversations is what is done with whole conversations.
type conversations struct {
	*session
	do conversationsActions

	composer   *composer
	dialogs    *kit.Dialogs
	finder     *longtext.Finder
	options    *options
	sidebar    *sidebar
	transcript *longtext.View
	win        fyne.Window

	hit     hit      // to be shown when its conversation is
	removed []string // conversations that were deleted since the start, the last one last
}

// conversationsActions are what conversations needs of the other parts.
type conversationsActions struct {
	applySettings func()
	chooseFile    func(chosen func(path string))
	chooseNew     func(name string, chosen func(path string))
	closeEditor   func(keep bool)
	closeLeft     func()
	closeScreen   func()
	focusPrompt   func()
	quiet         func()
	recommend     func()
	relayout      func()
	showMenu      func()
	sidebarShown  func() bool
	tell          func(sentence string, actions ...kit.Action)
	toggleSidebar func()
}

// editing is the editor in the place of a message, or of a paragraph of a story.
type editing struct {
	*session
	do editingActions

	inspect    *inspect.Panel
	th         *kit.Theme
	transcript *longtext.View
	win        fyne.Window
}

// editingActions are what editing needs of the other parts.
type editingActions struct {
	copyText    func(text string)
	covered     func() bool
	escape      func()
	focusPrompt func()
	showMain    func(now time.Time)
	showText    func() (waiting bool)
	tellLater   func(sentence string, actions ...kit.Action)
	tokensShown func() bool
}

// messages is what is done with one message, from its buttons and menus.
type messages struct {
	*session
	do messagesActions

	dialogs    *kit.Dialogs
	transcript *longtext.View
	win        fyne.Window
}

// messagesActions are what messages needs of the other parts.
type messagesActions struct {
	closeEditor   func(keep bool)
	editMessage   func(m longtext.Message)
	editParagraph func(i int)
	escape        func()
	retry         func()
	retryMessage  func(m longtext.Message)
	tell          func(sentence string, actions ...kit.Action)
	undo          func()
}

// reading is going through the text with the keyboard, and finding words in it.
type reading struct {
	*session
	do readingActions

	dialogs    *kit.Dialogs
	finder     *longtext.Finder
	transcript *longtext.View
	win        fyne.Window
}

// readingActions are what reading needs of the other parts.
type readingActions struct {
	closeEditor   func(keep bool)
	closeScreen   func()
	copyText      func(text string)
	covered       func() bool
	editMessage   func(m longtext.Message)
	editParagraph func(i int)
	focusPrompt   func()
	relayout      func()
}

// arrangement has the places of the regions: which panel, screen and drawer can be
// seen.
type arrangement struct {
	*session
	do arrangementActions

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

// copies looks after a model that was opened: compact copies, corrections, notes.
type copies struct {
	*session
	do copiesActions

	dialogs    *kit.Dialogs
	menu       *menu
	options    *options
	transcript *longtext.View

	notes     []string // of the open model, until the user has seen them
	offered   string   // the model that a compact copy was offered of,
	offeredIn string   // and the conversation that was shown then
}

// copiesActions are what copies needs of the other parts.
type copiesActions struct {
	applySettings func()
	chooseIn      func(what string, dir string, open func(dir string, done func(string, error)), done func(path string, err error))
	escape        func()
	load          func(path string)
	openedInstead func() bool
	quiet         func()
	recommend     func()
	tell          func(sentence string, actions ...kit.Action)
	tellLater     func(sentence string, actions ...kit.Action)
	tellProblem   func(p say.Problem)
	update        func() time.Duration
}

// authors asks who is to go on with a conversation that another model wrote.
type authors struct {
	*session
	do authorsActions

	dialogs    *kit.Dialogs
	transcript *longtext.View

	continued map[string]string // models that the user chose to go on with, by conversation
}

// authorsActions are what authors needs of the other parts.
type authorsActions struct {
	choose   func(folder bool)
	load     func(path string)
	setStory func()
	update   func() time.Duration
}

// preferences changes settings and brings the parts in step with them.
type preferences struct {
	*session
	do preferencesActions

	composer   *composer
	dialogs    *kit.Dialogs
	options    *options
	prefs      *prefs
	start      *start
	status     *status
	th         *kit.Theme
	topbar     *topbar
	transcript *longtext.View
	win        fyne.Window
}

// preferencesActions are what preferences needs of the other parts.
type preferencesActions struct {
	openScreen   func(s *screen)
	quiet        func()
	relayout     func()
	restyleParts func()
	showMenu     func()
	shows        func(s *screen) bool
	tell         func(sentence string, actions ...kit.Action)
	tellProblem  func(p say.Problem)
	update       func() time.Duration
}

// inspecting joins the Inspect panel to the text.
type inspecting struct {
	*session
	do inspectingActions

	finder      *longtext.Finder
	inspect     *inspect.Panel
	inspectSide *panel
	transcript  *longtext.View

	shaded bool // tokens are drawn in the text
}

// inspectingActions are what inspecting needs of the other parts.
type inspectingActions struct {
	copyText   func(text string)
	panelShown func() *panel
	showPanel  func()
	tell       func(sentence string, actions ...kit.Action)
}

// connecting finds and opens models in other programs.
type connecting struct {
	*session
	do connectingActions

	connect *connect
}

// connectingActions are what connecting needs of the other parts.
type connectingActions struct {
	closeScreen func()
	escape      func()
	load        func(path string)
}
