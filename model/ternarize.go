package model

import "math"

// minMean is the least mean magnitude of a latent matrix (weight_quant in
// utils_quant.py of 1bitLLM).
const minMean = 1e-5

// block is how many weights are decoded at once, into a cache's worth of stack.
const block = 1024

// sumAbs is Σ|w| over the numbers in src, in an order that depends on their
// count alone. It is infinite or NaN where one of them is.
func sumAbs(t DType, src []byte) float64 {
	var buf [block]float32
	size := t.Size()
	var sum [4]float64 // four chains of additions run side by side
	for len(src) > 0 {
		w := buf[:min(block, len(src)/size)]
		t.decode(w, src)
		src = src[len(w)*size:]
		for ; len(w) >= 4; w = w[4:] {
			sum[0] += math.Abs(float64(w[0]))
			sum[1] += math.Abs(float64(w[1]))
			sum[2] += math.Abs(float64(w[2]))
			sum[3] += math.Abs(float64(w[3]))
		}
		for _, v := range w {
			sum[0] += math.Abs(float64(v))
		}
	}
	return sum[0] + sum[1] + sum[2] + sum[3]
}

// absMean returns the factor s that maps latent weights to ternary ones and
// the multiplier m = 1/s that maps them back (BitNet b1.58, arXiv 2402.17764,
// eq. 1-3), given their mean magnitude.
func absMean(mean float64) (s, m float32) {
	s = 1 / max(float32(mean), minMean)
	if invertScale {
		return s, s
	}
	return s, 1 / s
}

// ternarize stores clamp(round_half_even(w·s), -1, 1) for the len(dst) numbers
// at the start of src: 1 where |w·s| > 1/2, because 1/2 itself rounds to 0.
func ternarize(dst []int8, t DType, src []byte, s float32) {
	const half = 0x3f000000 // the bits of 0.5; positive floats order like their bits
	var buf [block]float32
	for len(dst) > 0 {
		w := buf[:min(block, len(dst))]
		t.decode(w, src)
		for i, v := range w {
			bits := math.Float32bits(v * s)
			one := int8((half - bits&^(1<<31)) >> 31) // without a branch that half the weights mispredict
			sign := int8(int32(bits) >> 31)           // 0 or -1
			dst[i] = (one ^ sign) - sign
		}
		dst, src = dst[len(w):], src[len(w)*t.Size():]
	}
}

// signs stores the len(dst) numbers at the start of src, which must be -1, 0
// or 1; it returns the first that is not.
func signs(dst []int8, t DType, src []byte) (bad float32, ok bool) {
	var buf [block]float32
	for len(dst) > 0 {
		w := buf[:min(block, len(dst))]
		t.decode(w, src)
		for i, v := range w {
			switch v {
			case -1, 0, 1:
				dst[i] = int8(v)
			default:
				return v, false
			}
		}
		dst, src = dst[len(w):], src[len(w)*t.Size():]
	}
	return 0, true
}

// unpackSlot stores the weights of one of the four rows that a row of packed
// bytes holds: bits 2·slot..2·slot+1 of each byte are the weight plus one. It
// reports false for the code 3, which stands for nothing.
func unpackSlot(dst []int8, src []byte, slot int) bool {
	var all byte
	for i, b := range src[:len(dst)] {
		code := b >> (2 * slot) & 3
		dst[i] = int8(code) - 1
		all |= code & (code >> 1)
	}
	return all == 0
}
