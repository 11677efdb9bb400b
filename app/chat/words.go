package chat

import (
	"strconv"

	"tern/app/say"
	"tern/inference"
)

// contextFull is the problem of a document that leaves no room to write.
func contextFull(f *Figures) *say.Problem {
	p := &say.Problem{
		Sentence: say.Say("This conversation fills the model's {{.Tokens}} tokens.", "Tokens", thousands(f.Context)),
		Hint:     say.Say("Drop the oldest part, or start a new conversation."),
		Detail:   inference.ErrContextFull.Error(),
	}
	if f.Short {
		p.Sentence = say.Say("This computer has memory left for {{.Tokens}} tokens of this conversation.", "Tokens", thousands(f.Context))
		p.Hint = say.Say("Close other apps, drop the oldest part, or start a new conversation.")
		p.Detail = inference.ErrMemory.Error()
	}
	return p
}

// thousands writes n as 2,048.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
