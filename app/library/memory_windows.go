package library

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// memoryStatus is MEMORYSTATUSEX.
type memoryStatus struct {
	length, load                               uint32
	totalPhys, availPhys                       uint64
	totalPage, availPage, totalVirt, availVirt uint64
	availExtended                              uint64
}

var globalMemoryStatusEx = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// systemMemory is what the system calls available.
func systemMemory() (bytes int64, known bool) {
	var s memoryStatus
	s.length = uint32(unsafe.Sizeof(s))
	if ok, _, _ := globalMemoryStatusEx.Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return 0, false
	}
	return int64(min(s.availPhys, 1<<62)), true
}
