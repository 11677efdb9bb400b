// Package builtin opens the model that is built into the program.
package builtin

import (
	"context"

	"tern/assets"
	"tern/inference"
	"tern/model/checkpoint"
)

// Open starts an engine on the built-in model.
func Open(ctx context.Context, o inference.Options) (*inference.Engine, error) {
	m, err := checkpoint.OpenFS(ctx, assets.Model(), ".", o.Progress)
	if err != nil {
		return nil, err
	}
	m.Name = assets.About().Name
	return inference.New(m, o)
}
