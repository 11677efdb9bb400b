//go:build !purego

package kernel

func readSum(b []byte) (sum uint64) {
	n := len(b) &^ 127
	if !useAsm {
		n = 0
	}
	if n > 0 {
		sum = readSumNEON(&b[0], n)
	}
	return sum + readSumGeneric(b[n:])
}

// maxDotScan is the largest x that scanDot can take apart into two bytes.
const maxDotScan = 127<<8 + 127

func scan(y []int32, w []int8, x []int16) {
	switch {
	case !useAsm:
		scanGeneric(y, w, x)
	case useDot && ScanLimit(len(x)) <= maxDotScan:
		scanDot(&y[0], &w[0], &x[0], len(y), len(x))
	default:
		scanNEON(&y[0], &w[0], &x[0], len(y), len(x))
	}
}
