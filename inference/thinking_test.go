package inference

import "testing"

// TestThoughtsApart: where thoughts count apart, a limit is one of the answer alone,
// with a draft of several tokens and without; with thoughts that never end only the
// context ends the text.
func TestThoughtsApart(t *testing.T) {
	e := builtin(t)
	think := Thinking{Open: "<think>", Close: "</think>", Begun: true, Budget: 30}
	for _, speculate := range []Speculation{SpeculateOff, SpeculateOn} {
		o := GenerateOptions{MaxTokens: 12, IgnoreEOS: true, Thinking: think, Speculate: speculate}
		whole, last := writeWith(t, e, "Once upon a time", o)
		if last.Stop != StopLength || last.Stats.Generated != 12 {
			t.Errorf("counted together: %s after %d tokens: %q", last.Stop, last.Stats.Generated, whole)
		}
		o.Thinking.Apart = true
		_, last = writeWith(t, e, "Once upon a time", o)
		if last.Stop != StopLength || last.Stats.Thoughts < 30 || last.Stats.Generated-last.Stats.Thoughts != 12 {
			t.Errorf("counted apart: %s after %d tokens, %d of them thoughts", last.Stop, last.Stats.Generated, last.Stats.Thoughts)
		}
	}
	o := GenerateOptions{MaxTokens: 12, IgnoreEOS: true, Thinking: Thinking{Open: "<think>", Close: "</think>", Begun: true, Apart: true}}
	if _, last := writeWith(t, e, "Once upon a time", o); last.Stop != StopContext {
		t.Errorf("thoughts without end: %s after %d tokens", last.Stop, last.Stats.Generated)
	}
}
