package kernel

import (
	"encoding/binary"
	"math"

	"github.com/x448/float16"
)

// Products are converted to float32 before they are added: the language forbids
// a compiler to fuse across a conversion, so these functions give the same bits
// on every system.

// format is how the floats of a stored matrix are written.
type format uint8

const (
	f32 format = iota
	f16
	bf16
)

// size is the number of bytes of one value.
func (f format) size() int {
	if f == f32 {
		return 4
	}
	return 2
}

// decode reads len(dst) values from src.
func (f format) decode(dst []float32, src []byte) {
	switch f {
	case f32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case f16:
		for i := range dst {
			dst[i] = fromF16(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case bf16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
		}
	}
}

func fromF16(h uint16) float32 { return float16.Frombits(h).Float32() }

// dot returns Σ a·b in four partial sums, which is about four times as fast as
// one and no less exact.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for ; len(a) >= 4; a, b = a[4:], b[4:] {
		s0 += float32(a[0] * b[0])
		s1 += float32(a[1] * b[1])
		s2 += float32(a[2] * b[2])
		s3 += float32(a[3] * b[3])
	}
	for i, v := range a {
		s0 += float32(v * b[i])
	}
	return (s0 + s2) + (s1 + s3)
}

func matVecFGeneric(y []float32, w []byte, x []float32, f format) {
	var buf [256]float32
	size := f.size()
	for r := range y {
		y[r] = 0
		for c := 0; c < len(x); c += len(buf) {
			a := x[c:min(c+len(buf), len(x))]
			f.decode(buf[:len(a)], w)
			y[r] += dot(a, buf[:len(a)])
			w = w[len(a)*size:]
		}
	}
}

func scoresGeneric(s, q, k []float32, scale float32) {
	for i := range s {
		s[i] = dot(q, k[i*len(q):][:len(q)]) * scale
	}
}

func scoresF16Generic(s, q []float32, k []uint16, scale float32) {
	for i := range s {
		var acc float32
		for d, h := range k[i*len(q):][:len(q)] {
			acc += float32(q[d] * fromF16(h))
		}
		s[i] = acc * scale
	}
}

func weightedSumGeneric(out, p, v []float32) {
	for i, pi := range p {
		for d, x := range v[i*len(out):][:len(out)] {
			out[d] += float32(pi * x)
		}
	}
}

func weightedSumF16Generic(out, p []float32, v []uint16) {
	for i, pi := range p {
		for d, h := range v[i*len(out):][:len(out)] {
			out[d] += float32(pi * fromF16(h))
		}
	}
}

func maximumGeneric(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

func exponentialsGeneric(s []float32) (top, sum float32) {
	top = maximumGeneric(s)
	var wide float64
	for i, v := range s {
		s[i] = exp(v - top)
		wide += float64(s[i])
	}
	return top, float32(wide)
}

func scaleGeneric(x []float32, scale float32) {
	for i := range x {
		x[i] *= scale
	}
}

const (
	expMin = -87.33654 // below it exp gives 0: the result is not a normal float32
	expMax = 88        // above it exp gives exp(88), 1.65e38

	log2e = math.Log2E
	// ln 2 in two parts, the first of 9 bits, so that n·ln2Hi is exact.
	ln2Hi = 0x1.63p-1
	ln2Lo = math.Ln2 - ln2Hi
)

// exp is e^x within 2 ulp for expMin ≤ x ≤ expMax. x = n·ln 2 + r with
// |r| ≤ ln 2 / 2, and e^r is its Taylor polynomial of degree 7, whose remainder
// there is below r⁸/8! = 5.2e-9, a twentieth of an ulp.
func exp(x float32) float32 {
	if x < expMin {
		return 0
	}
	x = min(x, expMax)
	n := float32(math.RoundToEven(float64(x * log2e)))
	r := x - float32(n*ln2Hi) - float32(n*ln2Lo)
	p := float32(1.0 / 5040)
	p = float32(p*r) + 1.0/720
	p = float32(p*r) + 1.0/120
	p = float32(p*r) + 1.0/24
	p = float32(p*r) + 1.0/6
	p = float32(p*r) + 1.0/2
	p = float32(p*r) + 1
	p = float32(p*r) + 1
	return p * math.Float32frombits(uint32(int32(n)+127)<<23)
}

func sumSquaresGeneric(x []float32) (sum float64) {
	for _, v := range x {
		sum += float64(v) * float64(v) // exact, so fused or not
	}
	return sum
}

func normalizeGeneric(y, x, w []float32, scale float32) {
	for i, v := range x {
		y[i] = w[i] * (v * scale)
	}
}

func siluMulGeneric(y, gate, up []float32) {
	for i, g := range gate {
		y[i] = g / (1 + exp(-g)) * up[i]
	}
}

func relu2MulGeneric(y, gate, up []float32) {
	for i, g := range gate {
		if g < 0 {
			g = 0
		}
		y[i] = g * g * up[i]
	}
}

func addGeneric(y, x []float32) {
	for i, v := range x {
		y[i] += v
	}
}

func ropeHalfGeneric(lo, hi, cos, sin []float32) {
	for j, c := range cos {
		a, b, s := lo[j], hi[j], sin[j]
		lo[j], hi[j] = float32(a*c)-float32(b*s), float32(b*c)+float32(a*s)
	}
}

func ropeAdjacentGeneric(x, cos, sin []float32) {
	for j, c := range cos {
		a, b, s := x[2*j], x[2*j+1], sin[j]
		x[2*j], x[2*j+1] = float32(a*c)-float32(b*s), float32(b*c)+float32(a*s)
	}
}

func toF16Generic(dst []uint16, src []float32) {
	for i, v := range src {
		dst[i] = float16.Fromfloat32(v).Bits()
	}
}

func readSumGeneric(b []byte) (sum uint64) {
	for ; len(b) >= 8; b = b[8:] {
		sum += binary.LittleEndian.Uint64(b)
	}
	var last [8]byte
	copy(last[:], b)
	return sum + binary.LittleEndian.Uint64(last[:])
}
