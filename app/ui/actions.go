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
func (w *window) mainAction() {
	if w.writing() {
		w.stop()
		return
	}
	w.generate()
}

// generate adds the words of the prompt and continues the text.
func (w *window) generate() {
	if w.editsStory() {
		w.goOn(w.continueHere)
		return
	}
	if e := w.transcript.Editor(); e != nil && e.Message.Mine && w.win.Canvas().Focused() == e.Entry {
		w.goOn(w.sendEdited)
		return
	}
	if w.screen != nil || !w.ready() || !w.full() && w.done() {
		return
	}
	w.goOn(func() { w.begin(w.composer.take()) })
}

// goOn has the model write for this conversation, if there is room and it is the
// model that the user wants for it.
func (w *window) goOn(write func()) {
	switch {
	case !w.ready():
	case w.full():
		w.noRoom()
	default:
		w.byModel(write)
	}
}

// byModel has the open model write, if it is the one that the user wants for this
// conversation.
func (w *window) byModel(write func()) {
	if w.foreign() != nil {
		w.askModel(write)
		return
	}
	write()
}

// noRoom leads to what can be done about a full context: the strip says it.
func (w *window) noRoom() {
	w.info = nil
	w.update()
	if o := w.strip.Buttons.Objects; len(o) > 0 {
		if b, ok := o[0].(*kit.Button); ok {
			w.win.Canvas().Focus(b)
		}
	}
}

// begin writes on from text.
func (w *window) begin(text string) {
	if !w.canWrite() {
		return
	}
	w.closeEditor(true)
	w.info, w.opening = nil, false
	w.transcript.ToEnd()
	w.ctl.Generate(text, w.generation)
	w.focusPrompt()
}

// stop ends the answer of the conversation that is shown.
func (w *window) stop() {
	if w.stoppable() {
		w.ctl.Stop()
	}
}

// stopAny is stop, and where nothing is written here ends what is written in
// another conversation.
func (w *window) stopAny() {
	if a := elsewhere(w.view); a != nil && !w.writing() {
		w.ctl.StopIn(a.ID)
		return
	}
	w.stop()
}

func (w *window) retry() {
	if w.view.CanRetry {
		w.goOn(func() {
			w.closeEditor(true)
			w.transcript.ToEnd()
			w.ctl.Retry(w.generation)
			w.focusPrompt()
		})
	}
}

func (w *window) undo() {
	if w.view.CanUndo {
		w.closeEditor(true)
		w.info = nil
		w.ctl.Undo()
		w.focusPrompt()
	}
}

func (w *window) unload() {
	if w.view.Model != nil {
		w.setLast("")
		w.ctl.Unload()
	}
}

// tell shows a quiet strip for a while.
func (w *window) tell(sentence string, actions ...kit.Action) {
	w.info = &kit.Notice{Sentence: sentence, Actions: actions, Dismiss: w.forget}
	w.infoUntil = w.cfg.now().Add(infoFor)
	w.update()
}

// tellLater is tell for where the window is being drawn.
func (w *window) tellLater(sentence string) {
	w.info = &kit.Notice{Sentence: sentence, Dismiss: w.forget}
	w.infoUntil = w.cfg.now().Add(infoFor)
}

// tellProblem is tell for what went wrong.
func (w *window) tellProblem(p saying.Problem) {
	w.info = &kit.Notice{Kind: kit.Failure, Sentence: kit.Translate(p.Sentence), Hint: kit.Translate(p.Hint), Dismiss: w.forget,
		Actions: []kit.Action{{Label: kit.Tr("More"), Do: func() { w.dialogs.Detail(kit.Tr("What happened"), p.Detail) }}}}
	w.infoUntil = w.cfg.now().Add(infoFor)
	w.update()
}

func (w *window) forget() {
	w.info = nil
	w.update()
}

// load opens a model, after asking if that stops an answer, and if the model
// does not fit.
func (w *window) load(path string) {
	w.loadBy(path, func(open func()) { w.loadFitting(path, open) })
}

// LoadAnyway is load for a model that was said not to fit.
func (w *window) loadAnyway(path string) { w.loadBy(path, func(open func()) { open() }) }

