//go:build !linux

package ternary

// adviseHuge does nothing: other systems choose page sizes by themselves.
func adviseHuge(b, all []byte) {}
