// Package single lets a second start of the program reach the first: what was
// to be opened goes to the window that is there, and no other one opens.
//
// The first start listens on a socket in a folder that is the user's alone, on
// Windows on a port of this computer; the next ones send a line to it. A file lock keeps two
// starts from finding no window at the same time, and a socket that was left by a
// program that died is told by nobody answering on it.
package single

import (
	"bufio"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"tern/app/files"
)

// patience is how long a start may take to make its request, and answering how long a
// window may take to do what it is asked, or to end what it has begun to close. One that
// hangs keeps nobody from opening another one.
const patience = 3 * time.Second

var answering = 10 * time.Second // tests do not wait as long

// maxRequest is the size of a request in bytes; paths are shorter.
const maxRequest = 64 << 10

// Folder returns where the window with these settings listens: in the runtime
// folder of the user's session where there is one, else with the settings.
// Windows with other settings have another folder.
func Folder(settingsPath string) string {
	dir := filepath.Dir(settingsPath)
	runtimeDir := os.Getenv("XDG_RUNTIME_DIR")
	if runtimeDir == "" || runtime.GOOS == "windows" {
		return dir
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(dir)) // never fails
	return filepath.Join(runtimeDir, fmt.Sprintf("tern-%x", sum.Sum64()))
}

// request is what a start sends, one line of JSON.
type request struct {
	Open string `json:"open"` // path, absolute, as files.Text writes it; "" only shows the window
	Key  string `json:"key,omitempty"`
}

// answer is what the window says to it, one line of JSON.
type answer struct {
	Taken bool `json:"taken"`
}

// Instance is the first start. Others reach it until Close.
type Instance struct {
	folder   string
	key      string // of every request; empty where the folder keeps others out
	listener net.Listener
	arrivals chan Arrival
	running  sync.WaitGroup
	closing  chan struct{}
}

// Arrival is what another start hands over: an absolute path, or "" to only come to the
// front.
type Arrival struct {
	Path  string
	taken chan struct{}
}

// Take tells the other start that the window has done it. A start that is not told by
// the time that the window is gone opens its own.
func (a Arrival) Take() { close(a.taken) }

// Start makes this start the one that others reach, or, if there is such a one,
// hands path to it and returns nil. path must be absolute, or empty to only show
// the window. An error means that neither can be done: the window works all the
// same, but alone.
func Start(folder, path string) (*Instance, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("single: %w", err)
	}
	if err := private(folder); err != nil {
		return nil, fmt.Errorf("single: %w", err)
	}
	unlock, err := files.Lock(filepath.Join(folder, "window.lock"), 3*answering) // others wait for their answers
	if err != nil {
		return nil, fmt.Errorf("single: %w", err)
	}
	defer unlock()
	end := time.Now().Add(answering)
	for tries := 1; ; tries++ {
		conn, key, err := dial(folder)
		if err != nil {
			break // nobody listens
		}
		passFront()
		err = hand(conn, request{files.Text(path), key}, end)
		_ = conn.Close() // it is over either way
		if !errors.Is(err, errGone) || tries == maxTries {
			return nil, err
		}
		time.Sleep(pause)
	}
	l, key, err := listen(folder)
	if err != nil {
		return nil, fmt.Errorf("single: %w", err)
	}
	i := &Instance{folder: folder, key: key, listener: l, arrivals: make(chan Arrival), closing: make(chan struct{})}
	i.running.Go(i.serve)
	return i, nil
}

// A window that closes holds the request until it has kept everything, and then stops
// listening at once. What closes again and again is not a window of ours.
const (
	maxTries = 10
	pause    = 20 * time.Millisecond // before it is asked again
)

// errGone is the window closing, or its program ending, before it has answered.
var errGone = errors.New("single: the open window closed")

// hand sends a request to the window at the other end, which has until end to answer.
func hand(conn net.Conn, r request, end time.Time) error {
	_ = conn.SetDeadline(end) // sockets have deadlines
	err := json.NewEncoder(conn).Encode(r)
	var a answer
	if err == nil {
		err = json.NewDecoder(conn).Decode(&a)
	}
	var broken net.Error // reset, for one
	switch {
	case err == nil && a.Taken:
		return nil
	case err == nil:
		return errors.New("single: the open window refuses")
	case errors.Is(err, io.EOF) || errors.As(err, &broken) && !broken.Timeout():
		return errGone
	}
	return fmt.Errorf("single: the open window does not answer: %w", err)
}

// Arrivals delivers what other starts hand over, until Close.
func (i *Instance) Arrivals() <-chan Arrival { return i.arrivals }

// Close ends it, and removes the socket. The next start is the first one again.
func (i *Instance) Close() {
	close(i.closing)
	_ = i.listener.Close() // removes a socket too
	forget(i.folder)
	i.running.Wait()
	close(i.arrivals)
}

func (i *Instance) serve() {
	for {
		conn, err := i.listener.Accept()
		if err != nil {
			return
		}
		i.running.Go(func() { i.take(conn) })
	}
}

// take reads one request.
func (i *Instance) take(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	s := bufio.NewScanner(conn)
	s.Buffer(nil, maxRequest)
	var r request
	if !s.Scan() || json.Unmarshal(s.Bytes(), &r) != nil || subtle.ConstantTimeCompare([]byte(r.Key), []byte(i.key)) != 1 || r.Open != "" && !filepath.IsAbs(r.Open) {
		return // no start of ours
	}
	a := Arrival{files.Path(r.Open), make(chan struct{})}
	late := time.After(answering)
	select {
	case i.arrivals <- a:
	case <-i.closing:
		return
	case <-late:
		return
	}
	select {
	case <-a.taken:
		_ = conn.SetDeadline(time.Now().Add(patience))
		_ = json.NewEncoder(conn).Encode(answer{Taken: true}) // who is gone needs none
	case <-i.closing:
	case <-late:
	}
}
