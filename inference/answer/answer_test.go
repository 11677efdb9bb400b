package answer

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tern/inference/chattemplate"
	"tern/inference/grammar"
	"tern/tokenizer"
)

var (
	hermes = &chattemplate.Format{Open: "<think>", Close: "</think>", Closing: "\n</think>\n\n", Tools: &chattemplate.ToolFormat{
		Begin: "<tool_call>", End: "</tool_call>", JSON: true, NameKey: "name", ArgsKey: "arguments",
		Prefix: "<tool_call>\n{\"name\": \"", Middle: "\", \"arguments\": ", Suffix: "}\n</tool_call>",
	}}
	tags = &chattemplate.Format{Open: "<think>", Close: "</think>", Closing: "\n</think>\n\n", Tools: &chattemplate.ToolFormat{
		Begin: "<tool_call>", Prefix: "<tool_call>\n<function=", NameEnd: ">\n", ParamBegin: "<parameter=", KeyEnd: ">\n", ParamEnd: "\n</parameter>\n", CallEnd: "</function>\n</tool_call>",
	}}
	pairs = &chattemplate.Format{Tools: &chattemplate.ToolFormat{
		Begin: "<tool_call>", Prefix: "<tool_call>", NameEnd: "\n", ParamBegin: "<arg_key>", KeyEnd: "</arg_key>\n<arg_value>", ParamEnd: "</arg_value>\n", CallEnd: "</tool_call>",
	}}
	list = &chattemplate.Format{Tools: &chattemplate.ToolFormat{
		Begin: "[TOOL_CALLS]", JSON: true, List: true, NameKey: "name", ArgsKey: "arguments", Prefix: "[TOOL_CALLS] [{\"name\": \"", Middle: "\", \"arguments\": ", Suffix: "}]",
	}}
	bare = &chattemplate.Format{Tools: &chattemplate.ToolFormat{
		JSON: true, NameKey: "name", ArgsKey: "parameters", Prefix: "{\"name\": \"", Middle: "\", \"parameters\": ", Suffix: "}",
	}}
)

var offered = []Tool{
	{"weather", json.RawMessage(`{"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "units": {"enum": ["C", "F"]}}, "required": ["city"]}`)},
	{"save", json.RawMessage(`{"type": "object", "properties": {"text": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}, "draft": {"type": "boolean"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "required": ["text", "draft"]}`)},
	{"now", nil},
}

// told is what pieces say, in one line.
func told(pieces []Piece) string {
	var b strings.Builder
	kind := Kind(99)
	for _, p := range pieces {
		switch {
		case p.Kind == Called:
			fmt.Fprintf(&b, "call %s %s|", p.Call.Name, p.Call.Arguments)
		case p.Kind == kind:
			s := strings.TrimSuffix(b.String(), "|")
			b.Reset()
			b.WriteString(s + p.Text + "|")
		case p.Kind == Thought:
			b.WriteString("thought " + p.Text + "|")
		default:
			b.WriteString("text " + p.Text + "|")
		}
		kind = p.Kind
	}
	return strings.TrimSuffix(b.String(), "|")
}

