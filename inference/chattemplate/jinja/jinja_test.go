package jinja

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// atNoon is the time of the reference.
var atNoon = time.Date(2026, time.November, 5, 7, 8, 9, 0, time.UTC)

// TestJinja2 renders templates as Jinja2 does, and refuses those that it refuses.
func TestJinja2(t *testing.T) {
	raw, err := os.ReadFile("testdata/jinja2.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Variables json.RawMessage
		Rows      []struct {
			Template, Error string
			Text            *string
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	given, err := FromJSON(file.Variables)
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]Value{}
	for i, key := range given.(*Dict).keys {
		variables[key.(Text).s] = given.(*Dict).values[i]
	}
	if len(file.Rows) < 150 {
		t.Errorf("only %d rows", len(file.Rows))
	}
	for _, row := range file.Rows {
		var got Text
		template, err := Compile(row.Template)
		if err == nil {
			got, err = template.Render(variables, atNoon)
		}
		switch {
		case row.Text == nil && err == nil:
			t.Errorf("%s\n got %q\nwant the error %s", row.Template, got.s, row.Error)
		case row.Text != nil && (err != nil || got.s != *row.Text):
			t.Errorf("%s\n got %q, %v\nwant %q", row.Template, got.s, err, *row.Text)
		}
	}
}

// TestError has the template's own words and line.
func TestError(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"a\n{{ raise_exception('roles must alternate') }}", "line 2: roles must alternate"},
		{"a\n\n{% if true %}\n{{ nothing.x }}{% endif %}", "line 4: 'nothing' is undefined"},
		{"{% macro m() %}\n{{ nope.x }}\n{% endmacro %}\n\n{{ m() }}", "line 2: 'nope' is undefined"},
		{"{% macro m() %}\n\n{% endmacro %}\n{{ m() }}{{ 1 + 'a' }}", "line 4: unsupported operand type(s) for +: 'int' and 'str'"},
		{"{% for m in messages %}\n{{ m.content.text.x }}\n{% endfor %}", "line 2: 'str object' has no attribute 'text'"},
		{"\n{% frob %}", "line 2: unknown tag 'frob'"},
		{"\n\n{{ a b }}", "line 3: expected the end of the tag, got 'b'"},
		{"{% if a %}\n\nb", "line 3: the template ends before 'endif'"},
		{"\r\n\r\n{{ 'a }}", "line 3: a string without its end: ''a }}'"},
		{"{{ 1|frobnicate }}", "line 1: no filter named 'frobnicate'"},
		{"{% if true\n %}\n{% set x = 1 // 0 %}{% endif %}", "line 3: integer division or modulo by zero"},
	} {
		template, err := Compile(c.source)
		if err == nil {
			_, err = template.Render(map[string]Value{"messages": NewList(NewDict().Set(Own("content"), Outside("hi", 1)))}, atNoon)
		}
		var mistake *Error
		if !errors.As(err, &mistake) || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.source, err, c.want)
		}
	}
}

// TestSpans follows what came from outside through what templates do to it.
// In want, it stands between ‹ and ›.
func TestSpans(t *testing.T) {
	variables := map[string]Value{"s": Outside(" <b>é</b> ", 7), "d": NewDict().Set(Outside("k", 0), Outside("v\n", 0)), "own": Own("O")}
	for _, c := range []struct{ source, want string }{
		{"a{{ s }}b", "a‹ <b>é</b> ›b"},
		{"{{ s|trim }}{{ own }}", "‹<b>é</b>›O"},
		{"{{ s[1:4] ~ '|' + s[5] ~ s[-2] }}", "‹<b>›|‹</b›"[:len("‹<b>›|")] + "‹<>›"},
		{"{{ s.replace('<b>', '[').split('</')[0] }}", "‹ ›[‹é›"},
		{"{{ s|upper }}{{ own|lower }}", "‹ <B>É</B> ›o"},
		{"{% set x %}<{{ s.strip() }}>{% endset %}{{ x|upper }}{{ x[1:-1]|length }}", "<‹<B>É</B>›>8"},
		{"{{ '%s-%d' % (s|trim, 3) }}{{ '{}!'.format(s[1]) }}", "‹<b>é</b>›-3‹<›!"},
		{"{{ [s[1], own]|join(own) }}{{ own.join(s[1:3]) }}", "‹<›OO‹<›O‹b›"},
		{"{{ d|tojson }}", `{‹"k"›: ‹"v\n"›}`},
		{"{{ d }}", `{‹'k'›: ‹'v\n'›}`},
		{"{% for k, v in d.items() %}{{ k }}={{ v }}{% endfor %}", "‹k›=‹v\n›"},
		{"{% for c in s %}{{ c }}.{% endfor %}", "‹ ›.‹<›.‹b›.‹>›.‹é›.‹<›.‹/›.‹b›.‹>›.‹ ›."},
		{"{% macro m(x) %}({{ x }}){% endmacro %}{{ m(s[1]) }}", "(‹<›)"},
		{"{{ s|trim|indent(2, true) }}{{ (own ~ '\n' ~ s[1])|indent }}", "  ‹<b>é</b>›O\n    ‹<›"},
		{"{{ s[1] * 3 }}{{ own * 2 }}{{ s[1]|center(3) }}", "‹<<<›OO ‹<› "},
		{"{{ s|e|trim }}", "&lt;‹b›&gt;‹é›&lt;‹/b›&gt;"},
		{"{{ s[::-1]|trim|capitalize }}{{ s|list|first }}{{ s|urlencode }}", "‹>b/<é>b< %20%3Cb%3E%C3%A9%3C/b%3E%20›"},
	} {
		template, err := Compile(c.source)
		if err != nil {
			t.Fatal(err)
		}
		got, err := template.Render(variables, atNoon)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		var b strings.Builder
		at, open := 0, false
		for _, s := range got.Spans() {
			if open && at < s.Start {
				b.WriteString("›")
				open = false
			}
			b.WriteString(got.s[at:s.Start])
			if !open {
				b.WriteString("‹")
				open = true
			}
			b.WriteString(got.s[s.Start:s.End])
			at = s.End
		}
		if open {
			b.WriteString("›")
		}
		b.WriteString(got.s[at:])
		if b.String() != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.source, b.String(), c.want)
		}
	}
}

