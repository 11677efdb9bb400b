package jobs

import (
	"context"

	"tern/app/chat/worker"
)

// Recipe hands the recipe of the last answer to done, as JSON, from another
// goroutine, since it hashes all weights. It is nil where there is no
// answer that the open model has written since it was opened.
func (j *Jobs) Recipe(done func([]byte)) {
	made := j.host.Made()
	j.mu.Lock()
	l := j.local
	j.mu.Unlock()
	j.run(func() {
		var raw []byte
		if made != nil && l != nil {
			if err := worker.Guard(func() error {
				raw = l.Recipe(made, func() (string, error) { return l.Weights.Hash(context.Background()) })
				return nil
			}); err != nil {
				j.host.Failed(err)
			}
		}
		done(raw)
	})
}
