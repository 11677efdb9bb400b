//go:build !purego

package kernel

import "tern/model/narrow"

func scan(lower, upper []float32, codes []byte, scales []uint16, x *ScanVector) {
	if !useAsm {
		scanGeneric(lower, upper, codes, scales, x)
		return
	}
	asm := scanAVX2
	switch {
	case useAVX512:
		asm = scanAVX512
	case useVNNI:
		asm = scanVNNI
	}
	asm(&lower[0], &upper[0], &codes[0], &scales[0], &x.fixed.q[0], bytesOf(&x.groups[0]), len(lower)/ScanRows, len(x.groups), x.slack, x.tiny)
}

func scanEncode(codes *[scanLines * lineSize]byte, r int, w *[ScanCols]float32, inv float32, dither *[ScanCols]uint16) {
	if !useAsm {
		scanEncodeGeneric(codes, r, w, inv, dither)
		return
	}
	scanEncodeAVX2(&codes[4*r], &w[0], inv, &dither[0])
}

func decodeNarrow(dst []float32, low, high []byte, limit uint16, half bool) {
	switch {
	case !useAsm:
		narrow.Decode(dst, low, high, limit, half)
	case half:
		narrowF16AVX2(&dst[0], &low[0], &high[0], len(low)/32, uint32(limit)*0x10001)
	default:
		narrowBF16AVX2(&dst[0], &low[0], &high[0], len(low)/32, uint32(limit)*0x10001)
	}
}
