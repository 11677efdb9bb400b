package chat

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestLatchWaitsForALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Int32
		l := newLatch(func() { told.Add(1) })
		defer l.close()
		expect := func(want int32, when string) {
			t.Helper()
			time.Sleep(time.Second)
			synctest.Wait()
			if got := told.Load(); got != want {
				t.Errorf("%s: told %d times, want %d", when, got, want)
			}
		}
		expect(0, "before any change")
		l.change()
		expect(1, "after a change")
		for range 100 {
			l.change()
		}
		expect(1, "while nobody looks")
		l.look()
		expect(1, "after a look at everything")
		l.change()
		expect(2, "after the next change")
		l.look()
		l.look()
		expect(2, "after looking twice")
		l.change()
		l.change()
		expect(3, "after two changes")
	})
}

func TestLatchKeepsTheFrameRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *latch
		var at []time.Time
		var written, seen atomic.Int32
		l = newLatch(func() {
			at = append(at, time.Now())
			l.look()
			seen.Store(written.Load())
		})
		begin := time.Now()
		for range 5000 {
			time.Sleep(time.Second / 500)
			written.Add(1)
			l.change()
		}
		lasted := time.Since(begin)
		time.Sleep(time.Second)
		l.close()
		for i := 1; i < len(at); i++ {
			if d := at[i].Sub(at[i-1]); d < frame {
				t.Fatalf("notifications %v apart", d)
			}
		}
		if most := int(lasted/frame) + 2; len(at) > most || len(at) < most*9/10 {
			t.Errorf("%d notifications in %v", len(at), lasted)
		}
		if seen.Load() != written.Load() {
			t.Errorf("%d of %d changes were seen", seen.Load(), written.Load())
		}
	})
}

func TestLatchClosesWhileTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := false
		l := newLatch(func() {
			time.Sleep(time.Second)
			over = true
		})
		l.change()
		synctest.Wait()
		l.close()
		if !over {
			t.Error("close did not wait for the notification")
		}
		l.change()
		l.look()
	})
}

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
		c.Load("a", g)
		idle()
		told = 0
		c.Generate("Hi", g)
		idle()
		const lasted = perPrompt + 1001*perToken
		if most := int(lasted/frame) + 2; told > most || told < most*8/10 {
			t.Errorf("%d notifications in %v", told, lasted)
		}
		if len(text(last)) != 1003 || last.State != Ready || last.Figures.Stop != ReachedLength {
			t.Errorf("the last notification saw %d bytes, %v, %q", len(text(last)), last.State, last.Figures.Stop)
		}
	})
}
