//go:build !linux

package memory

// free leaves memory to the garbage collector.
func free([]byte) {}

// zeros returns size zeros that start on a huge page. Other systems than Linux choose
// page sizes by themselves.
func zeros(size int) []byte { return AlignTo(make([]byte, size+HugePage), HugePage)[:size:size] }
