package backend

import (
	"context"
	"io"

	"tern/inference"
)

// Keeper is a session that can be kept on disk and restored: an inference.Session, whose methods these are.
type Keeper interface {
	Tokens() []int32
	Common(ids []int32) int
	Save(w io.Writer) error
	SaveSize() int64
	Restore(r io.Reader) error
	Reusable(ids []int32) int
	ReusableKept(r io.Reader, ids []int32) (int, error)
	Memory() inference.SessionMemory
}

// Restorer brings a session to what was kept of a conversation, where that spares more of ids than what it
// holds, and reports whether it did. Where ctx ends, the session is empty.
type Restorer func(ctx context.Context, k Keeper, ids []int32) bool

// Keeper is the session of the last answer, nil where there is none that can be kept.
func (l *Local) Keeper() Keeper {
	k, _ := l.session.(Keeper)
	return k
}

// Memory is what the session takes beside the weights, as far as that is known.
func (m *Model) Memory() (of inference.SessionMemory) {
	if m.Local != nil {
		if k := m.Local.Keeper(); k != nil {
			of = k.Memory()
		}
	}
	return of
}

// restore has the session restored, and reports whether that changed how much of the prompt is to be read.
func (a *localAnswer) restore(ctx context.Context) bool {
	k, can := a.session.(Keeper)
	return can && a.kept != nil && a.kept(ctx, k, a.record.prompt)
}

// unread is how many of ids a session has to evaluate.
func unread(s Session, ids []int32) int {
	if k, can := s.(Keeper); can {
		return len(ids) - k.Reusable(ids)
	}
	tokens, n := s.Tokens(), 0
	for n < len(tokens) && n < len(ids)-1 && tokens[n] == ids[n] {
		n++
	}
	return len(ids) - n
}
