package grammar

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schema is the form of one JSON value that satisfies a schema: what OpenAI
// documents for structured outputs, and besides properties that are not required,
// other properties, and anything at the top.
//
// Properties are written in the order of the schema. Where a schema has properties
// and does not say additionalProperties, there are no others. Errors wrap ErrSchema;
// they name the keyword that is not supported, and where it is.
func Schema(schema json.RawMessage) (*Grammar, error) {
	return New(Sequence(Space(), Value(schema)))
}

// annotations say nothing about a value.
var annotations = []string{
	"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly",
	"$schema", "$comment", "$defs", "definitions",
}

// keywords are those that are supported, by the type that each is about.
var keywords = map[string]string{
	"$ref": "", "anyOf": "", "enum": "", "const": "", "type": "",
	"properties": "object", "required": "object", "additionalProperties": "object",
	"items": "array", "minItems": "array", "maxItems": "array",
	"pattern": "string", "format": "string",
	"minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number", "multipleOf": "number",
}

// schemas builds the rules of one schema.
type schemas struct {
	b     *builder
	root  any
	rules map[*object]int32
}

func (b *builder) schema(from int32, raw json.RawMessage) (int32, error) {
	root, err := read(raw)
	if err != nil {
		return 0, err
	}
	if err := wellFormed(root); err != nil {
		return 0, err
	}
	s := &schemas{b, root, map[*object]int32{}}
	rule, err := s.rule(root, "#")
	if err != nil {
		return 0, err
	}
	return b.call(from, rule), nil
}

// offline loads nothing: a schema is whole, or it is refused.
type offline struct{}

func (offline) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is outside of the schema", url)
}

// anyPattern takes every expression: pattern says what is wrong with one.
type anyPattern string

func (anyPattern) MatchString(string) bool { return true }
func (p anyPattern) String() string        { return string(p) }

// wellFormed checks a schema against the schema of schemas.
func wellFormed(root any) error {
	const name = "tern:///schema"
	c := jsonschema.NewCompiler()
	c.UseLoader(offline{})
	c.UseRegexpEngine(func(s string) (jsonschema.Regexp, error) { return anyPattern(s), nil })
	err := c.AddResource(name, plain(root))
	if err == nil {
		_, err = c.Compile(name)
	}
	if err == nil {
		return nil
	}
	// The last line says most precisely what is wrong, and where.
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(err.Error(), name, "")), "\n")
	what := strings.TrimPrefix(strings.TrimSpace(lines[len(lines)-1]), "- ")
	return fmt.Errorf("%w: %s", ErrSchema, what)
}

// wrong is an error at a place of the schema.
func wrong(path, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrSchema, path, fmt.Sprintf(format, args...))
}

// rule returns the rule of a schema, which it makes the first time.
func (s *schemas) rule(v any, path string) (int32, error) {
	o, ok := v.(*object)
	if !ok {
		if v == true {
			return s.b.anyValue(), nil
		}
		return s.b.once("never", func(int32) int32 { return s.b.node() }), nil
	}
	if i, ok := s.rules[o]; ok {
		return i, nil
	}
	i, r := s.b.rule()
	s.rules[o] = i // before what is in it, which may refer to it
	to, err := s.value(r.start, o, path)
	if err == nil {
		s.b.free(to, r.end)
	}
	return i, err
}

// value reads a value that satisfies o.
func (s *schemas) value(from int32, o *object, path string) (int32, error) {
	var alone []string // keywords that say all by themselves
	implied := ""
	for _, key := range o.keys {
		about, known := keywords[key]
		switch {
		case key == "$id" && path == "#" || slices.Contains(annotations, key):
			continue
		case !known:
			return 0, wrong(path, "the keyword %q is not supported", key)
		case key == "$ref" || key == "anyOf":
			alone = append(alone, key)
		case about != "" && implied == "":
			implied = about
		}
	}
	if len(alone) > 0 {
		for _, key := range o.keys {
			if _, known := keywords[key]; known && key != alone[0] {
				return 0, wrong(path, "the keyword %q is not supported beside %q", key, alone[0])
			}
		}
		if alone[0] == "anyOf" {
			return s.anyOf(from, o, path)
		}
		return s.ref(from, o, path)
	}
	var types []string
	switch t := o.values["type"].(type) {
	case string:
		types = []string{t}
	case []any:
		for _, one := range t {
			types = append(types, fmt.Sprint(one))
		}
	default:
		if implied != "" {
			types = []string{implied}
		}
	}
	if o.has("enum") || o.has("const") {
		return s.listed(from, o, path)
	}
	if types == nil {
		return s.b.call(from, s.b.anyValue()), nil
	}
	end := s.b.node()
	for _, t := range types {
		start := s.b.node()
		s.b.free(from, start)
		to, err := s.ofType(start, t, o, path)
		if err != nil {
			return 0, err
		}
		s.b.free(to, end)
	}
	return end, nil
}

