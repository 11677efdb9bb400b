package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tern/app/builtin"
	"tern/inference"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// engine opens the built-in model, a base model.
func engine(t testing.TB) *inference.Engine {
	t.Helper()
	e, err := builtin.Open(context.Background(), inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// chatEngine is the built-in model with a chat template. What it answers makes
// no sense, but every part of the way is that of a chat.
func chatEngine(t testing.TB) *inference.Engine {
	t.Helper()
	m := *engine(t).Model()
	m.Name = "Chatting"
	m.Tokenizer.Config, _ = json.Marshal(map[string]any{"chat_template": `{% for m in messages %}{{ m['role'] + ': ' + m['content'] + "\n" }}{% endfor %}` +
		`{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}`})
	e, err := inference.New(&m, inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// client talks to a server that it started.
type client struct {
	t    testing.TB
	s    *Server
	url  string
	http *http.Client
	host string      // instead of the true one
	head http.Header // of every request
}

// start serves e, which may be nil, until the test ends.
func start(t testing.TB, e *inference.Engine, o Options) *client {
	t.Helper()
	s := New(o)
	url, err := s.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	s.Use(e)
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		s.Close()
	})
	return &client{t: t, s: s, url: strings.TrimSuffix(url, "/v1"), http: &http.Client{Transport: transport}, head: http.Header{}}
}

// open sends a request and returns the response, whose body is to be read.
func (c *client) open(ctx context.Context, method, path, body string) *http.Response {
	c.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header = c.head.Clone()
	r.Host = c.host
	res, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	return res
}

// do sends a request and reads the whole answer.
func (c *client) do(method, path, body string) (status int, answer []byte, header http.Header) {
	c.t.Helper()
	res := c.open(context.Background(), method, path, body)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Error(err)
	}
	return res.StatusCode, b, res.Header
}

// post sends a request that must be answered with 200 and reads the answer.
func (c *client) post(path, body string) (got completion) {
	c.t.Helper()
	status, b, _ := c.do("POST", path, body)
	if status != http.StatusOK {
		c.t.Fatalf("%d %s", status, b)
	}
	if err := json.Unmarshal(b, &got); err != nil {
		c.t.Fatalf("%v in %s", err, b)
	}
	return got
}

// said is the text of a piece, wherever it is.
func said(c completion) string {
	var b strings.Builder
	for _, x := range c.Choices {
		for _, text := range []*string{x.Text, content0((*turn)(x.Message)), content0(x.Delta)} {
			if text != nil {
				b.WriteString(*text)
			}
		}
	}
	return b.String()
}

func content0(m *turn) *string {
	if m == nil {
		return nil
	}
	return m.Content
}

// events reads a stream of events to its end and returns their data.
func events(t testing.TB, r io.Reader) (data []string) {
	t.Helper()
	s := bufio.NewScanner(r)
	for s.Scan() {
		line, ok := strings.CutPrefix(s.Text(), "data: ")
		if ok {
			data = append(data, line)
		} else if s.Text() != "" {
			t.Errorf("a line of the stream is %q", s.Text())
		}
	}
	if err := s.Err(); err != nil {
		t.Error(err)
	}
	return data
}

// stream sends a request for a stream and returns its pieces, which must end as
// they should.
func (c *client) stream(path, body string) (pieces []completion) {
	c.t.Helper()
	res := c.open(context.Background(), "POST", path, body)
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || kind != "text/event-stream" {
		c.t.Fatalf("%d, %s", res.StatusCode, kind)
	}
	data := events(c.t, res.Body)
	if len(data) == 0 || data[len(data)-1] != "[DONE]" {
		c.t.Fatalf("the stream does not end with [DONE]: %q", data)
	}
	for _, d := range data[:len(data)-1] {
		var p completion
		if err := json.Unmarshal([]byte(d), &p); err != nil {
			c.t.Fatalf("%v in %s", err, d)
		}
		pieces = append(pieces, p)
	}
	return pieces
}

// failure reads what a refused request was told.
func failure(t testing.TB, answer []byte) (message, kind, param, code string) {
	t.Helper()
	var got struct {
		Error struct{ Message, Type, Param, Code string }
	}
	if err := json.Unmarshal(bytes.TrimSpace(answer), &got); err != nil || got.Error.Message == "" {
		t.Errorf("%v: %s is not an error as clients know it", err, answer)
	}
	return got.Error.Message, got.Error.Type, got.Error.Param, got.Error.Code
}

// brake holds every token back until the test lets it go.
type brake struct {
	written chan struct{} // a token is written, and waits
	off     chan struct{} // closed: no token waits any more
	once    sync.Once
}

func newBrake(t testing.TB) *brake {
	b := &brake{written: make(chan struct{}), off: make(chan struct{})}
	t.Cleanup(b.release)
	return b
}

func (b *brake) hold() {
	select {
	case b.written <- struct{}{}:
	case <-b.off:
	}
}

func (b *brake) release() { b.once.Do(func() { close(b.off) }) }
