package server

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"tern/inference"
	"tern/inference/answer"
	"tern/inference/grammar"
	"tern/inference/sampling"
)

// question is a request that can be answered.
type question struct {
	chat    bool
	ids     []int32
	options inference.GenerateOptions
	split   answer.Options // of chats: what the answer is made of
	stream  bool
	usage   bool // a last event of the stream counts the tokens
	probs   int  // how many of the most likely tokens to list beside each, or none
}

// longRequest is how many bytes make a request long: to cut as much into tokens may
// take 30 ms and 5 MB, a whole megabyte as many times more.
const longRequest = 64 << 10

// prepare is question, for one long request at a time: many at once would take the
// memory and the processor from those who wait for an answer.
func (s *Server) prepare(ctx context.Context, m *served, r *request, chat bool) (*question, error) {
	if r.size > longRequest {
		select {
		case s.long <- struct{}{}:
			defer func() { <-s.long }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return m.question(r, chat)
}

// question checks a request and renders it for the model.
func (m *served) question(r *request, chat bool) (*question, error) {
	if err := r.refuse(); err != nil {
		return nil, err
	}
	q := &question{chat: chat, stream: r.Stream, usage: r.StreamOptions != nil && r.StreamOptions.IncludeUsage}
	o, err := m.generation(r, chat)
	if err != nil {
		return nil, err
	}
	if q.probs, err = r.probabilities(chat); err != nil {
		return nil, err
	}
	if q.probs != none {
		o.Alternatives = max(q.probs, 1) // 0 would leave out that of the token itself
	}
	var f *form
	if f, err = r.responseFormat(); err != nil {
		return nil, err
	}
	if chat {
		f, err = m.conversation(r, q, &o, f)
		ids, texts := m.engine.ChatStops()
		o.StopIDs, o.Stop = ids, slices.Concat(o.Stop, texts)
	} else {
		q.ids, err = m.text(r.Prompt)
	}
	if err != nil {
		return nil, err
	}
	if len(q.ids) > m.context {
		e := bad("messages", "This model has room for %d tokens, and the request has %d.", m.context, len(q.ids))
		if !chat {
			e.Param = "prompt"
		}
		e.Code = "context_length_exceeded"
		return nil, e
	}
	if o.Grammar, err = m.machine(f); err != nil {
		return nil, err
	}
	q.options = o
	return q, nil
}

// completionTokens is what OpenAI writes at most where a completion does not say
// how much. A chat without a limit is written to its end.
const completionTokens = 16

const maxStops = 16

// generation returns how to write. What the request leaves out is as the makers of
// the model recommend, or else as in the window.
func (m *served) generation(r *request, chat bool) (o inference.GenerateOptions, err error) {
	// Who asks for the most likely tokens gets them: no recommendation is for that.
	t, given := r.sampling["temperature"]
	if k := r.sampling["top_k"]; k != 1 && (!given || t > 0) {
		o.Sampling, _ = sampling.Recommended(m.engine.Model().Recommended)
	}
	o.IgnoreEOS = r.IgnoreEOS
	if !chat {
		o.MaxTokens = completionTokens
	}
	for _, f := range sampling.Fields {
		for _, key := range f.Keys() {
			v, given := r.sampling[key]
			switch {
			case !given:
				continue
			case f.Whole():
				v = min(max(v, f.Read.Min), f.Read.Max)
			case !f.Read.Contains(v):
				return o, bad(key, "%s must be between %g and %g.", key, f.Read.Min, f.Read.Max)
			}
			f.Set(&o.Sampling, v)
		}
	}
	// As other local servers do, -1 and whatever else is not a count sets no limit.
	for _, f := range []struct {
		given *whole
		to    *int
	}{
		{r.NPredict, &o.MaxTokens},
		{r.MaxTokens, &o.MaxTokens},
		{r.MaxCompletionTokens, &o.MaxTokens},
	} {
		if f.given != nil {
			*f.to = max(0, int(*f.given))
		}
	}
	if r.EndSentence != nil {
		o.EndSentence = min(max(0, int(*r.EndSentence)), inference.MaxEndSentence)
	}
	o.Sampling.Seed = rand.Uint64()
	if r.Seed != nil && !r.Seed.draw {
		o.Sampling.Seed = r.Seed.value
	}
	if len(r.Stop) > maxStops {
		return o, bad("stop", "stop has more than %d texts.", maxStops)
	}
	o.Stop = r.Stop
	return o, nil
}

// text returns the ids of a completion's prompt.
func (m *served) text(p prompt) ([]int32, error) {
	if !p.is {
		return nil, bad("prompt", "There is no prompt.")
	}
	ids := p.ids
	if ids == nil {
		if m.engine.Tokenizer() == nil {
			return nil, bad("prompt", "This model has no tokenizer: send the prompt as token ids.")
		}
		ids = m.engine.Prompt(p.text)
	}
	if len(ids) == 0 {
		return nil, bad("prompt", "The prompt is empty.")
	}
	for _, id := range ids {
		if id < 0 || int(id) >= m.engine.Model().VocabSize {
			return nil, bad("prompt", "There is no token %d in this vocabulary of %d.", id, m.engine.Model().VocabSize)
		}
	}
	return ids, nil
}

// conversation makes q and o those of a chat, and returns the form of its answer: f,
// or calls of tools.
func (m *served) conversation(r *request, q *question, o *inference.GenerateOptions, f *form) (*form, error) {
	messages, err := messagesOf(r.Messages)
	if err != nil {
		return nil, err
	}
	_, chats := m.engine.ChatTemplate()
	format := m.engine.AnswerFormat()
	if chats && format.Tools == nil {
		const none = "The chat template of %s has no tools: leave %s out."
		switch {
		case !blank(r.Tools):
			return nil, unsupported("tools", none, m.engine.Model().Name, "tools")
		case slices.ContainsFunc(messages, func(t inference.Message) bool { return t.Role == inference.RoleTool || t.ToolCalls != nil }):
			return nil, unsupported("messages", none, m.engine.Model().Name, "calls and what tools said")
		}
	}
	tools, err := r.tools()
	if err != nil {
		return nil, err
	}
	variables, budget, err := r.thinking(format)
	if err != nil {
		return nil, err
	}
	q.ids, o.Thinking, err = m.engine.ChatPrompt(messages, inference.ChatOptions{GenerationPrompt: true, Tools: tools.raw, Variables: variables})
	switch {
	case errors.Is(err, inference.ErrNoTemplate):
		e := bad("messages", "%s is a base model: it continues texts and answers no messages. Use /v1/completions.", m.engine.Model().Name)
		e.Code = "no_chat_template"
		return nil, e
	case err != nil:
		return nil, bad("messages", "This model does not take the conversation: %v.", err)
	}
	o.Thinking.Budget = budget
	q.split = answer.Options{Begun: o.Thinking.Begun, Tools: tools.list}
	switch {
	case tools.must:
		return m.callForm(tools.only, tools.parallel)
	case f == nil || len(tools.list) == 0:
		return f, nil
	}
	// Either calls, or an answer that has the form.
	c, err := m.callForm(tools.list, tools.parallel)
	if err != nil {
		return nil, err
	}
	return &form{f.name + " or " + c.name, grammar.Choice(c.expr, f.expr)}, nil
}

// messagesOf checks the messages of a request.
func messagesOf(turns []message) ([]inference.Message, error) {
	if len(turns) == 0 {
		return nil, bad("messages", "messages is empty.")
	}
	messages := make([]inference.Message, len(turns))
	for i, t := range turns {
		role := map[string]string{
			"system": inference.RoleSystem, "developer": inference.RoleSystem,
			"user": inference.RoleUser, "assistant": inference.RoleAssistant, "tool": inference.RoleTool,
		}[t.Role]
		called, err := calls(t.ToolCalls, i+1)
		switch {
		case role == "":
			return nil, unsupported("messages", "Message %d has the role %q; Tern knows system, user, assistant and tool.", i+1, clip(t.Role))
		case err != nil:
			return nil, err
		case !t.Content.is && role != inference.RoleAssistant:
			return nil, bad("messages", "Message %d has no content.", i+1)
		}
		messages[i] = inference.Message{
			Role: role, Content: t.Content.text, Name: string(t.Name), ToolCallID: string(t.ToolCallID),
			Reasoning: cmp.Or(string(t.Reasoning), string(t.Reasoning2)),
		}
		if role == inference.RoleAssistant {
			messages[i].ToolCalls = called
		}
	}
	return messages, nil
}
