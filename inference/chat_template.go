package inference

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
)

// chatTemplate renders conversations of one model.
//
// A template never sees what a message says. In the place of each message it
// gets a stand-in, one character of a private-use plane between the white space
// that the message begins and ends with, so that a template that trims, trims
// what it would have trimmed. Its output then tells the template's own text, in
// which markers count, from the messages, in which they do not. A template that
// looks into a message (whether it holds "</think>", say) finds nothing there;
// one that writes it in another form (in capitals, as JSON) is refused.
type chatTemplate struct {
	name   string
	render func(messages []Message, generationPrompt bool) (string, error)
	apart  bool // contents are encoded apart from what surrounds them
}

// The stand-in of message i is the character standIn+i; the plane ends with two
// noncharacters.
const (
	standIn     = 0xF0000
	maxMessages = 0xFFFE
)

// isStandIn tells whether r stands in for a message.
func isStandIn(r rune) bool { return standIn <= r && r < standIn+maxMessages }

// parts renders a conversation with the messages in their places.
func (t *chatTemplate) parts(messages []Message, generationPrompt bool) ([]tokenizer.Part, error) {
	if len(messages) > maxMessages {
		return nil, fmt.Errorf("inference: a conversation of %d messages: %w", len(messages), ErrTemplate)
	}
	hidden := make([]Message, len(messages))
	cores := make([]tokenizer.Part, len(messages))
	for i, m := range messages {
		switch m.Role {
		case RoleSystem, RoleUser, RoleAssistant:
		default:
			return nil, fmt.Errorf("inference: a message of role %q: %w", m.Role, ErrTemplate)
		}
		core := strings.TrimSpace(m.Content)
		hidden[i] = m
		cores[i] = tokenizer.Part{Text: core, Plain: true, IDs: m.IDs}
		if mark := string(rune(standIn + i)); m.IDs != nil {
			hidden[i].Content = mark
		} else if core != "" {
			hidden[i].Content = strings.Replace(m.Content, core, mark, 1)
		}
	}
	text, err := t.render(hidden, generationPrompt)
	if err != nil {
		return nil, fmt.Errorf("inference: %w: %w", ErrTemplate, err)
	}
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("inference: its text is no UTF-8: %w", ErrTemplate)
	}
	return t.split(text, cores)
}

// split cuts a rendered text at the stand-ins and puts the messages there.
func (t *chatTemplate) split(text string, cores []tokenizer.Part) (parts []tokenizer.Part, err error) {
	cut := tokenizer.Part{IDs: []int32{}}
	for text != "" {
		at := strings.IndexFunc(text, isStandIn)
		if at < 0 {
			return append(parts, tokenizer.Part{Text: text}), nil
		}
		r, size := utf8.DecodeRuneInString(text[at:])
		if int(r-standIn) >= len(cores) {
			return nil, fmt.Errorf("inference: it writes the character %U: %w", r, ErrTemplate)
		}
		parts = append(parts, tokenizer.Part{Text: text[:at]})
		if core := cores[r-standIn]; t.apart {
			parts = append(parts, cut, core, cut)
		} else {
			parts = append(parts, core)
		}
		text = text[at+size:]
	}
	return parts, nil
}

// turnEnd adds to ids and texts what stands between an answer and the next
// question, in the parts of a question, an answer and a question.
func (e *Engine) turnEnd(parts []tokenizer.Part, ids []int32) ([]int32, []string) {
	between, seen := "", 0
	for _, p := range parts {
		switch {
		case p.Plain:
			seen++
		case seen == 2 && p.IDs == nil:
			between += p.Text
		}
	}
	for _, id := range e.tok.EncodeParts([]tokenizer.Part{{Text: between}}) {
		if special, ok := e.tok.Special(e.tok.Literal(id)); ok && special == id && len(e.tok.Bytes(id)) == 0 {
			ids = append(ids, id)
			break
		}
	}
	const user = "<|user|>"
	if _, ok := e.tok.Special(user); !ok && strings.Contains(between, user) {
		return ids, []string{user}
	}
	return ids, nil
}

