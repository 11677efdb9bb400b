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
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode"

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
// the page's name in Host. Pages that this computer serves itself may ask, and
// those of Options.Origins.
func (s *Server) guard(w http.ResponseWriter, r *http.Request) {
	if !loopback(r.Host) {
		fail(w, &apiError{status: http.StatusForbidden, Code: "forbidden_host",
			Message: fmt.Sprintf("The host %q is not this computer. Use 127.0.0.1 or localhost.", clip(r.Host))})
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if !s.allows(origin) {
			fail(w, &apiError{status: http.StatusForbidden, Code: "forbidden_origin",
				Message: fmt.Sprintf("Pages of %q may not use this server, unless it is started with this origin allowed.", clip(origin))})
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Vary", "Origin")
		if r.Method == http.MethodOptions {
			preflight(h, r)
			w.WriteHeader(http.StatusNoContent)
			return
		}
	} else if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		fail(w, &apiError{status: http.StatusForbidden, Code: "forbidden_origin",
			Message: "Pages of other sites may not use this server."})
		return
	}
	r = r.Clone(r.Context())
	r.URL.Path, r.URL.RawPath = endpoint(r.URL.Path), ""
	if r.URL.Path != "/health" && !s.knows(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		fail(w, &apiError{status: http.StatusUnauthorized, Code: "invalid_api_key",
			Message: "This server asks for a key, and the one that was sent is not it."})
		return
	}
	s.mux.ServeHTTP(w, r)
}

// preflight answers a browser that asks whether a page may send its request.
func preflight(h http.Header, r *http.Request) {
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS")
	if names := r.Header.Get("Access-Control-Request-Headers"); names != "" {
		h.Set("Access-Control-Allow-Headers", names)
	}
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" { // from a page of the internet
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	h.Set("Access-Control-Max-Age", "600")
}

// endpoint is the path of the mux that p means. Clients put a base URL and a path
// together in every way there is: with a slash too many or too few, with /v1 twice
// or not at all.
func endpoint(p string) string {
	p = path.Clean("/" + p)
	for strings.HasPrefix(p, "/v1/") || p == "/v1" {
		p = path.Clean("/" + p[len("/v1"):])
	}
	if p == "/" || p == "/health" || p == "/metrics" {
		return p
	}
	return "/v1" + p
}

// allows reports whether pages of origin may use the server.
func (s *Server) allows(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && loopback(u.Host) ||
		slices.ContainsFunc(s.o.Origins, func(pattern string) bool { return matches(pattern, origin) })
}

// matches compares an origin with a pattern, in which "*" stands for any part of
// a host and its port; alone it matches every origin.
func matches(pattern, origin string) bool {
	pattern, origin = strings.ToLower(pattern), strings.ToLower(origin)
	before, after, wild := strings.Cut(pattern, "*")
	if pattern == "*" || !wild {
		return pattern == "*" || pattern == origin
	}
	rest, ok := strings.CutPrefix(origin, before)
	if !ok {
		return false
	}
	rest, ok = strings.CutSuffix(rest, after)
	return ok && rest != "" && !strings.ContainsAny(rest, "/@?#")
}

// CleanOrigins returns the origins in a list that people write: separated by
// commas or spaces, a slash at the end or not. Its error names one that is not an
// origin.
func CleanOrigins(list string) (origins []string, err error) {
	for _, o := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		scheme, host, ok := strings.Cut(o, "://")
		host = strings.TrimSuffix(host, "/")
		if ok {
			o = scheme + "://" + host // "file://" has no host
		}
		alone := o == "null" || o == "*"
		if !alone && (!ok || scheme == "" || strings.ContainsAny(host, "/@?#") ||
			strings.Contains(scheme, "*") || strings.Count(host, "*") > 1) {
			return nil, fmt.Errorf("server: %q is not an origin such as https://app.example or app://obsidian.md", clip(o))
		}
		if !slices.Contains(origins, o) {
			origins = append(origins, o)
		}
	}
	return origins, nil
}

// knows compares the key, in any of the headers in which clients send one. The
// sums are as long for every key, and comparing them takes as long for every
// difference.
func (s *Server) knows(r *http.Request) bool {
	if s.o.Key == "" {
		return true
	}
	sent := r.Header.Get("X-Api-Key")
	if scheme, key, ok := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " "); ok && strings.EqualFold(scheme, "Bearer") {
		sent = strings.TrimSpace(key)
	}
	given := sha256.Sum256([]byte(sent))
	return subtle.ConstantTimeCompare(given[:], s.key[:]) == 1
}

// loopback reports whether host, with or without a port, can mean nothing but
// this computer. RFC 6761 keeps all names below localhost for that.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(host, "."), "["), "]")
	if name := strings.ToLower(host); name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
