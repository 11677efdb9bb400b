package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/net/netutil"
)

// ErrPortInUse is returned by Start for a port that another program has.
var ErrPortInUse = errors.New("port in use")

func (s *Server) newHTTP() *http.Server {
	l := s.o.limits
	return &http.Server{
		Handler:           http.HandlerFunc(s.guard),
		ReadHeaderTimeout: l.readHeader,
		IdleTimeout:       l.idle,
		ErrorLog:          log.New(lineWriter(s.o.Log), "", 0),
		MaxHeaderBytes:    l.header,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
		// ReadTimeout and WriteTimeout would end a long answer: body and stream
		// set their own deadlines.
	}
}

// lineWriter passes on what net/http has to say.
type lineWriter func(line string)

func (f lineWriter) Write(p []byte) (int, error) {
	if f != nil {
		f(strings.TrimSpace(string(p)))
	}
	return len(p), nil
}

// Start listens on the loopback addresses at port, 0 for any free one, and
// returns the base URL for clients. Errors wrap ErrPortInUse.
func (s *Server) Start(port int) (baseURL string, err error) {
	var listeners []net.Listener
	for range 5 { // a free port of one address may be taken on the other
		if listeners, err = listen(port); err == nil || port != 0 {
			break
		}
	}
	if err != nil {
		return "", err
	}
	for _, l := range listeners {
		limited := netutil.LimitListener(l, s.o.limits.connections)
		s.served.Go(func() { _ = s.http.Serve(limited) }) // ends with Close, for no other reason
	}
	port = listeners[0].Addr().(*net.TCPAddr).Port
	return "http://127.0.0.1:" + strconv.Itoa(port) + "/v1", nil
}

// listen binds 127.0.0.1 and, where there is such an address, ::1: "localhost"
// may mean either, and nobody else shall have the other one.
func listen(port int) ([]net.Listener, error) {
	four, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, portError(port, err)
	}
	port = four.Addr().(*net.TCPAddr).Port
	six, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(port)))
	switch {
	case err == nil:
		return []net.Listener{four, six}, nil
	case inUse(err):
		_ = four.Close()
		return nil, portError(port, err)
	}
	return []net.Listener{four}, nil
}

func portError(port int, err error) error {
	if inUse(err) {
		return fmt.Errorf("server: port %d is in use: %w", port, ErrPortInUse)
	}
	return fmt.Errorf("server: cannot listen on port %d: %w", port, err)
}

func inUse(err error) bool {
	const windowsInUse = syscall.Errno(10048) // WSAEADDRINUSE
	return errors.Is(err, syscall.EADDRINUSE) || runtime.GOOS == "windows" && errors.Is(err, windowsInUse)
}

// Close ends the answers that are being written, tells their clients so, and
// waits until nothing of the server runs any more.
func (s *Server) Close() {
	s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), s.o.limits.shutdown)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	s.served.Wait()
	s.Use(nil)
}

// guard lets pass who may ask at all.
//
// A web page can make its visitor's browser send requests to this computer, and
// by answering DNS queries for its own name with 127.0.0.1 it can make them look
// like requests to itself. The first kind carries the page's Origin, the second
// the page's name in Host. Pages that this computer serves itself may ask.
func (s *Server) guard(w http.ResponseWriter, r *http.Request) {
	if !loopback(r.Host) {
		fail(w, &apiError{status: http.StatusForbidden, Code: "forbidden_host",
			Message: fmt.Sprintf("The host %q is not this computer. Use 127.0.0.1 or localhost.", clip(r.Host))})
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || !loopback(u.Host) {
			fail(w, &apiError{status: http.StatusForbidden, Code: "forbidden_origin",
				Message: fmt.Sprintf("Pages of %q may not use this server.", clip(origin))})
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Vary", "Origin")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST")
			h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
			w.WriteHeader(http.StatusNoContent)
			return
		}
	} else if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		fail(w, &apiError{status: http.StatusForbidden, Code: "forbidden_origin",
			Message: "Pages of other sites may not use this server."})
		return
	}
	if !s.knows(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		fail(w, &apiError{status: http.StatusUnauthorized, Code: "invalid_api_key",
			Message: "This server asks for a key, and the one that was sent is not it."})
		return
	}
	s.mux.ServeHTTP(w, r)
}

// knows compares the key. The sums are as long for every key, and comparing
// them takes as long for every difference.
func (s *Server) knows(r *http.Request) bool {
	if s.o.Key == "" {
		return true
	}
	given := sha256.Sum256([]byte(r.Header.Get("Authorization")))
	return subtle.ConstantTimeCompare(given[:], s.key[:]) == 1
}

// loopback tells whether host, with or without a port, can mean nothing but
// this computer.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(host, "."), "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
