package inference

import (
	"errors"
	"fmt"
	"slices"

	"tern/tokenizer"
)

// ErrNoTemplate is returned for a model that has no chat template: a base
// model, which continues texts and answers nobody.
var ErrNoTemplate = errors.New("the model has no chat template")

// ErrTemplate is returned where a checkpoint's chat template refuses a
// conversation, or cannot be run and no built-in one stands in for it.
var ErrTemplate = errors.New("the chat template cannot be used")

// The roles of messages that every template knows; some refuse a system message.
const (
	RoleSystem    = "system"
	RoleUser      = "user"
	RoleAssistant = "assistant"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string // RoleSystem, RoleUser or RoleAssistant
	Content string
	// IDs, where not nil, are the tokens that Content was generated as. They
	// are kept, so that the prompt of the next turn begins like the sequence
	// that a session holds, and only what is new has to be evaluated.
	IDs []int32
}

// ChatTemplate returns what a chat is rendered by: a built-in template by its
// name ("2B-4T", "Llama 3", "Falcon3"), or the checkpoint's own by the file
// that holds it. ok is false for a base model, and where the checkpoint's own
// template cannot be run; Chat then says which.
func (e *Engine) ChatTemplate() (name string, ok bool) {
	if e.chat == nil {
		return "", false
	}
	return e.chat.name, true
}

// Chat renders a conversation to the ids that a model answers to; with
// generationPrompt they end where the assistant's words begin.
//
// Markers come from the template alone: "<|eot_id|>" typed into a message stays
// ten characters. The text between two markers is encoded in one piece, as the
// reference does (apply_chat_template of transformers). 2B-4T's own code
// (gpu/tokenizer.py, ChatFormat) encodes headers and contents apart, and with a
// header that ends in a space nothing else fits what an answer begins with. BOS
// comes first where the vocabulary wants it, whether or not the template says so.
//
// Errors wrap ErrNoTemplate or ErrTemplate.
func (e *Engine) Chat(messages []Message, generationPrompt bool) ([]int32, error) {
	if e.chat == nil {
		if e.chatErr != nil {
			return nil, e.chatErr
		}
		return nil, fmt.Errorf("inference: %w", ErrNoTemplate)
	}
	parts, err := e.chat.parts(messages, generationPrompt)
	if err != nil {
		return nil, err
	}
	ids := e.tok.EncodeParts(parts)
	if bos, add := e.tok.BOS(); add && (len(ids) == 0 || ids[0] != bos) {
		parts = append([]tokenizer.Part{{Text: e.tok.Literal(bos)}}, parts...)
		ids = e.tok.EncodeParts(parts)
	}
	return ids, nil
}

// ChatStops returns what ends an answer besides the model's own stop ids: the
// ids of markers that end a turn, and texts with which a model begins the
// user's next turn where the vocabulary has no marker for it (Falcon3).
func (e *Engine) ChatStops() (ids []int32, texts []string) {
	if e.chat == nil {
		return nil, nil
	}
	for _, literal := range []string{"<|eot_id|>", "<|end_of_text|>", "<|endoftext|>"} {
		if id, ok := e.tok.Special(literal); ok {
			ids = append(ids, id)
		}
	}
	// What the template puts between an answer and the next question.
	turns := []Message{{Role: RoleUser, Content: "a"}, {Role: RoleAssistant, Content: "b"}, {Role: RoleUser, Content: "c"}}
	if parts, err := e.chat.parts(turns, false); err == nil {
		ids, texts = e.turnEnd(parts, ids)
	}
	slices.Sort(ids)
	return slices.Compact(ids), texts
}
