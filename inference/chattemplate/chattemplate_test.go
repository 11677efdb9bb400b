package chattemplate

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tern/tokenizer"
)

// vocabulary is that of a model with ChatML markers.
var vocabulary = Vocabulary{BOS: "<s>", EOS: "<|im_end|>", Control: []string{"<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|user|>", "[INST]"}}

// written is the text of parts, the plain ones between ‹ and ›, and ids as they are.
func written(parts []tokenizer.Part) string {
	var b strings.Builder
	for _, p := range parts {
		switch {
		case p.IDs != nil:
			fmt.Fprint(&b, p.IDs)
		case p.Plain:
			b.WriteString("‹" + p.Text + "›")
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func render(t testing.TB, source string, messages []Message, o Options) (string, error) {
	t.Helper()
	c, err := New("chat_template.jinja", source, vocabulary)
	if err != nil {
		return "", err
	}
	parts, err := c.Render(messages, o)
	return written(parts), err
}

// chatML is a template with tools, thinking and a system message that it looks
// into, made of what those of large models are made of.
const chatML = `{%- macro turn(role, text) -%}
<|im_start|>{{ role }}
{{ text }}<|im_end|>
{% endmacro -%}
{%- set ns = namespace(system='', last=-1, text='') %}
{%- for m in messages %}
    {%- if m.role == 'system' %}{% set ns.system = ns.system ~ m.content|trim %}{% endif %}
    {%- if m.role == 'user' and not m.content.startswith('<tool_response>') %}{% set ns.last = loop.index0 %}{% endif %}
{%- endfor %}
{%- if '/no_think' in ns.system %}
    {%- set enable_thinking = false %}
{%- endif %}
{%- if ns.system or tools %}
    {%- set head %}
{{ ns.system.replace('/no_think', '')|trim }}
    {%- if tools %}{{ '\n\n# Tools\n' if ns.system else '# Tools\n' }}
        {%- for tool in tools %}
{{ tool|tojson }}
        {%- endfor %}
    {%- endif %}
    {%- endset %}
{{- turn('system', head) }}
{%- endif %}
{%- for m in messages if m.role != 'system' %}
    {%- if m.role == 'assistant' %}
        {%- generation %}
        {%- set ns.text = m.content.split('</think>')[-1].lstrip('\n') if m.content is string else '' %}
        {%- for call in m.tool_calls or [] %}
            {%- set ns.text = ns.text ~ '\n<tool_call>\n' ~ {'name': call.function.name, 'arguments': call.function.arguments}|tojson ~ '\n</tool_call>' %}
        {%- endfor %}
{{ turn('assistant', ns.text) }}
        {%- endgeneration %}
    {%- elif m.role == 'tool' %}
{{ turn('user', '<tool_response>\n' + m.content + '\n</tool_response>') }}
    {%- else %}
{{ turn(m.role, m.content) }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
<|im_start|>assistant
{{ '<think>\n\n</think>\n\n' if enable_thinking is defined and enable_thinking is false }}
{%- endif %}`

// TestRender has what the API gives a template.
func TestRender(t *testing.T) {
	tools := json.RawMessage(`[{"type": "function", "function": {"name": "add", "parameters": {"b": 1, "a": 1.0}}}]`)
	off := map[string]json.RawMessage{"enable_thinking": json.RawMessage("false")}
	now := time.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)
	for _, c := range []struct {
		what, source string
		messages     []Message
		o            Options
		want         string
	}{
		{"a question", chatML, []Message{{Role: RoleUser, Content: "hi"}}, Options{GenerationPrompt: true}, "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"},
		{"no thinking, by a variable", chatML, []Message{{Role: RoleUser, Content: "hi"}}, Options{GenerationPrompt: true, Variables: off},
			"<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"},
		{"no thinking, by the system message", chatML, []Message{{Role: RoleSystem, Content: "Be brief. /no_think\n"}, {Role: RoleUser, Content: "hi"}}, Options{GenerationPrompt: true},
			"<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"},
		{"thoughts are dropped", chatML, []Message{{Role: RoleUser, Content: "1+1"}, {Role: RoleAssistant, Content: "<think>hm</think>\n\n2"}}, Options{},
			"<|im_start|>user\n1+1<|im_end|>\n<|im_start|>assistant\n2<|im_end|>\n"},
		{"tools", chatML, []Message{{Role: RoleUser, Content: "1+1"},
			{Role: RoleAssistant, ToolCalls: []ToolCall{{ID: "1", Name: "add", Arguments: `{"b": 1, "a": 1}`}, {Name: "add", Arguments: "none"}}},
			{Role: RoleTool, Content: "2", Name: "add", ToolCallID: "1"}}, Options{Tools: tools},
			"<|im_start|>system\n# Tools\n{\"type\": \"function\", \"function\": {\"name\": \"add\", \"parameters\": {\"b\": 1, \"a\": 1.0}}}<|im_end|>\n" +
				"<|im_start|>user\n1+1<|im_end|>\n" +
				"<|im_start|>assistant\n\n<tool_call>\n{\"name\": \"add\", \"arguments\": {\"b\": 1, \"a\": 1}}\n</tool_call>" +
				"\n<tool_call>\n{\"name\": \"add\", \"arguments\": \"none\"}\n</tool_call><|im_end|>\n" +
				"<|im_start|>user\n<tool_response>\n2\n</tool_response><|im_end|>\n"},
		{"what is not given", "{{ tools is defined }}{{ documents is none }}{{ messages[0].name is defined }}{{ messages[0].tool_calls is defined }}{{ pad_token is defined }}", []Message{{Role: RoleUser, Content: "x"}}, Options{}, "FalseFalseFalseFalseFalse"},
		{"what is given", "{{ messages[0].name }}{{ messages[0].reasoning_content }}{{ messages[0].tool_call_id }}{{ documents[0].title }}{{ bos_token }}{{ eos_token }}{{ x.y }}",
			[]Message{{Role: RoleTool, Name: "n", Reasoning: "r", ToolCallID: "i"}},
			Options{Documents: json.RawMessage(`[{"title": "T"}]`), Variables: map[string]json.RawMessage{"x": json.RawMessage(`{"y": [1, null]}`)}}, "nriT<s><|im_end|>[1, None]"},
		{"a date", "{{ strftime_now('%-d %B %Y') }}", nil, Options{Now: now}, "4 March 2026"},
		{"generated tokens", "{% for m in messages %}[{{ m.content|trim }}]{% endfor %}", []Message{{Role: RoleUser, Content: "a"}, {Role: RoleAssistant, Content: "b", IDs: []int32{5, 6}}}, Options{}, "[a][[5 6]]"},
		{"generated tokens, cut", "{% for m in messages %}[{{ m.content[1:] }}]{% endfor %}", []Message{{Role: RoleAssistant, Content: "bc", IDs: []int32{5, 6}}}, Options{}, "[c]"},
		{"generated tokens, twice", "{{ messages[0].content * 2 }}", []Message{{Role: RoleAssistant, Content: "bc", IDs: []int32{5, 6}}}, Options{}, "[5 6][5 6]"},
	} {
		if got, err := render(t, c.source, c.messages, c.o); err != nil || got != c.want {
			t.Errorf("%s\n got %q, %v\nwant %q", c.what, got, err, c.want)
		}
	}
}

// TestTyped has words that are spelt like control tokens: they stay words,
// however a template puts them together.
func TestTyped(t *testing.T) {
	const each = "{% for m in messages %}<|im_start|>{{ m.role }} {{ m.content }}<|im_end|>{% endfor %}"
	one := func(content string) []Message { return []Message{{Role: RoleUser, Content: content}} }
	for _, c := range []struct {
		what, source string
		messages     []Message
		o            Options
		want         string
	}{
		{"a name", each, one("a <|im_end|> b"), Options{}, "<|im_start|>user a ‹<|im_end|>› b<|im_end|>"},
		{"a name in a name", each, one("<|im_<|im_end|>end|>"), Options{}, "<|im_start|>user <|im_‹<|im_end|>›end|><|im_end|>"},
		{"names that are none", each, one("</think><tool_call><|other|>"), Options{}, "<|im_start|>user </think><tool_call><|other|><|im_end|>"},
		{"cut out of a name", "{{ messages[0].content.replace('</think>', '') }}</s>", one("<|im_</think>end|>"), Options{}, "‹<|im_end|>›</s>"},
		{"split and joined", "{{ messages[0].content.split(' ')|join }}", one("<|im_ end|>"), Options{}, "‹<|im_end|>›"},
		{"a list, joined", "{{ messages|map(attribute='content')|join }}", []Message{{Role: RoleUser, Content: "<|im_"}, {Role: RoleUser, Content: "end|>"}}, Options{}, "‹<|im_end|>›"},
		{"trimmed", "{{ messages[0].content[2:-2] }}", one("xx</s>xx"), Options{}, "‹</s>›"},
		{"turned round", "{{ messages[0].content|reverse }}", one(">s/<"), Options{}, "‹</s>›"},
		{"in small letters", "{{ messages[0].content|lower }}", one("<|IM_END|>"), Options{}, "‹<|im_end|>›"},
		{"in capitals", "{{ messages[0].content|upper }}", one("[inst]"), Options{}, "‹[INST]›"},
		{"half of it typed", "<|im_{{ messages[0].content }}", one("end|>"), Options{}, "‹<|im_end|>›"},
		{"the other half", "{{ messages[0].content }}_end|>", one("<|im"), Options{}, "‹<|im_end|>›"},
		{"the middle", "<|im_{{ messages[0].content }}|><|im_end|>", one("end"), Options{}, "‹<|im_end|>›<|im_end|>"},
		{"by a format", "{{ '<|im_%s|>' % messages[0].content }}{{ '<|{}|>'.format(messages[0].content) }}", one("end"), Options{}, "‹<|im_end|>›<|end|>"},
		{"character by character", "{% for c in messages[0].content %}{{ c }}{% endfor %}", one("</s>"), Options{}, "‹</s>›"},
		{"captured", "{% set x %}{{ messages[0].content }}{% endset %}{{ x }}", one("</s>"), Options{}, "‹</s>›"},
		{"as JSON", "{{ messages|tojson }}</s>", one("</s>"), Options{}, `[{"role": "user", "content": "‹</s>›"}]</s>`},
		{"as a list", "{{ [messages[0].content] }}", one("</s>"), Options{}, "['‹</s>›']"},
		{"a role that is known", "<|{{ messages[0].role }}|>", one(""), Options{}, "<|user|>"},
		{"a role that is not", "<|{{ messages[0].role }}|>", []Message{{Role: "im_end"}}, Options{}, "‹<|im_end|>›"},
		{"a role that is a name", each, []Message{{Role: "</s>"}}, Options{}, "<|im_start|>‹</s>› <|im_end|>"},
		{"a name of a tool", "{{ messages[0].name }}", []Message{{Role: RoleTool, Name: "</s>"}}, Options{}, "‹</s>›"},
		{"thoughts and calls", "{{ messages[0].reasoning_content }}{{ messages[0].tool_calls[0].function.name }}{{ messages[0].tool_calls[0].function.arguments|tojson }}{{ messages[0].tool_calls[0].id }}",
			[]Message{{Role: RoleAssistant, Reasoning: "</s>", ToolCalls: []ToolCall{{ID: "<s>", Name: "</s>", Arguments: `{"</s>": "<s>"}`}}}}, Options{},
			`‹</s></s>›{"‹</s>›": "‹<s>›"}‹<s>›`},
		{"tools, documents, variables", "{{ tools[0]['</s>'] }}{{ tools|tojson }}{{ documents[0] }}{{ x }}", nil,
			Options{Tools: json.RawMessage(`[{"</s>": "<s>"}]`), Documents: json.RawMessage(`["<s>"]`), Variables: map[string]json.RawMessage{"x": json.RawMessage(`"</s>"`)}},
			`‹<s>›[{"‹</s>›": "‹<s>›"}]‹<s></s>›`},
		{"ids that say a name", each, []Message{{Role: RoleAssistant, Content: "</s>", IDs: []int32{1, 2}}}, Options{}, "<|im_start|>assistant [1 2]<|im_end|>"},
		{"private-use characters", each, one("\U000F0000\uE000</s>"), Options{}, "<|im_start|>user \U000F0000\uE000‹</s>›<|im_end|>"},
	} {
		if got, err := render(t, c.source, c.messages, c.o); err != nil || got != c.want {
			t.Errorf("%s\n got %q, %v\nwant %q", c.what, got, err, c.want)
		}
	}
}

// TestFails has errors with the file, the line and the template's own words.
func TestFails(t *testing.T) {
	for _, c := range []struct {
		source string
		o      Options
		want   string
	}{
		{"{% if x %}\n{% frob %}", Options{}, "the chat template cannot be used: chat_template.jinja, line 2: unknown tag 'frob'"},
		{"\n{{ raise_exception('no system message') }}", Options{}, "the chat template refuses the conversation: chat_template.jinja, line 2: no system message"},
		{"x", Options{Tools: json.RawMessage("[{")}, "the chat template cannot be used: tools: jinja: unexpected end of JSON input"},
	} {
		_, err := render(t, c.source, nil, c.o)
		if !errors.Is(err, ErrTemplate) || errors.Is(err, ErrRefused) != strings.Contains(c.want, "refuses") || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.source, err, c.want)
		}
	}
}

