package inference

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tern/inference/chattemplate"
	"tern/tokenizer"
)

// ErrNoTemplate is returned for a model that has no chat template: a base
// model, which continues texts and answers nobody.
var ErrNoTemplate = errors.New("the model has no chat template")

// Errors of chat templates: ErrTemplate where one cannot be read or run, or
// refuses a conversation, ErrRefused for the last alone.
var (
	ErrTemplate = chattemplate.ErrTemplate
	ErrRefused  = chattemplate.ErrRefused
)

// The roles of messages. Every template knows users and assistants; some refuse the others.
const (
	RoleSystem    = chattemplate.RoleSystem
	RoleUser      = chattemplate.RoleUser
	RoleAssistant = chattemplate.RoleAssistant
	RoleTool      = chattemplate.RoleTool
)

// Message is one turn of a conversation.
type Message = chattemplate.Message

// ToolCall is a function that a model asks for.
type ToolCall = chattemplate.ToolCall

// AnswerFormat is how answers are marked.
type AnswerFormat = chattemplate.Format

// ChatOptions are what a conversation is rendered with besides its messages:
// tools, say, and variables of the template.
type ChatOptions = chattemplate.Options

// ChatTemplate returns what a chat is rendered by: a built-in template by its
// name ("2B-4T", "Llama 3", "Falcon3"), or the checkpoint's own by the file
// that holds it. ok is false for a base model. Chat says it where the template
// cannot be used: no other one takes its place.
func (e *Engine) ChatTemplate() (name string, ok bool) {
	if e.chat == nil {
		return "", false
	}
	return e.chat.Name(), true
}

// Chat renders a conversation to the ids that a model answers to; with
// generationPrompt they end where the assistant's words begin.
//
// Control tokens come from the template alone: "<|eot_id|>" typed into a message
// stays ten characters. The text between two markers is encoded in one piece, as
// the reference does (apply_chat_template of transformers). 2B-4T's own code
// (gpu/tokenizer.py, ChatFormat) encodes headers and contents apart, and with a
// header that ends in a space nothing else fits what an answer begins with. BOS
// comes first where the vocabulary wants it, whether or not the template says so.
//
// Errors wrap ErrNoTemplate or ErrTemplate.
func (e *Engine) Chat(messages []Message, generationPrompt bool) ([]int32, error) {
	return e.ChatWith(messages, ChatOptions{GenerationPrompt: generationPrompt})
}

// ChatWith is Chat with tools, documents and variables.
func (e *Engine) ChatWith(messages []Message, o ChatOptions) ([]int32, error) {
	ids, _, err := e.ChatPrompt(messages, o)
	return ids, err
}

// ChatPrompt is ChatWith, and how the answer to it thinks: in which markers, and
// whether the prompt has begun a block. The budget is the caller's to add.
func (e *Engine) ChatPrompt(messages []Message, o ChatOptions) ([]int32, Thinking, error) {
	if e.chat == nil {
		return nil, Thinking{}, fmt.Errorf("inference: %w", ErrNoTemplate)
	}
	parts, begun, err := e.chat.RenderPrompt(messages, o)
	if err != nil {
		return nil, Thinking{}, fmt.Errorf("inference: %w", err)
	}
	ids := e.tok.EncodeParts(parts)
	if bos, add := e.tok.BOS(); add && (len(ids) == 0 || ids[0] != bos) {
		parts = append([]tokenizer.Part{{Text: e.tok.Literal(bos)}}, parts...)
		ids = e.tok.EncodeParts(parts)
	}
	f := e.chat.Format()
	return ids, Thinking{Open: f.Open, Close: f.Close, Closing: f.Closing, Begun: begun}, nil
}

// AnswerFormat returns how the model marks thoughts and calls of tools in answers,
// and how thinking is switched. The caller must not change it.
func (e *Engine) AnswerFormat() *AnswerFormat {
	if e.chat == nil {
		return &AnswerFormat{}
	}
	return e.chat.Format()
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
	between := e.chat.Between()
	for _, id := range e.tok.EncodeParts([]tokenizer.Part{{Text: between}}) {
		if isControl(e.tok, id) {
			ids = append(ids, id)
			break
		}
	}
	const user = "<|user|>"
	if _, ok := e.tok.Special(user); !ok && strings.Contains(between, user) {
		texts = []string{user}
	}
	slices.Sort(ids)
	return slices.Compact(ids), texts
}

// isControl reports whether a token has no text: it means something, and says
// nothing.
func isControl(tok tokenizer.Tokenizer, id int32) bool {
	special, ok := tok.Special(tok.Literal(id))
	return ok && special == id && len(tok.Bytes(id)) == 0
}