// TestConcurrent renders one template from several goroutines.
func TestConcurrent(t *testing.T) {
	template, err := Compile("{% set ns = namespace(n=0) %}{% for c in s %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for range 20 {
				want := string(rune('0' + n))
				got, err := template.Render(map[string]Value{"s": Own(strings.Repeat("x", n))}, atNoon)
				if err != nil || got.s != want {
					t.Errorf("%q, %v, want %q", got.s, err, want)
				}
			}
		})
	}
	all.Wait()
}

// TestStrftime has directives that a test row cannot show on any day.
func TestStrftime(t *testing.T) {
	for _, c := range []struct {
		day          time.Time
		format, want string
	}{
		{time.Date(2024, time.July, 5, 15, 4, 9, 0, time.UTC), "%d %b %Y, %A %I:%M:%S %p, %j %%", "05 Jul 2024, Friday 03:04:09 PM, 187 %"},
		{time.Date(2024, time.December, 30, 0, 0, 0, 0, time.UTC), "%G-W%V-%u %U %W %-H %l", "2025-W01-1 52 53 0 12"},
		{time.Date(2023, time.January, 1, 9, 0, 0, 0, time.UTC), "%U %W %w %-d/%-m/%y %e", "01 00 0 1/1/23  1"},
		{time.Date(2023, time.January, 1, 9, 0, 0, 0, time.UTC), "%", "%"},
		{time.Date(2023, time.January, 1, 9, 0, 0, 0, time.UTC), "%Q %-", "%Q %-"},
	} {
		if got := strftime(c.day, c.format); got != c.want {
			t.Errorf("%s: %q, want %q", c.format, got, c.want)
		}
	}
}

// FuzzTemplate compiles and renders any template: it ends, without a panic.
func FuzzTemplate(f *testing.F) {
	for _, c := range hostile {
		if len(c.source) < 1000 && c.reason != tooMuch {
			f.Add(c.source, "hi")
		}
	}
	f.Add("{% for c in s %}{{ c|upper ~ loop.index }}{% else %}{{ s[::-1]|tojson }}{% endfor %}", "a</b>")
	f.Add("{% macro m(a, b=1) %}{{ '%s' % a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(s, 2, 3, x=4) }}{{ '{0:>5}'.format(s) }}", "é")
	f.Add("{%- set a, b = s.partition(' ')[:2] -%}{{ {'a': a, 'b': [b, 1.5, none]} }}{# c #}{% raw %}{{{% endraw %}", "a b")
	f.Fuzz(func(t *testing.T, source, words string) {
		template, err := Compile(source)
		if err != nil {
			return
		}
		text, err := template.Render(map[string]Value{"s": Outside(words, 1)}, atNoon)
		if err != nil {
			return
		}
		at := 0
		for _, s := range text.Spans() {
			if s.Start < at || s.End <= s.Start || s.End > len(text.s) {
				t.Fatalf("spans %v of %d bytes", text.Spans(), len(text.s))
			}
			if s.Origin == 1 && (s.Offset+s.End-s.Start > len(words) || text.s[s.Start:s.End] != words[s.Offset:][:s.End-s.Start]) {
				t.Fatalf("%q is not at %d of %q", text.s[s.Start:s.End], s.Offset, words)
			}
			at = s.End
		}
	})
}
