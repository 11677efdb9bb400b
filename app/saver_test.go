//go:build cgo

package app

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tern/app/settings"
)

// What cannot be written is tried again until it can, and both are said once.
func TestSaverTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		written := 0
		var room atomic.Bool
		var told []error
		s := newSaver(func(v settings.Settings) error {
			if !room.Load() {
				return errors.New("disk full")
			}
			written = v.TextScale
			return nil
		}, func(err error) { told = append(told, err) })
		s.save(settings.Settings{TextScale: 1})
		time.Sleep(time.Minute)
		s.save(settings.Settings{TextScale: 2})
		time.Sleep(time.Minute)
		room.Store(true)
		time.Sleep(2 * saveAgain)
		synctest.Wait()
		if written != 2 || len(told) != 2 || told[0] == nil || told[1] != nil {
			t.Errorf("written %d, told %v", written, told)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
}

// The newest settings are written, those that were overtaken are not, and save
// never waits for the disk.
func TestSaver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written []int
		full := errors.New("disk full")
		s := newSaver(func(v settings.Settings) error {
			time.Sleep(time.Second)
			written = append(written, v.TextScale)
			if v.TextScale == 5 {
				return full
			}
			return nil
		}, func(error) {})
		begin := time.Now()
		for i := range 6 {
			s.save(settings.Settings{TextScale: i})
			if i == 0 {
				synctest.Wait()
			}
		}
		if d := time.Since(begin); d != 0 {
			t.Errorf("save waited %v", d)
		}
		if err := s.close(); !errors.Is(err, full) {
			t.Errorf("close: %v", err)
		}
		if !slices.Equal(written, []int{0, 5, 5}) { // the end tries again
			t.Errorf("written %v", written)
		}
	})
}
