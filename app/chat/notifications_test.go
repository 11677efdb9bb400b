package chat

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestNotifications counts them for a whole answer at 500 tokens per second.
func TestNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.context = 2000
		f.says = []string{" " + string(make([]byte, 1000))}
		var c *Controller
		var last View
		told := 0
		c = f.start(Options{Notify: func() {
			told++
			last = c.View()
		}})
		g := balanced
		g.MaxTokens = 1001
		c.Models.Load("a", g)
		idle()
		told = 0
		c.Generate("Hi", g)
		idle()
		const frame = time.Second / 30 // of worker.Notifier
		const lasted = perPrompt + 1001*perToken
		if most := int(lasted/frame) + 2; told > most || told < most*8/10 {
			t.Errorf("%d notifications in %v", told, lasted)
		}
		if len(text(last)) != 1003 || last.State != Ready || last.Figures.Stop != ReachedLength {
			t.Errorf("the last notification saw %d bytes, %v, %q", len(text(last)), last.State, last.Figures.Stop)
		}
	})
}
