package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testRepo   = "owner/tiny-b158"
	testCommit = "0123456789abcdef0123456789abcdef01234567"
	storeHost  = "127.0.0.1" // where the weights are; another host than the site
)

// site is a small hub: an API, small files that it sends itself, and large ones
// that it has another host send. A fault comes between.
type site struct {
	t      *testing.T
	files  map[string][]byte
	list   map[string]any // the API's answer, to be spoilt
	server *httptest.Server
	pipes  *pipes

	mu    sync.Mutex
	log   []request
	fault func(n int, w http.ResponseWriter, r *http.Request) (handled bool)
	seen  map[string]int // requests so far, by path
}

type request struct{ Host, Path, Range, IfRange, Auth string }

// newSite starts a site on connections in memory, so that it can be used where
// time is not real.
func newSite(t *testing.T) *site {
	s := &site{t: t, pipes: newPipes(), seen: map[string]int{}}
	rng := rand.New(rand.NewPCG(1, 2))
	weights := make([]byte, 300_000)
	for i := range weights {
		weights[i] = byte(rng.Uint32())
	}
	s.files = map[string][]byte{
		"config.json":       []byte(`{"architectures":["BitnetForCausalLM"]}`),
		"tokenizer.model":   []byte("words"),
		"model.safetensors": weights,
		"README.md":         []byte("# tiny"),
	}
	s.list = s.listing()
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.server.Listener.Close()
	s.server.Listener = s.pipes
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.server.Start()
	t.Cleanup(s.server.Close)
	return s
}

func (s *site) listing() map[string]any {
	var siblings []map[string]any
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		data := s.files[name]
		e := map[string]any{"rfilename": name, "size": len(data), "blobId": blobSum(data)}
		if len(data) > 1000 {
			sum := sha256.Sum256(data)
			e["lfs"] = map[string]any{"sha256": hex.EncodeToString(sum[:]), "size": len(data)}
		}
		siblings = append(siblings, e)
	}
	return map[string]any{"sha": testCommit, "gated": false, "cardData": map[string]any{"license": "mit"}, "siblings": siblings}
}

func blobSum(data []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// file returns the entry of a file in the listing.
func (s *site) file(name string) map[string]any {
	for _, e := range s.list["siblings"].([]map[string]any) {
		if e["rfilename"] == name {
			return e
		}
	}
	s.t.Fatal("no file ", name)
	return nil
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.log = append(s.log, request{r.Host, r.URL.Path, r.Header.Get("Range"), r.Header.Get("If-Range"), r.Header.Get("Authorization")})
	s.seen[r.Host+r.URL.Path]++
	n := s.seen[r.Host+r.URL.Path]
	s.mu.Unlock()
	if s.fault != nil && s.fault(n, w, r) {
		return
	}
	if r.URL.Path == "/api/models/"+testRepo+"/revision/main" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.list)
		return
	}
	name, stored := strings.CutPrefix(r.URL.Path, "/store/")
	if !stored {
		var ok bool
		if name, ok = strings.CutPrefix(r.URL.Path, "/"+testRepo+"/resolve/"+testCommit+"/"); !ok {
			http.NotFound(w, r)
			return
		}
	}
	data, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if !stored && len(data) > 1000 {
		http.Redirect(w, r, "http://"+storeHost+"/store/"+name+"?signature=secret", http.StatusFound)
		return
	}
	w.Header().Set("ETag", strconv.Quote(blobSum(data)))
	http.ServeContent(w, r, name, time.Time{}, strings.NewReader(string(data)))
}

// isWeights reports whether a request is the store's for the weights.
func isWeights(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/store/") }

// client returns a client of the site.
func (s *site) client(change ...func(*Options)) *Client {
	s.t.Helper()
	o := Options{Base: "http://localhost", Dial: s.pipes.dial, Tries: 6}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// pipes is a network in memory: every address is the one listener.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	down   func() bool // the network is down
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if p.down != nil && p.down() {
		return nil, errors.New("network is unreachable")
	}
	mine, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return mine, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// sendThenCut sends the first n bytes of an answer of length size, then cuts
// the connection.
func sendThenCut(w http.ResponseWriter, status int, header map[string]string, data []byte, size int) {
	for k, v := range header {
		w.Header().Set(k, v)
	}
	w.Header().Set("Content-Length", strconv.Itoa(size))
	w.WriteHeader(status)
	_, _ = w.Write(data)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}
