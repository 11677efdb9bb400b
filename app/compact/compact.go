// Package compact writes a model as one GGUF file that loads in a moment and
// computes the same logits bit for bit: a compact copy.
package compact

import (
	"context"

	"tern/model"
	"tern/model/export"
	"tern/tokenizer"
)

// Options says how Write stores a model.
type Options struct {
	// Portable makes a copy for current llama.cpp; see export.GGUFOptions.
	Portable bool
	// Type is the type of the ternary matrices; see export.GGUFOptions.
	Type export.Type
	// Progress, if it is not nil, is called on the calling goroutine.
	Progress func(written, total int64)
}

// Write writes a model as one GGUF file at path, its tokenizer and chat
// template inside. The file appears when it is complete; a cancelled context
// or a failure leaves nothing.
//
// Errors are those of export.GGUF, and tokenizer.ErrUnsupported for a
// tokenizer that a GGUF file cannot describe.
func Write(ctx context.Context, m *model.Model, path string, o Options) error {
	vocab, err := tokenizer.ToGGUF(m.Tokenizer)
	if err != nil {
		return err
	}
	return export.GGUF(ctx, m, path, export.GGUFOptions{Vocab: vocab, Portable: o.Portable, Type: o.Type, Progress: o.Progress})
}

// Size is how many bytes Write would write, or why it would refuse to.
func Size(m *model.Model, o Options) (int64, error) {
	vocab, err := tokenizer.ToGGUF(m.Tokenizer)
	if err != nil {
		return 0, err
	}
	return export.GGUFSize(m, export.GGUFOptions{Vocab: vocab, Portable: o.Portable, Type: o.Type})
}
