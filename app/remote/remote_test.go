package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve answers with f and returns a client of it.
func serve(t *testing.T, key string, f http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(f)
	c := New(s.URL+"/v1", key)
	t.Cleanup(func() {
		c.Close()
		s.Close()
	})
	return c
}

func TestParse(t *testing.T) {
	for _, x := range []struct {
		typed, base string
		open        bool
		err         error
	}{
		{"localhost:8080", "http://localhost:8080/v1", false, nil},
		{" http://127.0.0.1:11434/ ", "http://127.0.0.1:11434/v1", false, nil},
		{"http://[::1]:8080/v1/", "http://[::1]:8080/v1", false, nil},
		{"192.168.1.5:8000", "http://192.168.1.5:8000/v1", true, nil},
		{"http://100.100.1.2", "http://100.100.1.2/v1", true, nil},
		{"workshop:8080", "http://workshop:8080/v1", true, nil},
		{"box.local", "http://box.local/v1", true, nil},
		{"https://box.local", "https://box.local/v1", false, nil},
		{"llm.example.org", "https://llm.example.org/v1", false, nil},
		{"https://llm.example.org/api/v1", "https://llm.example.org/api/v1", false, nil},
		{"http://llm.example.org", "", false, ErrPlain},
		{"http://8.8.8.8:8080", "", false, ErrPlain},
		{"http://localhost.example.org", "", false, ErrPlain},
		{"", "", false, ErrAddress},
		{"http://", "", false, ErrAddress},
		{"ftp://localhost", "", false, ErrAddress},
		{"http://me:secret@localhost", "", false, ErrAddress},
		{"http://local host", "", false, ErrAddress},
	} {
		base, open, err := Parse(x.typed)
		if base != x.base || open != x.open || !errors.Is(err, x.err) {
			t.Errorf("%q: %q %v %v", x.typed, base, open, err)
		}
	}
	base, model, ok := Split(Path("http://localhost:8080/v1", "org/model#1"))
	if base != "http://localhost:8080/v1" || model != "org/model#1" || !ok || Host(base) != "localhost:8080" {
		t.Error(base, model, ok)
	}
	for _, path := range []string{"", "/models/a#b", `C:\models\a`, "http://localhost:8080/v1", "http://localhost#"} {
		if _, _, ok := Split(path); ok {
			t.Errorf("%q is a model of a server", path)
		}
	}
}

func TestModels(t *testing.T) {
	c := serve(t, "s3cret", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/models" || r.Header.Get("Authorization") != "Bearer s3cret" {
			t.Errorf("%s with %q", r.URL, r.Header.Get("Authorization"))
		}
		fmt.Fprint(w, `{"object": "list", "data": [{"id": "a", "context_length": 512, "chat": false}, {"id": "b", "max_model_len": 4096, "thinking": ["off", "on", 1]},`+
			`{"id": "c", "meta": {"n_ctx_train": 8192}}, {"id": "e", "meta": {"n_ctx_train": 8192, "n_ctx": 2048}}, {"id": "d", "meta": null}, {"id": ""}]}`)
	})
	got, err := c.Models(context.Background())
	if want := []Model{{"a", 512, true, nil}, {"b", 4096, false, []string{"off", "on"}}, {"c", 8192, false, nil}, {"e", 2048, false, nil}, {"d", 0, false, nil}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestStream reads what different servers send.
func TestStream(t *testing.T) {
	for about, x := range map[string]struct{ sent, text, finish string }{
		"completions": {"data: {\"choices\":[{\"text\":\"Once\"}]}\n\ndata: {\"choices\":[{\"text\":\" upon\",\"finish_reason\":null}]}\n\n" +
			"data: {\"choices\":[{\"text\":\"\",\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n", "Once| upon", "length"},
		"a chat": {": ping\r\n\r\nevent: x\r\ndata:{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\r\n\r\n" +
			"data:{\"choices\":[{\"delta\":{\"content\":\"Hi ☀\"}}]}\r\n\r\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n" +
			"data: {\"choices\":[],\"usage\":{}}\r\n\r\ndata: [DONE]\r\n\r\n", "Hi ☀", "stop"},
		"without [DONE]": {"data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":\"stop\"}]}\n", "a", "stop"},
	} {
		c := serve(t, "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			_, _ = io.WriteString(w, x.sent)
		})
		var pieces []string
		finish, err := c.Stream(context.Background(), Request{}, func(p Part) bool { pieces = append(pieces, p.Text); return true })
		if got := strings.Join(pieces, "|"); got != x.text || finish != x.finish || err != nil {
			t.Errorf("%s: %q, %q, %v", about, got, finish, err)
		}
	}
}

