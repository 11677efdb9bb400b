package grammar

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator makes schemas, each with a maker of values that satisfy it, written by
// this test alone.
type generator struct {
	r *rand.Rand
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
