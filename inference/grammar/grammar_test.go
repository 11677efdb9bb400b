package grammar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// words is a vocabulary: every byte, and longer tokens that begin and end wherever
// they like. Ids that have no text are control tokens.
type words [][]byte

func (w words) VocabSize() int        { return len(w) }
func (w words) Bytes(id int32) []byte { return w[id] }

func newWords(r *rand.Rand) words {
	w := words{nil, nil, []byte("a"), []byte("a"), []byte("true"), []byte("true,")} // twice the same
	for c := range 256 {
		w = append(w, []byte{byte(c)})
	}
	for _, s := range []string{`{"`, `":`, `": `, `": "`, `",`, `", "`, `"}`, `"},`, `"]`, `],`, `]}`, `}}`, `[{"`, "\n", "\n  ", "\n    \"", "  ", "\t\t",
		`\`, `\"`, `\n`, `\u00`, `\ud83d`, `\ude00`, "name", "id", "ä", "日本", "日\xe6", "\x9c\xac\"", "\xf0\x9f", "\x98\x80", "é\"", "10", "00", ".5", "-1", "e+", "1e", "null", "nul", "false}",
		"the", " of", "</", "2024-", "T00:", "Z\"", "::", "1.", `"a`, `","b":`, "[[", "]]", "[]", "{}", `""`, `"",`, "e\"", "\r\n", "\x00", "\x7f", "\"\n}"} {
		w = append(w, []byte(s))
	}
	letters := []rune("abcxyz{}[]\",:0123456789 \\-.e+\nßλ語😀")
	for range 200 {
		var s []rune
		for range 1 + r.IntN(5) {
			s = append(s, letters[r.IntN(len(letters))])
		}
		text := []byte(string(s))
		w = append(w, text[r.IntN(len(text)):]) // may begin within a character
	}
	return w
}

// validator is another judge of what satisfies a schema.
func validator(t testing.TB, schema string) *jsonschema.Schema {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		t.Fatalf("%v in %s", err, schema)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseRegexpEngine(func(s string) (jsonschema.Regexp, error) {
		re, err := regexp2.Compile(s, regexp2.ECMAScript|regexp2.Unicode)
		return ecma{re}, err
	})
	if err := c.AddResource("test:///s", v); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("test:///s")
	if err != nil {
		t.Fatalf("%v in %s", err, schema)
	}
	return s
}

type ecma struct{ *regexp2.Regexp }

func (e ecma) MatchString(s string) bool { ok, err := e.Regexp.MatchString(s); return ok && err == nil }

