package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"tern/model"
)

// meter shows how far something has come: on a terminal in one line that is
// written over, elsewhere in a line every few seconds.
type meter struct {
	w        io.Writer
	terminal bool
	next     time.Time // when to show the next state
	dirty    bool      // the terminal's line holds a state
}

func newMeter(w io.Writer) *meter {
	m := &meter{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		m.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	m.next = time.Now().Add(m.interval()) // what is quicker needs no meter
	return m
}

func (m *meter) interval() time.Duration {
	if m.terminal {
		return 100 * time.Millisecond
	}
	return 3 * time.Second
}

func (m *meter) show(format string, args ...any) {
	now := time.Now()
	if now.Before(m.next) {
		return
	}
	m.next = now.Add(m.interval())
	line := fmt.Sprintf(format, args...)
	if m.terminal {
		fmt.Fprintf(m.w, "\r%s\x1b[K", line)
		m.dirty = true
		return
	}
	fmt.Fprintln(m.w, line)
}

// clear removes what is shown, before other text goes to the same terminal.
func (m *meter) clear() {
	if m.dirty {
		fmt.Fprint(m.w, "\r\x1b[K")
		m.dirty = false
	}
}

// loading shows the progress of checkpoint.Open.
func (m *meter) loading(p model.Progress) {
	m.show("loading: layer %d of %d, %s of %s", p.Layer, p.Layers, formatBytes(p.Bytes), formatBytes(p.TotalBytes))
}

// formatBytes writes n in decimal units with three digits or so: "427 MB".
func formatBytes(n int64) string {
	switch v := float64(n); {
	case v >= 9.995e9:
		return fmt.Sprintf("%.1f GB", v/1e9)
	case v >= 9.995e8:
		return fmt.Sprintf("%.2f GB", v/1e9)
	case v >= 9.95e6:
		return fmt.Sprintf("%.0f MB", v/1e6)
	case v >= 9.5e5:
		return fmt.Sprintf("%.1f MB", v/1e6)
	default:
		return fmt.Sprintf("%.0f kB", v/1e3)
	}
}
