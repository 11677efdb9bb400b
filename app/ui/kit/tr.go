package kit

import (
	"fmt"

	"fyne.io/fyne/v2/lang"
)

// Tr says text in the language of the user. text is English, a whole sentence
// or label and a literal, so that a test finds every text that needs a
// translation; values stand in it by name, and follow in pairs:
//
//	Tr("Opening {{.Name}} · {{.Left}} left", "Name", name, "Left", remaining(d))
//
// A text that is glued together from pieces cannot be translated: several
// sentences that differ are several texts. Widgets keep what they were given,
// so a text is said when it is shown.
func Tr(text string, args ...any) string { return lang.L(text, values(args)) }

// TrKey is Tr for a text that stands in a table, which a test reads instead.
func TrKey(text string) string { return lang.L(text) }

// TrN is Tr for a text about n things: one is said of one thing, other of any
// other number. Both may use {{.N}}, which is n as a person writes it.
func TrN(n int, one, other string, args ...any) string {
	text := other
	if n == 1 {
		text = one
	}
	return lang.L(text, values(append([]any{"N", Count(n)}, args...)))
}

// phrase is a text of another part of the program, with the values that stand in
// it.
type phrase interface {
	Phrase() (text string, args []any)
}

// Translate is Tr for a phrase.
func Translate(p phrase) string {
	text, args := p.Phrase()
	if text == "" {
		return ""
	}
	return lang.L(text, values(args))
}

// values makes pairs of a name and a value the data of a template.
func values(args []any) map[string]any {
	if len(args) == 0 {
		return nil
	}
	m := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		v := args[i+1]
		switch t := v.(type) {
		case phrase:
			v = Translate(t)
		case interface{ Pointed() string }:
			v = Pointed(t.Pointed())
		}
		m[fmt.Sprint(args[i])] = v
	}
	return m
}
