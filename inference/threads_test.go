package inference

import (
	"runtime"
	"testing"
)

func TestDefaultThreads(t *testing.T) {
	for _, c := range []struct {
		name                              string
		limit, processors, cores, perCore int
		want                              int
	}{
		{"two threads a core", 16, 16, 8, 2, 8},
		{"one thread a core", 8, 8, 8, 1, 8},
		{"a container of two processors", 2, 16, 8, 2, 2},
		{"tied to four of sixteen", 4, 4, 8, 2, 4},
		{"two packages", 64, 64, 16, 2, 32},
		{"nothing known", 4, 4, 0, 0, 4},
		{"one processor", 1, 1, 1, 2, 1},
	} {
		if got := defaultThreads(c.limit, c.processors, c.cores, c.perCore); got != c.want {
			t.Errorf("%s: %d threads, want %d", c.name, got, c.want)
		}
	}
	if got := DefaultThreads(); got < 1 || got > runtime.GOMAXPROCS(0) {
		t.Errorf("%d threads here, where %d may run", got, runtime.GOMAXPROCS(0))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got := DefaultThreads(); got != 1 {
		t.Errorf("%d threads where one may run", got)
	}
}