func (s *schemas) anyOf(from int32, o *object, path string) (int32, error) {
	end := s.b.node()
	list, _ := o.values["anyOf"].([]any) // wellFormed has seen to it, here and below
	for i, v := range list {
		rule, err := s.rule(v, fmt.Sprintf("%s/anyOf/%d", path, i))
		if err != nil {
			return 0, err
		}
		s.b.free(s.b.call(from, rule), end)
	}
	return end, nil
}

func (s *schemas) ref(from int32, o *object, path string) (int32, error) {
	ref, _ := o.values["$ref"].(string)
	pointer, local := strings.CutPrefix(ref, "#")
	target, found := find(s.root, pointer)
	switch target.(type) {
	case *object, bool:
	default:
		found = false
	}
	if !local || !found {
		return 0, wrong(path, "the $ref %q is not in the schema", ref)
	}
	rule, err := s.rule(target, ref)
	return s.b.call(from, rule), err
}

// listed reads one of the values of enum and const.
func (s *schemas) listed(from int32, o *object, path string) (int32, error) {
	for _, key := range o.keys {
		if keywords[key] != "" {
			return 0, wrong(path, "the keyword %q is not supported beside %q", key, "enum")
		}
	}
	list, isEnum := o.values["enum"].([]any)
	if c, ok := o.values["const"]; ok {
		if isEnum {
			return 0, wrong(path, "the keyword %q is not supported beside %q", "const", "enum")
		}
		list = []any{c}
	}
	end := s.b.node()
	for _, v := range list {
		if isOf(v, o.values["type"]) {
			s.b.free(s.literal(from, v), end)
		}
	}
	return end, nil
}

// isOf reports whether a value is of a type, or of one of several.
func isOf(v, types any) bool {
	switch t := types.(type) {
	case nil:
		return true
	case []any:
		return slices.ContainsFunc(t, func(one any) bool { return isOf(v, one) })
	case string:
		switch v := v.(type) {
		case nil:
			return t == "null"
		case bool:
			return t == "boolean"
		case string:
			return t == "string"
		case []any:
			return t == "array"
		case *object:
			return t == "object"
		case json.Number:
			d, err := parseDecimal(v)
			return t == "number" || t == "integer" && err == nil && d.part == ""
		}
	}
	return false
}

// literal reads one value.
func (s *schemas) literal(from int32, v any) int32 {
	b := s.b
	switch v := v.(type) {
	case string:
		return b.text(from, quote(v))
	case json.Number:
		return b.text(from, string(v))
	case bool:
		return b.text(from, fmt.Sprint(v))
	case []any:
		at := b.space(b.text(from, "["))
		for i, one := range v {
			if i > 0 {
				at = b.space(b.text(at, ","))
			}
			at = b.space(s.literal(at, one))
		}
		return b.text(at, "]")
	case *object:
		at := b.space(b.text(from, "{"))
		for i, key := range v.keys {
			if i > 0 {
				at = b.space(b.text(at, ","))
			}
			at = b.space(b.text(b.space(b.text(at, quote(key))), ":"))
			at = b.space(s.literal(at, v.values[key]))
		}
		return b.text(at, "}")
	}
	return b.text(from, "null")
}

// ofType reads a value of one type.
func (s *schemas) ofType(from int32, t string, o *object, path string) (int32, error) {
	switch t {
	case "object":
		return s.object(from, o, path)
	case "array":
		return s.array(from, o, path)
	case "string":
		return s.string(from, o, path)
	case "integer", "number":
		return s.number(from, t == "integer", o, path)
	case "boolean":
		return s.b.any(from, func(n int32) int32 { return s.b.text(n, "true") }, func(n int32) int32 { return s.b.text(n, "false") }), nil
	}
	return s.b.text(from, "null"), nil
}