func valid(s *jsonschema.Schema, text string) error {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// has reports whether a set has a token.
func has(set []uint64, id int32) bool { return set[id/64]>>(id%64)&1 == 1 }

func members(set []uint64, size int) (ids []int32) {
	for id := range int32(size) {
		if has(set, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// write draws tokens among those allowed until the text is complete; "" where it is
// not after some hundred.
func write(t testing.TB, r *rand.Rand, m *Machine, w words) string {
	var text []byte
	mt := m.Matcher()
	for n := 0; !mt.Complete(); n++ {
		set, count := mt.Allowed()
		ids := members(set, len(w))
		if len(ids) != count {
			t.Errorf("%d tokens are counted, and %d in the set", count, len(ids))
		}
		if mt.CanEnd() && (count == 0 || r.IntN(3) == 0) {
			break
		}
		if count == 0 {
			t.Errorf("nothing may follow %q", text)
			return ""
		}
		if n > 500 {
			return ""
		}
		id := ids[r.IntN(len(ids))]
		if n > 20 { // to an end
			for range 6 {
				if one := ids[r.IntN(len(ids))]; bytes.ContainsAny(w[one], `"}]`) && !bytes.ContainsAny(w[id], `"}]`) || len(w[one]) < len(w[id]) {
					id = one
				}
			}
			for _, end := range []byte(`}]"`) {
				if one := int32(6 + int(end)); has(set, one) && r.IntN(3) > 0 {
					id = one
					break
				}
			}
		}
		if !mt.Accept(id) {
			t.Errorf("%q is allowed after %q, and is not accepted", w[id], text)
			return ""
		}
		text = append(text, w[id]...)
	}
	return string(text)
}

// follow reads a text as tokens that are drawn, and tells where it is stopped.
func follow(r *rand.Rand, m *Machine, w words, text string) (at int, ok bool) {
	byFirst := map[byte][]int32{}
	for id, s := range w {
		if len(s) > 0 {
			byFirst[s[0]] = append(byFirst[s[0]], int32(id))
		}
	}
	mt := m.Matcher()
	for at < len(text) {
		var fits []int32
		for _, id := range byFirst[text[at]] {
			if strings.HasPrefix(text[at:], string(w[id])) {
				fits = append(fits, id)
			}
		}
		id := fits[r.IntN(len(fits))]
		set, _ := mt.Allowed()
		if allowed := has(set, id); allowed != mt.Accept(id) {
			panic("the set and Accept disagree")
		} else if !allowed {
			return at, false
		}
		at += len(w[id])
	}
	return at, mt.CanEnd()
}

// TestSchemasAtRandom: whatever is drawn satisfies the schema, whatever satisfies it can be
// drawn, in tokens of any cut, and what does not is stopped.
func TestSchemasAtRandom(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 60
	}
	written, refused := 0, 0
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		w := newWords(r)
		v := NewVocabulary(w, len(w)+3)
		g := generator{r: r}
		schema, document := g.root()
		grammar, err := Schema(json.RawMessage(schema))
		if err != nil {
			t.Fatalf("%v in %s", err, schema)
		}
		m, judge := NewMachine(grammar, v), validator(t, schema)
		for range 6 {
			if text := write(t, r, m, w); text != "" {
				written++
				if err := valid(judge, text); err != nil || !utf8.ValidString(text) {
					t.Fatalf("seed %d: %s was written for %s: %v", seed, text, schema, err)
				}
			}
		}
		for range 6 {
			text := document()
			if err := valid(judge, text); err != nil {
				t.Fatalf("the test is wrong: %v: %s for %s", err, text, schema)
			}
			if at, ok := follow(r, m, w, text); !ok {
				t.Fatalf("seed %d: %s is stopped at %q for %s", seed, text, text[at:], schema)
			}
			broken := []byte(text)
			for range 1 + r.IntN(2) {
				if i := r.IntN(len(broken)); r.IntN(2) == 0 {
					broken[i] = "\"{}[],:0a-. \\"[r.IntN(13)]
				} else {
					broken = slices.Delete(broken, i, i+1)
				}
				if len(broken) == 0 {
					broken = []byte(" ")
				}
			}
			if _, ok := follow(r, m, w, string(broken)); !ok {
				refused++
			} else if err := valid(judge, string(broken)); err != nil {
				t.Fatalf("seed %d: %s passes for %s: %v", seed, broken, schema, err)
			}
		}
	}
	if written < rounds*3 || refused < rounds {
		t.Errorf("only %d texts of %d were complete, and %d stopped", written, rounds*6, refused)
	}
}

// TestMask compares sets with what Accept says of every token.
func TestMask(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	w := newWords(r)
	m := NewMachine(JSON(), NewVocabulary(w, len(w)))
	for range 20 {
		mt := m.Matcher()
		for range 40 {
			set, _ := mt.Allowed()
			for id := range int32(len(w)) {
				try := *mt
				if got := try.Accept(id); got != has(set, id) {
					t.Fatalf("%q: in the set %v, accepted %v", w[id], has(set, id), got)
				}
			}
			ids := members(set, len(w))
			if len(ids) == 0 {
				break
			}
			mt.Accept(ids[r.IntN(len(ids))])
		}
	}
}

// TestJSON: json_object is any object, and nothing else.
func TestJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	w := newWords(r)
	m := NewMachine(JSON(), NewVocabulary(w, len(w)))
	for range 60 {
		if text := write(t, r, m, w); text != "" {
			var o map[string]any
			if err := json.Unmarshal([]byte(text), &o); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
		}
	}
	for text, want := range map[string]bool{
		`{}`: true, ` {"a": [1, -0.5e-7, {"b": null}, []], "ü😀": "\ud83d\ude00\n\u00e4"}`: true, "{\n\t\"a\": true\n}": true, "\n\n{\"a\":\n\n    false}": true,
		`[]`: false, `"x"`: false, `1`: false, `{"a"}`: false, `{"a":1,}`: false, `{a:1}`: false, `{"a":01}`: false, `{"a":.5}`: false, `{"a":1e}`: false,
		`{"a":"` + "\n" + `"}`: false, `{"a":"\x"}`: false, `{"a":"\ud83d"}`: false, `{"a":"\ude00"}`: false, "{\"a\":\"\xff\"}": false, "{\"a\":\"\xed\xa0\x80\"}": false, "{\"a\":\"\xc0\xaf\"}": false,
		`{} `: false, `{}{}`: false, `{"a":1`: false, `{"a":   1}`: false, `{"a":True}`: false, `{"a":1e999}`: false,
	} {
		if _, got := follow(r, m, w, text); got != want {
			t.Errorf("%q passes: %v", text, got)
		}
	}
}

// TestDeep: texts nest without bound, and the memory for their states does not grow
// with them.
func TestDeep(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	w := newWords(r)
	m := NewMachine(JSON(), NewVocabulary(w, len(w)))
	m.maxStates, m.maxMasks = 200, 50
	const depth = 300
	text := strings.Repeat(`{"a":[`, depth) + "1" + strings.Repeat(`]}`, depth)
	if at, ok := follow(r, m, w, text); !ok {
		t.Fatalf("stopped at %d of %d", at, len(text))
	}
	if len(m.states) > 200 || m.masks > 50 {
		t.Errorf("%d states, %d sets", len(m.states), m.masks)
	}
}

// TestRefused: what cannot be followed is named.
func TestRefused(t *testing.T) {
	for schema, want := range map[string]string{
		`{"type": "object", "properties": {"a": {"allOf": [{"type": "string"}]}}}`:  `#/properties/a: the keyword "allOf"`,
		`{"oneOf": [{"type": "string"}]}`:                                           `"oneOf"`,
		`{"not": {}}`:                                                               `"not"`,
		`{"if": {}, "then": {}}`:                                                    `"if"`,
		`{"type": "object", "patternProperties": {"a": {}}}`:                        `"patternProperties"`,
		`{"type": "object", "dependentRequired": {"a": ["b"]}}`:                     `"dependentRequired"`,
		`{"type": "object", "minProperties": 1}`:                                    `"minProperties"`,
		`{"type": "object", "propertyNames": {}}`:                                   `"propertyNames"`,
		`{"type": "object", "unevaluatedProperties": false}`:                        `"unevaluatedProperties"`,
		`{"type": "string", "minLength": 1}`:                                        `"minLength"`,
		`{"type": "string", "maxLength": 1}`:                                        `"maxLength"`,
		`{"type": "string", "format": "uri"}`:                                       `format "uri"`,
		`{"type": "string", "pattern": "(?=a)"}`:                                    `(?=`,
		`{"type": "string", "pattern": "a\\b"}`:                                     `\b`,
		`{"type": "string", "pattern": "("}`:                                        `pattern`,
		`{"type": "array", "items": {}, "uniqueItems": true}`:                       `"uniqueItems"`,
		`{"type": "array", "prefixItems": [{}]}`:                                    `"prefixItems"`,
		`{"type": "array", "contains": {}}`:                                         `"contains"`,
		`{"type": "object", "x-own": 1}`:                                            `"x-own"`,
		`{"$ref": "https://example.org/schema"}`:                                    `https://example.org/schema`,
		`{"$ref": "#/$defs/none"}`:                                                  `#/$defs/none`,
		`{"$ref": "#"}`:                                                             `no value`,
		`{"anyOf": [{"$ref": "#/$defs/a"}, true], "$defs": {"a": {"$ref": "#"}}}`:   `back to itself`,
		`{"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}`: `no value`,
		`{"type": "integer", "minimum": 3, "maximum": 2}`:                           `no value`,
		`{"enum": []}`:                       `no value`,
		`false`:                              `no value`,
		`{"type": "string", "enum": [1, 2]}`: `no value`,
		`{"type": "object", "properties": {}, "required": ["b"]}`: `"b"`,
		`{"type": "text"}`:                                      `type`,
		`{"type": "object", "required": "a"}`:                   `required`,
		`{"type": "array", "minItems": -1}`:                     `minItems`,
		`{"type": "array", "maxItems": 999999}`:                 `too large`,
		`{"type": "number", "multipleOf": 0.123456}`:            `multipleOf`,
		`{"type": "number", "minimum": 1e999999999}`:            `out of range`,
		`{"type": "string"`:                                     `not JSON`,
		`5`:                                                     `schema`,
		`{"type": "object", "anyOf": [{"type": "object"}]}`:     `"type" is not supported beside "anyOf"`,
		`{"type": "string", "pattern": "^a(b{1,900}){1,900}$"}`: `pattern`,
	} {
		_, err := Schema(json.RawMessage(schema))
		if !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", schema, err, want)
		}
	}
}

