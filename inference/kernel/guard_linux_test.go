package kernel

import (
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns n values whose last one ends at a page that cannot be read.
func guarded[T any](t *testing.T, n int) []T {
	var zero T
	page := syscall.Getpagesize()
	size := (n*int(unsafe.Sizeof(zero)) + page - 1) / page * page
	b, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(b) })
	if err := syscall.Mprotect(b[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[size-n*int(unsafe.Sizeof(zero))])), n)
}

// TestNoReadPastEnd runs every function on slices that end at an unreadable
// page: a byte too much ends the test with a fault.
func TestNoReadPastEnd(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		f := func(n int) []float32 { return guarded[float32](t, n) }
		for n := range 41 {
			ReLU2Mul(f(n), f(n), f(n))
			SiLUMul(f(n), f(n), f(n))
			RMSNorm(f(n), f(n), f(n), 1)
			Add(f(n), f(n))
			Softmax(f(n))
			RopeHalf(f(2*n), f(n), f(n))
			RopeAdjacent(f(2*n), f(n), f(n))
			ToF16(guarded[uint16](t, n), f(n))
			DecodeF32(f(n), guarded[byte](t, 4*n))
			DecodeF16(f(n), guarded[byte](t, 2*n))
			DecodeBF16(f(n), guarded[byte](t, 2*n))
			ReadBandwidth(guarded[byte](t, 1639*n))
			for _, rows := range []int{1, 4, 7} {
				MatVecF32(f(rows), guarded[byte](t, 4*rows*n), n, f(n))
				MatVecF16(f(rows), guarded[byte](t, 2*rows*n), n, f(n))
				MatVecBF16(f(rows), guarded[byte](t, 2*rows*n), n, f(n))
				Scores(f(rows), f(n), f(rows*n), 1)
				ScoresF16(f(rows), f(n), guarded[uint16](t, rows*n), 1)
				WeightedSum(f(n), f(rows), f(rows*n))
				WeightedSumF16(f(n), f(rows), guarded[uint16](t, rows*n))
			}
		}
		for _, size := range [][2]int{{1, 1}, {5, 129}, {19, 1537}, {4, 4096}} {
			m, _ := randomMatrix(source(), size[0], size[1])
			data := guarded[byte](t, len(m.Data))
			copy(data, m.Data)
			m.Data = data
			for _, tokens := range []int{1, 2, 3, 5} {
				q := guarded[int8](t, tokens*m.PaddedCols())
				for i := range tokens {
					Quantize(q[i*m.PaddedCols():][:m.PaddedCols()], f(m.Cols))
				}
				y, sums, muls := f(tokens*m.Rows), guarded[int32](t, tokens), f(tokens)
				MatMul(y, m.Rows, m, 0, m.Groups(), q, sums, muls, NewScratch())
				MatVec(f(m.Rows), m, 0, m.Groups(), guarded[int8](t, m.PaddedCols()), 0, 1)
			}
		}
	})
}