// TestSplit: what an answer is made of, however it is cut while it comes.
func TestSplit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		f          *chattemplate.Format
		begun      bool
		tools      []Tool
		text, want string
	}{
		{hermes, false, nil, "Hello <b>there</b>.\n", "text Hello <b>there</b>.\n"},
		{hermes, false, nil, "<think>\nhm\nhm \n</think>\n\nHello\n\nyou", "thought hm\nhm|text Hello\n\nyou"},
		{hermes, false, nil, " \n<think>hm</think>Hello", "thought hm|text Hello"},
		{hermes, true, nil, "\nhm\n</think>\n\nHello", "thought hm|text Hello"},
		{hermes, false, nil, "<think>\n\n</think>\n\nHello", "text Hello"},
		{hermes, true, nil, "\n</think>\n\n", ""},
		{hermes, true, nil, "hm, </thin and then", "thought hm, </thin and then"},
		{hermes, false, nil, "a <think>b</think> c", "text a <think>b</think> c"},
		{hermes, false, nil, "<thin", "text <thin"},
		{hermes, false, nil, "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>", "text <tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>"},
		{&chattemplate.Format{}, false, nil, "<think>a</think>b", "text <think>a</think>b"},

		{hermes, false, offered, "<think>\nuse it\n</think>\n\nLet me see.\n\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln </tool_call>\", \"days\": 2}}\n</tool_call>\n<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>\n",
			`thought use it|text Let me see.|call weather {"city":"Köln </tool_call>","days":2}|call now {}`},
		{hermes, false, offered, "<tool_call>{\"name\":\"now\",\"arguments\":\"{}\"}</tool_call> done", "call now {}|text done"},
		{hermes, false, offered, "<tool_call>\n{\"name\": \"now\", \"parameters\": {}}", "call now {}"}, // ended without the marker
		{hermes, false, offered, "x\n <tool_call>\n{\"name\": \"now\", \"arguments\": {\"a\"", "text x\n <tool_call>\n{\"name\": \"now\", \"arguments\": {\"a\""},
		{hermes, false, offered, "<tool_call>\n{\"name\": \"other\", \"arguments\": {}}\n</tool_call>", "text <tool_call>\n{\"name\": \"other\", \"arguments\": {}}\n</tool_call>"},
		{hermes, false, offered, "<tool_call>\n{name: now}\n</tool_call> <tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_call>", "text <tool_call>\n{name: now}\n</tool_call>|call now {}"},
		{hermes, false, offered, "<tool_call>\n{\"name\": \"now\", \"arguments\": [1]}\n</tool_call>", "text <tool_call>\n{\"name\": \"now\", \"arguments\": [1]}\n</tool_call>"},
		{hermes, false, offered, "<tool_call>\n{\"name\": \"now\"}\n</tool_call>", "text <tool_call>\n{\"name\": \"now\"}\n</tool_call>"},
		{hermes, false, offered, "<tool_call>\n{\"name\": \"now\", \"arguments\": {}} and", "text <tool_call>\n{\"name\": \"now\", \"arguments\": {}} and"},
		{hermes, false, offered, "a < b, <tool, <tool_cal\n", "text a < b, <tool, <tool_cal\n"},

		{tags, false, offered, "I look.\n\n<tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=now>\n</function>\n</tool_call>",
			`text I look.|call weather {"city":"Paris","days":3}|call now {}`},
		{tags, true, offered, "hm</think><tool_call><function=save><parameter=text>\n a\n\n</parameter> b\n</parameter><parameter=tags>\n[\"x\", 1]\n</parameter><parameter=draft>True</parameter><parameter=note>null</parameter></function></tool_call>",
			`thought hm|call save {"text":" a\n\n</parameter> b","tags":["x",1],"draft":true,"note":null}`},
		{tags, false, offered, "<tool_call>\n<function=weather>\n<parameter=city>\n12\n</parameter>\n<parameter=days>\nsoon\n</parameter>\n</function>", `call weather {"city":"12","days":"soon"}`},
		{tags, false, offered, "<tool_call>\n<function=weather>\n<parameter=city>\nPa", "text <tool_call>\n<function=weather>\n<parameter=city>\nPa"},
		{tags, false, offered, "<tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n", "text <tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n"},
		{tags, false, offered, "<tool_call>\n<function=other>\n</function>\n</tool_call>", "text <tool_call>\n<function=other>\n</function>\n</tool_call>"},
		{tags, false, offered, "<tool_call>\n<function=now>\n<parameter=a>\n{\"b\": [1, 2]}\n</parameter>\n<parameter=c>\nx \"y\" <z>\n</parameter>\n</function>\n</tool_call>", `call now {"a":{"b":[1,2]},"c":"x \"y\" <z>"}`},

		{tags, false, offered, "<tool_call>\n<function=save>\n<parameter=text>\nx\n</parameter>\n<parameter=draft>\nfalse\n</parameter>\n<parameter=tags>\n[\"</parameter></function>\"]\n</parameter>\n</function>\n</tool_call>", `call save {"text":"x","draft":false,"tags":["</parameter></function>"]}`},
		{pairs, false, offered, "<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Rom</arg_value>\n<arg_key>days</arg_key>\n<arg_value>1</arg_value>\n</tool_call>", `call weather {"city":"Rom","days":1}`},
		{list, false, offered, `Yes. [TOOL_CALLS] [{"name": "now", "arguments": {}, "id": "1"}, {"name": "weather", "arguments": {"city": "Bonn"}}]`, `text Yes.|call now {}|call weather {"city":"Bonn"}`},
		{bare, false, offered, `{"name": "weather", "parameters": {"city": "Bonn"}}`, `call weather {"city":"Bonn"}`},
		{bare, false, offered, `{"city": "Bonn"}`, `text {"city": "Bonn"}`},
		{bare, false, offered, `So {"name": "now", "parameters": {}}`, `text So {"name": "now", "parameters": {}}`},
	} {
		for range 12 {
			s := New(c.f, Options{Begun: c.begun, Tools: c.tools})
			var pieces []Piece
			for rest := c.text; rest != ""; {
				n := 1 + r.IntN(min(len(rest), 1+r.IntN(20)))
				pieces = append(pieces, s.Push(rest[:n])...)
				rest = rest[n:]
			}
			if strings.HasSuffix(c.want, "</thin and then") && !s.Thinking() {
				t.Error("the block is not closed")
			}
			pieces = append(pieces, s.Close()...)
			if got := told(pieces); got != c.want {
				t.Errorf("%q: %q, want %q", c.text, got, c.want)
				break
			}
			if want := strings.Count(c.want, "call "); s.Calls() != want && !strings.Contains(c.want, "text <tool") {
				t.Errorf("%q: %d calls are counted", c.text, s.Calls())
			}
		}
	}
}