// TestExamples are schemas as clients write them, with what passes and what does not.
func TestExamples(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	w := newWords(r)
	v := NewVocabulary(w, len(w))
	for _, c := range []struct {
		schema   string
		yes, not []string
	}{
		{`{"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "integer"}}, "required": ["b", "a"], "additionalProperties": false}`,
			[]string{`{"b":"x","a":1}`, "{\n  \"b\": \"\\u0041\",\n  \"a\": -0\n}"}, []string{`{"a":1,"b":"x"}`, `{"b":"x"}`, `{"b":"x","a":1.0}`, `{"b":"x","a":1,"c":2}`}},
		{`{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "null"}, "c": {"type": "boolean"}}, "required": ["b"]}`,
			[]string{`{"b":null}`, `{"a":1,"b":null}`, `{"b":null,"c":true}`, `{"a":1,"b":null,"c":false}`}, []string{`{}`, `{"a":1}`, `{"c":true}`, `{,"b":null}`, `{"b":null,}`, `{"b":null,"b":null}`}},
		{`{"type": "object", "properties": {"ab": {"type": "integer"}, "é\"": {"type": "integer"}}, "additionalProperties": {"type": "string"}}`,
			[]string{`{}`, `{"ab":1,"a":"x"}`, `{"abc":"x"}`, `{"":"x"}`, `{"é":"x","è":"y"}`, `{"é\"":1}`, `{"é\"x":"1"}`}, []string{`{"ab":"x"}`, `{"a":1}`, `{"\u0061b":"x"}`, `{"é\"":"x"}`}},
		{`{"$defs": {"node": {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}, "required": ["v", "next"], "additionalProperties": false}}, "$ref": "#/$defs/node"}`,
			[]string{`{"v":1,"next":{"v":2,"next":{"v":3,"next":null}}}`}, []string{`{"v":1}`, `{"v":1,"next":{}}`}},
		{`{"type": "array", "items": {"type": ["string", "null"]}, "minItems": 2, "maxItems": 3}`,
			[]string{`["a",null]`, `[null, null, "x"]`}, []string{`[]`, `["a"]`, `["a","b","c","d"]`, `[1,2]`}},
		{`{"enum": ["a\"b", 1.50, null, {"x": [1, 2]}, true]}`,
			[]string{`"a\"b"`, `1.50`, `null`, `{"x": [1,2]}`, `true`}, []string{`"a"`, `1.5`, `false`, `{"x":[1]}`}},
		{`{"type": "integer", "minimum": -12, "exclusiveMaximum": 105}`,
			[]string{"-12", "-9", "0", "-0", "99", "104", "7"}, []string{"-13", "-20", "105", "110", "1000", "-100", "1.0", "007"}},
		{`{"type": "number", "exclusiveMinimum": 0, "maximum": 1.25}`,
			[]string{"1", "0.5", "1.25", "1.250", "0.0001", "1.0", "1.2"}, []string{"0", "0.0", "-1", "-0", "1.26", "1.2500001", "2", "1e0"}},
		{`{"type": "number", "multipleOf": 0.25, "minimum": -1}`, []string{"0.25", "-1", "-0.75", "17.5", "100"}, []string{"0.3", "-1.25", "0.250", "0.1"}},
		{`{"type": "integer", "multipleOf": 7}`, []string{"0", "7", "-49", "700"}, []string{"8", "-1", "71"}},
		{`{"type": "string", "pattern": "^[A-Z]{2}\\d+$"}`, []string{`"AB1"`, `"XY2024"`}, []string{`"A1"`, `"ABC"`, `"AB1x"`, `" AB1"`}},
		{`{"type": "string", "pattern": "b.\\\\\"|ü"}`, []string{`"abc\\\"d"`, `"über"`, `"xü"`}, []string{`"abc"`, `"b\n\\\""`}},
		{`{"type": "string", "format": "date"}`, []string{`"2024-02-29"`, `"1999-12-31"`}, []string{`"2023-02-29"`, `"2024-13-01"`, `"2024-04-31"`}},
		{`{"type": "string", "format": "ipv6"}`, []string{`"::"`, `"::1"`, `"fe80::1:2"`, `"1:2:3:4:5:6:7:8"`, `"1::8"`}, []string{`":"`, `"1:2"`, `"1::2::3"`, `"1:2:3:4:5:6:7:8:9"`, `"1:2:3:4::5:6:7:8"`}},
		{`{"type": "string", "format": "email"}`, []string{`"a.b+c@example.co.uk"`}, []string{`"a"`, `"@x"`, `".a@x"`, `"a..b@x"`}},
		{`true`, []string{`1`, `"x"`, `[{}]`}, []string{``, `{`}},
	} {
		g, err := Schema(json.RawMessage(c.schema))
		if err != nil {
			t.Errorf("%v in %s", err, c.schema)
			continue
		}
		m, judge := NewMachine(g, v), validator(t, c.schema)
		for _, text := range c.yes {
			if at, ok := follow(r, m, w, text); !ok {
				t.Errorf("%s is stopped at %q for %s", text, text[at:], c.schema)
			}
			if err := valid(judge, text); err != nil {
				t.Errorf("the test is wrong: %v", err)
			}
		}
		for _, text := range c.not {
			if _, ok := follow(r, m, w, text); ok {
				t.Errorf("%s passes for %s", text, c.schema)
			}
		}
	}
}

