package grammar

import (
	"bytes"
	"encoding/json"
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