// TestSoon: text comes as soon as it is certain.
func TestSoon(t *testing.T) {
	s := New(hermes, Options{Tools: offered})
	for _, c := range [][2]string{{"<th", ""}, {"ink>", ""}, {"I", "thought I"}, {" am", "thought  am"}, {" \n", ""}, {"so", "thought  \nso"}, {"</think>", ""}, {"\n\n", ""}, {"Hi", "text Hi"}, {" <", ""}, {"b", "text  <b"}} {
		if got := told(s.Push(c[0])); got != c[1] {
			t.Errorf("after %q comes %q, want %q", c[0], got, c[1])
		}
	}
}

// letters is a tokenizer whose tokens are bytes, and markers that are single tokens.
type letters struct {
	tokenizer.Tokenizer
	markers []string
}

func (l letters) VocabSize() int { return 256 + len(l.markers) }
func (l letters) Bytes(id int32) []byte {
	if id >= 256 {
		return []byte(l.markers[id-256])
	}
	return []byte{byte(id)}
}
func (l letters) Special(s string) (int32, bool) {
	i := slices.Index(l.markers, s)
	return int32(256 + i), i >= 0
}

// TestCalls: whatever is drawn by the form of calls is read as calls of the tools that
// are asked for, with arguments of their schema.
func TestCalls(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	drawn := map[string]int{}
	for _, name := range []string{"hermes", "tags", "pairs", "list", "bare"} {
		f := map[string]*chattemplate.Format{"hermes": hermes, "tags": tags, "pairs": pairs, "list": list, "bare": bare}[name]
		for _, tok := range []letters{{}, {markers: []string{"<tool_call>", "</tool_call>"}}} {
			for _, tools := range [][]Tool{offered, offered[1:2]} {
				for _, parallel := range []bool{false, true} {
					e, err := Calls(f, tools, parallel, tok)
					if err != nil {
						t.Fatal(err)
					}
					g, err := grammar.New(e)
					if err != nil {
						t.Fatal(err)
					}
					m := grammar.NewMachine(g, grammar.NewVocabulary(tok, tok.VocabSize()))
					for range 8 {
						text := draw(r, m, tok, f.Tools.ParamEnd)
						if text == "" {
							continue
						}
						drawn[name]++
						s := New(f, Options{Tools: tools})
						pieces := append(s.Push(text), s.Close()...)
						if len(pieces) == 0 || !parallel && len(pieces) > 1 {
							t.Fatalf("%s: %q is read as %s", name, text, told(pieces))
						}
						for _, p := range pieces {
							if p.Kind != Called {
								t.Fatalf("%s: %q is read as %s", name, text, told(pieces))
							}
							var args map[string]any
							if err := json.Unmarshal([]byte(p.Call.Arguments), &args); err != nil {
								t.Fatalf("%s: %v in %s", name, err, p.Call.Arguments)
							}
							if p.Call.Name == "save" {
								_, text := args["text"].(string)
								if _, draft := args["draft"].(bool); !text || !draft {
									t.Errorf("%s: %s", name, p.Call.Arguments)
								}
							}
						}
					}
				}
			}
		}
	}
	for _, name := range []string{"hermes", "tags", "pairs", "list", "bare"} {
		if drawn[name] < 12 {
			t.Errorf("%s: only %d texts were drawn", name, drawn[name])
		}
	}
	if _, err := Calls(&chattemplate.Format{}, offered, true, letters{}); err == nil {
		t.Error("calls without a format")
	}
}

// draw writes a text of a form, "" where it does not end soon.
func draw(r *rand.Rand, m *grammar.Machine, tok letters, end string) string {
	var text []byte
	mt := m.Matcher()
	for n := 0; !mt.Complete(); n++ {
		if mt.CanEnd() && r.IntN(2) == 0 {
			break
		}
		if n > 900 {
			return ""
		}
		set, _ := mt.Allowed()
		var ids []int32
		for id := range int32(tok.VocabSize()) {
			if set[id/64]>>(id%64)&1 == 1 {
				ids = append(ids, id)
				if n > 40 && strings.ContainsRune("\"}]<\n/", rune(id)) {
					ids = append(ids, id, id, id, id, id, id, id)
				}
			}
		}
		id := ids[r.IntN(len(ids))]
		if n > 60 && end != "" { // a text is as good as never ended by chance
			if next := int32(end[overlap(string(text), end)]); slices.Contains(ids, next) {
				id = next
			}
		}
		mt.Accept(id)
		text = append(text, tok.Bytes(id)...)
	}
	return string(text)
}
