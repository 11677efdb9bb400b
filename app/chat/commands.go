package chat

import (
	"context"
	"reflect"
	"strings"

	"tern/app/chat/document"
	"tern/app/say"
	"tern/app/settings"
)

// Generate adds text (which may be empty) to the end of the document, with a
// space between where one belongs, and continues it. To a model that chats, text
// is a message, which it answers; without one it writes its last answer on. If
// that fails the words are still in the document: Generate without text tries
// again, Undo takes them back. While an answer is written in another
// conversation, this one waits for its turn.
func (c *Controller) Generate(text string, g settings.Generation) {
	c.alter(func() {
		t := c.desk.conv
		d := t.document.WithWords
		if t.mode == ChatMode {
			d = t.document.WithMessage
		}
		c.writer.answer(d(c.desk.newID(), text), g)
	})
}

// Retry writes the last answer again, with a new seed unless the seed is fixed.
// Undo brings the old one back.
func (c *Controller) Retry(g settings.Generation) {
	c.alter(func() {
		if d := c.desk.conv.document; d.Answer >= 0 && c.writer.model != nil {
			c.writer.answer(d.WithoutAnswer(), g)
		}
	})
}

// RetryAt writes the answer that a segment belongs to again, as a new version.
// What followed the old one is kept after it.
func (c *Controller) RetryAt(segment int, g settings.Generation) {
	c.alter(func() {
		d := c.desk.conv.document
		i := d.Index(segment)
		if i < 0 || c.writer.model == nil {
			return
		}
		first, end := d.Message(i)
		if d.Segments[i].Author == User {
			first = end
		}
		c.writer.answer(d.UpTo(first), g)
	})
}

// Stop ends the answer of the conversation that is shown, within one token; one
// that waits for its turn is not begun.
func (c *Controller) Stop() {
	c.do(func(context.Context) { c.writer.stop(c.desk.conv) })
}

// StopIn is Stop for the conversation with this id.
func (c *Controller) StopIn(id string) {
	c.do(func(context.Context) {
		if t := c.desk.find(id); t != nil {
			c.writer.stop(t)
		}
	})
}

// Undo takes back the last change of the document: the last answer with the
// words before it, a Retry, an edit or a DropOldest. What it takes back stays
// as another version.
func (c *Controller) Undo() {
	c.alter(func() {
		t := c.desk.conv
		if n := len(t.undo); n > 0 {
			last := t.undo[n-1]
			c.desk.change(func() { t.undo, t.document = t.undo[:n-1], last })
			c.writer.resetFigures()
			c.writer.commit(t)
		}
	})
}

// DropOldest removes about the first half of the document, at a paragraph or a
// message, and more where that leaves no room to go on. Undo brings it back.
func (c *Controller) DropOldest() {
	c.alter(func() {
		t, room := c.desk.conv, c.desk.context
		used := func(d document.Document) int { return c.writer.positions(t, d) }
		fits := func(d document.Document) bool { return room == 0 || used(d) <= room*3/4 }
		d := t.document
		if n := len(d.Segments); n > 0 && d.Segments[n-1].Thoughts != nil && strings.TrimSpace(d.Segments[n-1].Text()) == "" {
			question := document.NewSegment(c.desk.newID(), document.User, "?")
			if fits(document.Of([]*document.Segment{question})) && !fits(document.Of([]*document.Segment{question, d.Segments[n-1]})) {
				c.noRoom(say.Say("What was thought for the last answer fills the model’s {{.Tokens}} tokens alone", "Tokens", thousands(room)),
					say.Say("Answer again with less thinking or fewer tokens for it, or open a model with room for more."))
				return
			}
		}
		if d = d.Shorter(t.mode, c.desk.newID, fits); room > 0 && used(d) >= room {
			c.noRoom(say.Say("What stands before the conversation fills the model’s {{.Tokens}} tokens alone", "Tokens", thousands(room)),
				say.Say("Shorten the system prompt, or open a model with room for more."))
			return
		}
		c.revise(d)
	})
}

// noRoom says why there is none, whatever is dropped.
func (c *Controller) noRoom(why, hint say.Text) {
	c.writer.resetFigures() // nor that the conversation is full, which calls for dropping
	c.desk.tell(func(n *notices) { n.problem = &say.Problem{Sentence: why, Hint: hint} })
}

// revise makes d the document and remembers the one before it.
func (c *Controller) revise(d document.Document) {
	t := c.desk.conv
	c.desk.change(func() {
		if !d.Equal(t.document) {
			t.remember()
		}
		t.document = d
	})
	c.writer.commit(t)
	c.writer.resetFigures()
}

