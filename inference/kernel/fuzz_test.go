package kernel

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"tern/model/ternary"
)

// FuzzTernary compares every path with the generic code on arbitrary weights and
// activations, whole and cut.
func FuzzTernary(f *testing.F) {
	f.Add([]byte{0, 1, 2, 128, 255}, uint16(5), uint8(3), uint8(4))
	f.Add([]byte{2, 128}, uint16(2047), uint8(17), uint8(3)) // the edge of 16 bits
	f.Add([]byte{2, 128}, uint16(4999), uint8(5), uint8(12)) // and beyond
	f.Add([]byte{2, 127, 129, 0}, uint16(1364), uint8(39), uint8(16))
	f.Add([]byte("a quick brown fox"), uint16(128), uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, cols uint16, rows, tokens uint8) {
		if len(data) == 0 {
			return
		}
		i := 0
		next := func() int8 { i++; return int8(data[i%len(data)]) }
		m, _ := matrixOf(int(rows%40)+1, int(cols%5000)+1, func() int8 { return int8(uint8(next())%3) - 1 })
		q, sums := activations(m, int(tokens%26)+1, next)
		muls := slices.Repeat([]float32{0.3}, len(sums))
		want := make([]float32, len(sums)*m.Rows)
		matMulGeneric(want, m.Rows, m, 0, m.Groups(), q, sums, muls, NewScratch())

		eachOffer(func(p path) {
			y := make([]float32, len(want))
			cut := int(rows) % (m.Groups() + 1)
			MatMul(y, m.Rows, m, 0, cut, q, sums, muls, NewScratch())
			MatMul(y, m.Rows, m, cut, m.Groups(), q, sums, muls, NewScratch())
			if !slices.Equal(y, want) {
				t.Errorf("%v: MatMul of %d×%d with %d rows differs", p, m.Rows, m.Cols, len(sums))
			}
			clear(y)
			for tok, sum := range sums {
				MatVec(y[tok*m.Rows:], m, 0, m.Groups(), q[tok*m.PaddedCols():][:m.PaddedCols()], sum, muls[tok])
			}
			if !slices.Equal(y, want) {
				t.Errorf("%v: MatVec of %d×%d differs", p, m.Rows, m.Cols)
			}
		})
	})
}

// FuzzGrouped compares every path with the generic code on arbitrary codes, scales and
// activations, NaN and infinities among them, whole and cut, together and one by one.
func FuzzGrouped(f *testing.F) {
	f.Add([]byte{0x1b, 0xff, 0}, bitsOf(1, -2, 0.003, 30000), uint16(63), uint8(3), uint8(1), uint8(0))
	f.Add([]byte{0xff}, bitsOf(math.MaxFloat32), uint16(300), uint8(40), uint8(13), uint8(3))
	f.Add([]byte{0x55, 0xaa}, bitsOf(float32(math.Inf(1)), 1, 0, 1e-40), uint16(1000), uint8(17), uint8(5), uint8(6))
	f.Add([]byte("a quick brown fox"), bitsOf(float32(math.NaN()), 0), uint16(128), uint8(33), uint8(4), uint8(5))
	f.Add([]byte("digits in base 3"), bitsOf(1, 2, -3), uint16(600), uint8(65), uint8(1), uint8(4))
	f.Add([]byte("bits"), bitsOf(1e3, 2, -3), uint16(256), uint8(32), uint8(3), uint8(9))
	// One activation in 80 or so is much larger than the others.
	large := bitsOf(append(slices.Repeat([]float32{1.25, -0.75, 0.5}, 27), 70, -9)...)
	for form := range uint8(10) {
		f.Add([]byte{0x1b, 0xc6, 0x2d}, large, uint16(700), uint8(40), 3*form, form)
	}
	f.Fuzz(func(t *testing.T, data, numbers []byte, cols uint16, rows, tokens, form uint8) {
		if len(data) == 0 || len(numbers) < 4 {
			return
		}
		groupCols, planes, kept := 64<<(form&1), Fixed16+Planes(form>>1&1), ternary.Form(form>>2%3)
		if kept != ternary.TwoBits {
			groupCols = 128
		}
		i := 0
		next := func() uint8 { i++; return data[i%len(data)] >> (i / len(data) % 4 * 2) & 3 }
		scales := numbersOf(numbers, 64)
		code := func() uint8 { return codesOf[kept][int(next())%len(codesOf[kept])] }
		m := groupedOf(int(rows%70)+1, int(cols%2000)+1, groupCols, true, code, func() float32 { i++; return scales[i%64] })
		x := make([][]float32, int(tokens%20)+1)
		for t := range x {
			x[t] = numbersOf(numbers[t%(len(numbers)-3):], m.Cols)
		}
		want, y := make([]float32, len(x)*m.Rows), make([]float32, len(x)*m.Rows)
		on(generic, func() { MatMulGrouped(want, m.Rows, m, 0, m.Bands(), fixed(x, groupCols, planes), NewScratch()) })
		eachOffer(func(p path) {
			clear(y)
			m := m.As(kept)
			all, cut := fixed(x, groupCols, planes), int(rows)%(m.Bands()+1)
			MatMulGrouped(y, m.Rows, &m, 0, cut, all, NewScratch())
			MatMulGrouped(y, m.Rows, &m, cut, m.Bands(), all, NewScratch())
			if !slices.EqualFunc(y, want, alike) {
				t.Errorf("%v: %d×%d in groups of %d with %d rows of %d planes, form %d, differs", p, m.Rows, m.Cols, groupCols, len(x), planes, kept)
			}
			clear(y)
			for t, x := range x {
				MatMulGrouped(y[t*m.Rows:], m.Rows, &m, 0, m.Bands(), fixed([][]float32{x}, groupCols, planes), NewScratch())
			}
			if !slices.EqualFunc(y, want, alike) {
				t.Errorf("%v: %d×%d in groups of %d, row by row, %d planes differs", p, m.Rows, m.Cols, groupCols, planes)
			}
		})
	})
}

