package remote

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// TestLlamaServer asks a real llama-server, twice: TERN_LLAMA_SERVER has the addresses
// of one that tells thoughts apart, and of one that leaves them in the text, both with
// a context of 512 tokens and a template that opens a block of thoughts unless
// enable_thinking is false. .ci/llama-server starts them. Their model is the built-in
// one, which never closes the block.
func TestLlamaServer(t *testing.T) {
	servers := strings.Fields(os.Getenv("TERN_LLAMA_SERVER"))
	if len(servers) == 0 {
		t.Skip("needs llama-server, which .ci/llama-server starts")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for i, server := range servers {
		base, _, err := Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		c := New(base, "")
		defer c.Close()
		models, err := c.Models(ctx)
		if err != nil || len(models) != 1 || models[0].Context != 512 || models[0].Base {
			t.Fatalf("%s: %+v, %v", server, models, err)
		}
		r := Request{Model: models[0].ID, MaxTokens: 24, Temperature: 0.5, TopP: 1, Seed: 7, Extras: map[string]float64{"min_p": 0.1, "repeat_penalty": 1.1}}
		ask := func(r Request) (said, thought, finish string) {
			t.Helper()
			finish, err := c.Stream(ctx, r, func(p Part) bool {
				if p.Thought {
					thought += p.Text
				} else {
					said += p.Text
				}
				return true
			})
			if err != nil {
				t.Fatalf("%s: %v", server, err)
			}
			return said, thought, finish
		}
		story := r
		story.Prompt = new("Once upon a time")
		if said, thought, finish := ask(story); len(said) < 20 || thought != "" || finish != "length" && finish != "stop" {
			t.Errorf("%s: a story %q, %q, %q", server, said, thought, finish)
		}
		chat := r
		chat.Messages = []Message{{"user", "Once upon a time"}, {"assistant", "there was a cat."}, {"user", "And a dog?"}}
		if said, thought, finish := ask(chat); said != "" || len(thought) < 20 || strings.Contains(thought, "<think>") || finish != "length" && finish != "stop" {
			t.Errorf("%s: it thinks %q and says %q (%s)", server, thought, said, finish)
		}
		chat.TemplateVariables = map[string]any{"enable_thinking": false}
		if said, thought, _ := ask(chat); thought != "" || len(said) < 20 || strings.Contains(said, "think>") {
			t.Errorf("%s: told not to think it thinks %q and says %q", server, thought, said)
		}
		pieces := 0
		if _, err := c.Stream(ctx, chat, func(Part) bool { pieces++; return pieces < 3 }); err != nil || pieces != 3 {
			t.Errorf("%s: left after %d pieces: %v", server, pieces, err)
		}
		if i == 0 {
			chat.MaxTokens, chat.Messages[0].Content = 400, strings.Repeat("a very long story ", 400)
			if _, err := c.Stream(ctx, chat, func(Part) bool { return true }); err == nil {
				t.Errorf("%s: a prompt beyond the context is answered", server)
			} else {
				t.Log(err)
			}
		}
	}
}
