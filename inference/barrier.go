package inference

import "time"

// Meetings is how often the workers have waited for each other in all passes so
// far; 0 with one worker, who waits for nobody.
func (e *Engine) Meetings() int64 {
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	return e.pool.barrier.meetings
}

// BarrierCost is how long the workers take to meet when all of them come at
// once, on average; 0 with one worker.
func (e *Engine) BarrierCost() time.Duration {
	const rounds = 2000
	if e.Threads() == 1 {
		return 0
	}
	var took time.Duration
	err := e.pool.run(func(w *worker) {
		w.sync()
		start := time.Now()
		for range rounds {
			w.sync()
		}
		if w.id == 0 {
			took = time.Since(start)
		}
	})
	if err != nil {
		return 0
	}
	return took / rounds
}
