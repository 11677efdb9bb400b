package inference

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"tern/inference/grammar"
)

// writeWith generates and returns the text and how it ended.
func writeWith(t *testing.T, e *Engine, prompt string, o GenerateOptions) (text string, last Event) {
	t.Helper()
	s := session(t, e, SessionOptions{})
	for ev, err := range s.Generate(context.Background(), e.Prompt(prompt), o) {
		if err != nil {
			t.Fatal(err)
		}
		text += ev.Text
		last = ev
	}
	return text, last
}

func schemaOf(t *testing.T, e *Engine, schema string) *grammar.Machine {
	t.Helper()
	m, err := e.Grammar(schema, func() (*grammar.Grammar, error) { return grammar.Schema(json.RawMessage(schema)) })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const bird = `{"type": "object", "properties": {"name": {"enum": ["tern", "gull"]}, "eggs": {"type": "integer", "minimum": 1, "maximum": 4}, "sea": {"type": "boolean"}, "song": {"type": "string", "pattern": "^[a-z ]{1,6}$"}}, "required": ["name", "eggs", "sea", "song"]}`

// TestGrammar: the answer has its form however it is sampled, and a scan of the head
// changes no token of it.
func TestGrammar(t *testing.T) {
	e := builtin(t)
	scanning := *e
	scanning.scan = buildHeadScan(e.model.Head)
	m := schemaOf(t, e, bird)
	settings := []Sampling{{}, {RepeatPenalty: 1.3}}
	for seed := range uint64(2) {
		settings = append(settings, Sampling{Temperature: 1.5, TopK: 40, TopP: 0.9, Seed: seed}, Sampling{Temperature: 2, Seed: seed},
			Sampling{Temperature: 1, TopK: 5, RepeatPenalty: 1.2, Seed: seed}, Sampling{Temperature: 3, TopK: 1024, MinP: 0.01, Seed: seed})
	}
	texts := map[string]bool{}
	for _, p := range settings {
		o := GenerateOptions{Sampling: p, Grammar: m, Speculate: SpeculateOn}
		full, last := writeWith(t, e, "A bird:", o)
		found, _ := writeWith(t, &scanning, "A bird:", o)
		if full != found {
			t.Errorf("%+v: %s, with a scan %s", p, full, found)
		}
		var got struct {
			Name string
			Eggs int
			Sea  *bool
			Song string
		}
		if err := json.Unmarshal([]byte(full), &got); err != nil || got.Eggs < 1 || got.Eggs > 4 || got.Sea == nil || got.Name != "tern" && got.Name != "gull" || len(got.Song) > 6 {
			t.Errorf("%v: %s", err, full)
		}
		if last.Stop != StopComplete {
			t.Errorf("it ended with %s", last.Stop)
		}
		texts[full] = true
	}
	if len(texts) < 6 {
		t.Errorf("only %d texts were written", len(texts))
	}
}

// TestGrammarEnds: a text that may go on ends by a stop id, and only where it may
// end; a limit cuts it.
func TestGrammarEnds(t *testing.T) {
	e := builtin(t)
	number := schemaOf(t, e, `{"type": "integer", "minimum": 1, "maximum": 99}`)
	for seed := range uint64(10) {
		text, last := writeWith(t, e, "How many?", GenerateOptions{Sampling: Sampling{Temperature: 1, Seed: seed}, Grammar: number})
		if n := strings.TrimSpace(text); len(n) == 0 || len(n) > 2 || last.Stop != StopComplete && last.Stop != StopEOS {
			t.Errorf("%q, %s", text, last.Stop)
		}
	}
	if text, last := writeWith(t, e, "A bird:", GenerateOptions{Grammar: schemaOf(t, e, bird), MaxTokens: 3}); last.Stop != StopLength || last.Stats.Generated != 3 {
		t.Errorf("%q, %s after %d tokens", text, last.Stop, last.Stats.Generated)
	}
	if first := schemaOf(t, e, bird); schemaOf(t, e, bird) != first {
		t.Error("a grammar is made twice")
	}
	if _, err := e.Grammar("x", func() (*grammar.Grammar, error) { return grammar.Schema(json.RawMessage(`{"not": {}}`)) }); !errors.Is(err, grammar.ErrSchema) {
		t.Errorf("%v", err)
	}
}

// TestThinking: a block that is too long is closed, the answer has its form after it,
// and stop strings are looked for in the answer alone.
func TestThinking(t *testing.T) {
	e := builtin(t)
	think := Thinking{Open: "<think>", Close: "</think>", Begun: true, Budget: 7}
	for _, form := range []*grammar.Machine{nil, schemaOf(t, e, bird)} {
		text, last := writeWith(t, e, "Once upon a time", GenerateOptions{Thinking: think, Grammar: form, MaxTokens: 120, Stop: []string{"e"}[:1*boolInt(form == nil)]})
		thoughts, answer, closed := strings.Cut(text, "\n</think>\n\n")
		if !closed || len(thoughts) == 0 || !strings.Contains(thoughts, "e") {
			t.Fatalf("%q", text)
		}
		if n := len(e.tok.EncodeContinuation(thoughts)); n > 8 || last.Stats.Thoughts < 7 {
			t.Errorf("%d tokens of %q are thoughts, %d are counted", n, thoughts, last.Stats.Thoughts)
		}
		switch {
		case form == nil && (strings.Contains(answer, "e") || last.Stop != StopString):
			t.Errorf("the answer is %q, ended by %s", answer, last.Stop)
		case form != nil && (!json.Valid([]byte(answer)) || last.Stop != StopComplete):
			t.Errorf("the answer is %q, ended by %s", answer, last.Stop)
		}
	}
	think.Begun = false // and does not begin: the story is the answer
	with, last := writeWith(t, e, "Once upon a time", GenerateOptions{Thinking: think, MaxTokens: 40})
	if without, _ := writeWith(t, e, "Once upon a time", GenerateOptions{MaxTokens: 40}); with != without || last.Stats.Thoughts != 0 {
		t.Errorf("%q, and with markers %q", without, with)
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestGrammarAllocatesNothing: once the states of a text are known, a token costs no
// more garbage than one without a form.
func TestGrammarAllocatesNothing(t *testing.T) {
	e := builtinWith(t, 1) // AllocsPerRun leaves one processor, on which a second worker waits in vain
	scanning := *e
	scanning.scan = buildHeadScan(e.model.Head)
	for _, e := range []*Engine{e, &scanning} {
		s := session(t, e, SessionOptions{})
		prompt := e.Prompt("Once upon a time")
		perToken := func(form *grammar.Machine) float64 {
			o := GenerateOptions{Grammar: form, Sampling: Sampling{RepeatPenalty: 1.1}, IgnoreEOS: true, Speculate: SpeculateOff}
			run := func(n int) float64 {
				o.MaxTokens = n
				return testing.AllocsPerRun(3, func() { collect(t, s, prompt, o) })
			}
			run(120)
			return (run(120) - run(40)) / 80
		}
		form := schemaOf(t, e, `{"type": "string", "pattern": "^[a-z ,.]{600}$"}`)
		if without, with := perToken(nil), perToken(form); with > without+0.5 {
			t.Errorf("%g allocations per token, without a form %g", with, without)
		}
	}
}
