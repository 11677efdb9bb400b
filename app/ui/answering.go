package ui

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"tern/app/chat"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// answering has the model write: what the main button and the menu do about
// answers.
type answering struct {
	*session
	do answeringActions

	conversation Conversation

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

// mainAction is what the one main button does.
func (ans *answering) mainAction() {
	if ans.writing() {
		ans.stop()
		return
	}
	ans.generate()
}

// generate adds the words of the prompt and continues the text.
func (ans *answering) generate() {
	if ans.do.editsStory() {
		ans.goOn(ans.do.continueHere)
		return
	}
	if e := ans.transcript.Editor(); e != nil && e.Message.Mine && ans.win.Canvas().Focused() == e.Entry {
		ans.goOn(ans.do.sendEdited)
		return
	}
	if ans.do.covered() || !ans.ready() || !ans.full() && ans.done() {
		return
	}
	ans.goOn(func() { ans.begin(ans.composer.take()) })
}

// goOn has the model write for this conversation, if there is room and it is the
// model that the user wants for it.
func (ans *answering) goOn(write func()) {
	switch {
	case !ans.ready():
	case ans.full():
		ans.noRoom()
	default:
		ans.byModel(write)
	}
}

// byModel has the open model write, if it is the one that the user wants for this
// conversation.
func (ans *answering) byModel(write func()) {
	if ans.do.foreign() != nil {
		ans.do.askModel(write)
		return
	}
	write()
}

// noRoom leads to what can be done about a full context: the strip says it.
func (ans *answering) noRoom() {
	ans.do.quiet()
	ans.do.update()
	if o := ans.strip.Buttons.Objects; len(o) > 0 {
		if b, ok := o[0].(*kit.Button); ok {
			ans.win.Canvas().Focus(b)
		}
	}
}

// begin writes on from text.
func (ans *answering) begin(text string) {
	if !ans.canWrite() {
		return
	}
	ans.do.closeEditor(true)
	ans.do.quiet()
	ans.do.wrote()
	ans.transcript.ToEnd()
	ans.conversation.Generate(text, ans.generation)
	ans.do.focusPrompt()
}

// stop ends the answer of the conversation that is shown.
func (ans *answering) stop() {
	if ans.stoppable() {
		ans.conversation.Stop()
	}
}

// stopAny is stop, and where nothing is written here ends what is written in
// another conversation.
func (ans *answering) stopAny() {
	if a := elsewhere(ans.view); a != nil && !ans.writing() {
		ans.conversation.StopIn(a.ID)
		return
	}
	ans.stop()
}

func (ans *answering) retry() {
	if ans.view.CanRetry {
		ans.goOn(func() {
			ans.do.closeEditor(true)
			ans.transcript.ToEnd()
			ans.conversation.Retry(ans.generation)
			ans.do.focusPrompt()
		})
	}
}

func (ans *answering) undo() {
	if ans.view.CanUndo {
		ans.do.closeEditor(true)
		ans.do.quiet()
		ans.conversation.Undo()
		ans.do.focusPrompt()
	}
}

func (ans *answering) dropOldest() {
	ans.conversation.DropOldest()
	ans.do.focusPrompt()
}

// raiseLimit doubles the longest answer and writes on.
func (ans *answering) raiseLimit() {
	g := ans.generation
	g.MaxTokens *= 2
	if m := ans.view.Model; m != nil && m.ContextLen > 0 {
		g.MaxTokens = min(g.MaxTokens, m.ContextLen)
	}
	ans.options.use(g)
	ans.goOn(func() { ans.begin("") })
}

// done reports whether there is nothing to do for the model until the user writes.
func (ans *answering) done() bool { return ans.answered() && ans.wordless() }

// wordless reports whether the prompt holds no words.
func (ans *answering) wordless() bool { return strings.TrimSpace(ans.composer.entry.Text) == "" }

// showComposer sets the one main button and what the prompt asks for.
func (ans *answering) showComposer(now time.Time) {
	ans.showMain(now)
	hint := kit.Tr("Write the beginning of a story…")
	switch m := ans.view.Model; {
	case ans.view.Mode == chat.ChatMode:
		hint = kit.Tr("Write a message")
	case !ans.transcript.Empty():
		hint = kit.Tr("Add words, or leave empty")
	case m != nil && !m.Builtin:
		hint = kit.Tr("This model continues texts: write the beginning of one…")
	}
	if e := ans.composer.entry; e.PlaceHolder != hint {
		e.SetPlaceHolder(hint)
	}
}

// showMain sets the one main button.
func (ans *answering) showMain(now time.Time) {
	label, tip := kit.Tr("Generate"), ""
	switch {
	case ans.view.Mode == chat.ChatMode && (ans.answered() || !ans.wordless()):
		label = kit.Tr("Send")
	case ans.do.editsStory():
		label = kit.Tr("Continue here")
	case !ans.transcript.Empty():
		label = kit.Tr("Continue")
	}
	switch ans.view.State {
	case chat.NoModel:
		tip = kit.Tr("Open a model first")
	case chat.Loading:
		tip = kit.Tr("Available when the model is open")
	case chat.Prefilling, chat.Generating, chat.Waiting:
		label = kit.Tr("Stop")
	case chat.Stopping:
		label = kit.Tr("Stop")
		if now.Sub(ans.status.since) >= showStoppingAfter {
			label = kit.Tr("Stopping…")
		}
	}
	b := ans.composer.main
	b.SetLabel(label)
	b.SetEnabled(ans.ready() && (ans.full() || !ans.done()) || ans.stoppable())
	b.SetToolTip(tip)
}
