//go:build fault_rope

package inference

// faultRope rotates the wrong pairs.
const (
	faultQuant = false
	faultRope  = true
)
