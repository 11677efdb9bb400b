package grammar

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

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
