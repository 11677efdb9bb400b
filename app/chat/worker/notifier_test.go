package worker

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestNotifierWaitsForALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Int32
		l := NewNotifier(func() { told.Add(1) })
		defer l.Close()
		expect := func(want int32, when string) {
			t.Helper()
			time.Sleep(time.Second)
			synctest.Wait()
			if got := told.Load(); got != want {
				t.Errorf("%s: told %d times, want %d", when, got, want)
			}
		}
		expect(0, "before any change")
		l.Change()
		expect(1, "after a change")
		for range 100 {
			l.Change()
		}
		expect(1, "while nobody looks")
		l.Look()
		expect(1, "after a look at everything")
		l.Change()
		expect(2, "after the next change")
		l.Look()
		l.Look()
		expect(2, "after looking twice")
		l.Change()
		l.Change()
		expect(3, "after two changes")
	})
}

func TestNotifierKeepsTheFrameRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *Notifier
		var at []time.Time
		var written, seen atomic.Int32
		l = NewNotifier(func() {
			at = append(at, time.Now())
			l.Look()
			seen.Store(written.Load())
		})
		begin := time.Now()
		for range 5000 {
			time.Sleep(time.Second / 500)
			written.Add(1)
			l.Change()
		}
		lasted := time.Since(begin)
		time.Sleep(time.Second)
		l.Close()
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

func TestNotifierClosesWhileTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := false
		l := NewNotifier(func() {
			time.Sleep(time.Second)
			over = true
		})
		l.Change()
		synctest.Wait()
		l.Close()
		if !over {
			t.Error("close did not wait for the notification")
		}
		l.Change()
		l.Look()
	})
}
