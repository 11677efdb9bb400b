package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tern/app/builtin"
	"tern/app/check"
	"tern/app/library"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
)

// source is the checkpoint that a command works on.
type source struct {
	path        string // "" is the built-in model
	corrections check.Corrections
	onlyIDs     bool // a tokenizer that cannot be used is passed over
	exact       bool // inference.Options.Exact
}

// openEngine loads the checkpoint of f, or the built-in model, and returns how long that took.
func openEngine(ctx context.Context, s Streams, at source, threads int) (*inference.Engine, time.Duration, error) {
	warnOfSize(s, at.path)
	start := time.Now()
	m := newMeter(s.Err)
	o := inference.Options{Threads: threads, Progress: m.loading, Free: library.FreeMemory, OnlyIDs: at.onlyIDs, Exact: at.exact}
	var e *inference.Engine
	var err error
	if at.path == "" {
		e, err = builtin.Open(ctx, o)
	} else {
		e, err = check.Open(ctx, at.path, at.corrections, o)
	}
	m.clear()
	err = at.withHint(err)
	if err == nil && e.TokenizerError() != nil {
		fmt.Fprintf(s.Err, "tern: %v. Ids stand without their text.\n", e.TokenizerError())
	}
	return e, time.Since(start), err
}

// withHint says what to do where a checkpoint cannot be read otherwise than it says.
func (at *source) withHint(err error) error {
	if len(at.corrections) > 0 && errors.Is(err, model.ErrUnsupported) {
		return &hinted{err, fmt.Sprintf("It was to be read with %v: leave --correct and --input out to read it as it says.", at.corrections)}
	}
	return err
}

// warnOfSize reports whether the memory that is free does not hold the weights of a model.
// What is wrong with it otherwise, opening it will tell.
func warnOfSize(s Streams, path string) {
	if path == "" {
		return
	}
	facts, err := checkpoint.Peek(path)
	if err != nil {
		return
	}
	free, known := library.FreeMemory()
	if fit := library.Judge(library.Need(facts, library.Room{Context: 1}), free, known); fit.Verdict == library.DoesNotFit {
		fmt.Fprintf(s.Err, "tern: %s needs %s, and %s are free. The computer may slow down, or end the program.\n",
			facts.Name, formatBytes(fit.Need), formatBytes(fit.Free))
	}
}

// openModel is openEngine for commands that look at the weights alone, which
// works where the tokenizer does not.
func openModel(ctx context.Context, s Streams, at source) (*model.Model, time.Duration, error) {
	if at.path == "" {
		e, load, err := openEngine(ctx, s, at, 1)
		if err != nil {
			return nil, 0, err
		}
		e.Close()
		return e.Model(), load, nil
	}
	warnOfSize(s, at.path)
	start := time.Now()
	m := newMeter(s.Err)
	loaded, err := check.OpenModel(ctx, at.path, at.corrections, m.loading)
	m.clear()
	return loaded, time.Since(start), at.withHint(err)
}

// prompt returns the ids to begin with: ids as they are, or those of text, in
// which the names of special tokens are recognised if special is set.
func prompt(e *inference.Engine, ids []int32, text string, special bool) ([]int32, error) {
	vocab := e.Model().VocabSize
	for _, id := range ids {
		if int(id) >= vocab {
			return nil, fmt.Errorf("id %d is not in the vocabulary of 0 to %d", id, vocab-1)
		}
	}
	if ids == nil {
		if e.Tokenizer() == nil {
			return nil, &hinted{fmt.Errorf("this checkpoint has %w", tokenizer.ErrNone),
				"Put tokenizer.json or tokenizer.model beside it, or give the prompt with --ids."}
		}
		if special {
			ids = slices.Concat(e.Prompt(""), e.Tokenizer().EncodeSpecial(text))
		} else {
			ids = e.Prompt(text)
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("the prompt is empty, and this vocabulary puts no token in front of it")
	}
	return ids, nil
}

// newSession returns a session with room for ids.
func newSession(e *inference.Engine, o inference.SessionOptions, ids int) (*inference.Session, error) {
	s, err := e.NewSession(o)
	if err != nil {
		return nil, err
	}
	if ids > s.Context() {
		return nil, fmt.Errorf("the prompt has %d tokens and the context %d: %w", ids, s.Context(), inference.ErrContextFull)
	}
	return s, nil
}
