package kernel

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

// bitsOf is the bytes of numbers, as the targets read them.
func bitsOf(x ...float32) (b []byte) {
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// numbersOf returns n numbers: any bits of data, again and again. It holds at least
// four bytes.
func numbersOf(data []byte, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[i*4%(len(data)-3):]))
	}
	return x
}

// alike reports whether two numbers are equal, or both none.
func alike(a, b float32) bool { return a == b || a != a && b != b }

func allAlike(a, b []float32) bool { return slices.EqualFunc(a, b, alike) }

// near reports whether got is within bound of want; what may have overflowed on the
// way, with products of this size, is any number.
func near(got float32, want, size, bound float64) bool {
	switch {
	case size-size != 0: // an infinity or a NaN among the products
		return got-got != 0
	case size > math.MaxFloat32/2:
		return true
	}
	return math.Abs(float64(got)-want) <= bound
}

// FuzzMatrices gives every path matrices and vectors of arbitrary bits. Dot products
// and weighted sums are within the bound of their roundings, the same wherever the
// rows are cut, and the same for several queries as for each alone; so are those of
// keys and values of 8 bits.
func FuzzMatrices(f *testing.F) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	f.Add(bitsOf(1, -0.5, 0.25, 3, 1e-3), bitsOf(0.5, -2, 7), uint8(63), uint8(9))
	f.Add(bitsOf(math.MaxFloat32, -math.MaxFloat32, 1), bitsOf(1, 1e-20), uint8(31), uint8(4))
	f.Add(bitsOf(math.SmallestNonzeroFloat32, 1e-38), bitsOf(0.5, 0.25, -1), uint8(127), uint8(3))
	f.Add(bitsOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, inf), bitsOf(1, 2, 3), uint8(40), uint8(13))
	f.Add(bitsOf(1, 2, 3, 4, 5, nan), bitsOf(1, 0, -inf), uint8(7), uint8(8))
	f.Fuzz(func(t *testing.T, matrix, vector []byte, cols, rows uint8) {
		if len(matrix) < 4 || len(vector) < 4 {
			return
		}
		const scale = 0.125
		dim, n := int(cols%160)+1, int(rows%24)+1
		xs := make([][]float32, MaxQueries)
		for i := range xs {
			xs[i] = numbersOf(vector, dim+i)[i:]
		}
		x := xs[0]
		p, start := numbersOf(vector, n), numbersOf(vector, dim)
		cut := int(cols^rows) % (n + 1)
		// A dot product takes dim roundings, or fewer; each of what is too small for a
		// normal number another 2⁻¹⁴⁹.
		tiny := float64(dim+n+2) * 0x1p-149

		for form, matVec := range map[format]func(y []float32, w []byte, cols int, x []float32){
			f32: MatVecF32, f16: MatVecF16, bf16: MatVecBF16,
		} {
			w, b := stored(form, numbersOf(matrix, n*dim))
			eachOffer(func(path path) {
				y, parts := make([]float32, n), make([]float32, n)
				matVec(y, b, dim, x)
				matVec(parts[:cut], b[:cut*dim*form.size()], dim, x)
				matVec(parts[cut:], b[cut*dim*form.size():], dim, x)
				if !allAlike(y, parts) {
					t.Errorf("%v: format %d, %d × %d: cut at row %d differs", path, form, n, dim, cut)
				}
				for r := range y {
					want, size := exactDot(w[r*dim:][:dim], x)
					if !near(y[r], want, size, float64(dim+2)*ulp*size+tiny) {
						t.Errorf("%v: format %d, %d × %d: row %d is %v, want %v", path, form, n, dim, r, y[r], want)
					}
				}
			})
		}

		m, b := stored(f16, numbersOf(matrix, n*dim))
		h := halves(b)
		eachOffer(func(path path) {
			s, sums := make([]float32, n), slices.Clone(start)
			Scores(s, x, m, scale)
			WeightedSum(sums, p, m)
			for i := range s {
				want, size := exactDot(m[i*dim:][:dim], x)
				if !near(s[i], scale*want, size, scale*float64(dim+2)*ulp*size+tiny) {
					t.Errorf("%v: %d × %d: score %d is %v, want %v", path, n, dim, i, s[i], scale*want)
				}
			}
			column := make([]float32, n)
			for d := range sums {
				for i := range column {
					column[i] = m[i*dim+d]
				}
				want, size := exactDot(p, column)
				size += math.Abs(float64(start[d]))
				if !near(sums[d], want+float64(start[d]), size, float64(n+2)*ulp*size+tiny) {
					t.Errorf("%v: %d × %d: sum %d is %v, want %v", path, n, dim, d, sums[d], want+float64(start[d]))
				}
			}

			half, parts := slices.Clone(start), slices.Clone(start)
			WeightedSumF16(half, p, h)
			WeightedSumF16(parts, p[:cut], h[:cut*dim])
			WeightedSumF16(parts, p[cut:], h[cut*dim:])
			if !allAlike(half, sums) || !allAlike(parts, sums) {
				t.Errorf("%v: %d × %d: weighted sums of binary16, or cut at %d, differ", path, n, dim, cut)
			}
			together(t, path, m, h, xs, p, start)
		})
		bytesOf8(t, m, xs, p, dim)
	})
}

