package settings

import "time"

// Updates reports whether Tern may ask for newer versions of itself.
type Updates struct {
	On     bool      `json:"on"`              // once a week
	Looked time.Time `json:"looked,omitzero"` // when it asked last
}

// between is how long it waits before it asks again.
const between = 7 * 24 * time.Hour

// Due reports whether it is time to ask. A clock that was set back is not a reason to
// wait for years.
func (u Updates) Due(now time.Time) bool {
	return u.On && now.Sub(u.Looked).Abs() >= between
}
