// Package hub downloads models from the Hugging Face hub, or a mirror of it,
// into a folder. It asks the site for nothing until it is told to.
//
// What it takes from the network it does not trust: names of files stay inside
// the folder, sizes are held to, and a file gets its name only when its bytes
// have the checksum that the site lists (SHA-256, or the git blob SHA-1 of small
// files). Until then they lie in NAME.partial, where a download that was cut
// off goes on: at once, after a pause, or in another run of the program.
//
// search.go finds repositories, repo.go asks what is in one, form.go reads names of
// files, download.go gets a list of files, fetch.go one of them; hub.go holds what
// every request obeys.
package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// DefaultBase is the site that models come from.
const DefaultBase = "https://huggingface.co"

const (
	maxRedirects  = 5
	headerTimeout = 30 * time.Second // until a site begins to answer
	stallTimeout  = 30 * time.Second // without a byte
)

// Options says where models come from and who asks.
type Options struct {
	Base  string // the site; "" is DefaultBase
	Token string // sent to that site alone; "" for none
	// Tries is how often a request is repeated that brings nothing new, 0 for
	// no limit: a window waits as long as the user does.
	Tries int
	// Free says how many bytes a folder has room for; nil does not look.
	Free func(dir string) (bytes int64, known bool)
	// Dial replaces the network, in tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client talks to one site. It may be used from many goroutines.
type Client struct {
	base *url.URL
	o    Options
	http *http.Client

	spoil func(io.Writer) io.Writer // stands before the disk, in tests
}

// New checks the site's address: HTTPS, or HTTP on this computer.
func New(o Options) (*Client, error) {
	if o.Base == "" {
		o.Base = DefaultBase
	}
	o.Token = strings.TrimSpace(o.Token)
	base, err := url.Parse(strings.TrimRight(strings.TrimSpace(o.Base), "/"))
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("hub: %q: %w", o.Base, ErrAddress)
	}
	if err := secure(base, isLoopback(base)); err != nil {
		return nil, err
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fmt.Errorf("hub: the access token: %w", ErrToken)
	}
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           o.Dial,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // sizes and ranges are those of the files
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: headerTimeout,
		IdleConnTimeout:       30 * time.Second,
	}
	if t.DialContext == nil {
		t.DialContext = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	}
	// Redirects are followed by get, which knows which site the token is for.
	never := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: base, o: o, http: &http.Client{Transport: t, CheckRedirect: never}}, nil
}

// Close closes connections that wait for another request.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Site is the host that models come from.
func (c *Client) Site() string { return c.base.Host }

// secure refuses to talk in the clear, except to this computer where the site
// itself is there.
func secure(u *url.URL, local bool) error {
	if u.Scheme == "https" || u.Scheme == "http" && local && isLoopback(u) {
		return nil
	}
	return fmt.Errorf("hub: %s://%s: %w", u.Scheme, u.Host, ErrInsecure)
}

// isLoopback reports whether a URL means this computer.
func isLoopback(u *url.URL) bool {
	host := u.Hostname()
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// get sends a GET and follows redirects. The token goes to the site, and no
// further once a redirect has left it. The caller closes the body.
func (c *Client) get(ctx context.Context, address string, header http.Header) (*http.Response, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("hub: %w", ErrAddress)
	}
	mine := true // still with the site that the token is for
	for range maxRedirects + 1 {
		if err := secure(u, isLoopback(c.base)); err != nil {
			return nil, err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, fmt.Errorf("hub: %w", ErrAddress)
		}
		for key, values := range header {
			req.Header[key] = values
		}
		req.Header.Set("User-Agent", "tern")
		req.Header.Set("Accept-Encoding", "identity")
		if mine = mine && u.Host == c.base.Host && u.Scheme == c.base.Scheme; mine && c.o.Token != "" {
			req.Header.Set("Authorization", "Bearer "+c.o.Token)
		}
		resp, err := c.http.Do(req)
		if err != nil {
			return nil, networkError(ctx, err)
		}
		switch resp.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
			http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			return resp, nil
		}
		resp.Body.Close()
		to, err := resp.Location()
		if err != nil {
			return nil, fmt.Errorf("hub: %s redirects to nowhere: %w", u.Host, ErrAnswer)
		}
		u = to
	}
	return nil, fmt.Errorf("hub: more than %d redirects: %w", maxRedirects, ErrAnswer)
}

// networkError drops the address from an error of the network: that of a
// redirect is signed, and whoever has it has the file.
func networkError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if cert := new(tls.CertificateVerificationError); errors.As(err, &cert) {
		return fmt.Errorf("hub: %w: %w", ErrInsecure, err) // waiting does not mend it
	}
	return fmt.Errorf("hub: %w: %w", ErrNetwork, err)
}

// resolve is the address of a file at a commit.
func (c *Client) resolve(repo, commit, name string) string {
	return c.base.JoinPath(repo, "resolve", commit, name).String()
}

// watch ends the context when nothing has called alive for a while.
func watch(parent context.Context) (ctx context.Context, alive func(), stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	t := time.AfterFunc(stallTimeout, func() {
		cancel(fmt.Errorf("hub: no byte for %v: %w", stallTimeout, errStalled))
	})
	return ctx, func() { t.Reset(stallTimeout) }, func() {
		t.Stop()
		cancel(nil)
	}
}

// livelyReader tells of every byte that it brings.
type livelyReader struct {
	io.Reader
	alive func()
}

func (r livelyReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.alive()
	}
	return n, err
}

// Site returns the address that models come from: what the user set, else
// HF_ENDPOINT, else DefaultBase.
func Site(set string) string {
	for _, s := range []string{set, os.Getenv("HF_ENDPOINT")} {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return DefaultBase
}

// Token returns the access token to use at a site: what the user set, else
// HF_TOKEN, else, at DefaultBase only, what other tools of the hub have kept.
// HF_TOKEN belongs to the site of the environment, HF_ENDPOINT or DefaultBase, as
// for those tools: a site that the user set may be anybody's.
func Token(set, site string) string {
	if t := strings.TrimSpace(set); t != "" {
		return t
	}
	if t := strings.TrimSpace(os.Getenv("HF_TOKEN")); t != "" && sameSite(site, Site("")) {
		return t
	}
	if !sameSite(site, DefaultBase) {
		return ""
	}
	home := CacheHome()
	if home == "" {
		return ""
	}
	f, err := os.Open(filepath.Join(home, "token"))
	if err != nil {
		return ""
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(raw))
}

// CacheHome is where other tools of the hub keep what they know and have: the
// models are in "hub" in it. It is "" where there is no such place.
func CacheHome() string {
	if dir := os.Getenv("HF_HOME"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "huggingface")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".cache", "huggingface") // on every system
}

// sameSite compares two addresses as New reads them.
func sameSite(a, b string) bool {
	plain := func(s string) string { return strings.TrimRight(strings.TrimSpace(s), "/") }
	return plain(a) == plain(b)
}
