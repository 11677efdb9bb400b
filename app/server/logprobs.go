package server

import (
	"encoding/json"
	"unicode/utf8"

	"tern/inference"
	"tern/tokenizer"
)

// maxLogProbs is how many of the most likely tokens a request may ask for, as at
// OpenAI for chats.
const maxLogProbs = 20

// none instead of a number of tokens: no probabilities are asked for.
const none = -1

// probabilities reads what a request asks for: a completion says the number of
// the most likely tokens in logprobs, a chat true there and the number apart.
func (r *request) probabilities(chat bool) (int, error) {
	n, raw := none, string(r.LogProbs)
	given := raw != "" && raw != "null" && raw != "false"
	switch {
	case chat && given && raw != "true":
		return none, bad("logprobs", "logprobs of a chat is true or false; top_logprobs says how many.")
	case chat && given:
		if n = 0; r.TopLogProbs != nil {
			n = int(*r.TopLogProbs)
		}
	case r.TopLogProbs != nil && *r.TopLogProbs != 0:
		return none, bad("top_logprobs", "top_logprobs goes with logprobs: true, in chats.")
	case given:
		var count whole
		if json.Unmarshal(r.LogProbs, &count) != nil {
			return none, bad("logprobs", "logprobs of a completion is how many of the most likely tokens to list.")
		}
		n = int(count)
	}
	if given && (n < 0 || n > maxLogProbs) {
		name := "logprobs"
		if chat {
			name = "top_logprobs"
		}
		return none, bad(name, "%s must be between 0 and %d.", name, maxLogProbs)
	}
	return n, nil
}

// probability is one token: of a chat's answer as it is sent, of a completion
// before it is put into lists.
type probability struct {
	Token   string        `json:"token"` // U+FFFD for a part of a character
	LogProb float64       `json:"logprob"`
	Bytes   []int         `json:"bytes"`
	Top     []probability `json:"top_logprobs,omitzero"` // of a chosen token
}

// logProbs are the probabilities of a text's tokens, at temperature 1 and before
// any other setting. A chat has Content, a completion the lists.
type logProbs struct {
	Content []probability `json:"content,omitempty"`

	Tokens  []string             `json:"tokens,omitempty"`
	Chosen  []float64            `json:"token_logprobs,omitempty"`
	Top     []map[string]float64 `json:"top_logprobs,omitempty"`
	Offsets []int                `json:"text_offset,omitempty"` // of the token in the answer, in characters
}

// probe makes the probabilities of one answer.
type probe struct {
	tok    tokenizer.Tokenizer // nil: tokens have no text
	top    int                 // none, or how many to list
	chat   bool
	offset int // of the next token
}

// of is what a token's event says, nil where nobody asked.
func (p *probe) of(e *inference.Event) *logProbs {
	if p.top == none {
		return nil
	}
	one := p.token(e.ID, e.Logprobs.LogProb)
	one.Top = []probability{}
	for _, a := range e.Logprobs.Top[:min(p.top, len(e.Logprobs.Top))] {
		one.Top = append(one.Top, p.token(a.ID, a.LogProb))
	}
	if p.chat {
		return &logProbs{Content: []probability{one}}
	}
	l := &logProbs{Tokens: []string{one.Token}, Chosen: []float64{one.LogProb}, Offsets: []int{p.offset}}
	top := map[string]float64{}
	for _, a := range one.Top {
		if _, likelier := top[a.Token]; !likelier { // parts of characters look the same
			top[a.Token] = a.LogProb
		}
	}
	l.Top = []map[string]float64{top}
	p.offset += utf8.RuneCountInString(e.Text)
	return l
}

func (p *probe) token(id int32, logProb float64) probability {
	t := probability{LogProb: logProb, Bytes: []int{}}
	if p.tok != nil {
		t.Token = tokenizer.Text(p.tok, id)
		for _, b := range p.tok.Bytes(id) {
			t.Bytes = append(t.Bytes, int(b))
		}
	}
	return t
}

// add appends the probabilities of the next token. Both may be nil.
func (l *logProbs) add(next *logProbs) *logProbs {
	if l == nil || next == nil {
		return next
	}
	l.Content = append(l.Content, next.Content...)
	l.Tokens = append(l.Tokens, next.Tokens...)
	l.Chosen = append(l.Chosen, next.Chosen...)
	l.Top = append(l.Top, next.Top...)
	l.Offsets = append(l.Offsets, next.Offsets...)
	return l
}
