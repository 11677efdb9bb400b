//go:build cgo && unix

package app

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// A signal ends the window through the gate, once, and reaches nobody who listened
// before, as Fyne does; one that comes before the loop runs waits for it.
func TestSignalEndsTheWindow(t *testing.T) {
	other := make(chan os.Signal, 8)
	signal.Notify(other, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(other)
	queue := make(chan func(), 8)
	g := newGate(func(f func()) { queue <- f })
	ends := 0
	alone, stop := g.atSignal([]os.Signal{syscall.SIGUSR1, syscall.SIGUSR2}, func() { ends++ })
	alone()
	for range 3 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
	}
	(<-queue)()
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	stop()
	if ends != 1 || len(queue) != 0 || len(other) != 0 {
		t.Errorf("it ended %d times, %d more wait, others heard %d", ends, len(queue), len(other))
	}
}

// Whoever starts Tern with a signal ignored, as nohup does, wants that to stay so.
func TestIgnoredSignalsStaySo(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	for _, s := range endings() {
		if s == syscall.SIGHUP {
			t.Error("SIGHUP is listened to")
		}
	}
}
