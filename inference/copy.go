package inference

import (
	"context"
	"errors"
	"fmt"

	"tern/model"
	"tern/model/export"
	"tern/tokenizer"
)

// CopyOptions says how WriteCopy stores a model.
type CopyOptions struct {
	// Portable makes a copy for current llama.cpp; see export.GGUFOptions.
	Portable bool
	// Progress, if it is not nil, is called on the calling goroutine.
	Progress func(written, total int64)
}

// WriteCopy writes a model as one GGUF file at path, its tokenizer and chat
// template inside: a compact copy that loads in a moment and computes the same
// logits bit for bit. The file appears when it is complete; a cancelled context
// or a failure leaves nothing.
//
// Errors are those of model.WriteGGUF, and tokenizer.ErrUnsupported for a
// tokenizer that a GGUF file cannot describe.
func WriteCopy(ctx context.Context, m *model.Model, path string, o CopyOptions) error {
	vocab, err := ggufVocab(m.Tokenizer)
	if err != nil {
		return err
	}
	return export.GGUF(ctx, m, path, export.GGUFOptions{Vocab: vocab, Portable: o.Portable, Progress: o.Progress})
}

// CopySize is how many bytes WriteCopy would write, or why it would refuse to.
func CopySize(m *model.Model, o CopyOptions) (int64, error) {
	vocab, err := ggufVocab(m.Tokenizer)
	if err != nil {
		return 0, err
	}
	return export.GGUFSize(m, export.GGUFOptions{Vocab: vocab, Portable: o.Portable})
}

// ggufVocab is a checkpoint's tokenizer and chat template as a GGUF file holds
// them, nil where there is no tokenizer.
func ggufVocab(f model.TokenizerFiles) (*model.Vocab, error) {
	v, err := tokenizer.ToGGUF(tokenizerFiles(f))
	if errors.Is(err, tokenizer.ErrNone) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if v.ChatTemplate, _, err = ownTemplate(&f); err != nil {
		return nil, fmt.Errorf("inference: %w", err)
	}
	return (*model.Vocab)(v), nil
}
