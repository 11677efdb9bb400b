package ui

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"tern/app/chat"
	saying "tern/app/say"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// infoFor is how long something that was done can be undone from the strip.
const infoFor = 10 * time.Second

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
	ans.ctl.Conversation.Generate(text, ans.generation)
	ans.do.focusPrompt()
}

// stop ends the answer of the conversation that is shown.
func (ans *answering) stop() {
	if ans.stoppable() {
		ans.ctl.Conversation.Stop()
	}
}

// stopAny is stop, and where nothing is written here ends what is written in
// another conversation.
func (ans *answering) stopAny() {
	if a := elsewhere(ans.view); a != nil && !ans.writing() {
		ans.ctl.Conversation.StopIn(a.ID)
		return
	}
	ans.stop()
}

func (ans *answering) retry() {
	if ans.view.CanRetry {
		ans.goOn(func() {
			ans.do.closeEditor(true)
			ans.transcript.ToEnd()
			ans.ctl.Conversation.Retry(ans.generation)
			ans.do.focusPrompt()
		})
	}
}

func (ans *answering) undo() {
	if ans.view.CanUndo {
		ans.do.closeEditor(true)
		ans.do.quiet()
		ans.ctl.Conversation.Undo()
		ans.do.focusPrompt()
	}
}

func (o *opener) unload() {
	if o.view.Model != nil {
		o.setLast("")
		o.ctl.Models.Unload()
	}
}

// tell shows a quiet strip for a while.
func (n *notices) tell(sentence string, actions ...kit.Action) {
	n.info = &kit.Notice{Sentence: sentence, Actions: actions, Dismiss: n.forget}
	n.infoUntil = n.cfg.Now().Add(infoFor)
	n.do.update()
}

// tellLater is tell for where the window is being drawn.
func (n *notices) tellLater(sentence string, actions ...kit.Action) {
	n.info = &kit.Notice{Sentence: sentence, Actions: actions, Dismiss: n.forget}
	n.infoUntil = n.cfg.Now().Add(infoFor)
}

// tellProblem is tell for what went wrong.
func (n *notices) tellProblem(p saying.Problem) {
	n.info = &kit.Notice{Kind: kit.Failure, Sentence: kit.Translate(p.Sentence), Hint: kit.Translate(p.Hint), Dismiss: n.forget,
		Actions: []kit.Action{{Label: kit.Tr("More"), Do: func() { n.dialogs.Detail(kit.Tr("What happened"), p.Detail) }}}}
	n.infoUntil = n.cfg.Now().Add(infoFor)
	n.do.update()
}

func (n *notices) forget() {
	n.info = nil
	n.do.update()
}

// quiet ends what is told, before something is done that draws.
func (n *notices) quiet() { n.info = nil }

// notice is what is told now, nil for nothing.
func (n *notices) notice() *kit.Notice { return n.info }

// expire ends what was told long enough. It returns when it wants to be called
// again, 0 for never.
func (n *notices) expire(now time.Time) time.Duration {
	if n.info != nil && !now.Before(n.infoUntil) {
		n.info = nil
	}
	if n.info == nil {
		return 0
	}
	return n.infoUntil.Sub(now)
}

// load opens a model, after asking if that stops an answer, and if the model
// does not fit.
func (o *opener) load(path string) {
	o.loadBy(path, func(open func()) { o.loadFitting(path, open) })
}

// LoadAnyway is load for a model that was said not to fit.
func (o *opener) loadAnyway(path string) { o.loadBy(path, func(open func()) { open() }) }

func (o *opener) loadBy(path string, check func(open func())) {
	open := func() {
		check(func() {
			o.do.closeScreen()
			o.opening, o.first, o.instead = true, "", nil
			o.ctl.Models.Load(path, o.settings.Generation)
			o.do.focusPrompt()
		})
	}
	if o.writing() || len(o.view.Answers) > 0 {
		o.dialogs.Ask(kit.Tr("Opening another model stops this answer. What is written is kept."), kit.Tr("Keep writing"), kit.Action{Label: kit.Tr("Stop and open"), Do: open})
		return
	}
	open()
}

