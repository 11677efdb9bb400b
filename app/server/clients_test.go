package server

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestAsOthersSpeak: what clients of other local servers send where they mean "the
// usual" or "no limit" is answered, and means that.
func TestAsOthersSpeak(t *testing.T) {
	c := start(t, engine(t), Options{})
	chatting := start(t, chatEngine(t), Options{})
	long := c.post("/v1/completions", `{`+story+`, "seed": 3, "ignore_eos": true, "n_predict": -1}`)
	for name, x := range map[string]struct {
		body string
		full bool // writes until the context is full
	}{
		"no limit":                    {`"max_tokens": -1`, true},
		"no limit, of a chat":         {`"max_completion_tokens": -1, "max_tokens": 5`, true},
		"no limit, as zero":           {`"max_tokens": 0`, true},
		"until the context is full":   {`"max_tokens": -2`, true},
		"a limit beyond every number": {`"max_tokens": 1e300`, true},
		"a limit beyond 32 bits":      {`"max_tokens": 9223372036854775807`, true},
		"a count with a point":        {`"max_tokens": 4.0`, false},
		"a count with an exponent":    {`"max_tokens": 4e0, "top_k": 4e1`, false},
		"the limit of llama-server":   {`"n_predict": 4`, false},
		"OpenAI's limit first":        {`"n_predict": -1, "max_tokens": 4`, false},
		"top_k off":                   {`"max_tokens": 4, "top_k": -1`, false},
		"an empty stop":               {`"max_tokens": 4, "stop": ""`, false},
		"empty stops":                 {`"max_tokens": 4, "stop": ["", null, ""]`, false},
		"no stops":                    {`"max_tokens": 4, "stop": []`, false},
		"a model of any type":         {`"max_tokens": 4, "model": {"id": 5}`, false},
		"fields nobody knows":         {`"max_tokens": 4, "mirostat": 2, "cache_prompt": true, "x": {"y": [1]}`, false},
		"null everywhere": {`"max_tokens": 4, "max_completion_tokens": null, "n_predict": null, "temperature": null, "top_p": null,
			"top_k": null, "min_p": null, "seed": null, "stop": null, "n": null, "best_of": null, "echo": null, "suffix": null,
			"stream": null, "stream_options": null, "logprobs": null, "top_logprobs": null, "logit_bias": null, "tools": null,
			"functions": null, "modalities": null, "response_format": null, "frequency_penalty": null, "presence_penalty": null,
			"repeat_penalty": null, "ignore_eos": null, "grammar": null, "json_schema": null, "messages": null, "user": null`, false},
		"nothing in many ways": {`"max_tokens": 4, "n": 1.0, "best_of": 0, "echo": false, "suffix": "", "logit_bias": [], "tools": [],
			"functions": {}, "modalities": [ ], "response_format": {}, "frequency_penalty": 0, "presence_penalty": 0.0,
			"grammar": "", "json_schema": { }, "stream_options": {}`, false},
		"text, said outright": {`"max_tokens": 4, "n": 1, "modalities": ["text"], "response_format": {"type": "text"}`, false},
	} {
		got := c.post("/v1/completions", `{`+story+`, "ignore_eos": true, `+x.body+`}`)
		want := 4
		if x.full {
			want = long.Usage.Completion
		}
		if got.Usage.Completion != want || *got.Choices[0].Finish != "length" {
			t.Errorf("%s: %d tokens, want %d", name, got.Usage.Completion, want)
		}
	}
	if long.Usage.Total < 512 {
		t.Errorf("without a limit %+v", long.Usage)
	}
	for _, body := range []string{
		`{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null}, {"role": "user", "content": "Then?"}], "max_tokens": 1}`,
		`{"messages": [{"role": "user", "content": "Hi", "name": "Ada", "tool_calls": []}, {"role": "assistant", "tool_calls": null}, {"role": "user", "content": "?"}], "max_tokens": 1}`,
		"\ufeff" + `{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1, "top_logprobs": 2.0, "logprobs": true}`,
		`{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1, "logprobs": false, "top_logprobs": 0, "tool_choice": "none"}`,
	} {
		if got := chatting.post("/v1/chat/completions", body); got.Usage.Completion != 1 {
			t.Errorf("%s: %+v", body, got.Usage)
		}
	}
}