// FuzzQuantize compares every path with the generic code on arbitrary bits as
// numbers, and with what Quantize promises of them.
func FuzzQuantize(f *testing.F) {
	f.Add(bitsOf(127, 0.5, 1.5, 2.5, -0.5, -126.5), uint16(40))
	f.Add(bitsOf(math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32), uint16(33))
	f.Add(bitsOf(1, float32(math.Inf(-1))), uint16(64))
	f.Add(bitsOf(3, 1, float32(math.NaN())), uint16(130))
	f.Add(bitsOf(1e-6, -1e-7), uint16(5460))
	f.Add(bitsOf(0.3333333, 0.6666667, 0.1), uint16(1365))
	f.Fuzz(func(t *testing.T, data []byte, n uint16) {
		if len(data) < 4 {
			return
		}
		x := numbersOf(data, int(n%9000))
		// Quantize itself, from the generic halves.
		want := make([]int8, ternary.PadCols(len(x)))
		var wantSum int32
		amax := max(absMaxGeneric(x), 1e-5)
		wantS := 127 / amax
		if finite := amax <= math.MaxFloat32; finite {
			wantSum = quantizeGeneric(want, x, wantS)
			for i, v := range x {
				if r := math.RoundToEven(float64(v * wantS)); float64(want[i]) != r {
					t.Fatalf("%v times %v is %d, want %v", v, wantS, want[i], r)
				}
			}
		} else {
			wantS = float32(math.NaN())
		}
		eachOffer(func(p path) {
			q := slices.Repeat([]int8{99}, len(want))
			s, sum := Quantize(q, x)
			if !alike(s, wantS) || sum != wantSum || !slices.Equal(q, want) {
				t.Errorf("%v: %d values: s %v, sum %d, want %v, %d", p, len(x), s, sum, wantS, wantSum)
			}
		})
	})
}

// FuzzScan compares every path with the generic code on any codes, scales and vectors.
func FuzzScan(f *testing.F) {
	f.Add([]byte{128, 127}, bitsOf(1, -0.5, 3), uint8(6), uint8(3))
	f.Add([]byte{255, 129, 0}, bitsOf(1e-30, 7e20), uint8(15), uint8(4))
	f.Add([]byte{1}, bitsOf(0), uint8(48), uint8(12))
	f.Fuzz(func(t *testing.T, weights, inputs []byte, columns, rows uint8) {
		if len(weights) < 2 || len(inputs) < 4 {
			return
		}
		cols, bands := int(columns)+1, int(rows%4)+1
		codes, scales := make([]byte, bands*ScanBandBytes(cols)), make([]uint16, bands*ScanGroups(cols)*ScanRows)
		for i := range codes {
			codes[i] = weights[i%len(weights)]
		}
		for i := range scales {
			scales[i] = binary.LittleEndian.Uint16(weights[i*2%(len(weights)-1):])
		}
		dither := randomDither(source(), cols)
		for i := range dither.Rows {
			dither.Rows[i], dither.Vectors[i] = scales[i%len(scales)], scales[i*7%len(scales)]
		}
		n := bands * ScanRows
		want, got := [2][]float32{make([]float32, n), make([]float32, n)}, [2][]float32{make([]float32, n), make([]float32, n)}
		eachOffer(func(p path) {
			var v ScanVector
			v.Set(numbersOf(inputs, cols), dither, noTiny)
			scanGeneric(want[0], want[1], codes, scales, &v)
			Scan(got[0], got[1], codes, scales, &v)
			for i := range got {
				if !allAlike(got[i], want[i]) {
					t.Errorf("%v: %d × %d: %v, want %v", p, n, cols, got[i], want[i])
				}
			}
		})
	})
}
