//go:build !linux

package app

// forgetStart has nothing to do: only Linux can be asked.
func forgetStart() {}