// TestExpr has the parts that calls of tools are made of.
func TestExpr(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	w := newWords(r)
	g, err := New(Many(Sequence(Token(1), Choice(Sequence(Text("x="), Until("\n</a>")), Value(json.RawMessage(`{"type":"null"}`)))), Text("\n")))
	if err != nil {
		t.Fatal(err)
	}
	m := NewMachine(g, NewVocabulary(w, len(w)))
	mt := m.Matcher()
	if set, n := mt.Allowed(); n != 1 || !has(set, 1) {
		t.Fatalf("%d tokens may begin the text", n)
	}
	feed := func(ids ...int32) {
		t.Helper()
		for _, id := range ids {
			if !mt.Accept(id) {
				t.Fatalf("%d is not accepted", id)
			}
		}
	}
	chars := func(s string) (ids []int32) {
		for _, c := range []byte(s) {
			ids = append(ids, int32(c)+6)
		}
		return ids
	}
	feed(1)
	feed(chars("x=\n</b>\n\n</ü<\n</a")...)
	if mt.CanEnd() {
		t.Error("the end is not there yet")
	}
	feed(chars(">")...)
	if !mt.CanEnd() || mt.Complete() || mt.Accept(1) {
		t.Error("the end was not seen")
	}
	feed(chars("\n")...)
	feed(1)
	feed(chars("null")...)
	if !mt.CanEnd() {
		t.Error("the second part does not end")
	}
}

