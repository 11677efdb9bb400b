package backend

import (
	"context"
	"maps"
	"sync"

	"tern/app/check"
	"tern/app/settings"
	"tern/inference"
	"tern/model"
)

// AsItSays is the reading of a model whose user declined to correct it.
const AsItSays = "as-it-says"

// Readings are how models are to be read, by their paths: corrections, or AsItSays. They may be used
// from any goroutine.
type Readings struct {
	mu     sync.Mutex
	byPath map[string]string
}

// NewReadings returns readings that begin with some.
func NewReadings(of map[string]string) *Readings {
	r := &Readings{byPath: map[string]string{}}
	maps.Copy(r.byPath, of)
	return r
}

func (r *Readings) of(path string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byPath[path]
}

// Set makes reading the one of the model at path, the next time that it is opened.
func (r *Readings) Set(path, reading string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byPath[path] = reading
}

// Corrections are what a reading asks for; one that is not known asks for none.
func Corrections(reading string) check.Corrections {
	if c, err := check.ParseCorrections(reading); err == nil {
		return c
	}
	return nil
}

// Files is the opener of files and of the built-in model. It reads each as it is to be read. free is
// that of inference.Options, snapshots that of Of.
func Files(r *Readings, free func() (bytes int64, known bool), snapshots func() int64) Opener {
	return func(ctx context.Context, path string, g settings.Generation, progress func(model.Progress)) (*Model, error) {
		reading := r.of(path)
		m, err := open(ctx, path, Corrections(reading), inference.Options{Threads: g.Threads, Progress: progress, Free: free}, snapshots)
		if err != nil {
			return nil, err
		}
		m.Info.Reading = reading
		return m, nil
	}
}
