package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"tern/app/recipe"
	"tern/tokenizer"
)

// replayResult is what replay --json writes.
type replayResult struct {
	Same   bool   `json:"same"`
	At     int    `json:"at"`   // the first token of the answer that differs; -1 for none
	Want   int32  `json:"want"` // that of the recipe; -1 where its answer has ended
	Got    int32  `json:"got"`  // and this one; -1 where this answer has ended
	Tokens int    `json:"tokens"`
	Stop   string `json:"stop"` // why this answer ended; empty where it was left
	Kernel string `json:"kernel"`
}

// errOtherAnswer ends replay with exit code 1.
var errOtherAnswer = errors.New("the answer is another one")

// Replay computes the answer of a recipe again.
func Replay(ctx context.Context, s Streams, args []string) error {
	f := newFlags("replay", "FILE [flags]", `
Compute the answer that a recipe describes again and compare it, token by token.
It prints "same", or where the first token differs. A recipe is written by
tern run --recipe, and by Copy as recipe in the window; it names its model by a
hash of what the model computes with, so any copy with the same weights will do.

The exit code is 0 where the answer is the same, 1 where it is another one, or
the model is. An answer made with --exact is computed so again. The number of threads does not matter; other kernels than those
named in the recipe may differ in the last bits and so, seldom, in a token.`, `
tern replay story.json
tern replay report.json -m ~/models/bitnet_b1_58-large`)
	var asJSON, anyModel bool
	var threads int
	f.modelFlag()
	f.BoolVar(&anyModel, "any-model", false, "compare although the model is another one")
	f.BoolVar(&asJSON, "json", false, "write one JSON object")
	f.limit(&threads, "threads", maxThreads, "`N` workers, 0 for one per core; the results do not depend on it")
	f.exactFlag()
	bare, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(bare) != 1 || bare[0] == "" {
		return f.wrong("it takes one recipe")
	}
	r, err := readRecipe(bare[0])
	if err != nil {
		return err
	}
	f.model.onlyIDs = true // a recipe has the ids of its prompt
	f.model.exact = f.model.exact || r.Computed.Exact
	e, _, err := openEngine(ctx, s, f.model, threads)
	if err != nil {
		return err
	}
	defer e.Close()
	hash, err := e.Model().Hash(ctx)
	if err != nil {
		return err
	}
	if err := r.Check(e, hash); err != nil {
		if !anyModel {
			return &hinted{err, "Name the model with -m; --any-model compares all the same."}
		}
		fmt.Fprintf(s.Err, "%v\n", err)
	}
	here := recipe.Here(r.Computed)
	if here.Kernel != r.Computed.Kernel {
		fmt.Fprintf(s.Err, "the recipe was made with %s kernels, these are %s: the last bits may differ\n", r.Computed.Kernel, here.Kernel)
	}
	progress := newMeter(s.Err)
	d, err := r.Replay(ctx, e, func(done, total int) { progress.show("token %d of %d", done, total) })
	progress.clear()
	if err != nil {
		return err
	}
	if asJSON {
		err = writeJSON(s.Out, replayResult{Same: d.Same(), At: d.At, Want: d.Want, Got: d.Got,
			Tokens: len(r.Output.IDs), Stop: string(d.Stop), Kernel: here.Kernel})
	} else {
		_, err = fmt.Fprintln(s.Out, sayDifference(r, d, e.Tokenizer()))
	}
	if err == nil && !d.Same() {
		err = errOtherAnswer
	}
	return err
}

// readRecipe reads the file at path, standard input not among them.
func readRecipe(path string) (*recipe.Recipe, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	r, err := recipe.Read(file)
	if errors.Is(err, recipe.ErrInvalid) {
		err = &hinted{fmt.Errorf("%s: %w", path, err), "tern run --recipe FILE writes a recipe."}
	}
	return r, err
}

// sayDifference is the result for people.
func sayDifference(r *recipe.Recipe, d *recipe.Difference, tok tokenizer.Tokenizer) string {
	name := func(id int32) string {
		switch {
		case id < 0:
			return "the end"
		case tok == nil:
			return fmt.Sprint(id)
		}
		return fmt.Sprintf("%d %q", id, tokenizer.Text(tok, id))
	}
	n := len(r.Output.IDs)
	switch {
	case d.Same():
		return "same"
	case d.Want >= 0 || d.Got >= 0:
		return fmt.Sprintf("different from token %d of %d on: the recipe has %s, here it is %s", d.At+1, n, name(d.Want), name(d.Got))
	case d.Stop != r.Output.Stop:
		return fmt.Sprintf("the same %d tokens, but the recipe ended by %q, here it is %q", n, r.Output.Stop, d.Stop)
	}
	return fmt.Sprintf("the same %d tokens, but they spell another text: the tokenizer is another one", n)
}
