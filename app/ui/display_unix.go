//go:build cgo && !windows && !darwin

package ui

import (
	"io"
	"log"
	"os"

	"github.com/go-gl/glfw/v3.4/glfw"
)

// The values of FYNE_PLATFORM, which Fyne obeys before the session's variables.
const (
	platformVariable = "FYNE_PLATFORM"
	platformX11      = "x11"
	platformWayland  = "wayland"
)

// findDisplay reports whether a window can be opened, and settles on which system it
// does. It must be called on the main goroutine, before Fyne starts: that ends in a
// panic where there is no display, and it takes Wayland where the session's
// variables name it, although these outlive the session (ssh -X, su, containers).
func findDisplay() bool {
	log.SetOutput(io.Discard) // GLFW says there why a display does not work
	defer log.SetOutput(os.Stderr)
	chosen := os.Getenv(platformVariable)
	tryX11 := os.Getenv("DISPLAY") != ""
	tryWayland := os.Getenv("WAYLAND_DISPLAY") != "" || os.Getenv("WAYLAND_SOCKET") != ""
	if tryWayland && (chosen != platformX11 || !tryX11) && starts(glfw.PlatformWayland) {
		glfw.Terminate()
		if chosen != platformWayland && tryX11 && !starts(glfw.PlatformX11) { // which Fyne may prefer
			_ = os.Setenv(platformVariable, platformWayland) // fails for no such name
		}
		return true
	}
	if !tryX11 || !starts(glfw.PlatformX11) {
		return false
	}
	_ = os.Setenv(platformVariable, platformX11)
	return true // and Fyne goes on with what is started
}

// starts reports whether GLFW starts on a platform: there is a display, and it lets
// this user in. Then GLFW stays started.
func starts(platform glfw.Platform) (yes bool) {
	defer func() {
		if recover() != nil { // the wrapper panics where GLFW did not start, and does not return that
			yes = false
		}
	}()
	glfw.InitHint(glfw.PlatformHint, int(platform))
	defer glfw.InitHint(glfw.PlatformHint, int(glfw.AnyPlatform))
	return glfw.Init() == nil && glfw.GetPlatform() == platform
}
