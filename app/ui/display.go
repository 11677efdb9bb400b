//go:build cgo

package ui

import (
	"bytes"
	"log"
	"os"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"
)

// show shows a window and reports whether there is one then: a display may have no
// OpenGL to draw it with. Fyne says that in its log alone, and would run on.
func show(w fyne.Window) (shown bool) {
	var said bytes.Buffer
	log.SetOutput(&said) // package log writes for one goroutine at a time
	w.Show()
	log.SetOutput(os.Stderr)
	native, ok := w.(driver.NativeWindow)
	if !ok {
		return true
	}
	native.RunNative(func(context any) {
		switch c := context.(type) {
		case driver.X11WindowContext:
			shown = c.WindowHandle != 0
		case driver.WaylandWindowContext:
			shown = c.WaylandSurface != 0
		case driver.WindowsWindowContext:
			shown = c.HWND != 0
		case driver.MacWindowContext:
			shown = c.NSWindow != 0
		default:
			shown = true
		}
	})
	if shown {
		_, _ = os.Stderr.Write(said.Bytes())
	}
	return shown
}