// TestNoGarbage: a token costs nothing once its state is known.
func TestNoGarbage(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	w := newWords(r)
	m := NewMachine(JSON(), NewVocabulary(w, len(w)))
	var ids []int32
	for _, c := range []byte(`{"name": ["a", {"b": -1.5e3}, "ü"], "x": true}`) {
		ids = append(ids, int32(c)+6)
	}
	run := func() {
		mt := Matcher{m, m.start}
		for _, id := range ids {
			mt.Allowed()
			if !mt.Accept(id) {
				t.Fatal("stopped")
			}
		}
	}
	run()
	if n := testing.AllocsPerRun(10, run); n > 0 {
		t.Errorf("%v allocations for %d tokens", n, len(ids))
	}
}

// generator makes schemas, each with a maker of values that satisfy it, written by
// this test alone.
type generator struct {
	r    *rand.Rand
	defs []string
}

func (g *generator) root() (schema string, value func() string) {
	schema, value = g.schema(3)
	if g.r.IntN(4) == 0 {
		schema = fmt.Sprintf(`{"anyOf": [{"$ref": "#/$defs/list"}, %s], "$defs": {"list": {"type": "object", "properties": {"more": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/list"}]}}, "required": ["more"], "additionalProperties": false}}}`, schema)
		inner := value
		value = func() string {
			if g.r.IntN(2) == 0 {
				return inner()
			}
			n := g.r.IntN(4)
			return strings.Repeat(`{"more": `, n) + `{"more":null}` + strings.Repeat(`}`, n)
		}
	}
	return schema, value
}

