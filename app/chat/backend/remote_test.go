package backend

import (
	"errors"
	"testing"

	"tern/app/chat/document"
	"tern/app/remote"
	"tern/app/settings"
	"tern/inference"
)

// TestServerIsAskedForText: a server gets what the document says, and nothing of it has ids afterwards.
func TestServerIsAskedForText(t *testing.T) {
	chat := document.New().WithMessage(1, " Hi ")
	begun := chat.NewAnswer(2, document.ChatMode)
	begun.Add(" Hello ", nil, nil)
	o := Options{Generation: settings.DefaultGeneration(), Seed: 7}
	for _, c := range []struct {
		name   string
		prompt Prompt
		story  string
		turns  []remote.Message
		err    error
	}{
		{name: "a story", prompt: Prompt{Document: document.New().WithWords(1, "Once").WithWords(2, "upon")}, story: "Once upon"},
		{name: "nothing, as a story"},
		{name: "a message", prompt: Prompt{Document: chat, Mode: document.ChatMode, System: " Be brief. "},
			turns: []remote.Message{{Role: inference.RoleSystem, Content: "Be brief."}, {Role: inference.RoleUser, Content: "Hi"}}},
		{name: "an answer that goes on", prompt: Prompt{Document: chat.With(begun), Mode: document.ChatMode},
			turns: []remote.Message{{Role: inference.RoleUser, Content: "Hi"}, {Role: inference.RoleAssistant, Content: " Hello "}}},
		{name: "nothing, as a chat", prompt: Prompt{Mode: document.ChatMode}, err: ErrNothing},
	} {
		s := &server{model: "m", chats: true}
		a, err := s.Begin(c.prompt, o)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		r := a.(*remoteAnswer).request
		if r.Seed != 7 || r.Prompt != nil && *r.Prompt != c.story || (r.Prompt == nil) != (c.turns != nil) || len(r.Messages) != len(c.turns) {
			t.Errorf("%s: %+v", c.name, r)
			continue
		}
		for i, m := range r.Messages {
			if m != c.turns[i] {
				t.Errorf("%s: message %d is %+v", c.name, i, m)
			}
		}
		for _, x := range c.prompt.Document.Segments {
			if x.IDs != nil || x.Vocab != nil {
				t.Errorf("%s: %q has ids", c.name, x.Text())
			}
		}
		if a.Vocab() != nil || a.Size() != (Size{}) {
			t.Errorf("%s: size %+v", c.name, a.Size())
		}
	}
	if _, err := (&server{}).Begin(Prompt{Document: chat, Mode: document.ChatMode}, o); !errors.Is(err, ErrNoChat) {
		t.Errorf("a base model is asked to chat: %v", err)
	}
}
