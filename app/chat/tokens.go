package chat

import (
	"context"

	"tern/app/chat/worker"
	"tern/app/settings"
)

// Tokens looks into the answers of the conversation that is shown: at their tokens, and at how they were written.
// Its methods may be called from any goroutine and return at once.
type Tokens struct {
	desk     *desk
	writer   *writer
	commands *worker.Commands
	do       func(worker.Command) bool
}

// SetInspect reports whether answers are written with the figures of their tokens,
// from the next one on. They cost time, with a large vocabulary the more.
func (k *Tokens) SetInspect(on bool) {
	k.desk.mu.Lock()
	k.desk.figures = on
	k.desk.mu.Unlock()
}

// Answer returns the tokens of the answer that a segment belongs to, of the last
// one if it belongs to none, as far as their figures are known. missing says that
// there is more of it, which Examine would find out. The tokens of a snapshot are
// those of the next one too, as long as the answer only grows.
func (k *Tokens) Answer(segment int) (tokens []Token, missing bool) {
	k.desk.mu.Lock()
	defer k.desk.mu.Unlock()
	t := k.desk.conv
	tokens, missing = t.document.Tokens(segment)
	return tokens, missing && k.desk.jobOf(t) == nil
}

// Written tells how the answer that a segment belongs to was written, the last
// one if it belongs to none: one entry for each time that the model was asked, in order.
func (k *Tokens) Written(segment int) []Written {
	k.desk.mu.Lock()
	defer k.desk.mu.Unlock()
	return k.desk.conv.document.Written(segment, k.desk.conv.mode)
}

// made is that of jobs.Host.
func (k *Tokens) made() any {
	k.desk.mu.Lock()
	defer k.desk.mu.Unlock()
	d := k.desk.conv.document
	if _, end := d.AnswerOf(0); end > 0 {
		return d.Segments[end-1].Made
	}
	return nil
}

// Examine computes what Answer misses of a segment. It does so only while nothing else is to do: while
// a command runs or an answer is written it does nothing, and the next command ends it.
func (k *Tokens) Examine(segment int) {
	k.commands.DoIfIdle(func(ctx context.Context) {
		t, m := k.desk.conv, k.writer.model
		first, end := t.document.AnswerOf(segment)
		if m == nil || m.Local == nil || k.desk.job != nil || first == end {
			return
		}
		segments := t.document.Segments[first:end]
		found := m.Local.Examine(ctx, k.desk.prompt(t, t.document), first, end, k.writer.generation)
		if found == nil {
			return
		}
		k.desk.change(func() {
			for i, s := range segments {
				s.Tokens = nil
				for _, token := range found[i] {
					s.Note(token)
				}
			}
		})
	})
}

// Choose writes another version of an answer: the same up to a token of it, then
// the token id instead, then what the model makes of that.
func (k *Tokens) Choose(at Token, id int32, g settings.Generation) {
	k.do(func(context.Context) {
		t, m := k.desk.conv, k.writer.model
		k.writer.end(t)
		if m == nil || m.Local == nil {
			return
		}
		if d, ok := m.Local.Choose(t.document, at, id, k.desk.newID()); ok {
			k.writer.answer(d, g)
		}
	})
}
