package chat

import "context"

// Recipe hands the recipe of the last answer to done, as JSON, from another
// goroutine, since all weights are hashed for it. It is nil where there is no
// answer that the open model has written since it was opened.
func (c *Controller) Recipe(done func([]byte)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	var made any
	if _, end := c.conv.document.AnswerOf(0); end > 0 {
		made = c.conv.document.Segments[end-1].Made
	}
	l := c.local
	if made == nil || l == nil {
		c.running.Go(func() { done(nil) })
		return
	}
	c.running.Go(func() {
		var raw []byte
		if err := guarded(func() error {
			raw = l.Recipe(made, func() (string, error) { return l.Weights.Hash(context.Background()) })
			return nil
		}); err != nil {
			raw = nil
		}
		done(raw)
	})
}
