//go:build cgo

package app

import (
	"time"

	"tern/app/settings"
)

// saveAgain is how long settings wait that could not be written.
const saveAgain = 5 * time.Second

// saver writes settings in the background, the newest only: while one is being
// written, those that come replace each other. What could not be written is
// tried again.
type saver struct {
	write func(settings.Settings) error
	told  func(error) // that writing fails from now on, or nil that it does not any more
	next  chan settings.Settings
	done  chan error // of the last write
}

func newSaver(write func(settings.Settings) error, told func(error)) *saver {
	s := &saver{write: write, told: told, next: make(chan settings.Settings, 1), done: make(chan error, 1)}
	go s.run()
	return s
}

func (s *saver) run() {
	var v settings.Settings
	var failed error
	write := func() {
		err := s.write(v)
		if (err == nil) != (failed == nil) {
			s.told(err)
		}
		failed = err
	}
	for {
		var again <-chan time.Time
		if failed != nil {
			again = time.After(saveAgain)
		}
		select {
		case next, more := <-s.next:
			if !more {
				if failed != nil {
					write()
				}
				s.done <- failed
				return
			}
			v = next
			write()
		case <-again:
			write()
		}
	}
}

// save has v written soon. It does not block; one goroutine calls it.
func (s *saver) save(v settings.Settings) {
	select {
	case <-s.next: // older, and not yet written
	default:
	}
	s.next <- v
}

// close waits until the last settings are written and returns what that gave.
func (s *saver) close() error {
	close(s.next)
	return <-s.done
}