// Edit gives the message that a segment belongs to another text, as a new
// version of it. What follows is kept after the old version, and after the new one
// too unless answer asks for a new answer to it.
func (c *Controller) Edit(segment int, text string, answer bool, g settings.Generation) {
	c.alter(func() {
		d := c.desk.conv.document
		i := d.Index(segment)
		if text = strings.TrimSpace(text); i < 0 || text == "" {
			return
		}
		answer = answer && d.Segments[i].Author == User
		d = d.Edited(i, c.desk.newID(), text, answer)
		if answer {
			c.writer.answer(d, g)
			return
		}
		c.revise(d)
	})
}

// Remove takes the message that a segment belongs to out of the conversation. What
// follows stays, and Undo brings the message back.
func (c *Controller) Remove(segment int) {
	c.alter(func() {
		if i := c.desk.conv.document.Index(segment); i >= 0 {
			c.revise(c.desk.conv.document.Without(i))
		}
	})
}

// Splice replaces a passage by text, as a new version. What follows stays.
// Where the open conversation does not hold the passage, nothing is changed.
func (c *Controller) Splice(at Passage, text string) {
	c.do(func(context.Context) {
		if !c.holds(at) {
			return
		}
		c.writer.end(c.desk.conv)
		if d, ok := c.desk.conv.document.Splice(c.desk.newID(), at.From, at.From+len(at.Text), text); ok {
			c.revise(d)
		}
	})
}

// ContinueAt replaces a passage and everything after it by text, and continues
// that. What followed is kept as the other version. Where the open conversation
// does not hold the passage, nothing is changed.
func (c *Controller) ContinueAt(at Passage, text string, g settings.Generation) {
	c.do(func(context.Context) {
		if !c.holds(at) {
			return
		}
		c.writer.end(c.desk.conv)
		d := c.desk.conv.document
		if d, ok := d.Splice(c.desk.newID(), at.From, len(d.Text()), text); ok {
			d.Answer = len(d.Segments)
			c.writer.answer(d, g)
		}
	})
}

// holds reports whether the conversation that is shown has a passage at its place.
func (c *Controller) holds(p Passage) bool {
	return c.desk.conv.id == p.ID && c.desk.conv.document.Holds(p)
}

// Step shows the version of a segment that is by places further, and what was
// shown after it. Undo does not count it: stepping back does.
func (c *Controller) Step(segment, by int) {
	c.alter(func() {
		t := c.desk.conv
		i := t.document.Index(segment)
		if i < 0 {
			return
		}
		d := t.tree.Step(t.document, i, by)
		c.desk.change(func() { t.document = d })
		c.writer.resetFigures()
		c.desk.change(t.restoreFigures)
		c.writer.commit(t)
	})
}

// SetStory has a model that chats continue the text that is shown, or answer it
// again.
func (c *Controller) SetStory(on bool) {
	c.alter(func() {
		t, open := c.desk.conv, c.writer.info()
		c.desk.change(func() {
			t.story, t.dirty = on, true
			if !on && open != nil && open.Template != "" {
				t.mode = ChatMode
			}
			t.setMode(open, c.desk.newID)
		})
		c.writer.resetFigures()
		c.Shelf.Save()
	})
}

// SetSystem sets the instructions that the model reads before the conversation
// with this id, if that is in memory. So do the following.
func (c *Controller) SetSystem(id, text string) {
	c.set(id, func(t *conversation) bool { same := t.system == text; t.system = text; return !same })
}

// SetDraft keeps words that are not sent yet.
func (c *Controller) SetDraft(id, text string) {
	c.set(id, func(t *conversation) bool { same := t.draft == text; t.draft = text; return !same })
}

// SetGeneration keeps the settings of the conversation.
func (c *Controller) SetGeneration(id string, g settings.Generation) {
	c.set(id, func(t *conversation) bool {
		same := reflect.DeepEqual(t.generation, &g)
		t.generation = &g
		return !same
	})
}

func (c *Controller) set(id string, f func(*conversation) (changed bool)) {
	if c.desk.set(id, f) {
		c.Shelf.SaveSoon()
	}
}

// New opens a new, empty conversation. The open one stays in the list.
func (c *Controller) New() {
	c.do(func(context.Context) { c.reader.show(newConversation()) })
}

// Open shows a conversation of the list. Of several that are opened at once, the
// last one is shown.
func (c *Controller) Open(id string) {
	c.do(func(context.Context) { c.reader.turnTo(id) })
}

// Branch makes a conversation of the one that is shown, up to the message that a
// segment belongs to, and opens it. An answer that is being written goes on in
// the old one.
func (c *Controller) Branch(segment int) {
	c.do(func(context.Context) { c.reader.branch(segment) })
}
