package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"tern/app/builtin"
	"tern/inference"
)

const story = `"prompt": "Once upon a time"`

// greedy is what the model itself continues the story with.
func greedy(t *testing.T, e *inference.Engine, o inference.GenerateOptions) (text string, tokens int) {
	t.Helper()
	s, err := e.NewSession(inference.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for event, err := range s.Generate(context.Background(), e.Prompt("Once upon a time"), o) {
		if err != nil {
			t.Fatal(err)
		}
		if text += event.Text; event.Kind == inference.EventToken {
			tokens++
		}
	}
	return text, tokens
}

func TestCompletion(t *testing.T) {
	e := engine(t)
	c := start(t, e, Options{})
	want, n := greedy(t, e, inference.GenerateOptions{MaxTokens: 40})
	for _, body := range []string{
		`{"model": "any", ` + story + `, "max_tokens": 40, "temperature": 0}`,
		`{"prompt": ["Once upon a time"], "max_completion_tokens": 40, "max_tokens": 3, "temperature": 0, "n": 1, "best_of": 1, "logprobs": null, "suffix": null, "stop": null, "stream": false, "user": "x"}`,
		`{"prompt": [1, 419, 334, 260, 376], "max_tokens": 40, "temperature": 0}`,
		`{"prompt": [[1, 419, 334, 260, 376]], "max_tokens": 40, "temperature": 0}`,
	} {
		if strings.Contains(body, "419") { // the ids of the same words
			ids, _ := json.Marshal(e.Prompt("Once upon a time"))
			body = strings.ReplaceAll(body, "[1, 419, 334, 260, 376]", string(ids))
		}
		got := c.post("/v1/completions", body)
		if got.Object != "text_completion" || got.Model != "Tern Tales" || !strings.HasPrefix(got.ID, "cmpl-") || got.Created == 0 {
			t.Errorf("%+v", got)
		}
		if said(got) != want || *got.Choices[0].Finish != "length" {
			t.Errorf("%s:\n%q, want\n%q", body, said(got), want)
		}
		if u := got.Usage; u.Prompt != 5 || u.Completion != n || u.Total != 5+n {
			t.Errorf("usage %+v, want 5 and %d tokens", u, n)
		}
	}
	if got := c.post("/v1/completions", "{"+story+"}"); got.Usage.Completion != completionTokens {
		t.Errorf("without a limit %d tokens", got.Usage.Completion)
	}
}

// TestStream: one event for every token, which together are the same text.
func TestStream(t *testing.T) {
	e := engine(t)
	c := start(t, e, Options{})
	want, n := greedy(t, e, inference.GenerateOptions{MaxTokens: 40})
	pieces := c.stream("/v1/completions", `{`+story+`, "max_tokens": 40, "temperature": 0, "stream": true, "stream_options": {"include_usage": true}}`)
	if len(pieces) != n+2 {
		t.Fatalf("%d events for %d tokens, the end and the figures", len(pieces), n)
	}
	text := ""
	for i, p := range pieces {
		text += said(p)
		if p.ID != pieces[0].ID || p.Object != "text_completion" || (p.Usage != nil) != (i == n+1) {
			t.Errorf("event %d is %+v", i, p)
		}
		if i <= n && (p.Choices[0].Finish != nil) != (i == n) {
			t.Errorf("event %d of %d: finished %v", i, n, p.Choices[0].Finish)
		}
	}
	if u := pieces[n+1].Usage; text != want || u.Completion != n || len(pieces[n+1].Choices) != 0 {
		t.Errorf("%q with %+v, want %q", text, u, want)
	}
}

func TestChat(t *testing.T) {
	c := start(t, chatEngine(t), Options{})
	const first = `{"role": "user", "content": "Once there was a cat."}`
	ask := func(turns string) string {
		return `{"messages": [` + turns + `], "max_tokens": 20, "temperature": 0, "stop": ["\n"]`
	}
	one := c.post("/v1/chat/completions", ask(first)+"}")
	m := one.Choices[0].Message
	if one.Object != "chat.completion" || m.Role != "assistant" || *m.Content == "" || !strings.HasPrefix(one.ID, "chatcmpl-") {
		t.Fatalf("%+v says %+v", one, m)
	}
	pieces := c.stream("/v1/chat/completions", ask(first)+`, "stream": true}`)
	text := ""
	for i, p := range pieces {
		text += said(p)
		if p.Object != "chat.completion.chunk" || p.Choices[0].Delta == nil || (p.Choices[0].Delta.Role != "") != (i == 0) {
			t.Errorf("event %d is %+v", i, p)
		}
	}
	if text != *m.Content || len(pieces) != one.Usage.Completion+2 {
		t.Errorf("%q in %d events, want %q", text, len(pieces), *m.Content)
	}
	answer, _ := json.Marshal(map[string]string{"role": "assistant", "content": strings.TrimSpace(*m.Content)})
	two := c.post("/v1/chat/completions", ask(`{"role": "developer", "content": "Be kind."},`+first)+"}")
	three := c.post("/v1/chat/completions", ask(first+","+string(answer)+`, {"role": "user", "content": [{"type": "text", "text": "And "}, {"type": "text", "text": "then?"}]}`)+"}")
	if two.Usage.Details.Cached >= one.Usage.Prompt || three.Usage.Details.Cached < one.Usage.Prompt {
		t.Errorf("another conversation found %d tokens, the next turn %d of %d", two.Usage.Details.Cached, three.Usage.Details.Cached, one.Usage.Prompt)
	}
}

// TestEndSentence: a limit is exact unless the request asks for whole sentences.
func TestEndSentence(t *testing.T) {
	c := start(t, engine(t), Options{})
	for ask, whole := range map[string]bool{"": false, `, "end_sentence": 0`: false, `, "end_sentence": null`: false, `, "end_sentence": 60`: true} {
		got := c.post("/v1/completions", `{`+story+`, "temperature": 0, "max_tokens": 5`+ask+`}`)
		text := *got.Choices[0].Text
		if whole != (got.Usage.Completion > 5) || whole != strings.HasSuffix(text, ".") || *got.Choices[0].Finish != "length" {
			t.Errorf("%q: %d tokens, %q", ask, got.Usage.Completion, text)
		}
	}
}

func TestSettings(t *testing.T) {
	c := start(t, engine(t), Options{})
	ask := func(rest string) completion {
		return c.post("/v1/completions", `{`+story+`, "max_tokens": 60, `+rest+`}`)
	}
	a, b, other := ask(`"seed": 7, "temperature": 1.5`), ask(`"seed": 7, "temperature": 1.5`), ask(`"seed": -8, "temperature": 1.5`)
	if said(a) != said(b) || said(a) == said(other) {
		t.Error("the seed does not decide the text")
	}
	if one := ask(`"seed": 9, "top_k": 1`); said(one) != said(ask(`"temperature": 0`)) {
		t.Error("top_k 1 is not the most likely text")
	}
	for _, stop := range []string{`"little"`, `["zebra", "little"]`} {
		got := ask(`"temperature": 0, "stop": ` + stop)
		if s := said(got); *got.Choices[0].Finish != "stop" || !strings.HasSuffix(s, "a ") {
			t.Errorf("stop %s: %q", stop, s)
		}
	}
	if got := c.post("/v1/completions", `{`+story+`, "max_tokens": 100000, "ignore_eos": true}`); got.Usage.Total < 512 || *got.Choices[0].Finish != "length" {
		t.Errorf("a text without end: %+v", got.Usage)
	}
}

func TestRefused(t *testing.T) {
	e := engine(t)
	c := start(t, e, Options{limits: smallBody()})
	chatting := start(t, chatEngine(t), Options{})
	for _, x := range []struct {
		c           *client
		path, body  string
		status      int
		param, code string
	}{
		{c, "/v1/completions", `{` + story + `, "n": 2}`, 400, "n", "unsupported_parameter"},
		{c, "/v1/completions", `{` + story + `, "best_of": 3}`, 400, "best_of", "unsupported_parameter"},
		{c, "/v1/completions", `{` + story + `, "echo": true}`, 400, "echo", "unsupported_parameter"},
		{c, "/v1/completions", `{` + story + `, "suffix": "x"}`, 400, "suffix", "unsupported_parameter"},
		{c, "/v1/completions", `{` + story + `, "logprobs": 21}`, 400, "logprobs", "invalid_value"},
		{c, "/v1/completions", `{` + story + `, "logprobs": -1}`, 400, "logprobs", "invalid_value"},
		{c, "/v1/completions", `{` + story + `, "logprobs": true}`, 400, "logprobs", "invalid_value"},
		{c, "/v1/completions", `{` + story + `, "top_logprobs": 2}`, 400, "top_logprobs", "invalid_value"},
		{chatting, "/v1/chat/completions", `{"messages": [{"role": "user", "content": "x"}], "logprobs": 2}`, 400, "logprobs", "invalid_value"},
		{chatting, "/v1/chat/completions", `{"messages": [{"role": "user", "content": "x"}], "top_logprobs": 2}`, 400, "top_logprobs", "invalid_value"},
		{chatting, "/v1/chat/completions", `{"messages": [{"role": "user", "content": "x"}], "logprobs": true, "top_logprobs": 21}`, 400, "top_logprobs", "invalid_value"},
		{c, "/v1/completions", `{` + story + `, "logit_bias": {"5": -100}}`, 400, "logit_bias", "unsupported_parameter"},
		{c, "/v1/completions", `{` + story + `, "frequency_penalty": 1}`, 400, "frequency_penalty", "unsupported_parameter"},
		{c, "/v1/completions", `{` + story + `, "presence_penalty": -1}`, 400, "presence_penalty", "unsupported_parameter"},
		{c, "/v1/completions", `{` + story + `, "temperature": 100.5}`, 400, "temperature", "invalid_value"},
		{c, "/v1/completions", `{` + story + `, "temperature": "hot"}`, 400, "temperature", "invalid_value"},
		{c, "/v1/completions", `{` + story + `, "top_p": -1}`, 400, "top_p", "invalid_value"},
		{c, "/v1/completions", `{` + story + `, "max_tokens": 2.5}`, 400, "max_tokens", "invalid_value"},
		{c, "/v1/completions", `{` + story + `, "max_tokens": "many"}`, 400, "max_tokens", "invalid_value"},
		{c, "/v1/completions", `{` + story + `, "seed": 1e20}`, 400, "seed", "invalid_value"},
		{c, "/v1/completions", `{` + story + `, "seed": 0.5}`, 400, "seed", "invalid_value"},
		{c, "/v1/completions", `{` + story + `, "grammar": "root ::= x"}`, 400, "grammar", "unsupported_parameter"},
		{c, "/v1/completions", `{` + story + `, "json_schema": {"type": "object", "not": {}}}`, 400, "json_schema", "unsupported_parameter"},
		{c, "/v1/completions", `{` + story + `, "stop": 5}`, 400, "stop", "invalid_value"},
		{c, "/v1/completions", `{"prompt": {"a": 1}}`, 400, "prompt", "invalid_value"},
		{c, "/v1/completions", `{"prompt": ["one", "two"]}`, 400, "prompt", "unsupported_parameter"},
		{c, "/v1/completions", `{"prompt": [[1], [2]]}`, 400, "prompt", "unsupported_parameter"},
		{c, "/v1/completions", `{"prompt": [1, 99999]}`, 400, "prompt", "invalid_value"},
		{c, "/v1/completions", `{"prompt": [1, -1]}`, 400, "prompt", "invalid_value"},
		{c, "/v1/completions", `{}`, 400, "prompt", "invalid_value"},
		{c, "/v1/completions", `{"prompt": []}`, 400, "prompt", "invalid_value"},
		{c, "/v1/completions", `{"prompt": "` + strings.Repeat("cat ", 600) + `"}`, 400, "prompt", "context_length_exceeded"},
		{c, "/v1/completions", `{"prompt": "` + strings.Repeat("cat ", 20000) + `"}`, 413, "", "request_too_large"},
		{c, "/v1/completions", `{"prompt`, 400, "", "invalid_json"},
		{c, "/v1/completions", ``, 400, "", "invalid_json"},
		{c, "/v1/completions", `[]`, 400, "", "invalid_value"},
		{c, "/v1/chat/completions", `{"messages": [{"role": "user", "content": "hi"}]}`, 400, "messages", "no_chat_template"},
		{chatting, "/v1/chat/completions", `{}`, 400, "messages", "invalid_value"},
		{chatting, "/v1/chat/completions", `{"messages": [{"role": "user"}]}`, 400, "messages", "invalid_value"},
		{chatting, "/v1/chat/completions", `{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": null, "tool_calls": [{}]}]}`, 400, "messages", "invalid_value"},
		{chatting, "/v1/chat/completions", `{"messages": [{"role": "user", "content": 5}]}`, 400, "messages", "invalid_value"},
		{chatting, "/v1/chat/completions", `{"messages": [{"role": "tool", "content": "x"}]}`, 400, "messages", "unsupported_parameter"},
		{chatting, "/v1/chat/completions", `{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}`, 400, "messages", "unsupported_parameter"},
		{chatting, "/v1/chat/completions", `{"messages": [{"role": "user", "content": "x"}], "tools": [{}]}`, 400, "tools", "unsupported_parameter"},
		{chatting, "/v1/chat/completions", `{"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "grammar"}}`, 400, "response_format", "unsupported_parameter"},
		{c, "/v1/embeddings", `{}`, 404, "", "embeddings_not_supported"},
	} {
		status, answer, _ := x.c.do("POST", x.path, x.body)
		_, kind, param, code := failure(t, answer)
		if status != x.status || param != x.param || code != x.code || kind != "invalid_request_error" {
			t.Errorf("%.80s: %d, %s", x.body, status, answer)
		}
	}
	status, _, header := c.do("GET", "/v1/completions", "")
	if status != http.StatusMethodNotAllowed || header.Get("Allow") != "POST, OPTIONS" {
		t.Errorf("GET: %d, allowed is %q", status, header.Get("Allow"))
	}
}

// TestNoMemory: a text that there is no memory for is refused, and the next one is
// answered if there is some again.
func TestNoMemory(t *testing.T) {
	var free atomic.Int64
	e, err := builtin.Open(t.Context(), inference.Options{Threads: 1, Free: func() (int64, bool) { return free.Load(), true }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	c := start(t, e, Options{})
	const body = `{` + story + `, "max_tokens": 2}`
	status, answer, _ := c.do("POST", "/v1/completions", body)
	if _, kind, _, code := failure(t, answer); status != http.StatusServiceUnavailable || kind != "server_error" || code != "insufficient_memory" {
		t.Errorf("%d, %s", status, answer)
	}
	free.Store(1 << 40)
	if status, answer, _ := c.do("POST", "/v1/completions", body); status != http.StatusOK {
		t.Errorf("with memory: %d, %s", status, answer)
	}
}

func smallBody() limits {
	l := defaultLimits
	l.body = 64 << 10
	return l
}

func TestModels(t *testing.T) {
	c := start(t, nil, Options{})
	read := func() (ids []string) {
		t.Helper()
		status, answer, _ := c.do("GET", "/v1/models", "")
		var got struct {
			Object string
			Data   []modelCard
		}
		if err := json.Unmarshal(answer, &got); err != nil || status != 200 || got.Object != "list" || got.Data == nil {
			t.Fatalf("%d %s", status, answer)
		}
		for _, m := range got.Data {
			if m.Object != "model" || m.Context != 512 || m.Created == 0 || m.Params == 0 {
				t.Errorf("%+v", m)
			}
			ids = append(ids, m.ID)
		}
		return ids
	}
	if ids := read(); len(ids) != 0 {
		t.Errorf("without a model: %q", ids)
	}
	status, answer, _ := c.do("POST", "/v1/completions", `{`+story+`}`)
	if _, kind, _, code := failure(t, answer); status != 503 || code != "model_not_open" || kind != "server_error" {
		t.Errorf("without a model: %d %s", status, answer)
	}
	c.s.Use(engine(t))
	if ids := read(); len(ids) != 1 || ids[0] != "Tern Tales" {
		t.Errorf("%q", ids)
	}
	if status, answer, _ := c.do("GET", "/v1/models/Tern%20Tales", ""); status != 200 || !strings.Contains(string(answer), `"id":"Tern Tales"`) {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer, _ := c.do("GET", "/v1/models/org/gpt", ""); status != 404 || !strings.Contains(string(answer), "model_not_found") {
		t.Errorf("%d %s", status, answer)
	}
	if status, _, _ := c.do("GET", "/health", ""); status != 200 {
		t.Errorf("health: %d", status)
	}
}
