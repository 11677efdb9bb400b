//go:build !linux

package ternary

// zeros returns size zeros that start on a huge page. Other systems than Linux choose
// page sizes by themselves.
func zeros(size int) []byte { return alignTo(make([]byte, size+hugePage), hugePage)[:size:size] }