func (s *schemas) object(from int32, o *object, path string) (int32, error) {
	properties, _ := o.values["properties"].(*object)
	var list []property
	var required, names []string
	if r, ok := o.values["required"].([]any); ok {
		for _, name := range r {
			required = append(required, fmt.Sprint(name))
		}
	}
	if properties != nil {
		names = properties.keys
	}
	for _, name := range names {
		rule, err := s.rule(properties.values[name], path+"/properties/"+name)
		if err != nil {
			return 0, err
		}
		list = append(list, property{name, rule, slices.Contains(required, name)})
	}
	for _, name := range required {
		if !slices.Contains(names, name) {
			return 0, wrong(path, "required names %q, which is not among the properties", name)
		}
	}
	rest := int32(none)
	more, said := o.values["additionalProperties"]
	if said && more != false || !said && properties == nil {
		if !said {
			more = true
		}
		var err error
		if rest, err = s.rule(more, path+"/additionalProperties"); err != nil {
			return 0, err
		}
	}
	key := s.b.string
	if len(names) > 0 {
		key = func(from int32) int32 { return s.b.keyBut(from, names) }
	}
	return s.b.object(from, list, key, rest), nil
}

func (s *schemas) array(from int32, o *object, path string) (int32, error) {
	item := s.b.anyValue()
	if items, ok := o.values["items"]; ok {
		var err error
		if item, err = s.rule(items, path+"/items"); err != nil {
			return 0, err
		}
	}
	least, most := 0, -1
	for key, to := range map[string]*int{"minItems": &least, "maxItems": &most} {
		if n, ok := o.values[key].(json.Number); ok {
			d, err := parseDecimal(n)
			if err != nil || len(d.whole) > 6 {
				return 0, wrong(path, "%s %s is too large", key, n)
			}
			fmt.Sscan(d.whole, to)
		}
	}
	return s.b.array(from, item, least, most), nil
}

func (s *schemas) string(from int32, o *object, path string) (int32, error) {
	pattern, hasPattern := o.values["pattern"].(string)
	format, hasFormat := o.values["format"].(string)
	switch {
	case hasPattern && hasFormat:
		return 0, wrong(path, "the keyword %q is not supported beside %q", "format", "pattern")
	case hasFormat:
		expr, ok := formats[format]
		if !ok {
			return 0, wrong(path, "the format %q is not supported", format)
		}
		pattern = `^(` + expr + `)$`
	case !hasPattern:
		return s.b.string(from), nil
	}
	to, err := s.b.pattern(from, pattern)
	if err != nil {
		return 0, fmt.Errorf("%w, at %s", err, path)
	}
	return to, nil
}

func (s *schemas) number(from int32, integer bool, o *object, path string) (int32, error) {
	n := numbers{integer: integer}
	bounded := false
	for _, key := range []string{"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"} {
		v, ok := o.values[key].(json.Number)
		if !ok {
			continue
		}
		bounded = true
		d, err := parseDecimal(v)
		if err != nil {
			return 0, fmt.Errorf("%w, at %s", err, path)
		}
		l := &limit{d, strings.HasPrefix(key, "exclusive")}
		switch key {
		case "minimum", "exclusiveMinimum":
			if n.low == nil || l.compare(n.low) > 0 || l.compare(n.low) == 0 && l.open {
				n.low = l
			}
		case "maximum", "exclusiveMaximum":
			if n.high == nil || l.compare(n.high) < 0 || l.compare(n.high) == 0 && l.open {
				n.high = l
			}
		default:
			digits := strings.TrimLeft(d.whole+d.part, "0")
			if len(digits) > 4 || len(d.part) > maxDigits {
				return 0, wrong(path, "multipleOf %s has too many digits", v)
			}
			fmt.Sscan(digits, &n.mod)
			n.scale = len(d.part)
			if n.mod > maxMod {
				return 0, wrong(path, "multipleOf %s has too many digits", v)
			}
		}
	}
	switch {
	case bounded:
		return s.b.decimals(from, n), nil
	case integer:
		return s.b.integer(from), nil
	}
	return s.b.number(from), nil
}
