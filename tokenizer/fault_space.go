//go:build fault_space

package tokenizer

// faultDropSpace is a deliberate fault: it leaves out the dummy prefix, and the
// tests must notice.
const faultDropSpace = true
