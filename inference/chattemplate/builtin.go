package chattemplate

import "slices"

// The names of the built-in templates.
const (
	BitNet2B4T = "2B-4T"
	Llama3     = "Llama 3"
	Falcon3    = "Falcon3"
)

// builtin are the templates that Tern brings, by their names.
var builtin = map[string]string{
	// In tokenizer_config.json of microsoft's bitnet-b1.58-2B-4T. The space
	// after the last colon is part of it.
	BitNet2B4T: `{% for m in messages %}{{ m.role|capitalize + ': ' + m.content|trim + '<|eot_id|>' }}{% endfor %}` +
		`{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}`,
	// Of Llama-3-Instruct.
	Llama3: `{{ '<|begin_of_text|>' }}{% for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content|trim + '<|eot_id|>' }}{% endfor %}` +
		`{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}`,
	// As llama.cpp renders it.
	Falcon3: `{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '\n' }}{% endfor %}` +
		`{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}`,
}

// Builtin returns the built-in template of this name, nil where there is none.
func Builtin(name string, v Vocabulary) *Template {
	source, ok := builtin[name]
	if !ok {
		return nil
	}
	t, err := New(name, source, v)
	if err != nil { // TestBuiltin reads them all
		return nil
	}
	if name == BitNet2B4T {
		return t.Apart()
	}
	return t
}

// Builtins lists the names of the built-in templates.
func Builtins() []string {
	return slices.Clone([]string{Llama3, BitNet2B4T, Falcon3})
}
