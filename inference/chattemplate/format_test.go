package chattemplate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Templates of the forms that are about, written for this test.
const (
	// hybridLike thinks unless told not to and writes calls between tags, as Qwen3.5.
	hybridLike = `{% if tools %}<|im_start|>system
# Tools
{% for t in tools %}{{ t|tojson }}
{% endfor %}<|im_end|>
{% endif %}{% set ns = namespace(last=-1) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}
{%- for m in messages %}{{ '<|im_start|>' + ('user' if m.role == 'tool' else m.role) + '\n' }}
{%- if m.role == 'assistant' %}{% set text = m.content %}{% set thought = m.reasoning_content or '' %}
{%- if '</think>' in text %}{% set thought = text.split('</think>')[0].split('<think>')[-1]|trim %}{% set text = text.split('</think>')[-1].lstrip('\n') %}{% endif %}
{%- if loop.index0 > ns.last %}{{ '<think>\n' + thought|trim + '\n</think>\n\n' }}{% endif %}{{ text }}
{%- for c in m.tool_calls or [] %}{{ ('\n\n' if loop.first and text|trim else '' if loop.first else '\n') + '<tool_call>\n<function=' + c.function.name + '>\n' }}
{%- for k, v in c.function.arguments|items %}{{ '<parameter=' + k + '>\n' + (v if v is string else v|tojson) + '\n</parameter>\n' }}{% endfor %}{{ '</function>\n</tool_call>' }}{% endfor %}
{%- elif m.role == 'tool' %}{{ '<tool_response>\n' + m.content + '\n</tool_response>' }}
{%- else %}{{ m.content }}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' + ('<think>\n\n</think>\n\n' if enable_thinking is defined and enable_thinking is false else '<think>\n') }}{% endif %}`

	// alwaysLike thinks always and drops its thoughts, as DeepSeek-R1.
	alwaysLike = `{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}{{ '[A]' + m.content.split('</think>')[-1] }}{% else %}{{ '[U]' + m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '[A]<think>\n' }}{% endif %}`

	// effortLike has efforts of its own and other markers.
	effortLike = `{% set e = reasoning_effort if reasoning_effort is defined and reasoning_effort in ['none', 'medium', 'xhigh'] else 'medium' %}{% for m in messages %}<|{{ m.role }}|>{% if m.reasoning_content %}<seed:think>{{ m.reasoning_content }}</seed:think>{% endif %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% if e == 'none' %}<seed:think></seed:think>{% else %}<effort {{ e }}>{% endif %}{% endif %}`

	// anyLike writes whatever effort it is given, as gpt-oss.
	anyLike = `Effort: {{ reasoning_effort|default('medium') }}{% for m in messages %}<|{{ m.role }}|>{{ m.content.split('[/THINK]')[-1] }}{% endfor %}{% if add_generation_prompt %}<|assistant|>[THINK]{% endif %}`

	// listLike writes calls as a list, as Mistral's.
	listLike = `{% if tools %}[AVAILABLE_TOOLS]{{ tools|tojson }}[/AVAILABLE_TOOLS]{% endif %}{% for m in messages %}{% if m.role == 'user' %}[INST]{{ m.content }}[/INST]{% elif m.tool_calls %}{{ m.content }}[TOOL_CALLS] [{% for c in m.tool_calls %}{{ {'name': c.function.name, 'arguments': c.function.arguments, 'id': c.id}|tojson }}{{ ', ' if not loop.last else '' }}{% endfor %}]</s>{% else %}{{ m.content }}</s>{% endif %}{% endfor %}`

	// bareLike writes a call as an object alone, as Llama 3.1.
	bareLike = `{% if tools %}{{ tools|tojson }}{% endif %}{% for m in messages %}<|{{ m.role }}|>{% if m.tool_calls %}{% set c = m.tool_calls[0].function %}{"name": "{{ c.name }}", "parameters": {{ c.arguments|tojson }}}{% else %}{{ m.content }}{% endif %}<|eot|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}`

	// pairsLike has keys and values in tags of their own, as GLM.
	pairsLike = `{% if tools %}{{ tools|tojson }}{% endif %}{% for m in messages %}<|{{ m.role }}|>
{{ m.content }}{% for c in m.tool_calls or [] %}
<tool_call>{{ c.function.name }}{% for k, v in c.function.arguments|items %}
<arg_key>{{ k }}</arg_key>
<arg_value>{{ v if v is string else v|tojson }}</arg_value>{% endfor %}
</tool_call>{% endfor %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{{ '<think></think>' if enable_thinking is defined and not enable_thinking }}{% endif %}`

	// hermesLike has an object between tags, and does not think.
	hermesLike = `{% for t in tools or [] %}{{ t|tojson }}{% endfor %}{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}{% for c in m.tool_calls or [] %}
<tool_call>
{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments|tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`
)

