package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"tern/inference"
	"tern/tokenizer"
)

// tagged is a chat template that thinks unless told not to, and whose model calls
// tools between tags.
const tagged = `{% for t in tools or [] %}{{ 'Tool: ' + t|tojson + '\n' }}{% endfor %}{% for m in messages %}{{ m.role + ': ' }}
{%- if m.role == 'assistant' %}{{ '<think>' + (m.reasoning_content or '') + '</think>' + m.content }}
{%- for c in m.tool_calls or [] %}{{ '\n<tool_call>\n<function=' + c.function.name + '>\n' }}
{%- for k, v in c.function.arguments|items %}{{ '<parameter=' + k + '>\n' + (v if v is string else v|tojson) + '\n</parameter>\n' }}{% endfor %}{{ '</function>\n</tool_call>' }}{% endfor %}
{%- else %}{{ m.content }}{% endif %}{{ '\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' + ('<think></think>' if enable_thinking is defined and not enable_thinking else '<think>') }}{% endif %}`

// object is one whose model writes calls as objects, and may begin to think.
const object = `{% for t in tools or [] %}{{ 'Tool: ' + t|tojson + '\n' }}{% endfor %}{% for m in messages %}{{ m.role + ': ' + (m.content.split('</think>')[-1] if m.role == 'assistant' else m.content) }}
{%- for c in m.tool_calls or [] %}{{ '\n<tool_call>\n{"name": "' + c.function.name + '", "arguments": ' + c.function.arguments|tojson + '}\n</tool_call>' }}{% endfor %}{{ '\n' }}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}`

