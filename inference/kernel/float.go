package kernel

import (
	"math"
	"unsafe"

	"tern/model/narrow"
)

// MatVecF32 multiplies a float32 matrix by x: y[r] = Σ_c w[r][c]·x[c].
// w holds len(y) rows of cols little-endian float32, at any alignment.
func MatVecF32(y []float32, w []byte, cols int, x []float32) { matVecFloat(y, w, cols, x, f32) }

// MatVec32 is MatVecF32 for rows of float32 that were decoded.
func MatVec32(y, w, x []float32) {
	MatVecF32(y, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), 4*len(w)), len(x), x)
}

// MatVecF16 is MatVecF32 for rows of little-endian IEEE binary16.
func MatVecF16(y []float32, w []byte, cols int, x []float32) { matVecFloat(y, w, cols, x, f16) }

// MatVecBF16 is MatVecF32 for rows of little-endian bfloat16.
func MatVecBF16(y []float32, w []byte, cols int, x []float32) { matVecFloat(y, w, cols, x, bf16) }

func matVecFloat(y []float32, w []byte, cols int, x []float32, f format) {
	mustLen(len(x), cols, "MatVec: x")
	mustLen(len(w), len(y)*cols*f.size(), "MatVec: w")
	if cols == 0 {
		clear(y)
		return
	}
	matVecF(y, w, x, f)
}

// Exponentials replaces s by exp(s-top) for its greatest value, top, and returns that and
// the sum. -Inf gives 0; a NaN makes the sum NaN.
func Exponentials(s []float32) (top, sum float32) {
	if len(s) == 0 {
		return float32(math.Inf(-1)), 0
	}
	return exponentials(s)
}

// RMSNorm stores w·(x/√(mean(x²)+eps)) in y, which may be x. The squares are
// summed in float64, everything else is float32.
func RMSNorm(y, x, w []float32, eps float32) {
	mustLen(len(y), len(x), "RMSNorm: y")
	mustLen(len(w), len(x), "RMSNorm: w")
	if len(x) > 0 {
		normalizeBy(sumSquares(x), y, x, w, eps)
	}
}

// RMSNormRows is RMSNorm of rows as long as w, with the same results.
func RMSNormRows(y, x, w []float32, eps float32) {
	mustLen(len(y), len(x), "RMSNormRows: y")
	n := len(w)
	if n == 0 || len(x)%n != 0 {
		badLen(len(w), len(x), "RMSNormRows: w")
	}
	for ; len(x) >= 4*n; y, x = y[4*n:], x[4*n:] {
		sums, ok := sumSquaresFour(x[:4*n], n)
		if !ok {
			break
		}
		for i, sum := range sums {
			normalizeBy(sum, y[i*n:][:n], x[i*n:][:n], w, eps)
		}
	}
	for ; len(x) > 0; y, x = y[n:], x[n:] {
		RMSNorm(y[:n], x[:n], w, eps)
	}
}

// normalizeBy is RMSNorm of x whose squares have this sum.
func normalizeBy(sum float64, y, x, w []float32, eps float32) {
	normalize(y, x, w, float32(1/math.Sqrt(sum/float64(len(x))+float64(eps))))
}

// SiLUMul stores gate/(1+exp(-gate))·up in y, which may be gate or up. The
// result of an element does not depend on its position.
func SiLUMul(y, gate, up []float32) {
	mustLen(len(gate), len(y), "SiLUMul: gate")
	mustLen(len(up), len(y), "SiLUMul: up")
	siluMul(y, gate, up)
}

// ReLU2Mul stores max(gate,0)²·up in y, which may be gate or up.
func ReLU2Mul(y, gate, up []float32) {
	mustLen(len(gate), len(y), "ReLU2Mul: gate")
	mustLen(len(up), len(y), "ReLU2Mul: up")
	relu2Mul(y, gate, up)
}

// Add adds x to y.
func Add(y, x []float32) {
	mustLen(len(x), len(y), "Add: x")
	add(y, x)
}

// RopeHalf rotates one head in place. Pair j is (x[j], x[j+len(x)/2]) and turns
// by the angle whose cosine and sine are cos[j] and sin[j].
func RopeHalf(x, cos, sin []float32) {
	mustLen(len(x), 2*len(cos), "RopeHalf: x")
	mustLen(len(sin), len(cos), "RopeHalf: sin")
	ropeHalf(x[:len(cos)], x[len(cos):], cos, sin)
}

// RopeAdjacent is RopeHalf for pairs (x[2j], x[2j+1]).
func RopeAdjacent(x, cos, sin []float32) {
	mustLen(len(x), 2*len(cos), "RopeAdjacent: x")
	mustLen(len(sin), len(cos), "RopeAdjacent: sin")
	ropeAdjacent(x, cos, sin)
}

// ToF16 rounds src to binary16, to nearest even; what is too large becomes an
// infinity.
func ToF16(dst []uint16, src []float32) {
	mustLen(len(dst), len(src), "ToF16: dst")
	toF16(dst, src)
}

// DecodeF32 reads len(dst) little-endian float32 from src.
func DecodeF32(dst []float32, src []byte) { decodeFloat(dst, src, f32) }

// DecodeF16 reads len(dst) little-endian binary16 from src.
func DecodeF16(dst []float32, src []byte) { decodeFloat(dst, src, f16) }

// DecodeBF16 reads len(dst) little-endian bfloat16 from src.
func DecodeBF16(dst []float32, src []byte) { decodeFloat(dst, src, bf16) }

// DecodeNarrow stores row r of m in dst.
func DecodeNarrow(dst []float32, m *narrow.Matrix, r int) {
	mustLen(len(dst), m.Cols, "DecodeNarrow: dst")
	low, high, limit := m.Row(r)
	decodeNarrow(dst, low, high, limit, m.Half)
	m.Complete(dst, r)
}

// Max is the largest of x, which holds no NaN; -Inf for none.
func Max(x []float32) float32 { return maximum(x) }

func decodeFloat(dst []float32, src []byte, f format) {
	mustLen(len(src), len(dst)*f.size(), "Decode: src")
	decode(dst, src, f)
}

// ReadBandwidth reads b once, in order, as fast as one thread can, and returns
// the sum of its little-endian 64-bit words (the last one filled with zeros),
// so that the reading cannot be optimised away.
func ReadBandwidth(b []byte) uint64 { return readSum(b) }

// Fetch asks for the memory of s, which is read soon, where that is worth while.
func Fetch[T any](s []T) {
	if len(s) > 0 {
		fetch((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
	}
}
