//go:build fault_quant && !fault_rope

package inference

// faultQuant leaves out the quantisation of activations.
const (
	faultQuant = true
	faultRope  = false
)