// tabled is a line of the table of templates.
func tabled(f *Format) string {
	think := "–"
	if f.Open != "" {
		think = f.Open + "…" + f.Close
	}
	levels := "–"
	if f.Levels != nil {
		var list []string
		for _, l := range f.Levels {
			name := l.Name
			if l.Default {
				name += "*"
			}
			list = append(list, name)
		}
		levels = strings.Join(list, " ")
	}
	tools := "–"
	switch {
	case f.Tools == nil:
	case f.Tools.JSON && f.Tools.List:
		tools = fmt.Sprintf("%s[{%s, %s}]%s", f.Tools.Begin, f.Tools.NameKey, f.Tools.ArgsKey, f.Tools.End)
	case f.Tools.JSON:
		tools = fmt.Sprintf("%s{%s, %s}%s", f.Tools.Begin, f.Tools.NameKey, f.Tools.ArgsKey, f.Tools.End)
	default:
		tools = strings.ReplaceAll(fmt.Sprintf("%sNAME%s%sKEY%sVALUE%s%s", f.Tools.Prefix, f.Tools.NameEnd, f.Tools.ParamBegin, f.Tools.KeyEnd, f.Tools.ParamEnd, f.Tools.CallEnd), "\n", "")
	}
	return think + " | " + levels + " | " + tools
}

