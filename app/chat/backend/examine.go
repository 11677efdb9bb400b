package backend

import (
	"context"
	"slices"
	"strings"

	"tern/app/chat/document"
	"tern/app/settings"
	"tern/inference"
	"tern/tokenizer"
)

// alternatives is how many of the most likely tokens are kept for each token.
const alternatives = 10

// figures makes the figures of a token.
func figures(tok tokenizer.Tokenizer, id int32, text string, c inference.TokenLogprobs) document.Token {
	t := document.Token{
		ID: id, Text: text, Prob: c.Prob(), Rank: c.Rank, Surprise: c.Surprise(), Entropy: c.Entropy,
		Top: make([]document.Alternative, len(c.Top)),
	}
	for i, a := range c.Top {
		t.Top[i] = document.Alternative{ID: a.ID, Text: tokenizer.Text(tok, a.ID), Prob: a.Prob()}
	}
	return t
}

// Examine computes the figures of segments first to end-1, which are one answer, and returns
// the tokens of each; nil where the model cannot tell, or ctx ends.
func (l *Local) Examine(ctx context.Context, p Prompt, first, end int, g settings.Generation) [][]document.Token {
	segments := p.Document.Segments[first:end]
	if by := segments[0].By.Generation; by != nil {
		p.Thinking = by.Thinking // as it was asked
	}
	before, err := l.idsUpTo(p, first)
	if err != nil {
		return nil
	}
	ids, err := l.idsUpTo(p, end)
	from := len(before)
	if err != nil || from < 1 || from >= len(ids) || !slices.Equal(ids[:from], before) {
		return nil
	}
	words := l.words(segments, from, len(ids))
	if words == nil {
		return nil
	}
	if n, err := l.Prepare(g); err != nil || len(ids) > n {
		return nil
	}
	tok := l.engine.Tokenizer()
	stream := tokenizer.NewStream(tok, from <= 1)
	found := make([][]document.Token, len(segments))
	i := 0
	err = l.session.Logprobs(ctx, ids, from, alternatives, func(pos int, choice inference.TokenLogprobs) error {
		for pos >= words[i].end {
			i++
		}
		if text := stream.Push(ids[pos]); pos >= words[i].from {
			found[i] = append(found[i], figures(tok, ids[pos], text, choice))
		}
		return ctx.Err()
	})
	if err != nil {
		return nil
	}
	return found
}

// span is a run of ids.
type span struct{ from, end int }

// words maps the ids in [from, end) to the segments whose words they are, nil where that is not known.
func (l *Local) words(segments []*document.Segment, from, end int) (list []span) {
	if len(segments) == 1 && segments[0].Thoughts == nil {
		return []span{{from, end}}
	}
	for _, s := range segments {
		if s.Vocab != &l.vocab || s.Thoughts != nil && s.Thoughts.IDs == nil {
			return nil
		}
		if s.Thoughts != nil {
			from += len(s.Thoughts.IDs)
		}
		list = append(list, span{from, from + len(s.IDs)})
		from += len(s.IDs)
	}
	if from != end {
		return nil
	}
	return list
}

// idsUpTo returns the ids of the first n segments, with what makes the model
// write after them.
func (l *Local) idsUpTo(p Prompt, n int) ([]int32, error) {
	p.Document = p.Document.UpTo(n)
	if p.Mode == document.ChatMode {
		a, err := l.chat(p)
		return a.ids, err
	}
	if ids := l.encode(p.Document); len(ids) > 0 {
		return ids, nil
	}
	return start(l.engine.Tokenizer()), nil
}

// Choose returns a document up to a token of it, with the token id in its place. It returns
// false where the document has no such token, or id is none that can be chosen.
func (l *Local) Choose(d document.Document, at document.Token, id int32, segment int) (document.Document, bool) {
	i, tok := d.Index(at.Segment), l.engine.Tokenizer()
	text := tokenizer.Text(tok, id)
	if i < 0 || d.Segments[i].Vocab != &l.vocab || at.Index < 0 || at.Index >= len(d.Segments[i].Tokens) ||
		!(document.Alternative{Text: text}).Choosable() {
		return d, false
	}
	if i == 0 && at.Index == 0 && tok.StripsLeadingSpace() {
		text = strings.TrimPrefix(text, " ") // as the stream of an answer does
	}
	return d.Chosen(i, at, segment, id, text), true
}
