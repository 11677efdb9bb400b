package ui

import "tern/app/settings"

// saver writes settings in the background, the newest only: while one is being
// written, those that come replace each other.
type saver struct {
	write func(settings.Settings) error
	next  chan settings.Settings
	done  chan error // of the last write
}

func newSaver(write func(settings.Settings) error) *saver {
	s := &saver{write: write, next: make(chan settings.Settings, 1), done: make(chan error, 1)}
	go s.run()
	return s
}

func (s *saver) run() {
	var err error
	for v := range s.next {
		err = s.write(v)
	}
	s.done <- err
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