// templated is the built-in model with a chat template.
func templated(t testing.TB, template string) *inference.Engine {
	t.Helper()
	m := *engine(t).Model()
	m.Name = "Templated"
	m.Tokenizer.Config, _ = json.Marshal(map[string]any{"chat_template": template})
	e, err := inference.New(&m, inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// script plays a model: it writes these texts, one for each question.
type script struct {
	e *inference.Engine

	mu    sync.Mutex
	texts []string
	stop  inference.StopReason
	asked []*question
}

// turn writes the next text in pieces that end anywhere.
func (s *script) turn(_ context.Context, q *question) (write, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.texts[0]
	s.texts = append(s.texts[1:], text) // and then the first again
	s.asked = append(s.asked, q)
	stop := s.stop
	return func(_ context.Context, yield func(*inference.Event)) error {
		stats := inference.Stats{PromptTokens: len(q.ids), Prefill: time.Millisecond}
		for n := 1; text != ""; n = n%5 + 1 {
			runes := []rune(text)
			piece := string(runes[:min(n, len(runes))])
			text = text[len(piece):]
			stats.Generated++
			yield(&inference.Event{Kind: inference.EventToken, Text: piece, ID: 5, Stats: stats})
		}
		yield(&inference.Event{Kind: inference.EventDone, Stop: stop, Stats: stats})
		return nil
	}, nil
}

func (s *script) load() (int, int) { return 0, 0 }
func (s *script) retire()          {}

// prompt is the text of the nth question.
func (s *script) prompt(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return tokenizer.Decode(s.e.Tokenizer(), s.asked[n].ids)
}

// play serves a script.
func play(t testing.TB, template string, texts ...string) (*client, *script) {
	t.Helper()
	e := templated(t, template)
	c := start(t, nil, Options{})
	s := &script{e: e, texts: texts, stop: inference.StopEOS}
	c.s.serve(&served{engine: e, context: 4096, since: time.Now(), turns: s})
	return c, s
}

const weather = `"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}, {"type": "function", "function": {"name": "now"}}]`

// clock is a tool that takes one argument at most, so that a call of it ends soon whatever the
// model writes; now may be given any.
const clock = `"tools": [{"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {"utc": {"type": "boolean"}}, "additionalProperties": false}}}]`

const paris = `"messages": [{"role": "user", "content": "Weather in Paris?"}]`

// joined puts the events of a chat's stream together as clients do.
func joined(t testing.TB, pieces []completion) (m spoken, finish string) {
	t.Helper()
	var content, thought strings.Builder
	for _, p := range pieces {
		d := p.Choices[0].Delta
		if d.Content != nil {
			content.WriteString(*d.Content)
		}
		if d.Reasoning != nil {
			thought.WriteString(*d.Reasoning)
		}
		for _, c := range d.ToolCalls {
			for len(m.ToolCalls) <= *c.Index {
				m.ToolCalls = append(m.ToolCalls, toolCall{})
			}
			to := &m.ToolCalls[*c.Index]
			to.ID += c.ID
			to.Type += c.Type
			to.Function.Name += c.Function.Name
			to.Function.Arguments += c.Function.Arguments
		}
		if f := p.Choices[0].Finish; f != nil {
			finish = *f
		}
	}
	text, reasoning := content.String(), thought.String()
	m.Content, m.Reasoning = &text, &reasoning
	return m, finish
}

// summary is an answer in one line.
func summary(m *spoken, finish string) string {
	var b strings.Builder
	if m.Reasoning != nil && *m.Reasoning != "" {
		fmt.Fprintf(&b, "thought %q ", *m.Reasoning)
	}
	if m.Content != nil && *m.Content != "" {
		fmt.Fprintf(&b, "said %q ", *m.Content)
	}
	for _, c := range m.ToolCalls {
		if !strings.HasPrefix(c.ID, "call-") || c.Type != "function" {
			b.WriteString("BAD ")
		}
		fmt.Fprintf(&b, "called %s %s ", c.Function.Name, c.Function.Arguments)
	}
	return b.String() + finish
}

// TestToolCalls: calls come as clients read them, whole and streamed, and what is none
// comes as text.
func TestToolCalls(t *testing.T) {
	for _, c := range []struct {
		template, text, rest string
		stop                 inference.StopReason
		want                 string
	}{
		{tagged, "\nwhere?\n</think>\n\nI look.\n<tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=now>\n</function>\n</tool_call>", "", "eos",
			`thought "where?" said "I look." called weather {"city":"Paris","days":2} called now {} tool_calls`},
		{object, "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Zürich\"}}\n</tool_call>", "", "eos", `called weather {"city":"Zürich"} tool_calls`},
		{object, "<think>hm</think>\n\nSunny.", "", "eos", `thought "hm" said "Sunny." stop`},
		{object, "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Z", "", "length", `said "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Z" length`},
		{object, "<tool_call>\n{\"name\": \"weather\", \"arg", "", "eos", `said "<tool_call>\n{\"name\": \"weather\", \"arg" stop`},
		{object, "<tool_call>\n{\"name\": \"rain\", \"arguments\": {}}\n</tool_call>", "", "eos", `said "<tool_call>\n{\"name\": \"rain\", \"arguments\": {}}\n</tool_call>" stop`},
		{object, "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>", `, "tool_choice": "none"`, "eos", `said "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>" stop`},
		{object, "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>\n<tool_call>", "", "length", `said "<tool_call>" called now {} length`},
		{tagged, "never ends", "", "length", `thought "never ends" length`},
		{tagged, "Hello", `, "chat_template_kwargs": {"enable_thinking": false}`, "eos", `said "Hello" stop`},
	} {
		client, s := play(t, c.template, c.text)
		s.stop = c.stop
		body := `{` + paris + `, ` + weather + c.rest
		got := client.post("/v1/chat/completions", body+"}")
		whole := summary(got.Choices[0].Message, *got.Choices[0].Finish)
		m, finish := joined(t, client.stream("/v1/chat/completions", body+`, "stream": true}`))
		if streamed := summary(&m, finish); whole != c.want || streamed != c.want {
			t.Errorf("%q is told as\n%s, streamed\n%s, want\n%s", c.text, whole, streamed, c.want)
		}
		if offered := strings.Contains(s.prompt(0), `"name": "weather"`); offered != !strings.Contains(c.rest, "none") {
			t.Errorf("the prompt offers the tool: %v", offered)
		}
	}
}

// TestToolMessages: what tools said goes back to the model as its template writes it.
func TestToolMessages(t *testing.T) {
	c, s := play(t, tagged, "</think>Sun.")
	got := c.post("/v1/chat/completions", `{`+weather+`, "messages": [{"role": "user", "content": "Weather?"},
		{"role": "assistant", "content": null, "reasoning_content": "look", "tool_calls": [{"id": "call-1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\", \"days\": 2}"}}]},
		{"role": "tool", "tool_call_id": "call-1", "name": "weather", "content": "5 degrees"}]}`)
	const want = "user: Weather?\nassistant: <think>look</think>\n<tool_call>\n<function=weather>\n<parameter=city>\nOslo\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>\ntool: 5 degrees\nassistant: <think>"
	if prompt := s.prompt(0); !strings.HasSuffix(prompt, want) || *got.Choices[0].Message.Content != "Sun." {
		t.Errorf("%q is answered with %q", prompt, *got.Choices[0].Message.Content)
	}
}

// TestToolsRefused: what is wrong with tools is told by its field.
func TestToolsRefused(t *testing.T) {
	c, _ := play(t, tagged, "x")
	plain, _ := play(t, `{% for m in messages %}{{ m.content }}{% endfor %}`, "x")
	for _, x := range []struct {
		c           *client
		rest, param string
	}{
		{plain, weather, "tools"},
		{c, `"tools": {"a": 1}`, "tools"},
		{c, `"tools": [{"type": "web_search"}]`, "tools"},
		{c, `"tools": [{"type": "function", "function": {}}]`, "tools"},
		{c, `"tools": [{"type": "function", "function": {"name": "x", "parameters": [1]}}]`, "tools"},
		{c, weather + `, "tool_choice": "sometimes"`, "tool_choice"},
		{c, weather + `, "tool_choice": {"type": "function", "function": {"name": "rain"}}`, "tool_choice"},
		{c, `"tool_choice": "required"`, "tool_choice"},
		{c, `"functions": [{"name": "x"}]`, "functions"},
		{c, `"reasoning_effort": "enormous"`, "reasoning_effort"},
		{c, `"chat_template_kwargs": [1]`, "chat_template_kwargs"},
		{c, `"response_format": {"type": "xml"}`, "response_format"},
		{c, `"response_format": {"type": "json_schema"}`, "response_format"},
		{c, `"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", "properties": {"a": {"oneOf": [true]}}}}}`, "response_format"},
	} {
		status, answer, _ := x.c.do("POST", "/v1/chat/completions", `{`+paris+`, `+x.rest+`}`)
		message, _, param, _ := failure(t, answer)
		if status != 400 || param != x.param || strings.Contains(x.rest, "oneOf") && !strings.Contains(message, `"oneOf"`) {
			t.Errorf("%s: %d %s", x.rest, status, answer)
		}
	}
}

// TestMustCall: tool_choice is kept by the mask, of a model that knows nothing of
// tools, and so is a schema, with thoughts before it.
func TestMustCall(t *testing.T) {
	for _, template := range []string{tagged, object} {
		c := start(t, templated(t, template), Options{})
		ask := func(rest string) (*spoken, string) {
			t.Helper()
			got := c.post("/v1/chat/completions", `{`+paris+`, "temperature": 1.2, "max_tokens": 300, "thinking_budget": 4, `+rest+`}`)
			return got.Choices[0].Message, *got.Choices[0].Finish
		}
		for seed := range 12 {
			m, finish := ask(fmt.Sprintf(`"seed": %d, %s, "tool_choice": {"type": "function", "function": {"name": "clock"}}`, seed, clock))
			if len(m.ToolCalls) != 1 || m.ToolCalls[0].Function.Name != "clock" || m.Content != nil || finish != "tool_calls" {
				t.Errorf("%s", summary(m, finish))
			}
			m, finish = ask(fmt.Sprintf(`"seed": %d, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": {"type": "object", "properties": {"sun": {"type": "boolean"}, "degrees": {"type": "integer", "minimum": -50, "maximum": 50}}, "required": ["sun", "degrees"], "additionalProperties": false}}}`, seed))
			var got struct {
				Sun     *bool
				Degrees *int
			}
			if err := json.Unmarshal([]byte(*m.Content), &got); err != nil || got.Sun == nil || got.Degrees == nil || finish != "stop" {
				t.Errorf("%v: %s", err, summary(m, finish))
			}
			if template == tagged && (m.Reasoning == nil || *m.Reasoning == "") {
				t.Error("nothing was thought")
			}
		}
	}
}

// TestThinkingIsAsked: what a request says of thinking reaches template and session.
func TestThinkingIsAsked(t *testing.T) {
	c, s := play(t, tagged, "x")
	for i, x := range []struct {
		rest   string
		off    bool
		budget int
	}{
		{`"n": 1`, false, 0},
		{`"reasoning_effort": "none"`, true, 0}, {`"reasoning_effort": "high"`, false, 0}, {`"reasoning_effort": null`, false, 0},
		{`"chat_template_kwargs": {"enable_thinking": false}`, true, 0}, {`"enable_thinking": false`, true, 0},
		{`"reasoning_effort": "none", "chat_template_kwargs": {"enable_thinking": true}`, false, 0},
		{`"thinking_budget": 100`, false, 100}, {`"thinking_budget": 0`, false, -1}, {`"reasoning": {"effort": "low", "max_tokens": 50}`, false, 50},
	} {
		c.post("/v1/chat/completions", `{`+paris+`, `+x.rest+`}`)
		o := s.asked[i].options
		if off := strings.HasSuffix(s.prompt(i), "<think></think>"); off != x.off || o.Thinking.Begun == x.off || o.Thinking.Budget != x.budget || o.Thinking.Close != "</think>" {
			t.Errorf("%s: off %v, %+v", x.rest, off, o.Thinking)
		}
	}
	status, answer, _ := c.do("GET", "/v1/models", "")
	if status != 200 || !strings.Contains(string(answer), `"thinking":["off","on"],"tools":true`) {
		t.Errorf("%s", answer)
	}
}

// TestRecommended: what a model's makers recommend is used where a request says
// nothing.
func TestRecommended(t *testing.T) {
	m := *templated(t, object).Model()
	m.Recommended = map[string]float64{"temperature": 0.6, "top_k": 20, "top_p": 0.95}
	e, err := inference.New(&m, inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	c := start(t, nil, Options{})
	s := &script{e: e, texts: []string{"x"}, stop: inference.StopEOS}
	c.s.serve(&served{engine: e, context: 512, since: time.Now(), turns: s})
	c.post("/v1/chat/completions", `{`+paris+`, "seed": 1}`)
	c.post("/v1/chat/completions", `{`+paris+`, "seed": 1, "top_k": 5}`)
	want := inference.Sampling{Temperature: 0.6, TopK: 20, TopP: 0.95, RepeatPenalty: 1, Seed: 1}
	if got := s.asked[0].options.Sampling; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if want.TopK = 5; s.asked[1].options.Sampling != want {
		t.Errorf("%+v, want %+v", s.asked[1].options.Sampling, want)
	}
}

// TestMetrics: what was done is counted, and the format is that of Prometheus.
func TestMetrics(t *testing.T) {
	c, _ := play(t, object, "Hello there")
	c.post("/v1/chat/completions", `{`+paris+`}`)
	status, answer, header := c.do("GET", "/metrics", "")
	if status != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%d %v", status, header)
	}
	typed := map[string]bool{}
	for line := range strings.Lines(string(answer)) {
		fields := strings.Fields(line)
		switch {
		case fields[0] == "#" && fields[1] == "TYPE":
			typed[fields[2]] = true
		case fields[0] != "#":
			if name, _, _ := strings.Cut(fields[0], "{"); len(fields) != 2 || !typed[name] {
				t.Errorf("%q", line)
			}
		}
	}
	for _, want := range []string{`tern_answers_total{end="eos"} 1`, "tern_generated_tokens_total 5", "tern_requests_running 0", "tern_model_open 1"} {
		if !strings.Contains(string(answer), want+"\n") {
			t.Errorf("%s is not in\n%s", want, answer)
		}
	}
	if status, answer, _ := c.do("GET", "/health", ""); status != 200 || !strings.Contains(string(answer), `"status":"ok","model":"Templated"`) {
		t.Errorf("%d %s", status, answer)
	}
	for _, path := range []string{"/v1/embeddings", "/embeddings"} {
		status, answer, _ := c.do("POST", path, `{"input": "x"}`)
		if message, _, _, code := failure(t, answer); status != 404 || code != "embeddings_not_supported" || !strings.Contains(message, "embeddings") {
			t.Errorf("%d %s", status, answer)
		}
	}
}

// TestOpenAIClient has the client of OpenAI call tools and answer, in both forms of
// calls. It needs node and its package openai, which NODE_PATH points to.
func TestOpenAIClient(t *testing.T) {
	node, err := exec.LookPath("node")
	if err == nil {
		err = exec.Command(node, "-e", "require('openai')").Run()
	}
	if err != nil {
		if strings.Contains(os.Getenv("TERN_REQUIRE"), "node") {
			t.Fatalf("TERN_REQUIRE=node: %v", err)
		}
		t.Skipf("needs node and its package openai: %v", err)
	}
	for template, texts := range map[string][]string{
		tagged: {"\nTwo cities.\n</think>\n\nI look.\n\n<tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=weather>\n<parameter=city>\nRome\n</parameter>\n</function>\n</tool_call>", "ok</think>5 and 4 degrees."},
		object: {"<think>\nTwo cities.\n</think>\n\nI look.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Paris\", \"days\": 2}}\n</tool_call>\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>", "<think>ok</think>5 and 4 degrees."},
	} {
		c, s := play(t, template, texts...)
		ctx, cancel := context.WithTimeout(t.Context(), hang)
		defer cancel()
		cmd := exec.CommandContext(ctx, node, "testdata/openai.cjs", c.url+"/v1")
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, errs.String())
		}
		var lines []string
		for _, stream := range []bool{true, false} {
			lines = append(lines, fmt.Sprintf(`{"stream":%v,"content":"5 and 4 degrees.","called":[{"city":"Paris","days":2},{"city":"Rome"}],"reasons":["tool_calls","stop"],"ids":[true,true],"thought":"Two cities.ok","tools":["{\"city\":\"Paris\",\"degrees\":5}","{\"city\":\"Rome\",\"degrees\":4}"]}`, stream))
		}
		lines = append(lines, `{"status":404,"code":"embeddings_not_supported","message":"404 Tern has no embeddings: the models that it runs write texts. Use another server for them."}`)
		if got, want := strings.TrimSpace(string(out)), strings.Join(lines, "\n"); got != want {
			t.Errorf("the client says\n%s\nwant\n%s", got, want)
		}
		if prompt := s.prompt(1); !strings.Contains(prompt, `tool: {"city":"Paris","degrees":5}`) || !strings.Contains(prompt, "Rome") {
			t.Errorf("the second prompt is %q", prompt)
		}
	}
}
