package chat

// Yield leaves one core to the window from the next answer on, until another
// model is opened: the window was slow while all of them worked. It changes
// nothing where the user chose the number of threads.
func (c *Controller) Yield() { c.change(func(v *View) { v.Yields = true }) }

// yield tells the engine.
func (c *Controller) yield() {
	if l := c.model.Local; l != nil && l.ReserveCore != nil {
		l.ReserveCore(c.now().Yields)
	}
}
