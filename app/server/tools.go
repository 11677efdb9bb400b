package server

import (
	"encoding/json"

	"tern/inference"
	"tern/inference/answer"
)

// toolsOf are the tools of a request and what it wants of them.
type toolsOf struct {
	raw      json.RawMessage // as the template takes them; nil for none
	list     []answer.Tool
	must     bool          // one has to be called
	only     []answer.Tool // of those that may be
	parallel bool
}

// tools reads the tools of a request.
func (r *request) tools() (*toolsOf, error) {
	t := &toolsOf{parallel: r.ParallelToolCalls == nil || *r.ParallelToolCalls}
	var list []struct {
		Type     string
		Function *struct {
			Name       string
			Parameters json.RawMessage
		}
	}
	if !blank(r.Tools) {
		if json.Unmarshal(r.Tools, &list) != nil {
			return nil, bad("tools", "tools is a list of objects with a type and a function.")
		}
		t.raw = r.Tools
	}
	for i, x := range list {
		switch {
		case x.Type != "function" && x.Type != "":
			return nil, unsupported("tools", "Tool %d is of the type %q; Tern knows functions.", i+1, clip(x.Type))
		case x.Function == nil || x.Function.Name == "":
			return nil, bad("tools", "Tool %d has no function with a name.", i+1)
		case !blank(x.Function.Parameters) && x.Function.Parameters[0] != '{':
			return nil, bad("tools", "The parameters of %s are not a schema.", clip(x.Function.Name))
		}
		t.list = append(t.list, answer.Tool{Name: x.Function.Name, Parameters: x.Function.Parameters})
	}
	return t, t.choose(r.ToolChoice)
}

// choose reads tool_choice.
func (t *toolsOf) choose(raw json.RawMessage) error {
	t.only = t.list
	if blank(raw) {
		return nil
	}
	var word string
	if json.Unmarshal(raw, &word) == nil {
		switch word {
		case "auto":
		case "none":
			*t = toolsOf{}
		case "required", "any":
			t.must = true
		default:
			return bad("tool_choice", "tool_choice is auto, none, required or a function, not %q.", clip(word))
		}
	} else {
		var one struct {
			Function struct{ Name string }
			Name     string
		}
		if json.Unmarshal(raw, &one) != nil || one.Function.Name+one.Name == "" {
			return bad("tool_choice", "tool_choice is auto, none, required or a function.")
		}
		name := one.Function.Name
		if name == "" {
			name = one.Name
		}
		t.must, t.only, t.parallel = true, nil, false
		for _, tool := range t.list {
			if tool.Name == name {
				t.only = []answer.Tool{tool}
			}
		}
		if t.only == nil {
			return bad("tool_choice", "There is no tool %q.", clip(name))
		}
	}
	if t.must && len(t.list) == 0 {
		return bad("tool_choice", "tool_choice wants a tool to be called, and there are no tools.")
	}
	return nil
}

// toolCall is a call as clients read and send it.
type toolCall struct {
	Index    *int   `json:"index,omitempty"` // of a stream
	ID       string `json:"id,omitempty"`
	Type     string `json:"type,omitempty"` // "function"
	Function struct {
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// calls reads those of an earlier answer, message n.
func calls(raw json.RawMessage, n int) (list []inference.ToolCall, err error) {
	if blank(raw) {
		return nil, nil
	}
	var sent []struct {
		ID       string
		Function struct {
			Name      string
			Arguments json.RawMessage
		}
	}
	if json.Unmarshal(raw, &sent) != nil {
		return nil, bad("messages", "The tool_calls of message %d are not a list of calls.", n)
	}
	for _, c := range sent {
		if c.Function.Name == "" {
			return nil, bad("messages", "A tool call of message %d has no function with a name.", n)
		}
		arguments := string(c.Function.Arguments)
		if text := ""; json.Unmarshal(c.Function.Arguments, &text) == nil {
			arguments = text
		}
		list = append(list, inference.ToolCall{ID: c.ID, Name: c.Function.Name, Arguments: arguments})
	}
	return list, nil
}

// newCalls makes the calls that an answer has as clients read them. Of a stream each
// is said in two events: that it comes, and its arguments.
func newCall(c inference.ToolCall, index int, stream bool) (whole toolCall, rest *toolCall) {
	whole.ID, whole.Type = newID("call"), "function"
	whole.Function.Name, whole.Function.Arguments = c.Name, c.Arguments
	if !stream {
		return whole, nil
	}
	whole.Index = &index
	whole.Function.Arguments = ""
	rest = &toolCall{Index: &index}
	rest.Function.Arguments = c.Arguments
	return whole, rest
}
