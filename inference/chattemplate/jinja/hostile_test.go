package jinja

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

// nested is a number of loops of a thousand rounds, one in the other.
func nested(depth int, body string) string {
	return strings.Repeat("{% for i in range(1000) %}", depth) + body + strings.Repeat("{% endfor %}", depth)
}

// tooMuch is what a template is told that went beyond its bounds.
const tooMuch = "does too much"

// hostile are templates that must end with an error that says why.
var hostile = []struct{ what, source, reason string }{
	{"endless loop", nested(9, ""), tooMuch},
	{"endless loop that writes", nested(9, "x"), tooMuch},
	{"endless loop that writes much", nested(9, strings.Repeat("x", 1000)), tooMuch},
	{"endless loop with a condition", "{% set a = '" + strings.Repeat("x", 30000) + "' %}{% for i in range(1000) if (" + strings.Repeat("a ~ ", 100) + "a) == 'b' %}{% endfor %}", tooMuch},
	{"endless captured loop", "{% set x %}" + nested(9, "xxxxxxxx") + "{% endset %}", tooMuch},
	{"endless loop in a filter", "{% filter upper %}" + nested(9, "x") + "{% endfilter %}", tooMuch},
	{"doubling", "{% set a = 'xx' %}" + strings.Repeat("{% set a = a ~ a %}", 60), tooMuch},
	{"doubling by +", "{% set a = 'xx' %}" + strings.Repeat("{% set a = a + a %}", 60), tooMuch},
	{"doubling by a block", "{% set a = 'xx' %}" + strings.Repeat("{% set a %}{{ a }}{{ a }}{% endset %}", 60), tooMuch},
	{"doubling by a macro", "{% macro d(a) %}{{ a }}{{ a }}{% endmacro %}{% set a = 'xx' %}" + strings.Repeat("{% set a = d(a) %}", 60), tooMuch},
	{"doubling by join", "{% set a = 'xx' %}" + strings.Repeat("{% set a = [a, a]|join %}", 60), tooMuch},
	{"doubling by format", "{% set a = 'xx' %}" + strings.Repeat("{% set a = '%s%s' % (a, a) %}", 60), tooMuch},
	{"doubling by str.format", "{% set a = 'xx' %}" + strings.Repeat("{% set a = '{0}{0}'.format(a) %}", 60), tooMuch},
	{"doubling by replace", "{% set a = 'xx' %}" + strings.Repeat("{% set a = a|replace('x', 'xx') %}", 60), tooMuch},
	{"doubling by JSON", "{% set a = '\"' %}" + strings.Repeat("{% set a = a|tojson %}", 60), tooMuch},
	{"doubling by escapes", "{% set a = '&' %}" + strings.Repeat("{% set a = a|e|string|replace('amp;', '&amp;&') %}", 60), tooMuch},
	{"doubling a list", "{% set a = [1] %}" + strings.Repeat("{% set a = a + a %}", 60), tooMuch},
	{"doubling arguments", "{% macro f() %}{{ varargs|length }}{% endmacro %}{% set a = [1] %}" + strings.Repeat("{% set a = a + a %}", 20) + "{{ f(*a) }}{{ f(*a) }}{{ f(*a) }}{{ f(*a) }}", tooMuch},
	{"list of lists, written", "{% set a = [1] %}" + strings.Repeat("{% set a = [a, a, a, a] %}", 30) + "{{ a }}", tooMuch},
	{"list of lists, as JSON", "{% set a = [1] %}" + strings.Repeat("{% set a = [a, a, a, a] %}", 30) + "{{ a|tojson }}", tooMuch},
	{"list of lists, compared", "{% set a = [1] %}{% set b = [1] %}" + strings.Repeat("{% set a = [a, a, a, a] %}{% set b = [b, b, b, b] %}", 30) + "{{ a == b }}{{ a < b }}", tooMuch},
	{"dict of dicts", "{% set a = {'a': 1} %}" + strings.Repeat("{% set a = {'a': a, 'b': a, 'c': a} %}", 30) + "{{ a|tojson(indent=4) }}", tooMuch},
	{"long output", "{% set a = '" + strings.Repeat("x", 60000) + "' %}" + nested(3, "{{ a }}"), tooMuch},
	{"repetition", "{{ 'x' * 9999999999 }}", tooMuch},
	{"repetition of a list", "{{ [1] * 9999999999 }}", tooMuch},
	{"repetition beyond 64 bits", "{{ ('x' * 1000) * 9223372036854775807 }}", tooMuch},
	{"power", "{{ 9 ** 9999 }}", "64 bits"},
	{"product", "{{ 9223372036854775807 * 2 }}", "64 bits"},
	{"range", "{% for i in range(9999999999) %}{% endfor %}", "Range too big"},
	{"range of all numbers", "{{ range(-9223372036854775807, 9223372036854775807)|length }}", "Range too big"},
	{"many ranges", "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", tooMuch},
	{"center", "{{ 'x'|center(9999999999) }}", tooMuch},
	{"ljust", "{{ 'x'.ljust(9999999999) }}", tooMuch},
	{"zfill", "{{ 'x'.zfill(9999999999) }}", tooMuch},
	{"width of a format", "{{ '%9999999999d'|format(1) }}", tooMuch},
	{"width of a format as an argument", "{{ '%*d' % (9999999999, 1) }}", tooMuch},
	{"precision of a format", "{{ '%.999999999f' % 1.5 }}", "precision"},
	{"width of str.format", "{{ '{:>9999999999}'.format(1) }}", tooMuch},
	{"indent", "{{ 'x\nx'|indent(9999999999) }}", tooMuch},
	{"indent of many lines", "{{ ('x\n' * 10000)|indent(100000) }}", tooMuch},
	{"indented JSON", "{{ [1]|tojson(indent=9999999999) }}", tooMuch},
	{"indented deep JSON", "{% set a = [1] %}" + strings.Repeat("{% set a = [a, a] %}", 12) + "{{ a|tojson(indent=10000) }}", tooMuch},
	{"batch", "{{ [1]|batch(9999999999, 'x')|list }}", tooMuch},
	{"slice", "{{ [1]|slice(9999999999)|list }}", tooMuch},
	{"replace", "{% set a = 'x' * 30000 %}{{ a|replace('x', a) }}", tooMuch},
	{"replace method", "{% set a = 'x' * 30000 %}{{ a.replace('', a) }}", tooMuch},
	{"join", "{% set a = 'x' * 300000 %}{{ range(1000)|join(a) }}", tooMuch},
	{"join method", "{% set a = 'x' * 300000 %}{{ a.join('y' * 1000) }}", tooMuch},
	{"many characters", "{% set a = 'x' * 3000000 %}{% for c in a %}{% endfor %}", tooMuch},
	{"long texts, searched", "{% set a = 'x' * 1000000 %}" + nested(3, "{{ (a ~ 'y') in a }}"), tooMuch},
	{"long texts, compared", "{% set a = 'x' * 1000000 %}{% set b = 'x' * 1000000 %}" + nested(3, "{{ a == b }}"), tooMuch},
	{"long texts, stripped", "{% set a = ' ' * 1000000 %}" + nested(3, "{{ a.strip() }}"), tooMuch},
	{"long texts, split", "{% set a = 'x ' * 100000 %}" + nested(3, "{{ a.split() }}"), tooMuch},
	{"long texts, counted", "{% set a = 'x' * 1000000 %}" + nested(3, "{{ a|length }}"), tooMuch},
	{"long texts, sliced", "{% set a = 'é' * 1000000 %}" + nested(3, "{{ a[5] }}"), tooMuch},
	{"long texts, ended", "{% set a = 'x' * 1000000 %}" + nested(3, "{{ a.endswith(a) }}"), tooMuch},
	{"long lists, sorted", "{% set a = range(100000)|list %}" + nested(3, "{{ a|sort|length }}"), tooMuch},
	{"long lists, searched", "{% set a = range(100000)|list %}" + nested(3, "{{ -1 in a }}"), tooMuch},
	{"escaping", "{{ '\"'" + strings.Repeat("|tojson", 100) + " }}", tooMuch},
	{"macro that calls itself", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "levels deep"},
	{"macro that calls itself twice", "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}", tooMuch},
	{"macros that call each other", "{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}", "levels deep"},
	{"macro that calls itself in a default", "{% macro f(a=f()) %}{% endmacro %}{{ f() }}", "levels deep"},
	{"caller that calls itself", "{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}", "levels deep"},
	{"loop that calls itself", "{% for m in [1] recursive %}{{ loop([1]) }}{% endfor %}", "levels deep"},
	{"block that calls itself", "{% block a %}{{ self.a() }}{% endblock %}", "levels deep"},
	{"filters that wait for each other", "{% set n = namespace(g=[1]) %}{% for i in range(50000) %}{% set n.g = n.g|map('string') %}{% endfor %}{{ n.g|list }}", "levels deep"},
	{"tuples in tuples as a key", "{% set n = namespace(t=(1,)) %}{% for i in range(50000) %}{% set n.t = (n.t, 1) %}{% endfor %}{{ {n.t: 1} }}", "unhashable"},
	{"a name looked for in many scopes", strings.Repeat("{% with a = 1 %}", 350) + nested(3, "{{ b }}") + strings.Repeat("{% endwith %}", 350), tooMuch},
	{"many strings in a row", "{{ " + strings.Repeat("'a'", 300000) + "|frob }}", "no filter"},
	{"namespace in itself", "{% set n = namespace() %}{% set n.a = n %}{{ n }}", "levels deep"},
	{"namespace in a list in itself", "{% set n = namespace() %}{% set n.a = [n] %}{{ n.a }}", "levels deep"},
	{"namespaces in themselves, compared", "{% set n = namespace() %}{% set n.a = [n] %}{% set m = namespace() %}{% set m.a = [m] %}{{ n.a == n.a }}{{ n.a|tojson }}", "not JSON"},
	{"list in itself", "{% set a = [1] %}{{ a.append(a) }}{{ a }}", "unsafe"},
	{"message in itself", "{% set messages[0].content = messages %}{{ messages }}", "expected"},
	{"include", "{% include '/etc/passwd' %}", "no other files"},
	{"import", "{% import '/etc/passwd' as x %}", "no other files"},
	{"from", "{% from '/etc/passwd' import x %}", "no other files"},
	{"extends", "{% extends '/etc/passwd' %}", "no other files"},
	{"insides of a value", "{{ ''.__class__.__mro__ }}", "no attribute"},
	{"insides of a function", "{{ range.__globals__.x }}", "no attribute"},
	{"insides by a format", "{{ '{0.__class__.x}'.format('') }}", "no attribute"},
	{"division by zero", "{{ 1 % 0 }}", "zero"},
	{"the smallest number divided", "{{ (-9223372036854775807 - 1) // -1 }}", "64 bits"},
	{"long source", strings.Repeat("x", maxSource+1), "bytes"},
	{"brackets", "{{ " + strings.Repeat("(", 100000) + "1" + strings.Repeat(")", 100000) + " }}", "levels"},
	{"lists", "{{ " + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + " }}", "levels"},
	{"targets", "{% set " + strings.Repeat("(", 100000) + "a" + strings.Repeat(")", 100000) + " = 1 %}", "levels"},
	{"minuses", "{{ " + strings.Repeat("-", 100000) + "1 }}", "levels"},
	{"nots", "{{ " + strings.Repeat("not ", 100000) + "1 }}", "levels"},
	{"ifs", strings.Repeat("{% if 1 %}", 10000) + strings.Repeat("{% endif %}", 10000), "levels"},
	{"a long sum", "{{ 1" + strings.Repeat("+1", 100000) + " }}", "levels deep"},
	{"a long chain of attributes", "{{ a" + strings.Repeat(".a", 100000) + " }}", "levels deep"},
	{"a long chain of filters", "{{ 1" + strings.Repeat("|abs", 100000) + " }}", "levels deep"},
	{"a long chain of or", "{{ 0" + strings.Repeat(" or 0", 100000) + " }}", "levels deep"},
	{"a long chain of ifs", "{{ 1" + strings.Repeat(" if 1 else 1", 50000) + " }}", "levels"},
	{"a text without end", "{{ 'abc", "without its end"},
	{"a tag without end", "{{ abc", "without its end"},
	{"no UTF-8", "a \xff", "not UTF-8"},
	{"an odd character", "{{ § }}", "unexpected character '§'"},
}

// TestHostile relies on the test's own time limit for templates that do not end,
// and looks at how large the heap ever was.
func TestHostile(t *testing.T) {
	variables := map[string]Value{"messages": NewList(NewDict().Set(Own("content"), Outside("hi", 1)))}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	slowest, took := "", time.Duration(0)
	for _, c := range hostile {
		begin := time.Now()
		var text Text
		template, err := Compile(c.source)
		if err == nil {
			text, err = template.Render(variables, time.Now())
		}
		if d := time.Since(begin); d > took {
			slowest, took = c.what, d
		}
		var mistake *Error
		if !errors.As(err, &mistake) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %.40q, %v, want an error with %q", c.what, text.s, err, c.reason)
		} else if len(err.Error()) > 250 {
			t.Errorf("%s: an error of %d bytes", c.what, len(err.Error()))
		}
	}
	runtime.ReadMemStats(&after)
	t.Logf("%d templates, the slowest is %q with %v; the heap grew by %d MB", len(hostile), slowest, took, (after.HeapSys-before.HeapSys)>>20)
	if after.HeapSys > before.HeapSys+400<<20 {
		t.Errorf("the heap grew from %d to %d MB", before.HeapSys>>20, after.HeapSys>>20)
	}
}
