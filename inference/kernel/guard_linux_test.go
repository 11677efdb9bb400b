package kernel

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"tern/model/ternary"
)

// guarded returns n values between pages that cannot be read: the first stands
// at the end of one, or the last at the start of the other.
func guarded[T any](t *testing.T, n int, atEnd bool) []T {
	var zero T
	page := syscall.Getpagesize()
	size := (n*int(unsafe.Sizeof(zero)) + page - 1) / page * page
	b, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(b) })
	for _, guard := range [][]byte{b[:page], b[page+size:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 {
		return nil
	}
	if atEnd {
		return unsafe.Slice((*T)(unsafe.Pointer(&b[page+size-n*int(unsafe.Sizeof(zero))])), n)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[page])), n)
}

// TestNoReadPastEnds runs every function on slices that begin or end at an
// unreadable page: a byte too much ends the test with a fault.
func TestNoReadPastEnds(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, atEnd := range []bool{false, true} {
			for n := range 129 {
				if n <= 40 || slices.Contains([]int{47, 63, 64, 65, 79, 100, 127, 128}, n) {
					// Each gives its pages back: a process has no more than 65,530.
					t.Run(fmt.Sprint(n), func(t *testing.T) { guardFloats(t, n, atEnd) })
				}
			}
			for _, size := range [][2]int{{1, 1}, {5, 129}, {19, 1537}, {4, 4096}, {35, 384}} {
				guardTernary(t, size[0], size[1], atEnd)
			}
			for _, size := range [][2]int{{1, 1}, {33, 129}, {64, 1536}} {
				guardGrouped(t, size[0], size[1], atEnd)
				guardForms(t, size[0], size[1], atEnd)
			}
			for _, size := range [][2]int{{16, 1}, {48, 129}, {32, 1536}} {
				guardScan(t, size[0], size[1], atEnd)
			}
		}
	})
}

func guardFloats(t *testing.T, n int, atEnd bool) {
	f := func(n int) []float32 { return guarded[float32](t, n, atEnd) }
	h := func(n int) []uint16 { return guarded[uint16](t, n, atEnd) }
	b := func(n int) []byte { return guarded[byte](t, n, atEnd) }
	Quantize(guarded[int8](t, ternary.PadCols(n), atEnd), f(n))
	ReLU2Mul(f(n), f(n), f(n))
	SiLUMul(f(n), f(n), f(n))
	SigmoidMul(f(n), f(n))
	DeltaStep(f(n), f(3*n), f(3), f(3), f(n), 1, 1, 1)
	if n > 0 {
		Convolve(f(5*n), n, n, f(4*n))
	}
	if n&(n-1) == 0 && n > 0 {
		Hadamard(f(n), f(n), n)
	}
	RMSNorm(f(n), f(n), f(n), 1)
	if n > 0 {
		RMSNormRows(f(5*n), f(5*n), f(n), 1)
	}
	Add(f(n), f(n))
	softmax(f(n))
	RopeHalf(f(2*n), f(n), f(n))
	RopeAdjacent(f(2*n), f(n), f(n))
	ToF16(h(n), f(n))
	DecodeF32(f(n), b(4*n))
	DecodeF16(f(n), b(2*n))
	DecodeBF16(f(n), b(2*n))
	ReadBandwidth(b(1639 * n))
	for _, rows := range []int{1, 4, 7} {
		MatVecF32(f(rows), b(4*rows*n), n, f(n))
		MatVecF16(f(rows), b(2*rows*n), n, f(n))
		MatVecBF16(f(rows), b(2*rows*n), n, f(n))
		Scores(f(rows), f(n), f(rows*n), 1)
		ScoresF16(f(rows), f(n), h(rows*n), 1)
		WeightedSum(f(n), f(rows), f(rows*n))
		WeightedSumF16(f(n), f(rows), h(rows*n))
		for _, queries := range []int{1, 3, MaxQueries} {
			each := func(n int) (x [][]float32) {
				for range queries {
					x = append(x, f(n))
				}
				return x
			}
			ScoresEach(each(rows), each(n), f(rows*n), 1, nil)
			ScoresEachF16(each(rows), each(n), h(rows*n), 1, nil)
			queries8, weights8 := make([]Vector16, queries), make([]Vector16, queries)
			for i := range queries8 {
				queries8[i].codes = guarded[int16](t, n, atEnd)
				queries8[i].Set(f(n))
				weights8[i].codes = guarded[int16](t, (rows+1)&^1, atEnd)
				weights8[i].SetExponentials(f(rows), f(rows), guarded[int8](t, 48*rows, atEnd))
				weights8[i].SetWeights(f(rows), f(rows))
			}
			ScoresEach8(each(rows), queries8, guarded[int8](t, rows*n, atEnd), f(rows), 1, nil)
			WeightedSumEach8(each(n), weights8, guarded[int8](t, rows*n, atEnd), rows, nil)
			WeightedSumEach(each(n), each(rows), f(rows*n), nil)
			WeightedSumEachF16(each(n), each(rows), h(rows*n), nil)
		}
	}
}

