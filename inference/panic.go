package inference

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Panic is the error of a computation that panicked: a mistake of the program, or
// of the machine. Its text holds nothing of the stack, and nothing that could be
// a user's words.
type Panic struct {
	What  string
	Stack []byte
}

// FromRecover converts a value that recover returned to an error. It must be called in the
// deferred function that recovered, for the stack.
func FromRecover(value any) *Panic {
	what := fmt.Sprintf("panic with a %T", value)
	if err, ok := value.(runtime.Error); ok {
		what = err.Error()
	}
	return &Panic{what, debug.Stack()}
}

func (p *Panic) Error() string { return "inference: failed inside: " + p.What }
