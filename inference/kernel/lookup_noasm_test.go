//go:build !amd64 || purego

package kernel

import "testing"

// eachLookup is eachPath where there are no products by lookup.
func eachLookup(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	eachPath(t, test)
}
