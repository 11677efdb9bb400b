package inference

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"tern/inference/grammar"
	"tern/inference/sampling"
	"tern/tokenizer"
)

// ErrNothingAllowed is returned where a grammar is to be followed with a vocabulary
// that cannot write what it wants.
var ErrNothingAllowed = sampling.ErrNothingAllowed

// keepMachines is how many grammars an engine keeps with what it has found out
// about them.
const keepMachines = 16

// grammars are an engine's vocabulary as grammars see it, and those used latest.
type grammars struct {
	mu       sync.Mutex
	vocab    *grammar.Vocabulary
	machines []namedMachine // the latest last
}

type namedMachine struct {
	name string
	*grammar.Machine
}

// Grammar joins a grammar and the vocabulary, for GenerateOptions. name says which it
// is: one of the same name that was used lately is taken as it was, with all that is
// known of it, and make is not called.
func (e *Engine) Grammar(name string, make func() (*grammar.Grammar, error)) (*grammar.Machine, error) {
	if e.tok == nil {
		return nil, fmt.Errorf("inference: %w", tokenizer.ErrNone)
	}
	f := e.grammars
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.IndexFunc(f.machines, func(m namedMachine) bool { return m.name == name }); i >= 0 {
		m := f.machines[i]
		f.machines = append(slices.Delete(f.machines, i, i+1), m)
		return m.Machine, nil
	}
	g, err := make()
	if err != nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	if f.vocab == nil {
		f.vocab = grammar.NewVocabulary(e.tok, e.model.VocabSize)
	}
	m := grammar.NewMachine(g, f.vocab)
	if len(f.machines) == keepMachines {
		f.machines = slices.Delete(f.machines, 0, 1)
	}
	f.machines = append(f.machines, namedMachine{name, m})
	return m, nil
}

// fewTokens is how many tokens that may follow are computed one by one, without a
// scan of the head.
const fewTokens = 256

// constraint holds a text to a grammar. The zero value holds it to none.
type constraint struct {
	matcher *grammar.Matcher // nil: anything may follow
	set     []uint64         // of the tokens that may follow now; nil for all
	count   int
	own     []uint64 // room for a set that is not the matcher's
}

// update finds the tokens that may follow; stops are among them only where the text may
// end.
func (c *constraint) update(stops map[int32]bool) error {
	if c.set, c.count = nil, 0; c.matcher == nil {
		return nil
	}
	c.set, c.count = c.matcher.Allowed()
	if c.matcher.CanEnd() {
		for id := range stops {
			c.add(id)
		}
	}
	if c.count == 0 {
		return fmt.Errorf("inference: %w", ErrNothingAllowed)
	}
	return nil
}

// add allows one more token.
func (c *constraint) add(id int32) {
	if id < 0 || int(id) >= 64*len(c.set) || c.set[id>>6]>>(id&63)&1 == 1 {
		return
	}
	c.own = append(c.own[:0], c.set...)
	c.own[id>>6] |= 1 << (id & 63)
	c.set = c.own
	c.count++
}

// ids appends the tokens that may follow.
func (c *constraint) ids(to []int32) []int32 {
	for w, word := range c.set {
		for bit := range int32(64) {
			if word>>bit&1 == 1 {
				to = append(to, int32(w)<<6+bit)
			}
		}
	}
	return to
}

// accept adds a token to the text.
func (c *constraint) accept(id int32) error {
	if c.matcher != nil && !c.matcher.Accept(id) {
		return errors.New("inference: a token was chosen that may not follow")
	}
	return nil
}

// allow tells the sampler which tokens may come next.
func (g *generation) allow() error {
	g.form.set = nil
	if g.form.matcher != nil && g.think.at != thinkIn && len(g.think.forced) == 0 {
		if err := g.form.update(g.stops); err != nil {
			return err
		}
		if g.think.at == thinkMay {
			g.form.add(g.think.open)
		}
	}
	g.sampler.Allow(g.form.set)
	return nil
}

// shape adds a token to the text that has a form. What was forced, and thoughts,
// have none.
func (g *generation) shape(id int32, forced bool) error {
	switch {
	case g.form.matcher == nil || forced || g.think.at == thinkIn:
		return nil
	case g.think.at == thinkMay && id == g.think.open:
		g.form.matcher = g.o.Grammar.Matcher() // white space may have come before
		return nil
	}
	return g.form.accept(id)
}
