package server

import (
	"context"
	"time"

	"tern/inference"
)

// turns decides who writes when: it is all that stands between a request and the
// text that streams back.
type turns interface {
	// turn waits until q can be answered. The function that it returns writes the
	// answer and must be called, once.
	turn(ctx context.Context, q *question) (write, error)
	// load is how many answers are being written, and how many requests wait.
	load() (running, waiting int)
	// retire says that nobody asks any more.
	retire()
}

// write generates and calls yield with every event of Session.Generate, which is
// valid during the call. It returns at most one token after ctx is done.
type write func(ctx context.Context, yield func(e *inference.Event)) error

// served is the model that is open.
type served struct {
	engine  *inference.Engine
	context int // positions of every sequence
	since   time.Time
	turns
}

func newServed(e *inference.Engine, o *Options) *served {
	length := e.Model().ContextLen
	if c := o.Session.Context; c > 0 {
		length = min(length, c)
	}
	return &served{e, length, time.Now(), newSchedule(e, o, length)}
}

// modelCard is one entry of /v1/models. What follows OwnedBy is our own.
type modelCard struct {
	ID      string `json:"id"`
	Object  string `json:"object"` // "model"
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
	Context int    `json:"context_length"`
	Params  int64  `json:"params"`
	Chat    bool   `json:"chat"` // has a chat template: /v1/chat/completions works
	// Thinking lists the levels of reasoning_effort, null where the model does not
	// think or cannot be switched.
	Thinking []string `json:"thinking"`
	Tools    bool     `json:"tools"` // its template has tools
}

func (m *served) card() modelCard {
	_, chat := m.engine.ChatTemplate()
	f := m.engine.AnswerFormat()
	var levels []string
	for _, l := range f.Levels {
		levels = append(levels, l.Name)
	}
	e := m.engine.Model()
	return modelCard{e.Name, "model", m.since.Unix(), "tern", m.context, e.Params(), chat, levels, f.Tools != nil}
}
