//go:build fault_scale

package checkpoint

// invertScale makes every multiplier its own reciprocal; see fault_none.go.
const invertScale = true