// bytesOf8 compares attention over a matrix in 8 bits with what its definition gives: scores bit
// for bit, sums within the bound of the rounding of their weights, keys cut anywhere and several
// queries as each alone; every path alike.
func bytesOf8(t *testing.T, m []float32, queries [][]float32, p []float32, dim int) {
	n := len(p)
	codes, scales := make([]int8, n*dim), make([]float32, n)
	for r := range n {
		scales[r] = Quantize8(codes[r*dim:][:dim], m[r*dim:][:dim])
	}
	var before []float32
	eachOffer(func(path path) {
		q, w := NewVectors16(len(queries), dim), NewVectors16(len(queries), n)
		var s, one, out, alone [][]float32
		weights := slices.Clone(p)
		for i, x := range queries {
			q[i].Set(x)
			weights = slices.Clone(p)
			w[i].SetWeights(weights, scales)
			s, one = append(s, make([]float32, n)), append(one, make([]float32, n))
			out, alone = append(out, make([]float32, dim)), append(alone, make([]float32, dim))
		}
		ScoresEach8(s, q, codes, scales, 0.125, nil)
		WeightedSumEach8(out, w, codes, n, nil)
		cut := n / 2
		for i := range one {
			ScoresEach8([][]float32{one[i][:cut]}, q[i:i+1], codes[:cut*dim], scales[:cut], 0.125, &codes[0])
			ScoresEach8([][]float32{one[i][cut:]}, q[i:i+1], codes[cut*dim:], scales[cut:], 0.125, nil)
			WeightedSumEach8(alone[i:i+1], w[i:i+1], codes, n, nil)
		}
		all := slices.Concat(slices.Concat(s...), slices.Concat(out...))
		if !allAlike(all, slices.Concat(slices.Concat(one...), slices.Concat(alone...))) {
			t.Errorf("%v: %d × %d: cut, or of one query, 8 bits differ", path, n, dim)
		}
		if before != nil && !allAlike(all, before) {
			t.Errorf("%v: %d × %d: 8 bits differ from another path", path, n, dim)
		}
		before = all
		top, column := float64(absMaxGeneric(weights)), make([]float32, n)
		for d, got := range out[0] {
			var sum float64
			for r := range column {
				column[r] = float32(codes[r*dim+d])
				sum += math.Abs(float64(column[r]))
			}
			want, size := exactDot(weights, column)
			switch bound := 0.501*top/32767*sum + 4*ulp*size; {
			case !(top <= math.MaxFloat32):
				if got == got {
					t.Errorf("%v: %d × %d: sum %d of 8 bits is %v with weights up to %v", path, n, dim, d, got, top)
				}
			case !near(got, want, size, bound+1e-30*sum):
				t.Errorf("%v: %d × %d: sum %d of 8 bits is %v, want %v within %v", path, n, dim, d, got, want, bound)
			}
		}
	})
}

// together compares several queries of a matrix [position][dimension] with each alone.
func together(t *testing.T, path path, m []float32, h []uint16, queries [][]float32, p, start []float32) {
	fresh := func(like []float32) (copies [][]float32) {
		for range queries {
			copies = append(copies, slices.Clone(like))
		}
		return copies
	}
	for n := range len(queries) + 1 {
		s, s16 := fresh(p), fresh(p)
		out, out16 := fresh(start), fresh(start)
		ScoresEach(s[:n], queries[:n], m, 0.125, nil)
		ScoresEachF16(s16[:n], queries[:n], h, 0.125, nil)
		weights := fresh(p)
		for i := range weights {
			weights[i][0] += float32(i) // not the same for each
		}
		WeightedSumEach(out[:n], weights[:n], m, nil)
		WeightedSumEachF16(out16[:n], weights[:n], h, nil)
		for i, q := range queries[:n] {
			one, one16, sum, sum16 := slices.Clone(p), slices.Clone(p), slices.Clone(start), slices.Clone(start)
			Scores(one, q, m, 0.125)
			ScoresF16(one16, q, h, 0.125)
			WeightedSum(sum, weights[i], m)
			WeightedSumF16(sum16, weights[i], h)
			if !allAlike(s[i], one) || !allAlike(s16[i], one16) || !allAlike(out[i], sum) || !allAlike(out16[i], sum16) {
				t.Errorf("%v: %d × %d: query %d of %d is not what it is alone", path, len(p), len(start), i, n)
			}
		}
	}
}