// arrive comes to the front, and opens what another start of the program was
// asked to open.
func (o *opener) arrive(path string) {
	o.win.Show() // takes it out of the task bar
	o.win.RequestFocus()
	if path != "" {
		o.load(path)
	}
}

// dropped opens the first file or folder that was dropped on the window.
func (o *opener) dropped(files []fyne.URI) {
	if len(files) > 0 {
		o.load(filepath.Clean(files[0].Path()))
	}
}

// message is what the strip says, the most severe first.
func (n *notices) message() *kit.Notice {
	v := n.view
	switch {
	case n.full() && v.Model != nil && (v.Problem == nil || v.Figures.Stop == chat.ContextFull):
		return &kit.Notice{Kind: kit.Limit, Sentence: kit.Tr("This conversation fills the model’s {{.Tokens}} tokens.", "Tokens", kit.Count(v.Figures.Context)), Hint: n.roomHint(),
			Actions: []kit.Action{{Label: kit.Tr("Drop oldest turns"), Do: n.do.dropOldest}, {Label: kit.Tr("New conversation"), Do: n.do.fresh}}}
	case v.Problem != nil && v.Figures.Stop == chat.ContextFull && v.Figures.Short:
		return &kit.Notice{Kind: kit.Limit, Sentence: kit.Translate(v.Problem.Sentence), Hint: kit.Translate(v.Problem.Hint), Dismiss: n.ctl.Conversation.DismissProblem,
			Actions: []kit.Action{{Label: kit.Tr("Drop oldest turns"), Do: n.do.dropOldest}, {Label: kit.Tr("New conversation"), Do: n.do.fresh}}}
	case v.Problem != nil:
		m := &kit.Notice{Kind: kit.Failure, Sentence: kit.Translate(v.Problem.Sentence), Hint: kit.Translate(v.Problem.Hint), Dismiss: n.ctl.Conversation.DismissProblem}
		if n.do.failed() && !v.Problem.Unsupported {
			m.Actions = append(m.Actions, kit.Action{Label: kit.Tr("Open another…"), Do: func() { n.do.choose(false) }})
		}
		m.Actions = append(m.Actions, n.remedies(v.Problem)...)
		return m
	case v.Trouble != nil:
		m := &kit.Notice{Kind: kit.Failure, Sentence: kit.Translate(v.Trouble.Sentence), Hint: kit.Translate(v.Trouble.Hint), Dismiss: n.ctl.Conversation.DismissProblem}
		if v.Unsaved {
			m.Actions = append(m.Actions, kit.Action{Label: kit.Tr("Save elsewhere…"), Do: func() { n.do.export(v.ID, ".json") }})
		}
		m.Actions = append(m.Actions, n.remedies(v.Trouble)...)
		return m
	case n.info != nil:
		return n.info
	case v.Advice != nil:
		return n.do.advice(v.Advice)
	case v.Recovered != nil:
		return &kit.Notice{Sentence: kit.Tr("Tern closed unexpectedly while writing."),
			Hint:    kit.TrN(v.Recovered.Words, "One word was saved.", "{{.N}} words were saved."),
			Actions: []kit.Action{{Label: kit.Tr("Show"), Do: func() { n.do.openConversation(v.Recovered.ID) }}, {Label: kit.Tr("Discard"), Do: n.ctl.Shelf.DiscardRecovered}}}
	case n.report != "":
		return &kit.Notice{Sentence: kit.Tr("Tern closed unexpectedly."), Hint: kit.Tr("A report was kept on this computer. It is sent to nobody."),
			Actions: []kit.Action{{Label: kit.Tr("Show report"), Do: func() { n.dialogs.Detail(kit.Tr("What happened"), n.seenReport()) }}, {Label: kit.Tr("Copy"), Do: func() { n.do.copyText(n.seenReport()) }}},
			Dismiss: func() { n.seenReport() }}
	case n.do.notesMessage() != nil:
		return n.do.notesMessage()
	case n.do.foreignMessage() != nil:
		return n.do.foreignMessage()
	case n.do.insteadMessage() != nil:
		return n.do.insteadMessage()
	case v.State == chat.Ready && v.Figures.Stop == chat.ReachedLength && answerID(n.view) != n.limitSeen:
		return &kit.Notice{Kind: kit.Limit, Sentence: kit.Tr("The answer reached {{.Tokens}} tokens.", "Tokens", kit.Count(v.Figures.MaxTokens)),
			Actions: []kit.Action{{Label: kit.Tr("Continue"), Do: func() { n.do.goOn(func() { n.do.begin("") }) }}, {Label: kit.Tr("Raise limit"), Do: n.do.raiseLimit}},
			Dismiss: func() { n.limitSeen = answerID(n.view); n.do.update() }}
	}
	return n.do.offerCopy()
}

