package measure

import (
	"slices"
	"time"

	"tern/inference"
)

// Phase is what one kind of work takes of decoding a token.
type Phase struct {
	Name        string    `json:"name"`
	Bytes       int64     `json:"bytes"`   // that all workers read of weights, cache and states
	US          []float64 `json:"us"`      // µs that each worker works,
	WaitUS      []float64 `json:"wait_us"` // and then waits for the others, on average
	LeastUS     []float64 `json:"least_us"`
	LeastWaitUS []float64 `json:"least_wait_us"` // in the fastest token
}

// phasesOf are those of the passes that e has timed. What a token took beyond a pass
// lies between them: sampling, and who asked for the token.
func phasesOf(e *inference.Engine, token time.Duration) (phases []Phase) {
	times, pass := e.Phases()
	if len(times) == 0 {
		return nil
	}
	us := func(d []time.Duration) (us []float64) {
		for _, d := range d {
			us = append(us, float64(d)/1e3)
		}
		return us
	}
	for _, t := range times {
		if slices.Max(t.Work) > 0 {
			phases = append(phases, Phase{t.Name, t.Bytes, us(t.Work), us(t.Wait), us(t.LeastWork), us(t.LeastWait)})
		}
	}
	between := make([]time.Duration, e.Threads()) // all but the caller sleep, or wait
	for i := range between {
		between[i] = token - pass
	}
	none := make([]float64, len(between))
	return append(phases, Phase{"sampling, between passes", 0, us(between), none, us(between), none})
}