// FuzzSteps gives every path vectors of arbitrary bits. What the assembly computes in
// the steps of the generic code has its bits; where it fuses or sums in another order
// (exp, RMSNorm) it is within the tolerance of the tests.
func FuzzSteps(f *testing.F) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	f.Add(bitsOf(1, -0.5, 0.25, 3, 1e-3), bitsOf(0.5, -2, 7), uint16(64))
	f.Add(bitsOf(-87.3, -87.4, 88, 89, 0), bitsOf(1e30, -1), uint16(77))
	f.Add(bitsOf(math.MaxFloat32, -math.MaxFloat32), bitsOf(math.MaxFloat32), uint16(9))
	f.Add(bitsOf(math.MaxFloat32), bitsOf(1), uint16(0))
	f.Add(bitsOf(math.SmallestNonzeroFloat32, 1e-38, -1e-45), bitsOf(1e-38), uint16(333))
	f.Add(bitsOf(1, 2, -inf, 4), bitsOf(inf, 0), uint16(12))
	f.Add(bitsOf(1, nan, 3), bitsOf(1), uint16(31))
	f.Fuzz(func(t *testing.T, first, second []byte, size uint16) {
		if len(first) < 4 || len(second) < 4 {
			return
		}
		n := int(size % 1000)
		x, w := numbersOf(first, n), numbersOf(second, n)
		head, cos, sin := numbersOf(first, 2*n), numbersOf(second, n), numbersOf(second, n+1)[1:]
		_, b := stored(f32, x)

		// Equal steps have the same bits; others may differ by a share of 2⁻²⁴ and by
		// what a rounding to below the normal numbers does to the other factor.
		type step struct {
			name  string
			share float64 // 0: equal
			tiny  func(i int) float64
			run   func(y []float32)
		}
		none := func(int) float64 { return 0 }
		factor := func(i int) float64 { return 0x1p-147 * (1 + math.Abs(float64(w[i]))) }
		steps := []step{
			{"Add", 0, none, func(y []float32) { copy(y, x); Add(y, w) }},
			{"ReLU2Mul", 0, none, func(y []float32) { ReLU2Mul(y, x, w) }},
			{"DecodeF32", 0, none, func(y []float32) { DecodeF32(y, b) }},
			{"DecodeF16", 0, none, func(y []float32) { DecodeF16(y, b[:2*n]) }},
			{"DecodeBF16", 0, none, func(y []float32) { DecodeBF16(y, b[:2*n]) }},
			{"ToF16", 0, none, func(y []float32) {
				halves := make([]uint16, n)
				ToF16(halves, x)
				for i, v := range halves {
					y[i] = math.Float32frombits(uint32(v))
				}
			}},
			{"SiLUMul", 12, factor, func(y []float32) { SiLUMul(y, x, w) }},
			{"SigmoidMul", 8, func(i int) float64 { return 0x1p-147 * (1 + math.Abs(float64(x[i]))) }, func(y []float32) { copy(y, x); SigmoidMul(y, w) }},
			{"Convolve", 8, func(i int) float64 { return 0x1p-147 * (1 + math.Abs(float64(w[i])) + math.Abs(float64(x[i]))) }, func(y []float32) {
				copy(y, x)
				if n > 0 { // no channels are a misuse
					Convolve(y, n, n, w)
				}
			}},
			{"RMSNorm", 4, factor, func(y []float32) { RMSNorm(y, x, w, 1e-5) }},
			// The paths sum in eight lanes of float32, the generic code in float64.
			{"Softmax", 16 + float64(n/8), func(int) float64 { return 2e-38 }, func(y []float32) { copy(y, x); softmax(y) }},
		}
		for i, rope := range []func(x, cos, sin []float32){RopeHalf, RopeAdjacent} {
			for half := range 2 {
				steps = append(steps, step{[]string{"RopeHalf", "RopeAdjacent"}[i], 0, none, func(y []float32) {
					turned := slices.Clone(head)
					rope(turned, cos, sin)
					copy(y, turned[half*n:])
				}})
			}
		}
		for _, s := range steps {
			want := make([]float32, n)
			on(generic, func() { s.run(want) })
			eachOffer(func(path path) {
				y := make([]float32, n)
				s.run(y)
				for i, v := range want {
					size := math.Abs(float64(v))
					ok := alike(y[i], v)
					if s.share > 0 && !ok {
						ok = size > math.MaxFloat32/2 || math.Abs(float64(y[i])-float64(v)) <= s.share*ulp*size+s.tiny(i)
					}
					if !ok {
						t.Errorf("%v: %s of %d values: %d is %v, want %v", path, s.name, n, i, y[i], v)
						return
					}
				}
			})
		}
	})
}
