package library

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"tern/app/measure"
)

// TestKeepSpeeds: what one start measured, the next one takes from the file, and
// nothing that is of another program, another number of threads, old, or damaged.
func TestKeepSpeeds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "speeds.json")
	l := New()
	l.KeepSpeeds(path, "one")
	all := map[measure.Kind]measure.Machine{}
	for i, kind := range measure.Kinds {
		all[kind] = measure.Machine{Kind: kind, Threads: 2, Body: float64(i) + 1.25, MACs: 7, Layer: time.Microsecond}
	}
	now := time.Now()
	l.writeSpeeds(all, 2, now)
	if got := l.readSpeeds(2, now.Add(time.Hour)); !reflect.DeepEqual(got, all) {
		t.Fatalf("%+v, want %+v", got, all)
	}
	next := New()
	next.KeepSpeeds(path, "one")
	done, stop := context.WithCancel(context.Background())
	stop() // measuring would fail
	if !next.Kept(2) || next.Kept(1) || New().Kept(2) {
		t.Error("what is kept of two threads is not known, or something else is")
	}
	if err := next.Measure(done, 2); err != nil || !next.Measured(2) {
		t.Errorf("the next start measures again: %v", err)
	}
	if m, known := next.Machine(measure.Kinds[1], 2); !known || m != all[measure.Kinds[1]] {
		t.Errorf("%+v, %t", m, known)
	}
	if _, known := next.Machine(measure.Kinds[1], 1); known {
		t.Error("what other threads do is known")
	}
	if err := next.Measure(done, 1); err == nil {
		t.Error("other threads are not measured")
	}
	other := New()
	other.KeepSpeeds(path, "two")
	for what, got := range map[string]any{
		"another program": other.readSpeeds(2, now), "other threads": l.readSpeeds(1, now),
		"an old file": l.readSpeeds(2, now.Add(speedsLast+time.Second)), "a clock set back": l.readSpeeds(2, now.Add(-time.Hour)),
	} {
		if !reflect.ValueOf(got).IsNil() {
			t.Errorf("%s counts", what)
		}
	}
	delete(all, measure.Kinds[1])
	l.writeSpeeds(all, 2, now)
	if l.readSpeeds(2, now) != nil {
		t.Error("a file without one of the kinds counts")
	}
	if err := os.WriteFile(path, []byte(`{"mark": "one", "machines": [`), 0o600); err != nil || l.readSpeeds(2, now) != nil {
		t.Errorf("a damaged file counts: %v", err)
	}
}
