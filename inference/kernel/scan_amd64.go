//go:build !purego

package kernel

import "tern/model/narrow"

func scan(lower, upper []float32, codes []byte, scales []uint16, x *ScanVector, next ScanCodes) {
	if !useAsm {
		scanGeneric(lower, upper, codes, scales, x)
		return
	}
	bands, groups, asm := len(lower)/ScanRows, len(x.groups), scanAVX2
	switch {
	case useAVX512:
		if n := bands / 4; n > 0 { // in four streams; the rest, if there is any, in one
			if len(next.Codes) == 0 || len(next.Scales) == 0 {
				next = ScanCodes{codes, scales}
			}
			scanFourAVX512(&lower[0], &upper[0], &codes[0], &scales[0], &x.q[0], bytesOf(&x.groups[0]), n, groups, x.slack, x.tiny, &next.Codes[0], &next.Scales[0])
			if bands -= 4 * n; bands == 0 {
				return
			}
			done := 4 * n * ScanRows
			lower, upper, codes, scales = lower[done:], upper[done:], codes[done*groups*ScanCols/2:], scales[done*groups:]
		}
		asm = scanAVX512
	case useVNNI:
		asm = scanVNNI
	}
	asm(&lower[0], &upper[0], &codes[0], &scales[0], &x.q[0], bytesOf(&x.groups[0]), bands, groups, x.slack, x.tiny)
}

// scanRow is one of the vectors of scanTogether, for the assembly.
type scanRow struct {
	q            *int8
	groups       *scanGroup
	lower, upper *float32
	slack, tiny  float32
}

// scanTogether is ScanEach where there is a kernel for several vectors.
func scanTogether(lower, upper [][]float32, codes []byte, scales []uint16, x []*ScanVector, next ScanCodes) bool {
	if !useAVX512 || len(x) < 2 {
		return false
	}
	var rows [MaxVectors]scanRow
	for i, x := range x {
		rows[i] = scanRow{&x.q[0], &x.groups[0], &lower[i][0], &upper[i][0], x.slack, x.tiny}
	}
	bands, groups := len(lower[0])/ScanRows, len(x[0].groups)
	soon := &codes[0]
	if len(next.Codes) > 0 {
		soon = &next.Codes[0]
	}
	switch r := bytesOf(&rows[0]); len(x) {
	case 2:
		scan2AVX512(r, &codes[0], &scales[0], bands, groups, soon)
	case 3:
		scan3AVX512(r, &codes[0], &scales[0], bands, groups, soon)
	case 4:
		scan4AVX512(r, &codes[0], &scales[0], bands, groups, soon)
	case 5:
		scan5AVX512(r, &codes[0], &scales[0], bands, groups, soon)
	case 6:
		scan6AVX512(r, &codes[0], &scales[0], bands, groups, soon)
	case 7:
		scan7AVX512(r, &codes[0], &scales[0], bands, groups, soon)
	default:
		scan8AVX512(r, &codes[0], &scales[0], bands, groups, soon)
	}
	return true
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
