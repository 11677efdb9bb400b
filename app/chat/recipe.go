package chat

import (
	"context"

	"tern/app/chat/document"
	"tern/app/recipe"
	"tern/inference"
)

// made is how a segment was generated.
type made struct {
	vocab   *document.Vocab // of the model
	prompt  []int32
	options inference.GenerateOptions
	context int
	ids     []int32              // as sampled, the id that ended the text included
	text    string               // as generated
	stop    inference.StopReason // empty while it is being written
}

// end completes m with the last event and the whole text.
func (m *made) end(e inference.Event, text string) {
	if e.Stop == inference.StopEOS {
		m.ids = append(m.ids, e.StopID)
	}
	m.stop, m.text = e.Stop, text
}

// Recipe hands the recipe of the last answer to done, as JSON, from another
// goroutine, since all weights are hashed for it. It is nil where there is no
// answer that the open model has written since it was opened.
func (c *Controller) Recipe(done func([]byte)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	var m *made
	if _, end := c.conv.document.AnswerOf(0); end > 0 {
		m, _ = c.conv.document.Segments[end-1].Made.(*made)
	}
	w := c.weights
	if m == nil || m.stop == "" || m.vocab != c.vocab || w == nil {
		c.running.Go(func() { done(nil) })
		return
	}
	c.running.Go(func() {
		var hash string
		err := guarded(func() (err error) { hash, err = w.Hash(context.Background()); return err })
		if err != nil {
			done(nil)
			return
		}
		done(recipe.New(recipe.Answer{
			Model: w.Name(), Hash: hash, Session: inference.SessionOptions{Context: m.context},
			Prompt: m.prompt, Options: m.options, IDs: m.ids, Stop: m.stop, Text: m.text,
		}).JSON())
	})
}
