package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tern/app/builtin"
	"tern/inference"
	"tern/model/fuzztest"
)

// hang is a bound that only a failure reaches.
const hang = 60 * time.Second

func number(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// logged collects what a server says of its answers.
type logged chan string

func (l logged) next(t testing.TB) string {
	t.Helper()
	select {
	case line := <-l:
		return line
	case <-time.After(hang):
		t.Fatal("no answer ended")
		return ""
	}
}

// wait repeats f until it holds.
func wait(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(hang); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never ", what)
		}
	}
}

// TestDisconnect: when a client leaves while its answer is written, no more than
// the token under way is computed, and the session serves the next one.
func TestDisconnect(t *testing.T) {
	for _, body := range []string{`{` + story + `, "max_tokens": 400, "ignore_eos": true, "stream": true}`, `{` + story + `, "max_tokens": 400, "ignore_eos": true}`} {
		b, lines := newBrake(t), make(logged, 10)
		c := start(t, engine(t), Options{Parallel: 1, Log: func(line string) { lines <- line }, onToken: b.hold})
		// A context that ends closes its channel before it ends those made from it: the
		// server gets one of which the test knows when all of them ended.
		noticed := make(chan struct{}, 10)
		guard := c.s.http.Handler
		c.s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, end := context.WithCancel(context.WithoutCancel(r.Context()))
			context.AfterFunc(r.Context(), func() { end(); noticed <- struct{}{} })
			guard.ServeHTTP(w, r.WithContext(ctx))
		})
		ctx, leave := context.WithCancel(context.Background())
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			r, _ := http.NewRequestWithContext(ctx, "POST", c.url+"/v1/completions", strings.NewReader(body))
			if res, err := c.http.Do(r); err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		}()
		for range 3 {
			<-b.written
		}
		leave()
		<-gone
		// Now the server notices; one token may be under way, and is held.
		select {
		case <-noticed:
		case <-time.After(hang):
			t.Fatal("the server never noticed")
		}
		more := 0
		for ended := false; !ended; {
			select {
			case <-b.written:
				more++
			case line := <-lines:
				if ended = true; !strings.Contains(line, "cancelled") {
					t.Error(line)
				}
			}
		}
		if more > 1 {
			t.Errorf("%d more tokens were written for nobody", more)
		}
		b.release()
		if got := c.post("/v1/completions", `{`+story+`, "max_tokens": 2}`); got.Usage.Details.Cached == 0 {
			t.Error("the session was not used again")
		}
	}
}

// TestQueue: what is too much is refused, what waits is answered in order, and
// who leaves the queue makes room.
func TestQueue(t *testing.T) {
	b := newBrake(t)
	c := start(t, engine(t), Options{Parallel: 1, Queue: 2, onToken: b.hold})
	waiting := func(n int) func() bool {
		return func() bool { _, w := c.s.model.load(); return w == n }
	}
	var answered []string
	var mu sync.Mutex
	var clients sync.WaitGroup
	ask := func(ctx context.Context, name string) {
		clients.Go(func() {
			r, _ := http.NewRequestWithContext(ctx, "POST", c.url+"/v1/completions", strings.NewReader(`{`+story+`, "max_tokens": 2, "stream": true}`))
			res, err := c.http.Do(r)
			if err != nil {
				return
			}
			defer res.Body.Close()
			mu.Lock() // the headers come when it is its turn
			answered = append(answered, name)
			mu.Unlock()
			events(t, res.Body)
		})
	}
	ask(context.Background(), "first")
	<-b.written
	ask(context.Background(), "second")
	wait(t, "one waits", waiting(1))
	ctx, leave := context.WithCancel(context.Background())
	ask(ctx, "impatient")
	wait(t, "two wait", waiting(2))
	status, answer, header := c.do("POST", "/v1/completions", `{`+story+`}`)
	if _, kind, _, code := failure(t, answer); status != 429 || kind != "rate_limit_error" || code != "rate_limit_exceeded" || header.Get("Retry-After") == "" {
		t.Errorf("%d %s", status, answer)
	}
	leave()
	wait(t, "the impatient leaves", waiting(1))
	ask(context.Background(), "third")
	wait(t, "two wait", waiting(2))
	for i, want := range []string{"first", "second", "third"} {
		wait(t, want+" is answered", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(answered) > i
		})
		for range 2 - 1/(i+1) { // the first one's first token is gone
			<-b.written
		}
	}
	clients.Wait()
	if got := strings.Join(answered, " "); got != "first second third" {
		t.Error("served in the order ", got)
	}
}

