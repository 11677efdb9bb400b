package measure

import (
	"bytes"
	"os"
	"strconv"
)

// PeakRSS is the largest amount of physical memory that the process has held,
// in bytes, 0 where the system does not tell.
func PeakRSS() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kb, _ := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte(" kB"))), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// forgetPeak lowers the peak to what the process holds now (see
// /proc/pid/clear_refs in proc(5)) and reports whether that worked.
func forgetPeak() bool {
	return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) == nil
}
