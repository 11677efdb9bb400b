package backend

import (
	"tern/app/chat/document"
	"tern/app/recipe"
	"tern/inference"
)

// record is how a local model generated a segment: document.Segment.Made.
type record struct {
	vocab   *document.Vocab // of the model
	prompt  []int32
	options inference.GenerateOptions
	context int
	ids     []int32 // as sampled, the id that ended the text included
	text    string  // as generated
	stop    inference.StopReason
	forced  bool // a block of thoughts was closed for the model, or may have been, or had a stop text
}

// end completes r with the last event, the whole text and the context that memory had room for.
func (r *record) end(e inference.Event, text string, room int) {
	if e.Stop == inference.StopEOS {
		r.ids = append(r.ids, e.StopID)
	}
	r.stop, r.text, r.context = e.Stop, text, room
	if r.options.Thinking.Apart && r.options.MaxTokens > 0 {
		r.options.MaxTokens += e.Stats.Thoughts // a recipe counts all tokens
	}
	b := r.options.Thinking.Budget
	r.forced = b < 0 || b > 0 && e.Stats.Thoughts >= b || len(r.options.Stop) > 0 && e.Stats.Thoughts > 0
}

// Recipe makes the recipe of a segment, given its Made; nil where this model did not write it since
// it was opened, or not by itself: a recipe has no budget of thoughts. hash is that of the weights. Any goroutine may
// call it.
func (l *Local) Recipe(made any, hash func() (string, error)) []byte {
	r, ok := made.(*record)
	if !ok || r.vocab != &l.vocab || l.Weights == nil || r.forced {
		return nil
	}
	sum, err := hash()
	if err != nil {
		return nil
	}
	return recipe.New(recipe.Answer{
		Model: l.Weights.Name, Hash: sum, Session: inference.SessionOptions{Context: r.context},
		Prompt: r.prompt, Options: r.options, IDs: r.ids, Stop: r.stop, Text: r.text,
	}).JSON()
}
