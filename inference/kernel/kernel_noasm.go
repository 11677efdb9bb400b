//go:build (!amd64 && !arm64) || purego

package kernel

import (
	"tern/model/narrow"
	"tern/model/ternary"
)

func offered() []path { return []path{generic} }
func setFlags(path)   {}

func absMax(x []float32) float32                      { return absMaxGeneric(x) }
func quantize(q []int8, x []float32, s float32) int32 { return quantizeGeneric(q, x, s) }

func matVec(y []float32, m *ternary.Matrix, g0, g1 int, q []int8, sum int32, mul float32) {
	matVecGeneric(y, m, g0, g1, q, sum, mul)
}

func streams() int { return 1 }

func matVecStreams(y []float32, s Stretch, n int, q []int8, sum int32, mul float32, _ Stretch) {
	matVec(y, s.Matrix, s.First, s.First+n, q, sum, mul)
}

func matMul(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, sums []int32, muls []float32, scratch *Scratch) {
	matMulGeneric(y, stride, m, g0, g1, q, sums, muls, scratch)
}

func peak(int) int { return 0 }

func fixedTile(Planes) int { return 4 }
func fix(q []int8, stride int, x []float32, inv float32, planes Planes) int32 {
	return fixGeneric(q, stride, x, inv, planes)
}
func peaksOf(peaks *[fieldsOf128]float32, x []float32) (amax, sum float32) {
	return peaksGeneric(peaks, x)
}
func (f *Fixed) setStarts(int, []int8) {}

func matMulGrouped(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	matMulGroupedGeneric(y, stride, m, b0, b1, x, scratch)
}

func matVecF(y []float32, w []byte, x []float32, f format) { matVecFGeneric(y, w, x, f) }
func scores(s, q, k []float32, scale float32)              { scoresGeneric(s, q, k, scale) }
func scoresF16(s, q []float32, k []uint16, scale float32)  { scoresF16Generic(s, q, k, scale) }
func weightedSum(out, p, v []float32)                      { weightedSumGeneric(out, p, v) }
func weightedSumF16(out, p []float32, v []uint16)          { weightedSumF16Generic(out, p, v) }
func exponentials(s []float32) (top, sum float32)          { return exponentialsGeneric(s) }
func scale(x []float32, by float32)                        { scaleGeneric(x, by) }
func maximum(x []float32) float32                          { return maximumGeneric(x) }
func sumSquares(x []float32) float64                       { return sumSquaresGeneric(x) }
func normalize(y, x, w []float32, scale float32)           { normalizeGeneric(y, x, w, scale) }
func siluMul(y, gate, up []float32)                        { siluMulGeneric(y, gate, up) }
func relu2Mul(y, gate, up []float32)                       { relu2MulGeneric(y, gate, up) }
func add(y, x []float32)                                   { addGeneric(y, x) }
func ropeHalf(lo, hi, cos, sin []float32)                  { ropeHalfGeneric(lo, hi, cos, sin) }
func ropeAdjacent(x, cos, sin []float32)                   { ropeAdjacentGeneric(x, cos, sin) }
func toF16(dst []uint16, src []float32)                    { toF16Generic(dst, src) }
func decode(dst []float32, src []byte, f format)           { f.decode(dst, src) }
func readSum(b []byte) uint64                              { return readSumGeneric(b) }

func hadamard(x, signs []float32, block int, norm float32) { hadamardGeneric(x, signs, block, norm) }
func sigmoidMul(y, gate []float32)                         { sigmoidMulGeneric(y, gate) }
func deltaStep(out, state, k, q, v []float32, decay, step, kq float32) {
	deltaStepGeneric(out, state, k, q, v, decay, step, kq, 0)
}
func convolve(x []float32, stride, n int, w []float32, tokens int) {
	convolveGeneric(x, stride, n, w, tokens)
}

func scan(lower, upper []float32, codes []byte, scales []uint16, x *ScanVector, _ ScanCodes) {
	scanGeneric(lower, upper, codes, scales, x)
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

func fetch(*byte, int) {}

func bestTogether() Together { return Together{} }