// TestLong: one long request at a time is cut into tokens, short ones do not wait
// for it, and who leaves meanwhile is forgotten.
func TestLong(t *testing.T) {
	c := start(t, engine(t), Options{})
	long := `{"prompt": "` + strings.Repeat("cat ", longRequest/4) + `"}`
	c.s.long <- struct{}{} // one is prepared
	ctx, leave := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	clients.Go(func() {
		r, _ := http.NewRequestWithContext(ctx, "POST", c.url+"/v1/completions", strings.NewReader(long))
		if res, err := c.http.Do(r); err == nil {
			res.Body.Close()
			t.Error("answered while another was prepared")
		}
	})
	c.post("/v1/completions", `{`+story+`, "max_tokens": 2}`)
	leave()
	clients.Wait()
	<-c.s.long
	status, answer, _ := c.do("POST", "/v1/completions", long)
	if _, _, _, code := failure(t, answer); status != 400 || code != "context_length_exceeded" || len(c.s.long) > 0 {
		t.Errorf("%d %s", status, answer)
	}
}

// TestManyParts: what a request of many small parts takes grows with its size.
func TestManyParts(t *testing.T) {
	const part = `{"type": "text", "text": "aaaaaaaaaaaaaaaaaaaaaaaa"}`
	body := []byte(`{"messages": [{"role": "user", "content": [` + strings.Repeat(part+",", 20000) + part + `]}]}`)
	var r request
	fuzztest.Bounded(t, len(body), func() {
		if e := parse(body, &r); e != nil {
			t.Fatal(e)
		}
	})
	if n := len(r.Messages[0].Content.text); n != 20001*24 {
		t.Errorf("a text of %d bytes", n)
	}
}

// pipes is a listener whose connections hold nothing back: what one end writes
// waits until the other reads it.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), ended: make(chan struct{})} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.ended) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func post(body string) string {
	return fmt.Sprintf("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// TestSlow: clients that stop in the middle of anything are let go of, and
// nobody else waits for them.
func TestSlow(t *testing.T) {
	l := defaultLimits
	l.readHeader, l.read, l.write = 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond
	lines := make(logged, 10)
	c := start(t, engine(t), Options{Parallel: 1, limits: l, Log: func(line string) { lines <- line }})
	in := newPipes()
	c.s.served.Go(func() { _ = c.s.http.Serve(in) })

	const long = `{` + story + `, "max_tokens": 400, "ignore_eos": true, "stream": true}`
	reader := in.dial()
	defer reader.Close()
	if _, err := io.WriteString(reader, post(long)); err != nil {
		t.Fatal(err)
	}
	// It reads nothing: its answer is written all the same, and the one session
	// is free for the next.
	if got := c.post("/v1/completions", `{`+story+`, "max_tokens": 3}`); got.Usage.Completion != 3 {
		t.Errorf("%+v", got)
	}
	for range 2 {
		lines.next(t)
	}
	if _, err := io.Copy(io.Discard, reader); err != nil {
		t.Errorf("the connection of a client that does not read: %v", err)
	}

	for about, text := range map[string]string{
		"header": "POST /v1/completions HTTP/1.1\r\nHost: loc",
		"body":   post(long)[:len(post(long))-10],
	} {
		conn := in.dial()
		go func() { _, _ = io.WriteString(conn, text) }()
		answer, err := io.ReadAll(conn) // ends because the server closes it
		if err != nil || about == "body" && !strings.Contains(string(answer), "request_timeout") {
			t.Errorf("a client that stops in its %s: %v %s", about, err, answer)
		}
		_ = conn.Close()
	}
}

// TestOutlivesDeadlines: the bounds for reading a request are not those of its
// answer.
func TestOutlivesDeadlines(t *testing.T) {
	l := defaultLimits
	l.readHeader, l.read, l.write = 150*time.Millisecond, 150*time.Millisecond, 150*time.Millisecond
	c := start(t, engine(t), Options{limits: l, onToken: func() { time.Sleep(50 * time.Millisecond) }})
	if pieces := c.stream("/v1/completions", `{`+story+`, "max_tokens": 12, "ignore_eos": true, "stream": true}`); len(pieces) != 13 {
		t.Errorf("%d events", len(pieces))
	}
	if got := c.post("/v1/completions", `{`+story+`, "max_tokens": 12, "ignore_eos": true}`); got.Usage.Completion != 12 {
		t.Errorf("%+v", got.Usage)
	}
}

// TestBigHeader: a header without end is not read.
func TestBigHeader(t *testing.T) {
	c := start(t, engine(t), Options{})
	c.head.Set("X-Long", strings.Repeat("x", 64<<10))
	res := c.open(context.Background(), "GET", "/v1/models", "")
	_ = res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%d", res.StatusCode)
	}
}