func (ans *answering) dropOldest() {
	ans.ctl.Conversation.DropOldest()
	ans.do.focusPrompt()
}

// roomHint says where more room is, if the settings keep it from being used.
func (ses *session) roomHint() string {
	if m, f := ses.view.Model, ses.view.Figures; m != nil && ses.generation.Context > 0 && f.Context < m.ContextLen {
		return kit.Tr("The settings say {{.Tokens}}; the model has {{.All}}.", "Tokens", kit.Count(f.Context), "All", kit.Count(m.ContextLen))
	}
	return ""
}

// remedies are the buttons of a problem.
func (n *notices) remedies(p *saying.Problem) (buttons []kit.Action) {
	if p.Unsupported {
		buttons = append(buttons, kit.Action{Label: kit.Tr("See supported models"), Do: func() { n.do.openScreen(n.modelsPage) }})
	}
	if p.Detail != "" {
		buttons = append(buttons, kit.Action{Label: kit.Tr("More"), Do: func() { n.dialogs.Detail(kit.Tr("What happened"), p.Detail) }})
	}
	return buttons
}

// seenReport is the report of a crash, whose strip goes.
func (n *notices) seenReport() string {
	report := n.report
	n.report = ""
	n.do.update()
	return report
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

// answerID names the last answer, 0 for none.
func answerID(v chat.View) int {
	for _, s := range slices.Backward(v.Document) {
		if s.Author == chat.Model {
			return s.ID
		}
	}
	return 0
}

// lastAnswer is what the model wrote last.
func lastAnswer(v chat.View) string {
	for _, s := range slices.Backward(v.Document) {
		if s.Author == chat.Model {
			return strings.TrimLeft(s.Text, "\n")
		}
	}
	return ""
}

func (mes *messages) copyAnswer() { mes.copyText(lastAnswer(mes.view)) }

func (mes *messages) copyAll() {
	var all strings.Builder
	for _, s := range mes.view.Document {
		all.WriteString(s.Text)
	}
	mes.copyText(all.String())
}

func (mes *messages) copyText(text string) {
	if text != "" {
		fyne.CurrentApp().Clipboard().SetContent(text)
	}
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

func (pre *preferences) setGeneration(g settings.Generation) {
	pre.generation, pre.settings.Generation = g, g // the next conversation begins with those used last
	pre.ctl.Conversation.SetGeneration(pre.known, g)
	pre.applySettings()
	pre.cfg.Save(pre.settings)
}

// resetGeneration brings every default back; it can be undone.
func (pre *preferences) resetGeneration() {
	old := pre.generation
	pre.options.use(pre.options.defaults())
	pre.do.tell(kit.Tr("Settings reset."), kit.Action{Label: kit.Tr("Undo"), Do: func() {
		pre.do.quiet()
		pre.options.use(old)
		pre.do.update()
	}})
}

// dialogClosed gives the focus back to the editor that is open, or the prompt.
func (w *window) dialogClosed() {
	if e := w.transcript.Editor(); e != nil { // the prompt would close it
		w.win.Canvas().Focus(e.Entry)
		return
	}
	w.focusPrompt()
}
