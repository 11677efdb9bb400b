//go:build amd64 && !purego

package kernel

import (
	"fmt"
	"testing"
)

// eachLookup is eachPath, and AVX-512 once more with products by lookup where they are
// usually not preferred, or without.
func eachLookup(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	eachPath(t, test)
	if !offersLookup() || offered()[0] != avx512 {
		return
	}
	on(avx512, func() {
		useLookup = !useLookup
		t.Run(fmt.Sprint("lookup=", useLookup), test)
	})
}
