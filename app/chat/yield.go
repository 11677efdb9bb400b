package chat

import "tern/inference"

// yielder is an engine that can leave a core to the window.
type yielder interface{ Yield(on bool) }

// Yield leaves one core to the window from the next answer on, until another
// model is opened: the window was slow while all of them worked. It changes
// nothing where the user chose the number of threads.
func (c *Controller) Yield() { c.change(func(v *View) { v.Yields = true }) }

// yield brings the engine in step with that.
func (c *Controller) yield() {
	if e, able := c.engine.(yielder); able {
		e.Yield(c.now().Yields)
	}
}

// Yield lets the engine have a thread fewer than there are cores, or all again.
// What it writes is the same.
func (m *local) Yield(on bool) {
	if m.threads != 0 {
		return
	}
	n := inference.DefaultThreads()
	if on {
		n--
	}
	m.engine.SetThreads(n)
}