// TestFaults: each fault of a server is told apart, none repeats the key, and
// the key goes nowhere else.
func TestFaults(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	say := func(status int, kind, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	stream := func(text string) http.HandlerFunc { return say(200, "text/event-stream", text) }
	for about, x := range map[string]struct {
		answer http.HandlerFunc
		want   error
		says   string
	}{
		"no key":       {say(401, "application/json", `{"error": {"message": "Say the key."}}`), ErrKey, "Say the key."},
		"error object": {say(400, "application/json", `{"error": {"message": "too long", "code": 1}}`), ErrRefused, "too long"},
		"error text":   {say(500, "application/json", `{"error": "no such model"}`), ErrRefused, "no such model"},
		"vLLM's error": {say(400, "application/json", `{"object": "error", "message": "bad n"}`), ErrRefused, "bad n"},
		"a page":       {say(200, "text/html", "<html>router</html>"), ErrNoServer, "text/html"},
		"another API":  {say(404, "text/plain", "404"), ErrNoServer, "404"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
			ErrNoServer, "elsewhere"},
		"an error in the stream": {stream("data: {\"choices\":[{\"text\":\"a\"}]}\n\ndata: {\"error\": {\"message\": \"closing\"}}\n\n"), ErrRefused, "closing"},
		"a cut stream":           {stream("data: {\"choices\":[{\"text\":\"a\"}]}\n\n"), ErrUnreachable, "EOF"},
		"no JSON":                {stream("data: {\n\n"), ErrNoServer, "not JSON"},
		"a line without end":     {stream("data: " + strings.Repeat("x", 2*maxEvent)), ErrUnreachable, "too long"},
		"a broken connection": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: {\"choices\":[{\"text\":\"a\"}]}\n\n")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, ErrUnreachable, "EOF"},
	} {
		c := serve(t, "s3cret", x.answer)
		_, err := c.Stream(context.Background(), Request{Messages: []Message{{"user", "hi"}}}, func(Part) bool { return true })
		if !errors.Is(err, x.want) || !strings.Contains(fmt.Sprint(err), x.says) || strings.Contains(fmt.Sprint(err), "s3cret") {
			t.Errorf("%s: %v", about, err)
		}
	}
	c := New("http://127.0.0.1:1/v1", "s3cret")
	defer c.Close()
	if _, err := c.Models(context.Background()); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
}

// TestExtras: a server that refuses what OpenAI does not have is asked without.
func TestExtras(t *testing.T) {
	asked := 0
	c := serve(t, "", func(w http.ResponseWriter, r *http.Request) {
		asked++
		var got map[string]any
		_ = json.NewDecoder(r.Body).Decode(&got)
		if _, extra := got["top_k"]; extra {
			http.Error(w, `{"error": {"message": "Unrecognized request argument supplied: top_k"}}`, 400)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	})
	if _, err := c.Stream(context.Background(), Request{Extras: map[string]float64{"top_k": 40}}, func(Part) bool { return true }); err != nil || asked != 2 {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

// TestCancel: a stream ends when its reader has enough, or its context is done,
// and the server hears of it.
func TestCancel(t *testing.T) {
	left := make(chan struct{}, 2)
	c := serve(t, "", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: {\"choices\":[{\"text\":\"a\"}]}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		left <- struct{}{}
	})
	if _, err := c.Stream(context.Background(), Request{}, func(Part) bool { return false }); err != nil {
		t.Error(err)
	}
	<-left
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := c.Stream(ctx, Request{}, func(Part) bool { cancel(); return true }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	<-left
}

// TestClosing: a server that closes a kept connection when it is used again, as
// llama-server may, is asked once more on another.
func TestClosing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	connections := make(chan int, 10)
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections <- n
			r := bufio.NewReader(c)
			if q, err := http.ReadRequest(r); err == nil {
				_, _ = io.Copy(io.Discard, q.Body)
				const sent = "data: {\"choices\":[{\"text\":\"Once\",\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", len(sent), sent)
			}
			_, _ = http.ReadRequest(r) // the next one, which is not answered
			_ = c.Close()
		}
	}()
	c := New("http://"+l.Addr().String()+"/v1", "")
	defer c.Close()
	for range 3 {
		if finish, err := c.Stream(context.Background(), Request{Prompt: new("x")}, func(Part) bool { return true }); err != nil || finish != "stop" {
			t.Fatalf("%q, %v after %d connections", finish, err, len(connections))
		}
	}
	if len(connections) < 2 {
		t.Error("no connection was used again, so that nothing was tried")
	}
}
