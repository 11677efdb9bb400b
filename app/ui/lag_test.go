package ui

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"

	"tern/app/chat"
	"tern/app/settings"
)

// probes are n answers of the window within d.
func (r *rig) probes(n int, d time.Duration) {
	for range n {
		r.cfg.lag.take(d)
	}
}

// A window that is slow while an answer is written gets a core for itself; one
// that stumbles now and then does not, nor one that nobody looks at.
func TestSlowWindowGetsACore(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.probes(86, 2*time.Millisecond)
	r.probes(4, time.Second)
	r.took()
	quiet := true
	r.cfg.lag.quiet = func() bool { return quiet }
	r.probes(90, time.Second)
	r.took()
	quiet = false
	r.probes(85, 2*time.Millisecond)
	r.probes(5, lagAllowed+1)
	r.took("yield")
	r.show(func(v *chat.View) { v.CoreReserved = true })
	r.probes(90, time.Second)
	r.took() // one is enough
	if got := r.setting("Threads").Sentence.Text(); !strings.Contains(got, "because this window became slow") {
		t.Errorf("the panel says %q of the threads", got)
	}

	r.show(func(v *chat.View) { v.CoreReserved = false })
	r.preferences.setGeneration(settings.Generation{Threads: 2})
	r.probes(90, 120*time.Millisecond)
	r.took() // the user's choice stays
	r.press(fyne.KeyI)
	r.inspect.ShowSpeed()
	if got := r.inspect.Speed.Window.Text(); got != "While Tern writes, this window answers within 120 ms (19 times in 20)." {
		t.Errorf("Inspect says %q", got)
	}
}

// The probes run while an answer is written, each as late as the window was, and
// not after it.
func TestLagProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := make(chan func(), 1000)
		l := newLag(func(f func()) { queue <- f }, time.Now, func() bool { return false })
		judged := 0
		l.judged = func() { judged++ }
		l.watch(true)
		l.watch(true)
		for range 30 { // the window comes round ten times a second
			time.Sleep(100*time.Millisecond - time.Nanosecond)
			synctest.Wait()
			for len(queue) > 0 {
				(<-queue)()
			}
		}
		if judged != 1 || l.worst < 90*time.Millisecond || l.worst > 100*time.Millisecond {
			t.Errorf("judged %d times, at worst %v; want once, nearly 100ms", judged, l.worst)
		}
		l.watch(false)
		l.watch(false)
		time.Sleep(time.Second)
		if synctest.Wait(); len(queue) > 0 {
			t.Error("it goes on probing")
		}
	})
}
