package inference

import "strings"

// builtinTemplate is a chat template written in Go. It gets and returns what a
// Jinja template would.
type builtinTemplate func(messages []Message, generationPrompt bool) string

// The names of the built-in templates.
const (
	Template2B4T    = "2B-4T"
	TemplateLlama3  = "Llama 3"
	TemplateFalcon3 = "Falcon3"
)

var builtinTemplates = map[string]builtinTemplate{
	Template2B4T:    render2B4T,
	TemplateLlama3:  renderLlama3,
	TemplateFalcon3: renderFalcon,
}

// render2B4T is the template in tokenizer_config.json of microsoft's
// bitnet-b1.58-2B-4T. The space behind the last colon is part of it.
func render2B4T(messages []Message, generationPrompt bool) string {
	var b strings.Builder
	for _, m := range messages {
		b.WriteString(strings.ToUpper(m.Role[:1]) + m.Role[1:] + ": " + strings.TrimSpace(m.Content) + "<|eot_id|>")
	}
	if generationPrompt {
		b.WriteString("Assistant: ")
	}
	return b.String()
}

// renderLlama3 is the template of Llama-3-Instruct.
func renderLlama3(messages []Message, generationPrompt bool) string {
	header := func(role string) string { return "<|start_header_id|>" + role + "<|end_header_id|>\n\n" }
	var b strings.Builder
	b.WriteString("<|begin_of_text|>")
	for _, m := range messages {
		b.WriteString(header(m.Role) + strings.TrimSpace(m.Content) + "<|eot_id|>")
	}
	if generationPrompt {
		b.WriteString(header(RoleAssistant))
	}
	return b.String()
}

// renderFalcon is Falcon3's template as llama.cpp renders it.
func renderFalcon(messages []Message, generationPrompt bool) string {
	var b strings.Builder
	for _, m := range messages {
		b.WriteString("<|" + m.Role + "|>\n" + m.Content + "\n")
	}
	if generationPrompt {
		b.WriteString("<|assistant|>\n")
	}
	return b.String()
}