// TestFormats holds the table of templates, thinking and tools; * marks what a
// template does by itself.
func TestFormats(t *testing.T) {
	v := vocabulary
	v.Has = func(s string) bool { return s == "<think>" || s == "</think>" }
	of := func(source string, v Vocabulary) *Format {
		t.Helper()
		c, err := New("x", source, v)
		if err != nil {
			t.Fatal(err)
		}
		return c.Format()
	}
	for _, c := range []struct{ name, source, want string }{
		{"2B-4T", builtin[BitNet2B4T], "– | – | –"},
		{"Llama 3", builtin[Llama3], "– | – | –"},
		{"Falcon3", builtin[Falcon3], "– | – | –"},
		{"ChatML of the other tests", chatML, "<think>…</think> | off on* | <tool_call>{name, arguments}</tool_call>"},
		{"like Qwen3.5", hybridLike, "<think>…</think> | off on* | <tool_call><function=NAME><parameter=KEY>VALUE</parameter></function></tool_call>"},
		{"like DeepSeek-R1", alwaysLike, "<think>…</think> | – | –"},
		{"efforts of its own", effortLike, "<seed:think>…</seed:think> | none medium* xhigh | –"},
		{"any effort", anyLike, "[THINK]…[/THINK] | low medium* high | –"},
		{"like Mistral", listLike, "– | – | [TOOL_CALLS][{name, arguments}]"},
		{"like Llama 3.1", bareLike, "– | – | {name, parameters}"},
		{"like GLM", pairsLike, "<think>…</think> | off on* | <tool_call>NAME<arg_key>KEY</arg_key><arg_value>VALUE</arg_value></tool_call>"},
		{"like Hermes", hermesLike, "– | – | <tool_call>{name, arguments}</tool_call>"},
	} {
		got := tabled(of(c.source, vocabulary))
		t.Logf("| %s | %s |", c.name, got)
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if f := of(builtin[Falcon3], v); f.Open != "<think>" || f.Close != "</think>" {
		t.Errorf("markers of the vocabulary alone: %q %q", f.Open, f.Close)
	}
	f := of(hybridLike, vocabulary)
	if f.Closing != "\n</think>\n\n" || f.Tools.Prefix != "<tool_call>\n<function=" {
		t.Errorf("%q %q", f.Closing, f.Tools.Prefix)
	}
	if f := of(hermesLike, vocabulary).Tools; f.Prefix != "<tool_call>\n{\"name\": \"" || f.Middle != "\", \"arguments\": " || f.Suffix != "}\n</tool_call>" {
		t.Errorf("%q %q %q", f.Prefix, f.Middle, f.Suffix)
	}
	if Broken("x", ErrTemplate).Format().Open != "" {
		t.Error("a template that cannot be used has a format")
	}
}

// TestLevel: what a client asks for becomes what comes nearest.
func TestLevel(t *testing.T) {
	of := func(names ...string) *Format {
		f := &Format{}
		for _, n := range names {
			f.Levels = append(f.Levels, Level{Name: n})
		}
		return f
	}
	for _, c := range []struct {
		f    *Format
		want string // for none, minimal, low, medium, high, xhigh, off, on
	}{
		{of("off", "on"), "off off on on on on off on"},
		{of("none", "medium", "xhigh"), "none none medium medium medium xhigh none medium"},
		{of("low", "medium", "high"), "low low low medium high high low medium"},
		{of("off", "low", "high"), "off off low low high high off low"},
	} {
		var got []string
		for _, effort := range []string{"none", "minimal", "low", "medium", "high", "xhigh", "off", "on"} {
			l, ok := c.f.Level(effort)
			if !ok {
				t.Errorf("%s is not known", effort)
			}
			got = append(got, l.Name)
		}
		if !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%v, want %s", got, c.want)
		}
	}
	if _, ok := of("off", "on").Level("much"); ok {
		t.Error("a word that is no effort is one")
	}
	if _, ok := of().Level("low"); ok {
		t.Error("a level where there is none")
	}
}

// TestBegun: a prompt ends in a block of thoughts where the template begins one, not
// where a user wrote so.
func TestBegun(t *testing.T) {
	for _, c := range []struct {
		source, content string
		off, want       bool
	}{
		{hybridLike, "hi", false, true}, {hybridLike, "hi", true, false}, {hybridLike, "<think>", true, false}, {hybridLike, "</think>", false, true},
		{alwaysLike, "hi", false, true}, {chatML, "<think>", false, false}, {chatML, "hi", true, false}, {hermesLike, "<think>", false, false},
	} {
		tp, err := New("x", c.source, vocabulary)
		if err != nil {
			t.Fatal(err)
		}
		o := Options{GenerationPrompt: true}
		if c.off {
			o.Variables = map[string]json.RawMessage{"enable_thinking": json.RawMessage("false")}
		}
		_, begun, err := tp.RenderPrompt([]Message{{Role: RoleUser, Content: c.content}}, o)
		if err != nil || begun != c.want {
			t.Errorf("%q after %.30q…: %v %v", c.content, c.source, begun, err)
		}
	}
}

// TestQwen3Format is that of the real template.
func TestQwen3Format(t *testing.T) {
	var config struct {
		Template string `json:"chat_template"`
	}
	read(t, shared(t, "qwen3.tokenizer_config.json"), &config)
	tp, err := New("x", config.Template, vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	f := tp.Format()
	t.Logf("| Qwen3 | %s |", tabled(f))
	if got, want := tabled(f), "<think>…</think> | off on* | <tool_call>{name, arguments}</tool_call>"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if f.Closing != "\n</think>\n\n" || f.Tools.Prefix != "<tool_call>\n{\"name\": \"" || f.Tools.Middle != "\", \"arguments\": " || f.Tools.Suffix != "}\n</tool_call>" {
		t.Errorf("%+v %+v", f, f.Tools)
	}
}
