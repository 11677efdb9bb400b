package chat

import (
	"context"
	"errors"

	"tern/app/explain"
	"tern/app/say"
	"tern/inference"
)

// guarded runs f, and makes an error of its panic.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = inference.Caught(r)
		}
	}()
	return f()
}

// obey runs a command. A panic fails this command only; the next one finds a
// controller that works.
func (c *Controller) obey(ctx context.Context, command func(context.Context)) {
	err := guarded(func() error { command(ctx); return nil })
	if err == nil {
		return
	}
	c.unjudged.Store(false)
	if c.model != nil {
		c.model.Forget()
	}
	c.change(func(*View) {
		if c.job != nil && c.job.settled { // it was what this command was to end
			c.job = nil
		}
		if c.load != nil {
			select {
			case <-c.load.ended: // it was what this command was to put in place
				c.load = nil
			default:
			}
		}
	})
	c.mistake(err)
	c.report(c.proceed)
}

// mistake says that the program made one.
func (c *Controller) mistake(err error) {
	p := c.problem(err, "")
	c.change(func(v *View) { v.Problem = &p })
}

// problem is explain.Problem, which also reports mistakes inside the program.
func (c *Controller) problem(err error, path string) say.Problem {
	var inside *inference.Panic
	if errors.As(err, &inside) && c.panicked != nil {
		c.panicked(inside.What, inside.Stack)
	}
	return explain.Problem(err, path)
}
