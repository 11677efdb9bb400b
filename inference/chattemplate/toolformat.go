package chattemplate

import (
	"encoding/json"
	"strings"
)

// ToolFormat is how a template writes a model's calls of tools, cut up around what
// differs from call to call.
type ToolFormat struct {
	// Begin is the first marker of a call, <tool_call>, and End the last; "" where
	// there is none.
	Begin, End string

	// JSON says that a call is an object with a name and an object of arguments,
	// whose keys these are; List that the calls are one list of them.
	JSON, List         bool
	NameKey, ArgsKey   string
	Prefix, Middle     string // exactly: up to the name, and from there to the arguments
	Suffix             string // and after them
	NameEnd            string // the rest is of calls without JSON, exactly: after the name,
	ParamBegin, KeyEnd string // around the key of an argument,
	ParamEnd           string // after its value,
	CallEnd            string // and after all of them
}

// Words of calls that are rendered to look at.
const (
	probeTool       = "nameOfTool"
	probeKey1       = "firstKey"
	probeValue1     = "firstValue"
	probeKey2       = "secondKey"
	probeValue2     = "secondValue"
	probeDefinition = `[{"type": "function", "function": {"name": "offeredTool", "description": "d", "parameters": {"type": "object", "properties": {}}}}]`
)

// toolFormat finds how calls are written, nil where the template leaves tools out.
func (t *Template) toolFormat() *ToolFormat {
	user := Message{Role: RoleUser, Content: probeUser}
	offered := t.probe([]Message{user}, Options{GenerationPrompt: true, Tools: json.RawMessage(probeDefinition)})
	if !strings.Contains(offered, "offeredTool") {
		return nil
	}
	call := func(content string) string {
		arguments := `{"` + probeKey1 + `": "` + probeValue1 + `", "` + probeKey2 + `": "` + probeValue2 + `"}`
		return t.probe([]Message{user, {Role: RoleAssistant, Content: content, ToolCalls: []ToolCall{{ID: "call12345", Name: probeTool, Arguments: arguments}}}}, Options{})
	}
	plain := t.probe([]Message{user, {Role: RoleAssistant, Content: probeAnswer}}, Options{})
	head, foot, _ := strings.Cut(plain, probeAnswer)
	text := call(probeAnswer)
	_, text, ok := strings.Cut(text, probeAnswer)
	if !ok { // templates of calls that have no content
		text = strings.TrimPrefix(call(""), head)
	}
	text = strings.TrimSuffix(text, foot)
	at := strings.Index(text, probeTool)
	if at < 0 {
		return nil
	}
	if f := jsonCalls(text, at); f != nil {
		return f
	}
	return taggedCalls(text)
}

// jsonCalls is the format of calls that are objects.
func jsonCalls(text string, at int) *ToolFormat {
	for start, c := range text[:at] {
		if c != '{' {
			continue
		}
		var object map[string]json.RawMessage
		d := json.NewDecoder(strings.NewReader(text[start:]))
		if d.Decode(&object) != nil {
			continue
		}
		f := &ToolFormat{JSON: true}
		for key, raw := range object {
			var name string
			var arguments map[string]string
			switch {
			case json.Unmarshal(raw, &name) == nil && name == probeTool:
				f.NameKey = key
			case json.Unmarshal(raw, &arguments) == nil && arguments[probeKey1] == probeValue1:
				f.ArgsKey = key
			}
		}
		if f.NameKey == "" || f.ArgsKey == "" {
			continue
		}
		end := start + int(d.InputOffset())
		f.Begin, f.End = strings.TrimSpace(text[:start]), strings.TrimSpace(text[end:])
		if begin, ok := strings.CutSuffix(f.Begin, "["); ok {
			f.List, f.Begin = true, strings.TrimSpace(begin)
			f.End = strings.TrimSpace(strings.TrimPrefix(f.End, "]"))
		}
		if arguments := strings.Index(text[at:], "{"); arguments > 0 {
			f.Prefix, f.Middle = strings.TrimLeft(text[:at], " \t\r\n"), text[at+len(probeTool):at+arguments]
			f.Suffix = "}" + strings.TrimRight(text[end:], " \t\r\n")
		}
		return f
	}
	return nil
}

// taggedCalls is the format of calls whose arguments stand between markers.
func taggedCalls(text string) *ToolFormat {
	var pieces []string
	for _, word := range []string{probeTool, probeKey1, probeValue1, probeKey2, probeValue2} {
		before, after, ok := strings.Cut(text, word)
		if !ok {
			return nil
		}
		pieces, text = append(pieces, before), after
	}
	f := &ToolFormat{Prefix: strings.TrimLeft(pieces[0], " \t\r\n")}
	f.Begin = strings.TrimSpace(pieces[0])
	if marker := tag.FindString(f.Begin); marker != "" && strings.HasPrefix(f.Begin, marker) {
		f.Begin = marker
	}
	// What comes before a key is the same after the name and after a value.
	name, value := pieces[1], pieces[3]
	same := 0
	for same < len(name) && same < len(value) && name[len(name)-1-same] == value[len(value)-1-same] {
		same++
	}
	begin := name[len(name)-same:]
	if i := strings.IndexAny(begin, "<["); i >= 0 {
		begin = begin[i:]
	}
	f.ParamBegin = begin
	f.NameEnd = name[:len(name)-len(begin)]
	f.ParamEnd = value[:len(value)-len(begin)]
	f.KeyEnd = pieces[2]
	rest, ok := strings.CutPrefix(text, f.ParamEnd)
	if !ok {
		rest, ok = strings.CutPrefix(text, strings.TrimRight(f.ParamEnd, " \t\r\n"))
	}
	if !ok || f.ParamBegin == "" || strings.TrimSpace(f.KeyEnd) == "" || strings.TrimSpace(f.ParamEnd) == "" {
		return nil
	}
	f.CallEnd = strings.TrimRight(rest, " \t\r\n")
	return f
}
