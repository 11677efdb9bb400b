//go:build !purego

package kernel

func readSum(b []byte) (sum uint64) {
	// The four streams of a block are 48 KB apart: from 4 KB they are an eighth
	// slower, and from a large power of two they meet in one bank of memory.
	switch {
	case useAVX512:
		for len(b) >= 512 {
			n := min(len(b)&^511, 192<<10)
			sum, b = sum+readSumAVX512(&b[0], n), b[n:]
		}
	case useAsm:
		for len(b) >= 256 {
			n := min(len(b)&^255, 192<<10)
			sum, b = sum+readSumAVX2(&b[0], n), b[n:]
		}
	}
	return sum + readSumGeneric(b)
}

func fetch(b *byte, bytes int) {
	if lines := (bytes + lineSize - 1) / lineSize; useAsm && lines > 0 {
		fetchAsm(b, lines)
	}
}
