package chat

import (
	"context"
	"strings"
	"unicode"

	"tern/app/chat/backend"
	"tern/app/chat/document"
	"tern/app/settings"
)

// job is an answer that is being written, or waits for its turn. The worker
// begins and settles it; in between its goroutine computes. It is part of the desk, whose rules hold for it.
type job struct {
	conv   *conversation
	name   string // of that, to be shown beside another one
	before document.Document
	g      settings.Generation
	ctx    context.Context
	cancel context.CancelFunc
	state  State

	expected int // tokens of the prompt that are read at most where the model has the conversation in memory

	answer  *document.Segment // nil until there is one
	writes  backend.Answer    // what fills it; nil until then
	done    chan struct{}     // closed when its goroutine has ended; nil while there was none
	err     error             // how that ended
	settled bool
}

func newJob(t *conversation, g settings.Generation) *job {
	j := &job{conv: t, before: t.document, g: g, state: Waiting}
	j.ctx, j.cancel = context.WithCancel(context.Background())
	return j
}

// stateNow is the state, or Stopping where the end was asked for.
func (j *job) stateNow() State {
	if j.state != Waiting && j.ctx.Err() != nil {
		return Stopping
	}
	return j.state
}

// take puts one event of an answer into its segment and the figures.
func (j *job) take(e backend.Event) {
	a, f := j.answer, &j.conv.figures
	switch e.Kind {
	case backend.Reading:
		f.ReadAgain = e.Total > j.expected
		f.PromptDone, f.PromptTotal, f.PromptRate = e.Done, e.Total, 0
		if spent := e.Stats.Prefill.Seconds(); spent > 0 { // Stats has the rate of the whole prompt, once it is read
			f.PromptRate = float64(e.Done) / spent
		}
	case backend.Thinking:
		j.state = Generating
		a.Think(e.Text, e.IDs, e.Known, e.Stats.Decode)
		a.Thoughts.Open = a.Thoughts.Open && !e.Closed
	case backend.Writing:
		j.state = Generating
		a.Add(e.Text, e.IDs, e.Token)
	case backend.Ended:
		a.Made = e.Record
		f.Stop, f.StopText = e.Stop, e.StopText
	}
	f.Rate, f.FirstToken = e.Stats.DecodeRate(), e.Stats.FirstToken
	f.ContextUsed, f.Generated = e.Stats.ContextUsed, e.Stats.Generated
	a.By.Rate, a.By.FirstToken, a.By.Tokens = f.Rate, f.FirstToken, f.Generated
}

// finish leaves an answer so that it can be continued: without it where it has
// no text, without the beginning of a character that its last token began, and
// with ids that spell its text where a stop text was cut off it. A message that
// a stop text ended does not end in white space either: that belonged to what
// would have followed.
func (j *job) finish(newID func() int) {
	a, t := j.answer, j.conv
	stop := t.figures.Stop
	a.By.Stop, a.By.StopText = stop, t.figures.StopText
	text := a.Text()
	cut := strings.TrimSuffix(text, "\uFFFD")
	before := t.document.WithoutLast()
	if t.mode == ChatMode && stop == StoppedByText {
		cut = cut[:a.Lead] + strings.TrimRightFunc(cut[a.Lead:], unicode.IsSpace)
	}
	switch {
	case len(cut) == a.Lead && !a.Adds(before):
		t.document = before
		return
	case cut != text:
		a = a.Cut(newID(), cut)
		t.document = before.With(a)
	case stop != StoppedByText:
		a.Spelled()
		return
	}
	j.writes.Spell(a, t.mode == StoryMode && len(before.Segments) == 0)
	a.Spelled()
}
