package chat

import (
	"context"
	"runtime/debug"

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
		d := c.conv.document.WithWords
		if c.conv.mode == ChatMode {
			d = c.conv.document.WithMessage
		}
		c.answer(d(c.newID(), text), g)
	})
}

// Retry writes the last answer again, with a new seed unless the seed is fixed.
// Undo brings the old one back.
func (c *Controller) Retry(g settings.Generation) {
	c.alter(func() {
		if c.conv.document.Answer >= 0 && c.model != nil {
			c.answer(c.conv.document.WithoutAnswer(), g)
		}
	})
}

// Stop ends the answer of the conversation that is shown, within one token; one
// that waits for its turn is not begun.
func (c *Controller) Stop() {
	c.do(func(context.Context) { c.stop(c.conv) })
}

// StopIn is Stop for the conversation with this id.
func (c *Controller) StopIn(id string) {
	c.do(func(context.Context) {
		if t := c.find(id); t != nil {
			c.stop(t)
		}
	})
}

// Undo takes back the last change of the document: the last answer with the
// words before it, a Retry, an edit or a DropOldest. What it takes back stays
// as another version.
func (c *Controller) Undo() {
	c.alter(func() {
		t := c.conv
		if n := len(t.undo); n > 0 {
			last := t.undo[n-1]
			c.change(func(*View) { t.undo, t.document = t.undo[:n-1], last })
			c.rest()
			c.grown(t)
		}
	})
}

// DropOldest removes about the first half of the document, at a paragraph or a
// message, and more where that leaves no room to go on. Undo brings it back.
func (c *Controller) DropOldest() {
	c.alter(func() {
		d := c.conv.document.Shorter(c.conv.mode, c.newID, func(d document.Document) bool {
			return c.context == 0 || c.usedBy(d) <= c.context*3/4
		})
		if c.context > 0 && c.usedBy(d) >= c.context {
			c.change(func(v *View) {
				v.Problem = &say.Problem{Sentence: say.Say("What stands before the conversation fills the model’s {{.Tokens}} tokens alone", "Tokens", thousands(c.context)),
					Hint: say.Say("Shorten the system prompt, or open a model with room for more.")}
			})
			return
		}
		c.revise(d)
		c.rest()
	})
}

// revise makes d the document and remembers the one before it.
func (c *Controller) revise(d document.Document) {
	t := c.conv
	c.change(func(*View) {
		if !d.Equal(t.document) {
			t.remember()
		}
		t.document = d
	})
	c.grown(t)
}

// Unload closes the model and returns its memory to the system. The document
// stays.
func (c *Controller) Unload() {
	c.CancelLoad()
	c.do(func(context.Context) {
		c.endAll()
		if c.model == nil {
			return
		}
		c.announce(nil)
		c.model.Close()
		c.model = nil
		c.unjudged.Store(false)
		c.change(func(v *View) {
			c.forgetSource(v)
			c.weights, c.local, c.context = nil, nil, 0
			c.conv.figures = Figures{}
			v.Model, v.Problem, v.Notice, v.Advice = nil, nil, say.Text{}, nil // the mode stays
		})
		debug.FreeOSMemory()
	})
}