func guardTernary(t *testing.T, rows, cols int, atEnd bool) {
	f := func(n int) []float32 { return guarded[float32](t, n, atEnd) }
	m, _ := randomMatrix(source(), rows, cols)
	data := guarded[byte](t, len(m.Data), atEnd)
	copy(data, m.Data)
	m.Data = data
	for _, tokens := range []int{1, 2, 3, 5, 13, 18, 35} {
		q, sums := guarded[int8](t, tokens*m.PaddedCols(), atEnd), guarded[int32](t, tokens, atEnd)
		MatMul(f(tokens*m.Rows), m.Rows, m, 0, m.Groups(), q, sums, f(tokens), NewScratch())
	}
}

func guardGrouped(t *testing.T, rows, cols int, atEnd bool) {
	eachForm(func(groupCols int, wide bool, planes Planes) {
		m := randomGrouped(source(), rows, cols, groupCols, wide)
		data := guarded[byte](t, len(m.Data), atEnd)
		copy(data, m.Data)
		m.Data = data
		if wide {
			m.Wide = guarded[float32](t, len(m.Wide), atEnd)
		} else {
			m.Scales = guarded[uint16](t, len(m.Scales), atEnd)
		}
		for _, tokens := range []int{1, 2, 3, 5, 13} {
			x := new(Fixed)
			x.Reset(tokens, cols, groupCols, planes)
			x.q = guarded[int8](t, len(x.q), atEnd)
			x.scales = guarded[groupScale](t, len(x.scales), atEnd)
			for i := range tokens {
				x.Set(i, guarded[float32](t, cols, atEnd))
			}
			MatMulGrouped(guarded[float32](t, tokens*rows, atEnd), rows, m, 0, m.Bands(), x, NewScratch())
		}
	})
}

func guardForms(t *testing.T, rows, cols int, atEnd bool) {
	for _, form := range otherForms {
		_, m := inForm(source(), rows, cols, false, form)
		data := guarded[byte](t, len(m.Data), atEnd)
		copy(data, m.Data)
		m.Data, m.Scales = data, guarded[uint16](t, len(m.Scales), atEnd)
		for _, tokens := range []int{1, 3} {
			x := new(Fixed)
			x.Reset(tokens, cols, 128, Fixed16)
			x.q = guarded[int8](t, len(x.q), atEnd)
			x.scales = guarded[groupScale](t, len(x.scales), atEnd)
			for i := range tokens {
				x.Set(i, guarded[float32](t, cols, atEnd))
			}
			MatMulGrouped(guarded[float32](t, tokens*rows, atEnd), rows, m, 0, m.Bands(), x, NewScratch())
		}
	}
}

func guardScan(t *testing.T, rows, cols int, atEnd bool) {
	bands, groups := ScanBands(rows), ScanGroups(cols)
	f := func(n int) []float32 { return guarded[float32](t, n, atEnd) }
	codes, scales := guarded[byte](t, bands*ScanBandBytes(cols), atEnd), guarded[uint16](t, bands*groups*ScanRows, atEnd)
	var v ScanVector
	v.Set(f(cols), randomDither(source(), cols), noTiny)
	v.q = guarded[int8](t, len(v.q), atEnd)
	v.groups = guarded[scanGroup](t, len(v.groups), atEnd)
	Scan(f(rows), f(rows), codes, scales, &v)
	for n := 1; n <= MaxVectors; n++ {
		var lower, upper [][]float32
		var x []*ScanVector
		for range n {
			lower, upper, x = append(lower, f(rows)), append(upper, f(rows)), append(x, &v)
		}
		ScanEach(lower, upper, codes, scales, x, ScanCodes{})
	}
}
