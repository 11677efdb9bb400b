package chat

import (
	"context"

	"tern/app/chat/document"
	"tern/app/chat/shelf"
	"tern/app/chat/worker"
	"tern/app/history"
)

// reader brings conversations to the desk and takes them from it. The worker alone uses it.
type reader struct {
	desk    *desk
	writer  *writer
	shelf   *shelf.Shelf
	do      func(worker.Command) bool
	opening string // the conversation that is being read to be shown; empty for none
}

// show makes a conversation the one that is shown. The one before goes from
// memory, unless an answer is being written in it or waits for that.
func (r *reader) show(t *conversation) {
	d := r.desk
	r.opening = ""
	old, answered := d.conv, d.jobOf(t) != nil
	if d.jobOf(old) == nil {
		r.writer.putAway(old)
	}
	d.change(func() {
		d.conv = t
		if !answered {
			t.setMode(r.writer.info(), d.newID)
		}
	})
	if answered {
		d.tell(func(n *notices) { *n = notices{} })
		return
	}
	r.writer.resetFigures()
	d.change(func() {
		t.restoreFigures()
		d.notices.problem = d.failures[t.id]
		delete(d.failures, t.id)
	})
}

// turnTo shows a conversation when it is in memory, unless another one is wanted by then.
func (r *reader) turnTo(id string) {
	r.opening = ""
	if t := r.desk.find(id); t != nil {
		if t != r.desk.conv {
			r.show(t)
		}
		return
	}
	r.opening = id
	r.shelf.Load(id, func(f *history.Conversation) {
		r.do(func(context.Context) {
			if r.opening == id {
				r.open(f)
			}
		})
	})
}

// open shows the conversation of a file.
func (r *reader) open(f *history.Conversation) {
	t := readConversation(f, r.desk.newID)
	r.show(t)
	if f.Writer != 0 { // a crash left it, and it is taken over
		r.save(t)
		r.shelf.Recover()
	}
}

func (r *reader) save(t *conversation) {
	r.desk.change(func() { t.dirty = true })
	r.shelf.Save()
}

// branch shows a new conversation of the one that is shown up to a message.
func (r *reader) branch(segment int) {
	d := r.desk
	old := d.conv
	i := old.document.Index(segment)
	if i < 0 {
		return
	}
	t, now := newConversation(), r.shelf.Now()
	d.change(func() {
		var writing *document.Segment
		if j := d.jobOf(old); j != nil {
			writing = j.answer
		}
		t.document = old.document.Branch(i, writing, d.newID)
		t.tree.Add(t.document)
		t.title, t.story, t.system, t.generation, t.mode, t.changed = old.title, old.story, old.system, old.generation, old.mode, now
	})
	r.show(t)
	r.save(t)
}

// rename is that of shelf.Host; so is putAway.
func (r *reader) rename(id, title string) bool {
	d := r.desk
	t := d.find(id)
	if t == nil {
		return false
	}
	d.change(func() {
		t.title = title
		if j := d.jobOf(t); j != nil {
			j.name = t.file().Name()
		}
	})
	r.save(t)
	return true
}

func (r *reader) putAway(id string) {
	if r.opening == id {
		r.opening = ""
	}
	if t := r.desk.find(id); t != nil {
		r.writer.end(t)
		if t == r.desk.conv {
			r.show(newConversation())
		}
	}
}
