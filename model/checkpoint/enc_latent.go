package checkpoint

import (
	"math"
	"tern/model"
)

// latent is a matrix of float training weights, quantised to ternary by their
// mean magnitude at load time.
var latent = Encoding{Name: "training weights", Ternary: true, load: (*loader).latent}

// minMean is the least mean magnitude of a latent matrix (weight_quant in
// utils_quant.py of 1bitLLM).
const minMean = 1e-5

// latent reads float weights, sums their magnitudes on the way in, and
// ternarises them.
func (l *loader) latent(b *binding) error {
	t := b.floatType()
	buf := l.wholeRoom(b)
	sums := make([]float64, (len(buf)+chunkBytes-1)/chunkBytes)
	err := l.readInto(buf, b.weight, func(i int, p []byte) error {
		if sums[i] = sumAbs(t, p); !(sums[i] <= math.MaxFloat64) {
			return notFinite(b.weight)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var sum float64
	for _, s := range sums {
		sum += s
	}
	s, m := absMean(sum / float64(b.weight.elems()))
	b.Linear.Scale = m
	return l.ternarizeRows(b, t, buf, s)
}

// ternarizeRows packs the float weights in buf, given the factor that maps them
// to ternary ones.
func (l *loader) ternarizeRows(b *binding, t model.DType, buf []byte, s float32) error {
	stride := b.Cols * t.Size()
	return l.rows(b.Rows, b.Cols, func(r int, row []int8) error {
		ternarize(row, t, buf[r*stride:], s)
		b.Linear.PackRow(r, row)
		return nil
	})
}

// block is how many weights are decoded at once, into a cache's worth of stack.
const block = 1024

// sumAbs is Σ|w| over the numbers in src, in an order that depends on their
// count alone. It is infinite or NaN where one of them is.
func sumAbs(t model.DType, src []byte) float64 {
	var buf [block]float32
	size := t.Size()
	var sum [4]float64 // four chains of additions run side by side
	for len(src) > 0 {
		w := buf[:min(block, len(src)/size)]
		t.Decode(w, src)
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
	return s, 1 / s
}

// ternarize stores clamp(round_half_even(w·s), -1, 1) for the len(dst) numbers
// at the start of src: 1 where |w·s| > 1/2, because 1/2 itself rounds to 0.
func ternarize(dst []int8, t model.DType, src []byte, s float32) {
	const half = 0x3f000000 // the bits of 0.5; positive floats order like their bits
	var buf [block]float32
	for len(dst) > 0 {
		w := buf[:min(block, len(dst))]
		t.Decode(w, src)
		for i, v := range w {
			bits := math.Float32bits(v * s)
			one := int8((half - bits&^(1<<31)) >> 31) // without a branch that half the weights mispredict
			sign := int8(int32(bits) >> 31)           // 0 or -1
			dst[i] = (one ^ sign) - sign
		}
		dst, src = dst[len(w):], src[len(w)*t.Size():]
	}
}
