package inference

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/exec"
)

// jinjaFilters are the filters of the library that a template may use: none of
// them gives more than a small multiple of what it gets.
var jinjaFilters = []string{
	"abs", "capitalize", "count", "d", "default", "first", "float", "int", "items", "last", "length", "list",
	"lower", "map", "reject", "rejectattr", "safe", "select", "selectattr", "string", "title", "trim", "upper",
}

// jinjaMethods are the methods of texts.
var jinjaMethods = []string{"capitalize", "endswith", "lower", "split", "startswith", "title", "upper"}

// rewriting names the filters and methods after which a message would not be
// what its stand-in says.
var rewriting = []string{"capitalize", "lower", "title", "tojson", "upper"}

// ofLists names the filters that take quadratic time on a text.
var ofLists = []string{"first", "join", "last", "list", "map", "reject", "rejectattr", "select", "selectattr"}

// jinjaList is a list whose last element is the one at -1, also if it is the
// only one: that of the library is not.
type jinjaList []any

// GetItem returns an element; negative keys count from the end.
func (l jinjaList) GetItem(key any) (*exec.Value, bool) {
	i, ok := key.(int)
	if i < 0 {
		i += len(l)
	}
	if !ok || i < 0 || i >= len(l) {
		return exec.AsValue(nil), false
	}
	return exec.ToValue(l[i]), true
}

// jinjaNamespace is a value whose attributes a template may set, from within a
// loop too.
type jinjaNamespace map[string]any

// filters are those of the library behind a check of what they get, and own ones
// where those of the library differ from Jinja's or grow without bounds.
func (s *sandbox) filters() map[string]exec.FilterFunction {
	list := map[string]exec.FilterFunction{
		"join":    s.guard("join", s.join),
		"replace": s.guard("replace", s.replace),
		"tojson":  s.guard("tojson", s.toJSON),
		ticking.Name: func(_ *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
			s.tick()
			return in
		},
	}
	for _, name := range jinjaFilters {
		if f, ok := builtins.Filters.Get(name); ok {
			list[name] = s.guard(name, f)
		}
	}
	return list
}

// guard checks what a filter gets.
func (s *sandbox) guard(name string, f exec.FilterFunction) exec.FilterFunction {
	return func(e *exec.Evaluator, in *exec.Value, args *exec.VarArgs) *exec.Value {
		if in.IsError() {
			return in
		}
		s.inspect(name, in, args)
		if in.IsString() && slices.Contains(ofLists, name) {
			stop("the filter %q of a text", name)
		}
		return f(e, in, args)
	}
}

// inspect checks what a filter or a method gets.
func (s *sandbox) inspect(name string, in *exec.Value, args *exec.VarArgs) {
	s.tick()
	s.weigh(append([]*exec.Value{in}, args.Args...)...)
	s.weigh(slices.Collect(maps.Values(args.KwArgs))...)
	if slices.Contains(rewriting, name) && strings.ContainsFunc(in.String(), isStandIn) {
		stop("it writes a message in another form (%s)", name)
	}
	for _, a := range args.Args { // map("upper")
		if a.IsString() && name == "map" && slices.Contains(rewriting, a.String()) {
			stop("%q in map", a.String())
		}
	}
}

// methods are those of the library with the given names, behind the same check.
func methods[T any](s *sandbox, of *exec.MethodSet[T], names []string) map[string]exec.Method[T] {
	list := map[string]exec.Method[T]{}
	for _, name := range names {
		if method, ok := of.Get(name); ok {
			list[name] = func(self T, value *exec.Value, args *exec.VarArgs) (any, error) {
				s.inspect(name, value, args)
				return method(self, value, args)
			}
		}
	}
	return list
}

// textMethods are the methods of texts.
func (s *sandbox) textMethods() map[string]exec.Method[string] {
	list := methods(s, builtins.Methods.Str, jinjaMethods)
	list["replace"] = func(_ string, value *exec.Value, args *exec.VarArgs) (any, error) {
		s.inspect("replace", value, args)
		v := s.replace(nil, value, args)
		if v.IsError() {
			return nil, v
		}
		return v.Interface(), nil
	}
	for name, trim := range map[string]func(text, set string) string{
		"strip": strings.Trim, "lstrip": strings.TrimLeft, "rstrip": strings.TrimRight,
	} {
		list[name] = func(self string, value *exec.Value, args *exec.VarArgs) (any, error) {
			s.inspect(name, value, args)
			if len(args.Args) > 0 && !args.First().IsNil() {
				return trim(self, args.First().String()), nil
			}
			return trim(self, whiteSpace), nil
		}
	}
	return list
}

