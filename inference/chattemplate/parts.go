package chattemplate

import (
	"strings"

	"tern/inference/chattemplate/jinja"
	"tern/tokenizer"
)

// kind is how a byte of a rendered text is encoded.
type kind byte

const (
	rendered kind = iota // with the names of control tokens matched
	plain                // as it is spelt
)

// parts cuts a rendered text so that no control token is matched that is not
// wholly the template's: where its name has a byte from outside, the name is a
// part of its own that is encoded as it is spelt. Everything else is one text, as
// for the reference, so that what meets is encoded together.
func (t *Template) parts(text jinja.Text, messages []Message) (parts []tokenizer.Part) {
	kinds := t.kinds(text)
	s, at := text.String(), 0
	upTo := func(end int) {
		for at < end {
			n := at + 1
			for n < end && kinds[n] == kinds[at] {
				n++
			}
			parts = append(parts, tokenizer.Part{Text: s[at:n], Plain: kinds[at] == plain})
			at = n
		}
	}
	cut := tokenizer.Part{IDs: []int32{}}
	for _, span := range text.Spans() {
		if span.Origin == 0 {
			continue
		}
		m := &messages[span.Origin-1]
		whole := m.IDs != nil && span.Offset == 0 && span.End-span.Start == len(m.Content)
		if !whole && !t.apart {
			continue
		}
		upTo(span.Start)
		if t.apart {
			parts = append(parts, cut)
		}
		if whole {
			parts = append(parts, tokenizer.Part{Text: m.Content, IDs: m.IDs})
			at = span.End
		}
		upTo(span.End)
		if t.apart {
			parts = append(parts, cut)
		}
	}
	upTo(len(s))
	return parts
}

// kinds tells for each byte of a rendered text how it is encoded.
func (t *Template) kinds(text jinja.Text) []kind {
	s := text.String()
	kinds := make([]kind, len(s))
	outside := make([]bool, len(s))
	for _, span := range text.Spans() {
		for i := span.Start; i < span.End; i++ {
			outside[i] = true
		}
	}
	var own [][2]int // names that are the template's
	for i := range len(s) {
		for _, name := range t.control[s[i]] {
			if !strings.HasPrefix(s[i:], name) {
				continue
			}
			typed := false
			for j := range len(name) {
				typed = typed || outside[i+j]
			}
			if !typed {
				own = append(own, [2]int{i, i + len(name)})
				continue
			}
			for j := range len(name) {
				kinds[i+j] = plain
			}
		}
	}
	for _, o := range own {
		for i := o[0]; i < o[1]; i++ {
			kinds[i] = rendered
		}
	}
	return kinds
}

// Between returns what a template writes between an answer and the next
// question, "" where it cannot be told.
func (t *Template) Between() string {
	turns := []Message{{Role: RoleUser, Content: "a"}, {Role: RoleAssistant, Content: "b"}, {Role: RoleUser, Content: "c"}}
	text, err := t.text(turns, Options{})
	if err != nil {
		return ""
	}
	answer, question := -1, -1
	for _, span := range text.Spans() {
		switch span.Origin {
		case 2:
			answer = span.End
		case 3:
			question = span.Start
		}
	}
	if answer < 0 || question < answer {
		return ""
	}
	return text.String()[answer:question]
}

// Speaks reports whether the words of a user come out of the template. A template
// that refuses the question may take others.
func (t *Template) Speaks() bool {
	text, err := t.text([]Message{{Role: RoleUser, Content: "a"}}, Options{GenerationPrompt: true})
	return err != nil || len(text.Spans()) > 0
}
