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
	Message *turn   `json:"message,omitempty"` // of a chat
	Delta   *turn   `json:"delta,omitempty"`   // of a chat's stream
	// LogProbs is null unless asked for: clients expect the key.
	LogProbs *logProbs `json:"logprobs"`
	Finish   *string   `json:"finish_reason"`
}

type turn struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
	Details    struct {
		Cached int `json:"cached_tokens"` // of the prompt, found evaluated
	} `json:"prompt_tokens_details"`
}

func newUsage(s inference.Stats) *usage {
	u := &usage{Prompt: s.PromptTokens, Completion: s.Generated, Total: s.PromptTokens + s.Generated}
	u.Details.Cached = s.Reused
	return u
}

// finish is why an answer ended, in OpenAI's words.
func finish(stop inference.StopReason) *string {
	word := "stop"
	if stop == inference.StopLength || stop == inference.StopContext {
		word = "length"
	}
	return &word
}

// whole is an answer in one piece.
func (s shape) whole(text string, probs *logProbs, stop inference.StopReason, stats inference.Stats) completion {
	c := choice{LogProbs: probs, Finish: finish(stop)}
	if s.chat {
		c.Message = &turn{inference.RoleAssistant, &text}
	} else {
		c.Text = &text
	}
	return completion{s, []choice{c}, newUsage(stats)}
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
	return s.piece(choice{Delta: &turn{inference.RoleAssistant, &empty}})
}

// token adds what one token adds to the text, which may be nothing.
func (s shape) token(text string, probs *logProbs) completion {
	if s.chat {
		return s.piece(choice{Delta: &turn{Content: &text}, LogProbs: probs})
	}
	return s.piece(choice{Text: &text, LogProbs: probs})
}

// last says why the answer ended.
func (s shape) last(stop inference.StopReason) completion {
	if s.chat {
		return s.piece(choice{Delta: &turn{}, Finish: finish(stop)})
	}
	empty := ""
	return s.piece(choice{Text: &empty, Finish: finish(stop)})
}

// count is the event for stream_options.include_usage: no choice, the figures.
func (s shape) count(stats inference.Stats) completion {
	c := s.piece(choice{})
	c.Choices, c.Usage = []choice{}, newUsage(stats)
	return c
}
