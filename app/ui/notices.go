package ui

import (
	"time"

	"tern/app/chat"
	"tern/app/say"
	"tern/app/ui/kit"
)

// notices is what the strip above the text says.
type notices struct {
	*session
	do noticesActions

	conversation Conversation
	shelf        Shelf

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

// infoFor is how long something that was done can be undone from the strip.
const infoFor = 10 * time.Second

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
func (n *notices) tellProblem(p say.Problem) {
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

// message is what the strip says, the most severe first.
func (n *notices) message() *kit.Notice {
	v := n.view
	switch {
	case n.full() && v.Model != nil && (v.Problem == nil || v.Figures.Stop == chat.ContextFull):
		return &kit.Notice{Kind: kit.Limit, Sentence: kit.Tr("This conversation fills the model’s {{.Tokens}} tokens.", "Tokens", kit.Count(v.Figures.Context)), Hint: n.roomHint(),
			Actions: []kit.Action{{Label: kit.Tr("Drop oldest turns"), Do: n.do.dropOldest}, {Label: kit.Tr("New conversation"), Do: n.do.fresh}}}
	case v.Problem != nil && v.Figures.Stop == chat.ContextFull && v.Figures.Short:
		return &kit.Notice{Kind: kit.Limit, Sentence: kit.Translate(v.Problem.Sentence), Hint: kit.Translate(v.Problem.Hint), Dismiss: n.conversation.DismissProblem,
			Actions: []kit.Action{{Label: kit.Tr("Drop oldest turns"), Do: n.do.dropOldest}, {Label: kit.Tr("New conversation"), Do: n.do.fresh}}}
	case v.Problem != nil:
		m := &kit.Notice{Kind: kit.Failure, Sentence: kit.Translate(v.Problem.Sentence), Hint: kit.Translate(v.Problem.Hint), Dismiss: n.conversation.DismissProblem}
		if n.do.failed() && !v.Problem.Unsupported {
			m.Actions = append(m.Actions, kit.Action{Label: kit.Tr("Open another…"), Do: func() { n.do.choose(false) }})
		}
		m.Actions = append(m.Actions, n.remedies(v.Problem)...)
		return m
	case v.Trouble != nil:
		m := &kit.Notice{Kind: kit.Failure, Sentence: kit.Translate(v.Trouble.Sentence), Hint: kit.Translate(v.Trouble.Hint), Dismiss: n.conversation.DismissProblem}
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
			Actions: []kit.Action{{Label: kit.Tr("Show"), Do: func() { n.do.openConversation(v.Recovered.ID) }}, {Label: kit.Tr("Discard"), Do: n.shelf.DiscardRecovered}}}
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
	case endedThinking(v) && answerID(v) != n.limitSeen:
		return n.thinkingNotice()
	case v.State == chat.Ready && v.Figures.Stop == chat.ReachedLength && answerID(n.view) != n.limitSeen:
		return &kit.Notice{Kind: kit.Limit, Sentence: kit.Tr("The answer reached {{.Tokens}} tokens.", "Tokens", kit.Count(v.Figures.MaxTokens)),
			Actions: []kit.Action{{Label: kit.Tr("Continue"), Do: func() { n.do.goOn(func() { n.do.begin("") }) }}, {Label: kit.Tr("Raise limit"), Do: n.do.raiseLimit}},
			Dismiss: func() { n.limitSeen = answerID(n.view); n.do.update() }}
	}
	return n.do.offerCopy()
}

// remedies are the buttons of a problem.
func (n *notices) remedies(p *say.Problem) (buttons []kit.Action) {
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
