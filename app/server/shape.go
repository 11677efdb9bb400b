package server

import (
	"time"

	"tern/inference"
)

// shape is what all objects of one answer have in common, and writes them. Text
// completions and chats differ in their names and in where the text is.
type shape struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	Model   string `json:"model"`
	chat    bool
}

func newShape(chat bool, model string) shape {
	s := shape{newID("cmpl"), "text_completion", time.Now().Unix(), model, chat}
	if chat {
		s.ID, s.Object = newID("chatcmpl"), "chat.completion"
	}
	return s
}

// completion is a whole answer, or an event of a stream.
type completion struct {
	shape
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage,omitempty"`
}

type choice struct {
	Index   int     `json:"index"`
	Text    *string `json:"text,omitempty"`    // of a completion
	Message *spoken `json:"message,omitempty"` // of a chat
	Delta   *turn   `json:"delta,omitempty"`   // of a chat's stream
	// LogProbs is null unless asked for: clients expect the key.
	LogProbs *logProbs `json:"logprobs"`
	Finish   *string   `json:"finish_reason"`
}

// turn is what an event adds to an answer.
type turn struct {
	Role      string     `json:"role,omitempty"`
	Content   *string    `json:"content,omitempty"`
	Reasoning *string    `json:"reasoning_content,omitempty"`
	ToolCalls []toolCall `json:"tool_calls,omitempty"`
}

// spoken is a whole answer. Its content is null where it only calls tools.
type spoken struct {
	Role      string     `json:"role"`
	Content   *string    `json:"content"`
	Reasoning *string    `json:"reasoning_content,omitempty"`
	ToolCalls []toolCall `json:"tool_calls,omitempty"`
}

type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
	Details    struct {
		Cached int `json:"cached_tokens"` // of the prompt, found evaluated
	} `json:"prompt_tokens_details"`
	Written struct {
		Thoughts int `json:"reasoning_tokens"` // of the completion
	} `json:"completion_tokens_details"`
}

func newUsage(s inference.Stats) *usage {
	u := &usage{Prompt: s.PromptTokens, Completion: s.Generated, Total: s.PromptTokens + s.Generated}
	u.Details.Cached = s.Reused
	u.Written.Thoughts = s.Thoughts
	return u
}

// finish is why an answer ended, in OpenAI's words. An answer that was cut is that
// first of all.
func finish(stop inference.StopReason, calls int) *string {
	word := "stop"
	switch {
	case stop == inference.StopLength || stop == inference.StopContext:
		word = "length"
	case calls > 0:
		word = "tool_calls"
	}
	return &word
}

// whole is an answer in one piece.
func (s shape) whole(text string, probs *logProbs, stop inference.StopReason, stats inference.Stats) completion {
	return completion{s, []choice{{LogProbs: probs, Finish: finish(stop, 0), Text: &text}}, newUsage(stats)}
}

// chatted is the answer of a chat in one piece.
func (s shape) chatted(m *spoken, probs *logProbs, stop inference.StopReason, stats inference.Stats) completion {
	return completion{s, []choice{{LogProbs: probs, Finish: finish(stop, len(m.ToolCalls)), Message: m}}, newUsage(stats)}
}

// piece is one event of a stream.
func (s shape) piece(c choice) completion {
	if s.chat {
		s.Object = "chat.completion.chunk"
	}
	return completion{shape: s, Choices: []choice{c}}
}

// first opens the stream of a chat.
func (s shape) first() completion {
	empty := ""
	return s.piece(choice{Delta: &turn{Role: inference.RoleAssistant, Content: &empty}})
}

// token adds what one token adds to the text, which may be nothing.
func (s shape) token(text string, probs *logProbs) completion {
	if s.chat {
		return s.delta(turn{Content: &text}, probs)
	}
	return s.piece(choice{Text: &text, LogProbs: probs})
}

// delta adds to a chat.
func (s shape) delta(d turn, probs *logProbs) completion {
	return s.piece(choice{Delta: &d, LogProbs: probs})
}

// last says why the answer ended.
func (s shape) last(stop inference.StopReason, calls int) completion {
	if s.chat {
		return s.piece(choice{Delta: &turn{}, Finish: finish(stop, calls)})
	}
	empty := ""
	return s.piece(choice{Text: &empty, Finish: finish(stop, 0)})
}

// count is the event for stream_options.include_usage: no choice, the figures.
func (s shape) count(stats inference.Stats) completion {
	c := s.piece(choice{})
	c.Choices, c.Usage = []choice{}, newUsage(stats)
	return c
}