func (g *generator) space() string {
	return []string{"", "", " ", "\n", "\n  ", "\n\t"}[g.r.IntN(6)]
}

func (g *generator) text() string {
	var s strings.Builder
	s.WriteByte('"')
	for range g.r.IntN(6) {
		s.WriteString([]string{"a", "日", "😀", `\n`, `\"`, `\\`, `\u00e9`, `\ud83d\ude00`, "0", " ", "{", "}", ",", `\/`, "\u007f"}[g.r.IntN(15)])
	}
	return s.String() + `"`
}

func (g *generator) schema(depth int) (string, func() string) {
	r := g.r
	kind := r.IntN(12)
	if depth == 0 {
		kind = r.IntN(8)
	}
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	switch kind {
	case 0:
		return `{"type": "string", "title": "x"}`, g.text
	case 1:
		return `{"type": "boolean"}`, func() string { return []string{"true", "false"}[r.IntN(2)] }
	case 2:
		lo := r.IntN(4000) - 2000
		hi := lo + r.IntN(300)
		step := []int{1, 1, 3, 10}[r.IntN(4)]
		first := lo
		for first%step != 0 {
			first++
		}
		hi = max(hi, first)
		return fmt.Sprintf(`{"type": "integer", "minimum": %d, "maximum": %d, "multipleOf": %d}`, lo, hi, step),
			func() string { return fmt.Sprint(first + step*r.IntN((hi-first)/step+1)) }
	case 3:
		lo := float64(r.IntN(4000)-2000) / 100
		return fmt.Sprintf(`{"type": "number", "minimum": %v, "exclusiveMaximum": %v}`, lo, lo+2.5),
			func() string { return fmt.Sprintf("%.*f", 2+r.IntN(5), lo+float64(r.IntN(249))/100) }
	case 4:
		return `{"type": ["number", "null"]}`, func() string {
			return []string{"null", "0", "-1.5", "12e3", "1.25E-7", "100000"}[r.IntN(6)]
		}
	case 5:
		list := []string{`"a"`, `"ab"`, `"日\n"`, `7`, `-0.5`, `null`, `["x", {"y": 1}]`}
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		list = list[:1+r.IntN(5)]
		return `{"enum": [` + strings.Join(list, ", ") + `]}`, func() string { return list[r.IntN(len(list))] }
	case 6:
		p := []struct {
			expr string
			yes  []string
		}{
			{`^[a-c]{2,4}$`, []string{"ab", "cccc", "abc"}}, {`\d`, []string{"1", "a2", "日3x"}}, {`^$`, []string{""}}, {`^a|b$`, []string{"ax", "xb", "a", "b"}},
			{`^[^"\\]*日.$`, []string{"日1", "x日日"}}, {`^\u00e9+\/\w*$`, []string{"é/", "éé/a_1"}}, {`(ab|cd)+`, []string{"ab", "xcdabx"}}, {`^.{3}$`, []string{"日a😀"}},
		}[r.IntN(8)]
		return `{"type": "string", "pattern": ` + quoted(p.expr) + `}`, func() string { return `"` + p.yes[r.IntN(len(p.yes))] + `"` }
	case 7:
		f := []struct{ name, yes string }{
			{"date", "2024-02-29"}, {"date-time", "2023-11-30T23:59:59.25+01:00"}, {"time", "00:00:00Z"}, {"duration", "P1Y2M3DT4H5M6S"}, {"duration", "P3W"},
			{"email", "a.b@example.org"}, {"hostname", "my-host.example"}, {"ipv4", "255.0.10.1"}, {"ipv6", "fe80::1"}, {"uuid", "123e4567-e89b-12d3-a456-426614174000"},
		}[r.IntN(10)]
		return `{"type": "string", "format": "` + f.name + `"}`, func() string { return `"` + f.yes + `"` }
	case 8:
		item, one := g.schema(depth - 1)
		least, most := r.IntN(3), 3+r.IntN(2)
		return fmt.Sprintf(`{"type": "array", "items": %s, "minItems": %d, "maxItems": %d}`, item, least, most), func() string {
			var list []string
			for range least + r.IntN(most-least+1) {
				list = append(list, g.space()+one()+g.space())
			}
			return "[" + strings.Join(list, ",") + "]"
		}
	case 9:
		a, one := g.schema(depth - 1)
		b, two := g.schema(depth - 1)
		return `{"anyOf": [` + a + `, ` + b + `]}`, func() string {
			if r.IntN(2) == 0 {
				return one()
			}
			return two()
		}
	}
	names := []string{"a", "b", "ab", `q"`, "日", "", "name"}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	names = names[:r.IntN(5)]
	var properties, required []string
	var values []func() string
	need := map[string]bool{}
	for _, name := range names {
		s, v := g.schema(depth - 1)
		properties = append(properties, quoted(name)+": "+s)
		values = append(values, v)
		if need[name] = r.IntN(3) > 0; need[name] {
			required = append(required, quoted(name))
		}
	}
	more := r.IntN(3)
	schema := `{"type": "object", "properties": {` + strings.Join(properties, ", ") + `}, "required": [` + strings.Join(required, ", ") + `], "additionalProperties": ` +
		[]string{"false", "true", `{"type": "integer"}`}[more] + `}`
	return schema, func() string {
		var list []string
		for i, name := range names {
			if need[name] || r.IntN(2) == 0 {
				list = append(list, g.space()+quoted(name)+g.space()+":"+g.space()+values[i]()+g.space())
			}
		}
		if more > 0 && r.IntN(2) == 0 {
			list = append(list, ` "aba":5`, `"日x": 7`)
		}
		return "{" + strings.Join(list, ",") + "}"
	}
}

// TestShared: a machine serves several texts at the same time.
func TestShared(t *testing.T) {
	w := newWords(rand.New(rand.NewPCG(1, 2)))
	m := NewMachine(JSON(), NewVocabulary(w, len(w)))
	var writers sync.WaitGroup
	for seed := range uint64(4) {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(seed, 3))
			for range 5 {
				if text := write(t, r, m, w); text != "" && !json.Valid([]byte(text)) {
					t.Error(text)
				}
			}
		})
	}
	writers.Wait()
}
