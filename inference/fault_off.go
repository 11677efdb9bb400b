//go:build !fault_quant && !fault_rope

package inference

import "tern/model"

// The deliberate faults, off. Built with a fault_* tag, one of them is on, and
// the fidelity tests must fail: .ci/full shows that they do.
const (
	faultQuant = false
	faultRope  = false
)

func unquantized(matrix, *model.Linear, activation, int, int, int) {}