func TestBuiltin(t *testing.T) {
	turns := []Message{{Role: RoleSystem, Content: " a "}, {Role: RoleUser, Content: "b\n"}}
	for name, want := range map[string]string{
		BitNet2B4T: "System: []a[]<|eot_id|>User: []b[]<|eot_id|>Assistant: ",
		Llama3:     "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\na<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nb<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
		Falcon3:    "<|system|>\n a \n<|user|>\nb\n\n<|assistant|>\n",
	} {
		parts, err := Builtin(name, vocabulary).Render(turns, Options{GenerationPrompt: true})
		if got := written(parts); err != nil || got != want {
			t.Errorf("%s\n got %q, %v\nwant %q", name, got, err, want)
		}
	}
	if len(builtin) != 3 || Builtin("none", vocabulary) != nil {
		t.Errorf("%d built-in templates", len(builtin))
	}
}

// TestBetween has what ends an answer.
func TestBetween(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{chatML, "<|im_end|>\n<|im_start|>user\n"},
		{"{% for m in messages %}{{ m.content|upper }}{% endfor %}", ""},
		{"{{ raise_exception('no') }}", ""},
	} {
		template, err := New("x", c.source, vocabulary)
		if err != nil {
			t.Fatal(err)
		}
		if got := template.Between(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestQwen3 has the conversations of a published template, rendered by another
// program.
func TestQwen3(t *testing.T) {
	var config struct {
		Template string `json:"chat_template"`
		Added    map[string]struct {
			Content string
			Special bool
		} `json:"added_tokens_decoder"`
	}
	read(t, shared(t, "qwen3.tokenizer_config.json"), &config)
	v := Vocabulary{EOS: "<|im_end|>"}
	for _, token := range config.Added {
		if token.Special {
			v.Control = append(v.Control, token.Content)
		}
	}
	template, err := New("tokenizer_config.json", config.Template, v)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name     string
			Messages []struct {
				Role, Content    string
				ReasoningContent string `json:"reasoning_content"`
				ToolCalls        []struct {
					Function struct {
						Name      string
						Arguments json.RawMessage
					}
				} `json:"tool_calls"`
			}
			Tools            json.RawMessage
			GenerationPrompt bool  `json:"add_generation_prompt"`
			Thinking         *bool `json:"enable_thinking"`
			Text             string
		}
	}
	read(t, shared(t, "qwen3-chat-cases.json"), &file)
	if len(file.Cases) != 17 {
		t.Errorf("%d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		o := Options{GenerationPrompt: c.GenerationPrompt, Tools: c.Tools, Variables: map[string]json.RawMessage{}}
		if c.Thinking != nil {
			o.Variables["enable_thinking"] = json.RawMessage(fmt.Sprint(*c.Thinking))
		}
		var messages []Message
		for _, m := range c.Messages {
			message := Message{Role: m.Role, Content: m.Content, Reasoning: m.ReasoningContent}
			for _, call := range m.ToolCalls {
				arguments := string(call.Function.Arguments)
				var text string
				if json.Unmarshal(call.Function.Arguments, &text) == nil {
					arguments = text
				}
				message.ToolCalls = append(message.ToolCalls, ToolCall{Name: call.Function.Name, Arguments: arguments})
			}
			messages = append(messages, message)
		}
		parts, err := template.Render(messages, o)
		got := strings.NewReplacer("‹", "", "›", "").Replace(written(parts))
		if err != nil || got != c.Text {
			t.Errorf("%s\n got %q, %v\nwant %q", c.Name, got, err, c.Text)
		}
		typed := slices.ContainsFunc(parts, func(p tokenizer.Part) bool { return p.Plain })
		if want := strings.Contains(c.Name, "special names"); typed != want {
			t.Errorf("%s: a control token typed: %v", c.Name, typed)
		}
	}
}

// shared returns a path in the folder of shared tokenizers, or skips the test.
func shared(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("TERN_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(root, "tokenizers", name)
	if _, err := os.Stat(path); err != nil {
		if strings.Contains(os.Getenv("TERN_REQUIRE"), "shared") {
			t.Fatalf("TERN_REQUIRE=shared: %v", err)
		}
		t.Skipf("needs the shared folder: %v", err)
	}
	return path
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// FuzzTyped renders what anyone may type, by templates that cut, join and change
// it: no control token comes into the prompt that the template did not write.
func FuzzTyped(f *testing.F) {
	templates := []string{
		chatML,
		"{% for m in messages %}{{ m.content.replace('</think>', '').split('x')|join }}{{ m.content|trim ~ m.role }}</s>{% endfor %}",
		"{% for m in messages %}<|{{ m.role }}|>{{ m.content|lower|reverse }}{{ m.content|upper|replace('A', '') }}[INST]{% endfor %}",
		"{{ messages|tojson }}{{ messages }}{{ tools|tojson(indent=1) }}{% for c in messages[0].content %}{{ c }}{% endfor %}<|im_{{ messages[0].content[1:] }}<s>",
		"{{ '<|im_%s' % messages[0].content }}{{ '</{}>'.format(messages[-1].content|title) }}{{ messages|map(attribute='content')|join('</s>') }}{{ messages[0].content|indent(2) }}",
	}
	for i := range templates {
		f.Add(i, "<|im_</think>end|>", "user", "end|>")
		f.Add(i, "</xs>", "im_end", "s")
		f.Add(i, "[inst] <s>", "<|im_start|>", "><s/<")
	}
	f.Fuzz(func(t *testing.T, which int, a, role, b string) {
		if !utf8.ValidString(a + role + b) {
			return
		}
		template, err := New("x", templates[uint(which)%uint(len(templates))], vocabulary)
		if err != nil {
			t.Fatal(err)
		}
		tools, err := json.Marshal([]any{map[string]string{a: b}})
		if err != nil {
			t.Fatal(err)
		}
		messages := []Message{{Role: role, Content: a}, {Role: RoleAssistant, Content: b, ToolCalls: []ToolCall{{Name: a, Arguments: b}}}, {Role: RoleTool, Content: a + b}}
		text, err := template.text(messages, Options{Tools: tools})
		if err != nil {
			return
		}
		// The template's own text, with something in the place of all that is not.
		own := []byte(text.String())
		for _, s := range text.Spans() {
			for i := s.Start; i < s.End; i++ {
				own[i] = 0
			}
		}
		want := map[string]int{}
		for _, name := range vocabulary.Control {
			want[name] = strings.Count(string(own), name)
		}
		got, all := map[string]int{}, ""
		for _, p := range template.parts(text, messages) {
			all += p.Text
			for _, name := range vocabulary.Control {
				if !p.Plain {
					got[name] += strings.Count(p.Text, name)
				}
			}
		}
		if all != text.String() {
			t.Errorf("the parts say %q, not %q", all, text.String())
		}
		for name, n := range want {
			if got[name] != n {
				t.Errorf("%s: %d in the prompt, %d by the template, in %q", name, got[name], n, all)
			}
		}
	})
}
