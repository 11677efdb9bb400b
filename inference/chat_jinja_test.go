package inference

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"tern/model/checkpoint"
	"tern/tokenizer"
)

// TestJinja renders what chat templates in use are made of, as Jinja with the
// options of transformers does.
func TestJinja(t *testing.T) {
	messages := []Message{{Role: RoleSystem, Content: " be nice "}, {Role: RoleUser, Content: " hi\n"}, {Role: RoleAssistant, Content: "yo"}}
	for _, c := range []struct{ source, want string }{
		{published2B4T, "System: be nice<|eot_id|>User: hi<|eot_id|>Assistant: yo<|eot_id|>Assistant: "},
		{publishedFalcon, "<|system|>\n be nice \n<|user|>\n hi\n\n<|assistant|>\nyo\n<|assistant|>\n"},
		{"{{ bos_token }}|{{ eos_token }}|{{ pad_token }}|{{ tools is defined }}", "B|E||False"},
		{"{{ messages[0].content.strip() }},{{ messages[1]['content'].rstrip() }},{{ messages[1].content.lstrip() }},{{ messages[-1].role }}", "be nice, hi,hi\n,assistant"},
		{"{%- if messages[0]['role'] == 'system' -%}\n  {%- set s = messages[0]['content'] -%}\n  {%- set messages = messages[1:] -%}\n{%- endif -%}\n[{{ s }}]{{ messages|length }}{{ messages[-1].role }}", "[ be nice ]2assistant"},
		{"{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "3"},
		{"{% for m in messages if m.role != 'system' %}{{ loop.index }}{{ m.content|trim }}{% if not loop.last %},{% endif %}{% endfor %}", "1hi,2yo"},
		{"{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}{{ m.role }}{% break %}{% endfor %}", "user"},
		{"a\n{# b #}\nc\n  {% if true %}\nd\n  {% endif %}\ne\n", "a\nc\nd\ne"},
		{"{{ messages|map(attribute='role')|join(',') }}", "system,user,assistant"},
		{"{{ (messages|selectattr('role', 'equalto', 'user')|list|first).content|trim }}{{ (messages|rejectattr('role', 'equalto', 'user')|list)[-1].content }}", "hiyo"},
		{"{{ messages[0].role|upper }}{{ messages[0].role.title() }}{{ 'a-b'.replace('-', '+') }}{{ 'a-b'|replace('-', '=') }}{{ 'abc'.split('b')[-1] }}{{ 'ab'.startswith('a') }}", "SYSTEMSystema+ba=bcTrue"},
		{"{{ 'yes' if add_generation_prompt else 'no' }}{{ x|default('d') }}{{ 1 + 2 }}{{ 'a' ~ 1 }}{{ 7 % 4 }}{{ 'b' in 'abc' }}", "yesd3a13True"},
		{"{{ ['a<\"', 1, true, {'k': none}]|tojson }}", `["a<\"", 1, true, {"k": null}]`},
		{"{% for k, v in messages[0].items() %}{{ k }};{% endfor %}{{ messages[0].get('name', '-') }}", "content;role;-"},
		{"{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(4, 0, -2) %}{{ i }}{% endfor %}", "01242"},
		{"{% if strftime_now is defined %}{{ strftime_now('%Y')|length }}{% endif %}", "4"},
		{"{% if messages[0].content is string and not messages[0].tool_calls %}ok{% endif %}", "ok"},
		{"1.奥\r\n{# 2.奥 #}{{ '3.奥' }}{% if 'é' == messages[1].content %}{% else %}\r“{% endif %}\n", "1.奥\n3.奥“"},
	} {
		j := &jinja{source: c.source, bos: "B", eos: "E"}
		got, err := j.render(messages, true)
		if err != nil || got != c.want {
			t.Errorf("%s\n got %q, %v\nwant %q", c.source, got, err, c.want)
		}
	}
}

func TestStrftime(t *testing.T) {
	day := time.Date(2024, time.July, 5, 15, 4, 9, 0, time.UTC)
	if got, err := strftime(day, "%d %b %Y, %A %I:%M:%S %p, %j %%"); err != nil || got != "05 Jul 2024, Friday 03:04:09 PM, 187 %" {
		t.Errorf("%q, %v", got, err)
	}
	for _, format := range []string{"%", "%Q"} {
		if got, err := strftime(day, format); err == nil {
			t.Errorf("%q gives %q", format, got)
		}
	}
}

// hostile templates must end with an error that says why.
var hostile = []struct{ what, source, reason string }{
	{"endless loop", nested(9, ""), "runs for more"},
	{"endless loop that writes", nested(9, "x"), "more than"},
	{"endless loop with a condition", "{% set a = '" + strings.Repeat("x", 30000) + "' %}{% for i in range(1000) if (" + strings.Repeat("a ~ ", 100) + "a) == 'b' %}{% endfor %}", "runs for more"},
	{"endless captured loop", "{% set x %}" + nested(9, "xxxxxxxx") + "{% endset %}", "captured"},
	{"a number before a wide letter", "{{ 1.奥 }}", "not supported"},
	{"a number before a wide letter, without end", "{{\xff1.奥 }}", "not supported"},
	{"the same behind an error", "{{!2.奥 }}", `"!"`},
	{"a text without end", "{{ 'abc", "cannot be read: abc"},
	{"a wide letter", "{% if é %}{% endif %}", "not supported"},
	{"doubling", "{% set a = 'xx' %}" + strings.Repeat("{% set a = a ~ a %}", 60), "more than"},
	{"doubling by +", "{% set a = 'xx' %}" + strings.Repeat("{% set a = a + a %}", 60), "more than"},
	{"doubling a list", "{% set a = [1] %}" + strings.Repeat("{% set a = a + a %}", 60), "more than"},
	{"list of lists", "{% set a = [1] %}" + strings.Repeat("{% set a = [a, a, a, a] %}", 30) + "{{ a }}", "more than"},
	{"long output", "{% set a = '" + strings.Repeat("x", 60000) + "' %}" + nested(3, "{{ a }}"), "writes more than"},
	{"repetition", "{{ 'x' * 9999999999 }}", "not supported"},
	{"power", "{{ 9 ** 9999 }}", "not supported"},
	{"range", "{% for i in range(9999999999) %}{% endfor %}", "range of more"},
	{"center", "{{ 'x'|center(9999999999) }}", "center"},
	{"ljust", "{{ 'x'.ljust(9999999999) }}", "ljust"},
	{"format", "{{ '%9999999999d'|format(1) }}", "format"},
	{"indent", "{{ 'x\nx'|indent(9999999999) }}", "indent"},
	{"indented JSON", "{{ [1]|tojson(indent=9999999999) }}", "tojson"},
	{"replace", "{% set a = '" + strings.Repeat("x", 30000) + "' %}{{ a|replace('x', a) }}", "replace makes"},
	{"replace method", "{% set a = '" + strings.Repeat("x", 30000) + "' %}{{ a.replace('', a) }}", "replace makes"},
	{"join", "{% set a = '" + strings.Repeat("x", 30000) + "' %}{{ [1,2,3,4,5,6]|join(a) }}", "join makes"},
	{"escaping", "{{ '\"'" + strings.Repeat("|tojson", 100) + " }}", "more than"},
	{"recursive macro", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "macro"},
	{"recursive loop", "{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}", "recursive"},
	{"recursive block", "{% block a %}{{ self.a() }}{% endblock %}", "not supported"},
	{"namespace in itself", "{% set n = namespace() %}{% set n.a = n %}{{ n }}", "no variable"},
	{"namespace in a list in itself", "{% set n = namespace() %}{% set n.a = [n] %}{{ n }}", "cannot be kept"},
	{"list in itself", "{% set a = [1] %}{{ a.append(a) }}{{ a }}", "append"},
	{"message in itself", "{% set messages[0].content = messages %}{{ messages }}", "no variable"},
	{"include", "{% include '/etc/passwd' %}", "include"},
	{"import", "{% import '/etc/passwd' as x %}", "import"},
	{"from", "{% from '/etc/passwd' import x %}", "from"},
	{"extends", "{% extends '/etc/passwd' %}", "extends"},
	{"division by zero", "{{ 1 % 0 }}", "zero"},
	{"long source", strings.Repeat("x", maxTemplate+1), "bytes"},
	{"long tag", "{{ " + strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300) + " }}", "a tag of more"},
	{"not closed", "{{ 'a", ""},
	{"characters of a text", "{% for c in 'abc' %}{{ c }}{% endfor %}", "characters of a text"},
	{"stand-ins of its own", "{{ '\U000F0000' }}", "private-use"},
	{"message in capitals", "{{ messages[0].content|upper }}", "another form"},
	{"message in capitals by a method", "{{ messages[0].content.title() }}", "another form"},
	{"message as JSON", "{{ messages|tojson }}", "another form"},
	{"message in capitals by map", "{{ messages|map(attribute='content')|map('upper')|join }}", "upper"},
}

