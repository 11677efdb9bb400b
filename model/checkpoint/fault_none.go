//go:build !fault_scale

package checkpoint

// invertScale is false. The build tag fault_scale makes it true: a deliberate
// fault that the tests must notice.
const invertScale = false