func (w *window) loadBy(path string, check func(open func())) {
	open := func() {
		check(func() {
			w.closeScreen()
			w.opening, w.first, w.instead = true, "", nil
			w.ctl.Load(path, w.settings.Generation)
			w.focusPrompt()
		})
	}
	if w.writing() || len(w.view.Answers) > 0 {
		w.dialogs.Ask(kit.Tr("Opening another model stops this answer. What is written is kept."), kit.Tr("Keep writing"), kit.Action{Label: kit.Tr("Stop and open"), Do: open})
		return
	}
	open()
}

// arrive comes to the front, and opens what another start of the program was
// asked to open.
func (w *window) arrive(path string) {
	w.win.Show() // takes it out of the task bar
	w.win.RequestFocus()
	if path != "" {
		w.load(path)
	}
}

// dropped opens the first file or folder that was dropped on the window.
func (w *window) dropped(files []fyne.URI) {
	if len(files) > 0 {
		w.load(filepath.Clean(files[0].Path()))
	}
}

// message is what the strip says, the most severe first.
func (w *window) message() *kit.Notice {
	v := w.view
	switch {
	case w.full() && v.Model != nil && (v.Problem == nil || v.Figures.Stop == chat.ContextFull):
		return &kit.Notice{Kind: kit.Limit, Sentence: kit.Tr("This conversation fills the model’s {{.Tokens}} tokens.", "Tokens", kit.Count(v.Figures.Context)), Hint: w.roomHint(),
			Actions: []kit.Action{{Label: kit.Tr("Drop oldest turns"), Do: w.dropOldest}, {Label: kit.Tr("New conversation"), Do: w.fresh}}}
	case v.Problem != nil && v.Figures.Stop == chat.ContextFull && v.Figures.Short:
		return &kit.Notice{Kind: kit.Limit, Sentence: kit.Translate(v.Problem.Sentence), Hint: kit.Translate(v.Problem.Hint), Dismiss: w.ctl.DismissProblem,
			Actions: []kit.Action{{Label: kit.Tr("Drop oldest turns"), Do: w.dropOldest}, {Label: kit.Tr("New conversation"), Do: w.fresh}}}
	case v.Problem != nil:
		m := &kit.Notice{Kind: kit.Failure, Sentence: kit.Translate(v.Problem.Sentence), Hint: kit.Translate(v.Problem.Hint), Dismiss: w.ctl.DismissProblem}
		if w.loadFailed && !v.Problem.Unsupported {
			m.Actions = append(m.Actions, kit.Action{Label: kit.Tr("Open another…"), Do: func() { w.choose(false) }})
		}
		m.Actions = append(m.Actions, w.remedies(v.Problem)...)
		return m
	case v.Trouble != nil:
		m := &kit.Notice{Kind: kit.Failure, Sentence: kit.Translate(v.Trouble.Sentence), Hint: kit.Translate(v.Trouble.Hint), Dismiss: w.ctl.DismissProblem}
		if v.Unsaved {
			m.Actions = append(m.Actions, kit.Action{Label: kit.Tr("Save elsewhere…"), Do: func() { w.export(v.ID, ".json") }})
		}
		m.Actions = append(m.Actions, w.remedies(v.Trouble)...)
		return m
	case w.info != nil:
		return w.info
	case v.Advice != nil:
		return w.advice(v.Advice)
	case v.Recovered != nil:
		return &kit.Notice{Sentence: kit.Tr("Tern closed unexpectedly while writing."),
			Hint:    kit.TrN(v.Recovered.Words, "One word was saved.", "{{.N}} words were saved."),
			Actions: []kit.Action{{Label: kit.Tr("Show"), Do: func() { w.openConversation(v.Recovered.ID) }}, {Label: kit.Tr("Discard"), Do: w.ctl.DiscardRecovered}}}
	case w.report != "":
		return &kit.Notice{Sentence: kit.Tr("Tern closed unexpectedly."), Hint: kit.Tr("A report was kept on this computer. It is sent to nobody."),
			Actions: []kit.Action{{Label: kit.Tr("Show report"), Do: func() { w.dialogs.Detail(kit.Tr("What happened"), w.seenReport()) }}, {Label: kit.Tr("Copy"), Do: func() { w.copyText(w.seenReport()) }}},
			Dismiss: func() { w.seenReport() }}
	case len(w.notes) > 0:
		return w.notesMessage()
	case w.foreignMessage() != nil:
		return w.foreignMessage()
	case w.insteadMessage() != nil:
		return w.insteadMessage()
	case v.State == chat.Ready && v.Figures.Stop == chat.ReachedLength && w.answerID() != w.limitSeen:
		return &kit.Notice{Kind: kit.Limit, Sentence: kit.Tr("The answer reached {{.Tokens}} tokens.", "Tokens", kit.Count(v.Figures.MaxTokens)),
			Actions: []kit.Action{{Label: kit.Tr("Continue"), Do: func() { w.goOn(func() { w.begin("") }) }}, {Label: kit.Tr("Raise limit"), Do: w.raiseLimit}},
			Dismiss: func() { w.limitSeen = w.answerID(); w.update() }}
	}
	return w.offerCopy()
}