// chooseTemplate finds the template of a model, nil for a base model. err says
// why a checkpoint's own template cannot be used where none stands in for it.
// wanted, if it is not empty, names a built-in one to take instead.
func chooseTemplate(m *model.Model, tok tokenizer.Tokenizer, wanted string) (t *chatTemplate, err error) {
	if tok == nil {
		return nil, nil
	}
	if wanted != "" {
		if builtinTemplates[wanted] == nil {
			return nil, fmt.Errorf("inference: there is no built-in template %q: %w", wanted, ErrTemplate)
		}
		return builtinChat(wanted), nil
	}
	is2B4T := m.Arch == checkpoint.BitNet2B4T && hasMarkers(tok, "<|eot_id|>")
	source, name, err := ownTemplate(&m.Tokenizer)
	if is2B4T && !strings.Contains(source, "<|eot_id|>") {
		// The GGUF file of 2B-4T holds a placeholder ("BITNETAssistant") that
		// the model was not trained with and that never ends a turn.
		source, err = "", nil
	}
	if source != "" && err == nil {
		t = &chatTemplate{name: name, render: newJinja(source, tok).render, apart: is2B4T}
		if err = t.try(); err == nil {
			return t, nil
		}
	}
	if name = standInFor(m, tok, source, is2B4T, err != nil); name == "" {
		return nil, err
	}
	return builtinChat(name), nil
}

// builtinChat is the built-in template of this name.
func builtinChat(name string) *chatTemplate {
	render := builtinTemplates[name]
	return &chatTemplate{
		name:   name,
		render: func(messages []Message, gen bool) (string, error) { return render(messages, gen), nil },
		apart:  name == Template2B4T,
	}
}

// try renders the shortest conversation.
func (t *chatTemplate) try() error {
	parts, err := t.parts([]Message{{Role: RoleUser, Content: "a"}}, true)
	if err == nil && !slices.ContainsFunc(parts, func(p tokenizer.Part) bool { return p.Plain }) {
		err = fmt.Errorf("inference: it leaves the user's words out: %w", ErrTemplate)
	}
	return err
}

// standInFor names the built-in template for a model without a usable one of
// its own: failed says that it has one. "" for base models.
func standInFor(m *model.Model, tok tokenizer.Tokenizer, source string, is2B4T, failed bool) string {
	name := strings.ToLower(m.Name)
	instruct := failed || strings.Contains(name, "instruct")
	switch {
	case is2B4T: // there is no base model of this family
		return Template2B4T
	case !instruct || m.Arch != checkpoint.Llama:
		return ""
	case hasMarkers(tok, "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"):
		return TemplateLlama3
	case strings.Contains(name, "falcon3"), strings.Contains(source, "<|user|>") && strings.Contains(source, "<|assistant|>"):
		return TemplateFalcon3
	}
	return ""
}

// hasMarkers tells whether a vocabulary has these special tokens.
func hasMarkers(tok tokenizer.Tokenizer, literals ...string) bool {
	for _, literal := range literals {
		if _, ok := tok.Special(literal); !ok {
			return false
		}
	}
	return true
}

// ownTemplate returns the Jinja template that a checkpoint brings and the name
// of the file that holds it, "" where there is none.
func ownTemplate(f *model.TokenizerFiles) (source, name string, err error) {
	const config = "tokenizer_config.json"
	switch {
	case f.GGUF != nil:
		return f.GGUF.ChatTemplate, "GGUF", nil
	case f.ChatTemplate != nil: // in newer checkpoints; it comes before the older key
		return string(f.ChatTemplate), "chat_template.jinja", nil
	case f.Config == nil:
		return "", "", nil
	}
	var file struct {
		Template json.RawMessage `json:"chat_template"`
	}
	if err := json.Unmarshal(f.Config, &file); err != nil {
		return "", "", fmt.Errorf("inference: %s: %w: %w", config, ErrTemplate, err)
	}
	if len(file.Template) == 0 || json.Unmarshal(file.Template, &source) == nil { // null leaves it empty
		return source, config, nil
	}
	var named []struct{ Name, Template string }
	if err := json.Unmarshal(file.Template, &named); err != nil {
		return "", "", fmt.Errorf("inference: %s: chat_template is neither a text nor a list: %w", config, ErrTemplate)
	}
	for _, n := range named {
		if n.Name == "default" || len(named) == 1 {
			return n.Template, config, nil
		}
	}
	return "", "", nil
}