// TestSeeds: -1 draws, every other number repeats its text.
func TestSeeds(t *testing.T) {
	c := start(t, engine(t), Options{})
	ask := func(seed string) string {
		return said(c.post("/v1/completions", `{`+story+`, "max_tokens": 40, "temperature": 2, "seed": `+seed+`}`))
	}
	for _, same := range []string{"0", "7", "-2", "18446744073709551615", "18446744073709551614", "9007199254740993"} {
		if first, second := ask(same), ask(same); first != second {
			t.Errorf("seed %s writes two texts", same)
		}
	}
	for _, drawn := range []string{"-1", "-1.0", "null"} {
		if first, second := ask(drawn), ask(drawn); first == second {
			t.Errorf("seed %s writes the same text twice", drawn)
		}
	}
	if ask("42") != ask("42.0") || ask("9223372036854775808") == ask("9223372036854775809") {
		t.Error("a seed is not the number that was sent")
	}
}

// TestPaths: a client may put its base URL and its path together as it likes.
func TestPaths(t *testing.T) {
	c := start(t, engine(t), Options{})
	for _, p := range []string{
		"/v1/completions", "/v1/completions/", "//v1/completions", "/v1//completions", "/v1/v1/completions", "/v1//v1/completions//",
		"/completions", "//completions", "/completions/", "/v1/./completions", "/v1/completions?api-version=1",
	} {
		if status, answer, _ := c.do("POST", p, `{`+story+`, "max_tokens": 1}`); status != http.StatusOK {
			t.Errorf("POST %s: %d %s", p, status, answer)
		}
	}
	for _, p := range []string{
		"/v1/models", "/v1/models/", "/models", "//models/", "/v1/v1/models", "/v1/models/Tern%20Tales", "/models/Tern%20Tales/",
		"/", "//", "/v1", "/v1/", "/health", "/health/", "//health", "/v1/health",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			if status, answer, _ := c.do(method, p, ""); status != http.StatusOK || (method == "HEAD") != (len(answer) == 0) {
				t.Errorf("%s %s: %d %s", method, p, status, answer)
			}
		}
	}
	for method, x := range map[string]struct{ path, allow string }{
		"HEAD": {"/v1/completions", "POST, OPTIONS"}, "DELETE": {"/v1/models", "GET, HEAD, OPTIONS"},
	} {
		if status, _, h := c.do(method, x.path, ""); status != http.StatusMethodNotAllowed || h.Get("Allow") != x.allow {
			t.Errorf("%s %s: %d, allows %s", method, x.path, status, h.Get("Allow"))
		}
	}
	if status, _, h := c.do("OPTIONS", "/v1/chat/completions", ""); status != http.StatusNoContent || h.Get("Allow") != "POST, OPTIONS" {
		t.Errorf("OPTIONS without an origin: %d, allows %s", status, h.Get("Allow"))
	}
	for _, p := range []string{"/v1/embedding", "/v1/v2/models", "/v10/models", "/v1models", "/xv1/models"} {
		if status, _, _ := c.do("GET", p, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d", p, status)
		}
	}
}