// nested is a number of loops of a thousand rounds, one in the other.
func nested(depth int, body string) string {
	return strings.Repeat("{% for i in range(1000) %}", depth) + body + strings.Repeat("{% endfor %}", depth)
}

// TestJinjaHostile relies on the test's own time limit for templates that do
// not end, and looks at how large the heap ever was.
func TestJinjaHostile(t *testing.T) {
	user := []Message{{Role: RoleUser, Content: string(rune(standIn))}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, c := range hostile {
		t.Run(c.what, func(t *testing.T) {
			text, err := (&jinja{source: c.source}).render(user, true)
			if err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("%.40q, %v, want an error with %q", text, err, c.reason)
			} else if len(err.Error()) > 250 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
	runtime.ReadMemStats(&after)
	t.Logf("the heap grew by %d MB", (after.HeapSys-before.HeapSys)>>20)
	if after.HeapSys > before.HeapSys+400<<20 {
		t.Errorf("the heap grew from %d to %d MB", before.HeapSys>>20, after.HeapSys>>20)
	}
}

// FuzzChatTemplate runs any template: it ends, without a panic, and what it
// gives has the messages' words as text, never as markers.
func FuzzChatTemplate(f *testing.F) {
	for _, s := range []string{published2B4T, publishedLlama3, publishedFalcon, placeholder2B4T} {
		f.Add(s, "hi </s> <s>")
	}
	for _, c := range hostile {
		if len(c.source) < 1000 && c.reason != "runs for more" && c.reason != "more than" {
			f.Add(c.source, "hi")
		}
	}
	m := small(f, checkpoint.BitNet, "spm", nil)
	tok, err := tokenizer.New(tokenizerFiles(m.Tokenizer))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, source, words string) {
		e := &Engine{tok: tok, chat: &chatTemplate{render: newJinja(source, tok).render}}
		turns := []Message{{Role: RoleUser, Content: words}, {Role: RoleAssistant, Content: "b"}, {Role: RoleUser, Content: "c"}}
		parts, err := e.chat.parts(turns, true)
		if err != nil {
			if !errors.Is(err, ErrTemplate) {
				t.Fatal(err)
			}
			return
		}
		for _, p := range parts {
			if !p.Plain && strings.ContainsFunc(p.Text, isStandIn) {
				t.Errorf("a message is missing in %q", p.Text)
			}
		}
		if _, err := e.Chat(turns, true); err != nil {
			t.Error(err)
		}
	})
}
