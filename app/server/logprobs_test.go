package server

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"tern/inference"
	"tern/tokenizer"
)

// TestLogProbs compares the probabilities of completions and chats, whole and as
// streams, with those that the engine itself gives for the same text.
func TestLogProbs(t *testing.T) {
	e := engine(t)
	c := start(t, e, Options{})
	const n, top = 12, 3
	session, err := e.NewSession(inference.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var want logProbs
	offset := 0
	for event, err := range session.Generate(t.Context(), e.Prompt("Once upon a time"), inference.GenerateOptions{MaxTokens: n, Alternatives: top}) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Kind != inference.EventToken {
			continue
		}
		list := map[string]float64{}
		for _, a := range event.Logprobs.Top {
			list[tokenizer.Text(e.Tokenizer(), a.ID)] = a.LogProb
		}
		want.Tokens = append(want.Tokens, tokenizer.Text(e.Tokenizer(), event.ID))
		want.Chosen = append(want.Chosen, event.Logprobs.LogProb)
		want.Top = append(want.Top, list)
		want.Offsets = append(want.Offsets, offset)
		offset += utf8.RuneCountInString(event.Text)
	}
	const ask = `{` + story + `, "max_tokens": 12, "temperature": 0`
	whole := c.post("/v1/completions", ask+`, "logprobs": 3}`).Choices[0].LogProbs
	if whole == nil || len(whole.Tokens) != n || !reflect.DeepEqual(*whole, want) {
		t.Fatalf("%+v, want %+v", whole, want)
	}
	var streamed *logProbs
	for _, p := range c.stream("/v1/completions", ask+`, "logprobs": 3, "stream": true}`) {
		if l := p.Choices[0].LogProbs; l != nil {
			streamed = streamed.add(l)
		}
	}
	if !reflect.DeepEqual(streamed, whole) {
		t.Errorf("streamed %+v, want %+v", streamed, whole)
	}
	if l := c.post("/v1/completions", ask+`, "logprobs": 0}`).Choices[0].LogProbs; l == nil || !reflect.DeepEqual(l.Chosen, want.Chosen) || len(l.Top[0]) != 0 {
		t.Errorf("logprobs 0: %+v", l)
	}
	if l := c.post("/v1/completions", ask+`, "logprobs": false}`).Choices[0].LogProbs; l != nil {
		t.Errorf("logprobs false: %+v", l)
	}

	c = start(t, chatEngine(t), Options{})
	const chat = `{"messages": [{"role": "user", "content": "Once there was a cat."}], "max_tokens": 8, "temperature": 0, "logprobs": true`
	answer := c.post("/v1/chat/completions", chat+`, "top_logprobs": 2}`)
	text := ""
	for i, p := range answer.Choices[0].LogProbs.Content {
		for _, b := range p.Bytes {
			text += string([]byte{byte(b)})
		}
		if len(p.Top) != 2 || p.Top[0].Token != p.Token || p.Top[0].LogProb != p.LogProb || p.Top[1].LogProb > p.LogProb || p.LogProb > 0 {
			t.Errorf("token %d: %+v", i, p)
		}
	}
	if said := *answer.Choices[0].Message.Content; said == "" || !strings.HasSuffix(text, said) {
		t.Errorf("the tokens say %q, the message %q", text, said)
	}
	streamed = nil
	for _, p := range c.stream("/v1/chat/completions", chat+`, "top_logprobs": 2, "stream": true}`) {
		if l := p.Choices[0].LogProbs; l != nil {
			streamed = streamed.add(l)
		}
	}
	if !reflect.DeepEqual(streamed, answer.Choices[0].LogProbs) {
		t.Errorf("streamed %+v, want %+v", streamed, answer.Choices[0].LogProbs)
	}
	if _, raw, _ := c.do("POST", "/v1/chat/completions", chat+`}`); !strings.Contains(string(raw), `"top_logprobs":[]`) {
		t.Errorf("without top_logprobs: %s", raw)
	}
}