// TestOrigins: pages of this computer may ask, and those that were allowed.
func TestOrigins(t *testing.T) {
	origins, err := CleanOrigins("app://obsidian.md, chrome-extension://* https://*.trusted.example/,null\nfile:// http://lab:3000")
	if err != nil {
		t.Fatal(err)
	}
	closed, open, any := start(t, engine(t), Options{}), start(t, engine(t), Options{Origins: origins}), start(t, engine(t), Options{Origins: []string{"*"}})
	for origin, where := range map[string]string{ // who lets it in: "all", "listed", or "none" but the server open to any
		"http://tauri.localhost": "all", "https://tauri.localhost": "all", "http://a.b.localhost:5173": "all", "http://X.LocalHost.": "all",
		"tauri://localhost": "all", "capacitor://localhost": "all", "http://[::1]:8080": "all", "http://127.0.0.1": "all", "http://127.8.9.1:2": "all",
		"app://obsidian.md": "listed", "APP://obsidian.md": "listed", "chrome-extension://abc": "listed", "null": "listed", "file://": "listed",
		"https://a.trusted.example": "listed", "https://a.trusted.example:8443": "none", "https://trusted.example": "none", "http://a.trusted.example": "none",
		"http://lab:3000": "listed", "http://lab:3001": "none", "http://lab": "none", "vscode-webview://abc": "none",
		"https://localhost.evil.example": "none", "https://evillocalhost": "none", "http://localhost@evil.example": "none",
		"https://evil.example/.trusted.example": "none", "https://evil.example#.trusted.example": "none", "app://obsidian.md.evil.example": "none",
	} {
		for name, c := range map[string]*client{"closed": closed, "open": open, "any": any} {
			want := http.StatusForbidden
			if where == "all" || where == "listed" && c == open || c == any {
				want = http.StatusNoContent
			}
			c.head = http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Private-Network": {"true"}}
			status, _, h := c.do("OPTIONS", "/v1/chat/completions", "")
			if status != want || want == http.StatusNoContent && (h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Private-Network") != "true") {
				t.Errorf("%s at the %s server: %d %v", origin, name, status, h)
			}
			if status, _, _ := c.do("GET", "/v1/models", ""); (status == http.StatusOK) != (want == http.StatusNoContent) {
				t.Errorf("%s reads at the %s server: %d", origin, name, status)
			}
		}
	}
	if want := []string{"app://obsidian.md", "chrome-extension://*", "https://*.trusted.example", "null", "file://", "http://lab:3000"}; !slices.Equal(origins, want) {
		t.Errorf("%q", origins)
	}
	for _, wrong := range []string{"obsidian.md", "https://a.example/page", "https://u@a.example", "*://x", "https://*.*", "://x", "https//x"} {
		if got, err := CleanOrigins("http://good, " + wrong); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q passes as %q, %v", wrong, got, err)
		}
	}
	any.head, any.host = http.Header{}, "evil.example" // a rebound name is not an origin
	if status, _, _ := any.do("GET", "/v1/models", ""); status != http.StatusForbidden {
		t.Errorf("a host elsewhere: %d", status)
	}
}

// TestKeys: the key comes in each of the ways in which clients send one.
func TestKeys(t *testing.T) {
	c := start(t, engine(t), Options{Key: "s3cret"})
	for head, want := range map[[2]string]int{
		{"Authorization", "Bearer s3cret"}: 200, {"Authorization", "bearer s3cret"}: 200, {"Authorization", "BEARER   s3cret "}: 200,
		{"X-Api-Key", "s3cret"}: 200, {"x-api-key", "s3cret"}: 200,
		{"Authorization", "Bearer S3CRET"}: 401, {"Authorization", "Basic s3cret"}: 401, {"Authorization", "Bearer"}: 401,
		{"Authorization", "Bearer "}: 401, {"Authorization", "s3cret"}: 401, {"X-Api-Key", "Bearer s3cret"}: 401, {"X-Api-Key", ""}: 401,
	} {
		c.head = http.Header{}
		c.head.Set(head[0], head[1])
		if status, answer, _ := c.do("GET", "/v1/models", ""); status != want {
			t.Errorf("%q: %d %s", head, status, answer)
		}
	}
	c.head = http.Header{}
	if status, _, _ := c.do("GET", "/health", ""); status != http.StatusOK {
		t.Errorf("health without a key: %d", status) // as at llama-server, for those who watch it
	}
	c.host = "evil.localhost"
	if status, _, _ := c.do("GET", "/health", ""); status != http.StatusOK {
		t.Errorf("a name below localhost: %d", status)
	}
}
