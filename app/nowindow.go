//go:build !cgo

package app

import (
	"fmt"
	"io"
)

// runWindow says that this binary has none.
func runWindow(_ string, stderr io.Writer) int {
	fmt.Fprintln(stderr, "tern: built without a window; see tern --help")
	return 1
}
