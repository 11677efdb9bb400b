package inference

import (
	"fmt"
	"strings"

	"tern/inference/chattemplate"
	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
)

// chooseTemplate finds the template of a model, nil for a base model. Where a
// checkpoint's own template cannot be used, no other one takes its place: another
// layout than a model was trained with gives bad answers, and nobody would know
// why. wanted, if it is not empty, names a built-in one to take instead.
func chooseTemplate(m *model.Model, tok tokenizer.Tokenizer, wanted string) *chattemplate.Template {
	if tok == nil {
		return nil
	}
	v := vocabulary(tok)
	if wanted != "" {
		if t := chattemplate.Builtin(wanted, v); t != nil {
			return t
		}
		return chattemplate.Broken(wanted, fmt.Errorf("%w: no built-in one is named %q", ErrTemplate, wanted))
	}
	is2B4T := m.Arch == checkpoint.BitNet2B4T && hasMarkers(tok, "<|eot_id|>")
	source, name, err := m.Tokenizer.Template()
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	if is2B4T && err == nil && !strings.Contains(source, "<|eot_id|>") {
		// The GGUF file of 2B-4T holds a placeholder ("BITNETAssistant") that
		// the model was not trained with and that never ends a turn.
		source = ""
	}
	switch {
	case err != nil:
		return chattemplate.Broken(name, err)
	case source == "":
		return chattemplate.Builtin(templateFor(m, tok, is2B4T), v)
	}
	t, err := chattemplate.New(name, source, v)
	switch {
	case err != nil:
		return chattemplate.Broken(name, err)
	case !t.Speaks():
		return chattemplate.Broken(name, fmt.Errorf("%w: %s leaves the user's words out", ErrTemplate, name))
	case is2B4T:
		return t.Apart()
	}
	return t
}

// vocabulary is what templates need of a tokenizer.
func vocabulary(tok tokenizer.Tokenizer) chattemplate.Vocabulary {
	bos, _ := tok.BOS()
	v := chattemplate.Vocabulary{BOS: tok.Literal(bos), EOS: tok.Literal(tok.EOS())}
	v.Has = func(literal string) bool { return hasMarkers(tok, literal) }
	for id := range int32(tok.VocabSize()) {
		if len(tok.Bytes(id)) == 0 && isControl(tok, id) {
			v.Control = append(v.Control, tok.Literal(id))
		}
	}
	return v
}

// templateFor names the built-in template for a model that brings none of its
// own, "" for base models.
func templateFor(m *model.Model, tok tokenizer.Tokenizer, is2B4T bool) string {
	name := strings.ToLower(m.Name)
	switch {
	case is2B4T: // there is no base model of this architecture
		return chattemplate.BitNet2B4T
	case m.Arch != checkpoint.Llama || !strings.Contains(name, "instruct"):
		return ""
	case hasMarkers(tok, "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"):
		return chattemplate.Llama3
	case strings.Contains(name, "falcon3"):
		return chattemplate.Falcon3
	}
	return ""
}

// hasMarkers reports whether a vocabulary has these special tokens.
func hasMarkers(tok tokenizer.Tokenizer, literals ...string) bool {
	for _, literal := range literals {
		if _, ok := tok.Special(literal); !ok {
			return false
		}
	}
	return true
}
