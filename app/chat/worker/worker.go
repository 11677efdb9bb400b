// Package worker has the goroutines and signals that conversations are made of, and knows nothing of
// conversations: Commands (one worker, each command ends the one before), Queue (one after the other,
// none ended) and Notifier (tells a window, but never too often).
package worker

import (
	"context"
	"sync"

	"tern/inference"
)

// Guard runs f, and makes an error of its panic.
func Guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = inference.FromRecover(r)
		}
	}()
	return f()
}

// Command is what a worker does. Its context is cancelled by the next command.
type Command func(context.Context)

// Commands are done one after the other by the goroutine that calls Next.
type Commands struct {
	mu     sync.Mutex
	wake   sync.Cond // queue grew or closed was set
	queue  []Command
	cancel context.CancelFunc // ends the command that runs
	busy   bool               // a command runs
	closed bool
}

// NewCommands returns an empty queue.
func NewCommands() *Commands {
	c := &Commands{cancel: func() {}}
	c.wake.L = &c.mu
	return c
}

// Next waits for a command. Where there is none, it returns what idle has for the meantime; nil is
// nothing. It returns nil after Close when none is left; the contexts of those that were left are cancelled.
func (c *Commands) Next(idle func() Command) (context.Context, Command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel()
	c.busy = false
	for len(c.queue) == 0 && !c.closed {
		if meanwhile := idle(); meanwhile != nil {
			return c.begin(), meanwhile
		}
		c.wake.Wait()
	}
	if len(c.queue) == 0 {
		return nil, nil
	}
	command := c.queue[0]
	c.queue = c.queue[1:]
	c.busy = true
	ctx := c.begin()
	if c.closed || len(c.queue) > 0 {
		c.cancel()
	}
	return ctx, command
}

func (c *Commands) begin() (ctx context.Context) {
	ctx, c.cancel = context.WithCancel(context.Background())
	return ctx
}

// Do has a command done and ends the one that runs. It returns false after Close.
func (c *Commands) Do(command Command) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.queue = append(c.queue, command)
	c.cancel()
	c.wake.Signal()
	return true
}

// Post has f done without ending anything, and after Close too.
func (c *Commands) Post(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, func(context.Context) { f() })
	c.wake.Signal()
}

// DoIfIdle is Do, unless the worker is busy: then it does nothing.
func (c *Commands) DoIfIdle(command Command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.busy || len(c.queue) > 0 {
		return
	}
	c.queue = append(c.queue, command)
	c.cancel()
	c.wake.Signal()
}

// Busy reports whether a command runs or waits.
func (c *Commands) Busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.busy || len(c.queue) > 0
}

// Closed reports whether Close was called.
func (c *Commands) Closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Close ends the command that runs and takes no more. It returns false if it was called before.
func (c *Commands) Close() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.closed
	c.closed = true
	c.cancel()
	c.wake.Signal()
	return first
}