// TestClose: the server ends while an answer is written, and says so.
func TestClose(t *testing.T) {
	b := newBrake(t)
	c := start(t, engine(t), Options{onToken: b.hold})
	res := c.open(context.Background(), "POST", "/v1/completions", `{`+story+`, "max_tokens": 400, "ignore_eos": true, "stream": true}`)
	defer res.Body.Close()
	<-b.written
	b.release()
	c.s.Close()
	data := events(t, res.Body)
	if last := data[len(data)-1]; len(data) < 400 && !strings.Contains(last, `"code":"stopped"`) {
		t.Errorf("the last of %d events is %s", len(data), last)
	}
}

// TestModelCloses: who is answered by a model that is closed is told so, and the
// next one is answered by the model that took its place.
func TestModelCloses(t *testing.T) {
	b := newBrake(t)
	old, err := builtin.Open(context.Background(), inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, old, Options{onToken: b.hold})
	res := c.open(context.Background(), "POST", "/v1/completions", `{`+story+`, "max_tokens": 400, "ignore_eos": true, "stream": true}`)
	defer res.Body.Close()
	<-b.written
	c.s.Use(chatEngine(t))
	old.Close()
	b.release()
	data := events(t, res.Body)
	if last := data[len(data)-1]; !strings.Contains(last, `"code":"model_closed"`) {
		t.Errorf("the last of %d events is %s", len(data), last)
	}
	if got := c.post("/v1/completions", `{`+story+`}`); got.Model != "Chatting" {
		t.Errorf("answered by %s", got.Model)
	}
}

// TestForgets: unused sessions give their memory back.
func TestForgets(t *testing.T) {
	l := defaultLimits
	l.keep = 20 * time.Millisecond
	c := start(t, engine(t), Options{limits: l})
	c.post("/v1/completions", `{`+story+`}`)
	m := c.s.model.turns.(*schedule)
	wait(t, "are sessions forgotten", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return !m.awake && m.batch == nil && len(m.idle) == 0
	})
	c.post("/v1/completions", `{`+story+`}`)
}

// TestFifty: fifty clients at once, and most behave badly. The good ones get
// what they would get alone, everybody is answered, and nothing is left.
func TestFifty(t *testing.T) {
	e := engine(t)
	c := start(t, e, Options{})
	in := newPipes()
	c.s.served.Go(func() { _ = c.s.http.Serve(in) })
	want, _ := greedy(t, e, inference.GenerateOptions{MaxTokens: 30})
	const endless = `{` + story + `, "max_tokens": 400, "ignore_eos": true, "stream": true}`
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	var clients sync.WaitGroup
	for i := range 50 {
		clients.Go(func() {
			switch i % 5 {
			case 0: // streams
				pieces := c.stream("/v1/completions", `{`+story+`, "max_tokens": 30, "temperature": 0, "stream": true}`)
				text := ""
				for _, p := range pieces {
					text += said(p)
				}
				if text != want {
					t.Errorf("client %d got %q", i, text)
				}
			case 1: // waits for the whole
				if got := c.post("/v1/completions", `{`+story+`, "max_tokens": 30, "temperature": 0}`); said(got) != want {
					t.Errorf("client %d got %q", i, said(got))
				}
			case 2: // leaves in the middle of the stream
				ctx, leave := context.WithCancel(ctx)
				defer leave()
				res := c.open(ctx, "POST", "/v1/completions", endless)
				defer res.Body.Close()
				_, _ = bufio.NewReader(res.Body).ReadString('\n')
			case 3: // reads nothing, until all others are done
				conn := in.dial()
				if _, err := io.WriteString(conn, post(endless)); err != nil {
					t.Error(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
			case 4: // connects and says nothing
				conn := in.dial()
				t.Cleanup(func() { _ = conn.Close() })
			}
		})
	}
	clients.Wait()
	wait(t, "are all answers written", func() bool { running, waiting := c.s.model.load(); return running == 0 && waiting == 0 })
}

// TestSwitch: what is turned on goes on with the model that is open, and leaves
// its port when it is off.
func TestSwitch(t *testing.T) {
	var w Switch
	w.Use(engine(t))
	url, err := w.On(0, Options{Key: "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	c := &client{t: t, url: strings.TrimSuffix(url, "/v1"), http: &http.Client{Transport: transport}, head: http.Header{"Authorization": {"Bearer s3cret"}}}
	if got := c.post("/v1/completions", `{`+story+`}`); got.Model != "Tern Tales" {
		t.Errorf("answered by %s", got.Model)
	}
	w.Use(nil)
	if status, _, _ := c.do("POST", "/v1/completions", `{`+story+`}`); status != http.StatusServiceUnavailable {
		t.Errorf("without a model: %d", status)
	}
	port := number(t, c.url[strings.LastIndexByte(c.url, ':')+1:])
	for range 2 { // the same port again
		if _, err := w.On(port, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	w.Off()
	w.Off()
	if conn, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://")); err == nil {
		_ = conn.Close()
		t.Error("it still listens")
	}
}
