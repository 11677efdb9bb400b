package remote

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The events of servers as they come: thoughts and calls have their own names in each.
const (
	llamaServer = `{"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"created":1,"id":"chatcmpl-1","model":"m","system_fingerprint":"b9554-d403f00ec","object":"chat.completion.chunk"}
{"choices":[{"finish_reason":null,"index":0,"delta":{"reasoning_content":"Two"}}],"object":"chat.completion.chunk"}
{"choices":[{"finish_reason":null,"index":0,"delta":{"reasoning_content":" cities."}}],"object":"chat.completion.chunk"}
{"choices":[{"finish_reason":null,"index":0,"delta":{"content":"I "}}],"object":"chat.completion.chunk"}
{"choices":[{"finish_reason":null,"index":0,"delta":{"content":"look."}}],"object":"chat.completion.chunk"}
{"choices":[{"finish_reason":null,"index":0,"delta":{"tool_calls":[{"index":0,"id":"a1","type":"function","function":{"name":"weather","arguments":"{"}}]}}],"object":"chat.completion.chunk"}
{"choices":[{"finish_reason":null,"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"city\":\"Paris\"}"}}]}}],"object":"chat.completion.chunk"}
{"choices":[{"finish_reason":null,"index":0,"delta":{"tool_calls":[{"index":1,"id":"b2","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]}}],"object":"chat.completion.chunk"}
{"choices":[{"finish_reason":"tool_calls","index":0,"delta":{}}],"object":"chat.completion.chunk","timings":{"prompt_n":10}}
[DONE]`
	vLLM = `{"id":"chatcmpl-2","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"reasoning":"Two cities.","reasoning_content":"Two cities."},"logprobs":null,"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"content":"I look."},"logprobs":null,"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"tool_calls":[{"id":"a1","type":"function","index":0,"function":{"name":"weather"}}]},"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\": \"Paris\"}"}}]},"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"tool_calls":[{"id":"b2","type":"function","index":1,"function":{"name":"weather","arguments":"{\"city\": \"Rome\"}"}}]},"finish_reason":"tool_calls","stop_reason":null}]}
[DONE]`
	ollama = `{"id":"chatcmpl-3","object":"chat.completion.chunk","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"Two cities."},"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"role":"assistant","content":"I look."},"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"role":"assistant","content":"","tool_calls":[{"id":"a1","index":0,"type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\"}"}}]},"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"role":"assistant","content":"","tool_calls":[{"id":"b2","index":0,"type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]},"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"tool_calls"}]}
[DONE]`
	undivided = `{"choices":[{"index":0,"delta":{"content":"<th"},"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"content":"ink>\nTwo cities.\n</thi"},"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"content":"nk>\n\nI look."},"finish_reason":null}]}
{"choices":[{"index":0,"delta":{"content":" <b>"},"finish_reason":"stop"}]}
[DONE]`
)

// TestMarkers: thoughts in the text are told by the markers of any model, however the text
// is cut, and words that look like markers are said.
func TestMarkers(t *testing.T) {
	for answer, want := range map[string][2]string{
		"<thinking>hm\n</thinking>\n\nYes.":                          {"hm", "Yes."},
		"\n[THINK]hm[/THINK]Yes.":                                    {"hm", "Yes."},
		"<|channel|>analysis<|message|>hm" + harmonyClosing + "Yes.": {"hm", "Yes."},
		"<seed:think>hm</seed:think>Yes.":                            {"hm", "Yes."},
		"<think>hm <thinking> [THINK]</think>Yes.":                   {"hm <thinking> [THINK]", "Yes."},
		"<thought>hm":                      {"hm", ""},
		"Write <thinking>this</thinking>.": {"", "Write <thinking>this</thinking>."},
		"<thinker> [THINK]":                {"", "<thinker> [THINK]"},
		"<thin":                            {"", "<thin"},
		" [TH":                             {"", " [TH"},
		"":                                 {"", ""},
	} {
		for size := 1; size <= len(answer)+1; size++ {
			var got [2]string
			p := newParts(true, func(x Part) bool {
				if x.Thought {
					got[0] += x.Text
				} else {
					got[1] += x.Text
				}
				return true
			})
			for rest := answer; rest != ""; {
				n := min(size, len(rest))
				p.add(&delta{Content: rest[:n]})
				rest = rest[n:]
			}
			p.close()
			if got != want {
				t.Errorf("%q by %d: %q, want %q", answer, size, got, want)
				break
			}
		}
	}
}

// TestParts: whatever a server calls them, thoughts and calls come as parts of their
// own.
func TestParts(t *testing.T) {
	const calls = `call weather {"city":"Paris"} call weather {"city":"Rome"}`
	for name, x := range map[string]struct{ events, want, finish string }{
		"llama-server": {llamaServer, `thought "Two cities." said "I look." ` + calls, "tool_calls"},
		"vLLM":         {vLLM, `thought "Two cities." said "I look." ` + calls, "tool_calls"},
		"Ollama":       {ollama, `thought "Two cities." said "I look." ` + calls, "tool_calls"},
		"none":         {undivided, `thought "Two cities." said "I look. <b>"`, "stop"},
	} {
		c := serve(t, "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for line := range strings.Lines(x.events) {
				fmt.Fprintf(w, "data: %s\n\n", strings.TrimSpace(line))
			}
		})
		var thought, said, words strings.Builder
		var got string
		finish, err := c.Stream(context.Background(), Request{Messages: []Message{{"user", "hi"}}}, func(p Part) bool {
			if !p.Thought {
				words.WriteString(p.Words())
			}
			switch {
			case p.Call != nil:
				got += " call " + p.Call.Name + " " + strings.ReplaceAll(p.Call.Arguments, ": ", ":")
			case p.Thought:
				thought.WriteString(p.Text)
			default:
				said.WriteString(p.Text)
			}
			return true
		})
		if got = fmt.Sprintf("thought %q said %q", thought.String(), said.String()) + got; got != x.want || finish != x.finish || err != nil {
			t.Errorf("%s: %s, %s, %v, want %s", name, got, finish, err, x.want)
		}
		want := "I look."
		if strings.Contains(x.want, "call") {
			want += "<tool_call>\n{\"name\":\"weather\",\"arguments\":{\"city\":\"Paris\"}}\n</tool_call>\n<tool_call>\n{\"name\":\"weather\",\"arguments\":{\"city\":\"Rome\"}}\n</tool_call>\n"
		} else {
			want += " <b>"
		}
		if words.String() != want {
			t.Errorf("%s: %q, want %q", name, words.String(), want)
		}
	}
}

// TestEffort: what is asked of thinking is sent, and left out for a server that does
// not know it.
func TestEffort(t *testing.T) {
	var asked []string
	c := serve(t, "", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, string(body))
		if len(asked) == 1 {
			http.Error(w, `{"error": {"message": "unknown field"}}`, http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	})
	r := Request{Messages: []Message{{"user", "hi"}}, Effort: "none", TemplateVariables: map[string]any{"enable_thinking": false}}
	if _, err := c.Stream(context.Background(), r, func(Part) bool { return true }); err != nil || len(asked) != 2 {
		t.Fatalf("%v after %d requests", err, len(asked))
	}
	if !strings.Contains(asked[0], `"reasoning_effort":"none"`) || !strings.Contains(asked[0], `"enable_thinking":false`) || strings.Contains(asked[1], "reasoning") {
		t.Errorf("%q", asked)
	}
}
