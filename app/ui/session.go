package ui

import (
	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// session is what the parts of the window share: the conversation that is shown,
// and the settings. It has no widgets. view, settings and generation
// change on the window's goroutine alone.
type session struct {
	cfg      Config
	settings settings.Settings
	view     chat.View

	known      string              // conversation that prompt and settings belong to
	generation settings.Generation // of it
}

// roomHint says where more room is, if the settings keep it from being used.
func (ses *session) roomHint() string {
	if m, f := ses.view.Model, ses.view.Figures; m != nil && ses.generation.Context > 0 && f.Context < m.ContextLen {
		return kit.Tr("The settings say {{.Tokens}}; the model has {{.All}}.", "Tokens", kit.Count(f.Context), "All", kit.Count(m.ContextLen))
	}
	return ""
}

// writing reports whether an answer of the conversation that is shown is being made, or
// waits for its turn.
func (ses *session) writing() bool {
	s := ses.view.State
	return s == chat.Prefilling || s == chat.Generating || s == chat.Stopping || s == chat.Waiting
}

// stoppable reports whether an answer is being made here that was not stopped yet.
func (ses *session) stoppable() bool { return ses.writing() && ses.view.State != chat.Stopping }

// full reports whether the context has no room left. Where only memory was short, there
// may be more the next time.
func (ses *session) full() bool {
	f := ses.view.Figures
	return f.Context > 0 && !f.Short && f.ContextUsed >= f.Context
}

// canWrite reports whether Generate would do something.
func (ses *session) canWrite() bool { return ses.ready() && !ses.full() }

// ready reports whether the model would write for this conversation, had it room.
func (ses *session) ready() bool { return ses.view.State == chat.Ready && ses.view.Model != nil }

// answered reports whether a chat has nothing more to say without the user's words:
// the last answer was not cut, and no message waits for one.
func (ses *session) answered() bool {
	stop := ses.view.Figures.Stop
	if n := len(ses.view.Document); n > 0 && stop == "" {
		last := ses.view.Document[n-1]
		if stop = last.Stop; last.Author == chat.User {
			return false
		}
	}
	if endedThinking(ses.view) {
		return false
	}
	switch stop {
	case chat.ReachedLength, chat.StoppedByUser, chat.ContextFull, chat.StoppedByError:
		return false
	}
	return ses.view.Mode == chat.ChatMode
}
