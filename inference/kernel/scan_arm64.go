//go:build !purego

package kernel

import "tern/model/narrow"

func scan(lower, upper []float32, codes []byte, scales []uint16, x *ScanVector, _ ScanCodes) {
	if !useAsm {
		scanGeneric(lower, upper, codes, scales, x)
		return
	}
	asm := scanNEON
	if useDot {
		asm = scanDot
	}
	asm(&lower[0], &upper[0], &codes[0], &scales[0], &x.q[0], bytesOf(&x.groups[0]), len(lower)/ScanRows, len(x.groups), x.slack, x.tiny)
}

func scanTogether(lower, upper [][]float32, codes []byte, scales []uint16, x []*ScanVector, _ ScanCodes) bool {
	return false
}

func scanEncode(codes *[scanLines * lineSize]byte, r int, w *[ScanCols]float32, inv float32, dither *[ScanCols]uint16) {
	scanEncodeGeneric(codes, r, w, inv, dither)
}

func decodeNarrow(dst []float32, low, high []byte, limit uint16, half bool) {
	narrow.Decode(dst, low, high, limit, half)
}
