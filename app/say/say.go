// Package say holds what the program has to say to its user before it is said in
// the user's language. It imports nothing, so that whatever can go wrong may use it.
package say

import (
	"fmt"
	"strings"
)

// Text is a sentence that a window shows in the language of its user. Key is
// the sentence in English, where {{.Name}} stands for the value named so; Args
// are those names and values, in pairs. A value may be a Text.
type Text struct {
	Key  string
	Args []any
}

// Say makes a Text. Its key is a literal wherever it is called, so that a test
// finds every text that needs a translation.
func Say(key string, args ...any) Text { return Text{Key: key, Args: args} }

// Number is a number among the values of a Text, with its unit: a window shows it with
// the decimal mark of the language.
type Number string

// Pointed is the number with a decimal point.
func (n Number) Pointed() string { return string(n) }

// Phrase is the sentence in English with its places, and what stands in them.
func (t Text) Phrase() (key string, args []any) { return t.Key, t.Args }

// String is the sentence in English.
func (t Text) String() string {
	pairs := make([]string, 0, len(t.Args))
	for i := 0; i+1 < len(t.Args); i += 2 {
		pairs = append(pairs, fmt.Sprintf("{{.%v}}", t.Args[i]), fmt.Sprint(t.Args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(t.Key)
}

// Problem is one thing that went wrong, said in a sentence and a hint.
type Problem struct {
	Sentence Text
	Hint     Text
	Detail   string // the error as the packages gave it, for "More"

	Unsupported bool // another kind of model would run
}
