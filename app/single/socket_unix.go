//go:build unix

package single

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// private fails for a folder that others may change: they could put their own
// socket there.
func private(folder string) error {
	var s unix.Stat_t
	if err := unix.Stat(folder, &s); err != nil {
		return &os.PathError{Op: "stat", Path: folder, Err: err}
	}
	if int(s.Uid) != os.Getuid() || s.Mode&0o022 != 0 {
		return fmt.Errorf("other users may change %s", folder)
	}
	return nil
}

// socket is where the window listens.
func socket(folder string) string { return filepath.Join(folder, "window.sock") }

// dial needs no key: the folder keeps others out.
func dial(folder string) (conn net.Conn, key string, err error) {
	conn, err = net.DialTimeout("unix", socket(folder), patience)
	return conn, "", err
}

// listen takes the place of what a dead program left there.
func listen(folder string) (l net.Listener, key string, err error) {
	if err := os.Remove(socket(folder)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", err
	}
	if l, err = net.Listen("unix", socket(folder)); err == nil {
		_ = os.Chmod(socket(folder), 0o600) // the folder keeps others out already
	}
	return l, "", err
}

// forget does nothing: the listener removes its socket.
func forget(string) {}

// passFront does nothing: here a window may come to the front when it likes.
func passFront() {}
