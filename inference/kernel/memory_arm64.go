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

func fetch(*byte, int) {}
