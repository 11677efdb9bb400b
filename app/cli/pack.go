package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"tern/model/export"
)

// Pack writes a checkpoint in its most compact form.
func Pack(ctx context.Context, s Streams, args []string) error {
	f := newFlags("pack", "MODEL FOLDER [flags]", `
Write a checkpoint in the most compact form that Tern reads: packed ternary
weights, with the embedding and the head in half precision, as safetensors with
config.json and the tokenizer's files. Multipliers are kept bit for bit. FOLDER
is made where it is missing; one that holds a model already is refused.`,
		`tern pack ~/models/bitnet_b1_58-large ~/models/large-packed`)
	var asStored bool
	f.BoolVar(&asStored, "as-stored", false, "keep the precision of the embedding and the head")
	bare, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(bare) != 2 || bare[0] == "" || bare[1] == "" {
		return f.wrong("it takes a MODEL and a FOLDER")
	}
	dir := bare[1]
	out := filepath.Join(dir, "model.safetensors")
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		return &hinted{fmt.Errorf("%s exists already", out), "Choose another folder, or remove the file first."}
	}
	m, _, err := openModel(ctx, s, source{path: bare[0]})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := export.Packed(m, dir, !asStored); err != nil {
		return err
	}
	info, err := os.Stat(out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.Out, "%s: %s\n", out, formatBytes(info.Size()))
	return err
}
