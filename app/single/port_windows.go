package single

import (
	"crypto/rand"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/windows"

	"tern/app/files"
)

// private accepts the folder: the user's own folders have access lists that say
// so, and that the folders in them take over.
func private(string) error { return nil }

// door is where the window listens: a port of this computer, and the key without
// which it takes nothing. A socket would be a file of a kind that network folders
// do not have, and a profile may lie in one.
type door struct {
	Port int    `json:"port"`
	Key  string `json:"key"`
}

// doorName is the file that tells other starts of this user where that is.
const doorName = "window.json"

func dial(folder string) (conn net.Conn, key string, err error) {
	raw, err := files.Read(filepath.Join(folder, doorName), 1<<10)
	if err != nil {
		return nil, "", err
	}
	var d door
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, "", err
	}
	conn, err = net.DialTimeout("tcp4", "127.0.0.1:"+strconv.Itoa(d.Port), patience)
	return conn, d.Key, err
}

// listen takes the place of what a dead program left there.
func listen(folder string) (l net.Listener, key string, err error) {
	if l, err = net.Listen("tcp4", "127.0.0.1:0"); err != nil {
		return nil, "", err
	}
	d := door{l.Addr().(*net.TCPAddr).Port, rand.Text()}
	raw, err := json.Marshal(d)
	if err == nil {
		err = files.Write(filepath.Join(folder, doorName), raw)
	}
	if err != nil {
		_ = l.Close() // the first error is the one to report
		return nil, "", err
	}
	return l, d.Key, nil
}

// forget removes what listen left in the folder.
func forget(folder string) { _ = os.Remove(filepath.Join(folder, doorName)) } // the next start takes its place

var allowSetForegroundWindow = windows.NewLazySystemDLL("user32.dll").NewProc("AllowSetForegroundWindow")

// passFront lets the open window come to the front: only the program that the
// user started last may.
func passFront() {
	const anyProcess = ^uintptr(0)
	_, _, _ = allowSetForegroundWindow.Call(anyProcess) // or its button in the task bar blinks
}
