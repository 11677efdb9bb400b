package inference

import (
	"context"

	"tern/assets"
)

// OpenBuiltin opens the model that is built into the program.
func OpenBuiltin(ctx context.Context, o Options) (*Engine, error) {
	e, err := OpenFS(ctx, assets.Model(), ".", o)
	if err != nil {
		return nil, err
	}
	e.model.Name = assets.About().Name
	return e, nil
}