// whiteSpace is what unicode.IsSpace holds for it, as for Python's str.strip
// but for four separators below the space.
const whiteSpace = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

// join is the filter of this name.
func (s *sandbox) join(_ *exec.Evaluator, in *exec.Value, args *exec.VarArgs) *exec.Value {
	if !in.IsList() || len(args.Args) > 1 || len(args.KwArgs) > 0 {
		return exec.AsValue(errors.New("join wants a list and a text"))
	}
	separator := args.First().String()
	if in.Len()*len(separator) > s.room {
		stop("join makes a text of more than %d bytes", s.room)
	}
	texts := make([]string, in.Len())
	for i := range texts {
		texts[i] = in.Index(i).String()
	}
	return exec.AsValue(strings.Join(texts, separator))
}

// replace is the filter and the method of this name.
func (s *sandbox) replace(_ *exec.Evaluator, in *exec.Value, args *exec.VarArgs) *exec.Value {
	if len(args.Args) != 2 || len(args.KwArgs) > 0 {
		return exec.AsValue(errors.New("replace wants two texts"))
	}
	text, old, by := in.String(), args.Args[0].String(), args.Args[1].String()
	if len(text)+strings.Count(text, old)*len(by) > s.room {
		stop("replace makes a text of more than %d bytes", s.room)
	}
	return exec.AsValue(strings.ReplaceAll(text, old, by))
}

// toJSON is the filter as transformers has it, which writes like Python's
// json.dumps and escapes no HTML. It knows no indentation.
func (s *sandbox) toJSON(_ *exec.Evaluator, in *exec.Value, args *exec.VarArgs) *exec.Value {
	if len(args.Args)+len(args.KwArgs) > 0 {
		return exec.AsValue(errors.New("tojson with arguments is not supported"))
	}
	var b strings.Builder
	if err := writeValue(&b, in.ToGoSimpleType(false)); err != nil {
		return exec.AsValue(err)
	}
	return exec.AsValue(b.String())
}

func writeValue(b *strings.Builder, v any) error {
	switch v := v.(type) {
	case error:
		return v
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			if err := writeValue(b, item); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteString(", ")
			}
			if err := errors.Join(writeValue(b, key), func() error { b.WriteString(": "); return writeValue(b, v[key]) }()); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	default:
		var one strings.Builder
		enc := json.NewEncoder(&one)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return err
		}
		b.WriteString(strings.TrimSuffix(one.String(), "\n"))
	}
	return nil
}

// rangeOf is range(stop), range(start, stop) or range(start, stop, step).
func (s *sandbox) rangeOf(args *exec.VarArgs) (jinjaList, error) {
	s.tick()
	n := []int{0, 0, 1}
	switch len(args.Args) {
	case 1:
		n[1] = args.Args[0].Integer()
	case 2, 3:
		for i, a := range args.Args {
			n[i] = a.Integer()
		}
	default:
		return nil, errors.New("range wants one to three numbers")
	}
	list := jinjaList{}
	for i := n[0]; n[2] > 0 && i < n[1] || n[2] < 0 && i > n[1]; i += n[2] {
		if len(list) == maxRange {
			stop("a range of more than %d numbers", maxRange)
		}
		list = append(list, i)
	}
	return list, nil
}

// namespace makes a namespace of its arguments.
func (s *sandbox) namespace(args *exec.VarArgs) (jinjaNamespace, error) {
	s.tick()
	n := jinjaNamespace{}
	for name, v := range args.KwArgs {
		s.weigh(v)
		n[name] = v.Interface()
	}
	return n, nil
}

// raise ends the run with the template's own words.
func (s *sandbox) raise(args *exec.VarArgs) (string, error) {
	text := args.First().String()
	stop("%s", text[:min(len(text), 200)])
	return "", nil
}

// strftime is Python's, of this moment, for the directives that write a date.
func (s *sandbox) strftime(args *exec.VarArgs) (string, error) {
	s.tick()
	s.weigh(args.First())
	return strftime(time.Now(), args.First().String())
}

// directives are those of strftime, by Go's layouts.
var directives = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'd': "02", 'j': "002", 'm': "01", 'y': "06", 'Y': "2006",
	'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'Z': "MST", 'z': "-0700",
}

func strftime(now time.Time, format string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch {
		case i < len(format) && format[i] == '%':
			b.WriteByte('%')
		case i < len(format) && directives[format[i]] != "":
			b.WriteString(now.Format(directives[format[i]]))
		default:
			return "", fmt.Errorf("strftime_now does not know %q", format)
		}
	}
	return b.String(), nil
}
