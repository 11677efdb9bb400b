package remote

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// ErrAddress is returned for what is not the address of a server.
var ErrAddress = errors.New("not the address of a server")

// ErrPlain is returned for an address outside the user's own networks that is
// not encrypted.
var ErrPlain = errors.New("not encrypted")

// Parse makes the base URL of a server from what a user typed: "localhost:8080",
// "http://192.168.1.5:11434/v1", "https://llm.example.org". open tells that
// others on the same network can read what is sent. Anything that may lie
// farther away must be https, or the error is ErrPlain.
func Parse(typed string) (base string, open bool, err error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return "", false, fmt.Errorf("remote: %w", ErrAddress)
	}
	guessed := !strings.Contains(typed, "://")
	if guessed {
		typed = "http://" + typed
	}
	u, err := url.Parse(typed)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", false, fmt.Errorf("remote: %q: %w", typed, ErrAddress)
	}
	near := nearness(u.Hostname())
	if guessed && near == far {
		u.Scheme = "https"
	}
	if u.Scheme == "http" && near == far {
		return "", false, fmt.Errorf("remote: %s: %w", u.Host, ErrPlain)
	}
	if u.Path = strings.TrimRight(u.Path, "/"); u.Path == "" {
		u.Path = "/v1"
	}
	return u.String(), u.Scheme == "http" && near == own, nil
}

// Where a host is.
const (
	here = iota // this computer
	own         // the user's own network
	far         // anywhere
)

// nearness tells where a host is by its name or address alone; a name is not
// looked up, for its address may be another one tomorrow.
func nearness(host string) int {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	addr, err := netip.ParseAddr(host)
	shared := netip.MustParsePrefix("100.64.0.0/10") // private networks of virtual ones
	switch {
	case err == nil && addr.Unmap().IsLoopback(), host == "localhost":
		return here
	case err == nil && (addr.Unmap().IsPrivate() || addr.IsLinkLocalUnicast() || shared.Contains(addr.Unmap())):
		return own
	case err != nil && (!strings.Contains(host, ".") || strings.HasSuffix(host, ".local") ||
		strings.HasSuffix(host, ".lan") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".home.arpa")):
		return own
	}
	return far
}

// Path names a model of a server as models are named elsewhere by their files:
// the server's base URL, "#", the model.
func Path(base, model string) string { return base + "#" + model }

// Split takes a Path apart. ok is false for the path of a file.
func Split(path string) (base, model string, ok bool) {
	if !strings.HasPrefix(path, "http://") && !strings.HasPrefix(path, "https://") {
		return "", "", false
	}
	base, model, ok = strings.Cut(path, "#")
	return base, model, ok && model != ""
}

// Host is the host and port of a base URL, for people.
func Host(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Host
}