func (w *window) dropOldest() {
	w.ctl.DropOldest()
	w.focusPrompt()
}

// roomHint says where more room is, if the settings keep it from being used.
func (w *window) roomHint() string {
	if m, f := w.view.Model, w.view.Figures; m != nil && w.generation.Context > 0 && f.Context < m.ContextLen {
		return kit.Tr("The settings say {{.Tokens}}; the model has {{.All}}.", "Tokens", kit.Count(f.Context), "All", kit.Count(m.ContextLen))
	}
	return ""
}

// remedies are the buttons of a problem.
func (w *window) remedies(p *saying.Problem) (buttons []kit.Action) {
	if p.Unsupported {
		buttons = append(buttons, kit.Action{Label: kit.Tr("See supported models"), Do: func() { w.openScreen(w.modelsPage) }})
	}
	if p.Detail != "" {
		buttons = append(buttons, kit.Action{Label: kit.Tr("More"), Do: func() { w.dialogs.Detail(kit.Tr("What happened"), p.Detail) }})
	}
	return buttons
}

// seenReport is the report of a crash, whose strip goes.
func (w *window) seenReport() string {
	report := w.report
	w.report = ""
	w.update()
	return report
}

// raiseLimit doubles the longest answer and writes on.
func (w *window) raiseLimit() {
	g := w.generation
	g.MaxTokens *= 2
	if m := w.view.Model; m != nil && m.ContextLen > 0 {
		g.MaxTokens = min(g.MaxTokens, m.ContextLen)
	}
	w.options.use(g)
	w.goOn(func() { w.begin("") })
}

// answerID names the last answer, 0 for none.
func (w *window) answerID() int {
	for _, s := range slices.Backward(w.view.Document) {
		if s.Author == chat.Model {
			return s.ID
		}
	}
	return 0
}

// lastAnswer is what the model wrote last.
func (w *window) lastAnswer() string {
	for _, s := range slices.Backward(w.view.Document) {
		if s.Author == chat.Model {
			return strings.TrimLeft(s.Text, "\n")
		}
	}
	return ""
}

func (w *window) copyAnswer() { w.copyText(w.lastAnswer()) }

func (w *window) copyAll() {
	var all strings.Builder
	for _, s := range w.view.Document {
		all.WriteString(s.Text)
	}
	w.copyText(all.String())
}

func (w *window) copyText(text string) {
	if text != "" {
		fyne.CurrentApp().Clipboard().SetContent(text)
	}
}

// escape closes the topmost thing that is open, then stops, then does nothing.
func (w *window) escape() {
	switch {
	case w.choosing:
	case w.dialogs.Shown != nil:
		w.dialogs.Close()
	case w.drawer != noDrawer:
		w.closeDrawer()
	case w.transcript.Editor() != nil && w.screen == nil:
		w.closeEditor(w.transcript.Editor().Message == nil)
	case w.screen != nil:
		w.closeScreen()
	case w.finder.Open():
		w.closeFind()
	case w.transcript.Reader().On >= 0:
		w.focusPrompt()
	default:
		w.stop()
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
		w.findAgain(1)
	}
}

// focusPrompt puts the focus where one writes.
func (w *window) focusPrompt() {
	if w.dialogs.Shown == nil && w.screen == nil {
		w.win.Canvas().Focus(w.composer.entry)
	}
}

func (w *window) setGeneration(g settings.Generation) {
	w.generation, w.settings.Generation = g, g // the next conversation begins with those used last
	w.ctl.SetGeneration(w.known, g)
	w.applySettings()
	w.cfg.save(w.settings)
}

// resetGeneration brings every default back; it can be undone.
func (w *window) resetGeneration() {
	old := w.generation
	w.options.use(w.options.defaults())
	w.tell(kit.Tr("Settings reset."), kit.Action{Label: kit.Tr("Undo"), Do: func() {
		w.info = nil
		w.options.use(old)
		w.update()
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
