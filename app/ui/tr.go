package ui

import (
	"fmt"

	"fyne.io/fyne/v2/lang"

	saying "tern/app/say"
)

// tr says text in the language of the user. text is English, a whole sentence
// or label and a literal, so that a test finds every text that needs a
// translation; values stand in it by name, and follow in pairs:
//
//	tr("Opening {{.Name}} · {{.Left}} left", "Name", name, "Left", remaining(d))
//
// A text that is glued together from pieces cannot be translated: several
// sentences that differ are several texts. Widgets keep what they were given,
// so a text is said when it is shown.
func tr(text string, args ...any) string { return lang.L(text, values(args)) }

// trField is tr for the title or the hint of one of sampling.Fields.
func trField(text string) string { return lang.L(text) }

// trn is tr for a text about n things: one is said of one thing, other of any
// other number. Both may use {{.N}}, which is n as a person writes it.
func trn(n int, one, other string, args ...any) string {
	text := other
	if n == 1 {
		text = one
	}
	return lang.L(text, values(append([]any{"N", count(n)}, args...)))
}

// say is tr for what the conversation has to say.
func say(t saying.Text) string {
	if t.Key == "" {
		return ""
	}
	return lang.L(t.Key, values(t.Args))
}

// values makes pairs of a name and a value the data of a template.
func values(args []any) map[string]any {
	if len(args) == 0 {
		return nil
	}
	m := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		v := args[i+1]
		if t, ok := v.(saying.Text); ok {
			v = say(t)
		}
		m[fmt.Sprint(args[i])] = v
	}
	return m
}
