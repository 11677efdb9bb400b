package ternary

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"tern/model/internal/memory"
)

// shapes are matrices around the edges of the layout: 4 rows, 128 columns.
var shapes = [][2]int{
	{1, 1}, {3, 31}, {4, 32}, {4, 128}, {5, 127}, {5, 129}, {7, 256}, {9, 1365}, {52, 192}, {13, 640}, {2, 5460},
}

func randomRows(rows, cols int) [][]int8 {
	rng := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	list := make([][]int8, rows)
	for r := range list {
		list[r] = make([]int8, cols)
		for c := range list[r] {
			list[r][c] = int8(rng.IntN(3) - 1)
		}
	}
	return list
}

func TestPackUnpack(t *testing.T) {
	for _, shape := range shapes {
		rows, cols := shape[0], shape[1]
		t.Run(fmt.Sprint(rows, "x", cols), func(t *testing.T) {
			want := randomRows(rows, cols)
			m := New(rows, cols)
			var count [3]int
			for r, row := range want {
				m.PackRow(r, row)
				for _, v := range row {
					count[v+1]++
				}
			}
			got := make([]int8, cols)
			for r, row := range want {
				if m.UnpackRow(r, got); !slices.Equal(got, row) {
					t.Fatalf("row %d: %v, want %v", r, got, row)
				}
			}
			if neg, zero, pos := m.Counts(); [3]int{neg, zero, pos} != count {
				t.Errorf("Counts: %d %d %d, want %v", neg, zero, pos, count)
			}
			if len(m.Data) != Size(rows, cols) || len(m.Data) != m.Groups()*m.GroupBytes() {
				t.Errorf("%d bytes, want %d", len(m.Data), Size(rows, cols))
			}
		})
	}
}

// TestLayout reads the bytes as the package comment describes them, not by
// UnpackRow, and finds every code: the weight's, or 1 in the padding.
func TestLayout(t *testing.T) {
	for _, shape := range shapes {
		rows, cols := shape[0], shape[1]
		want := randomRows(rows, cols)
		m := New(rows, cols)
		for r, row := range want {
			m.PackRow(r, row)
		}
		at := 0
		for group := 0; group < rows; group += 4 {
			for first := 0; first < cols; first += 128 {
				for r := group; r < group+4; r++ {
					for p := range 32 {
						for k := range 4 {
							code, c := 1, first+32*k+p
							if r < rows && c < cols {
								code = int(want[r][c]) + 1
							}
							if got := int(m.Data[at]>>(2*k)) & 3; got != code {
								t.Fatalf("%v: row %d column %d: code %d, want %d", shape, r, c, got, code)
							}
						}
						at++
					}
				}
			}
		}
		if at != len(m.Data) {
			t.Fatalf("%v: %d bytes read of %d", shape, at, len(m.Data))
		}
	}
}

// TestNewIsZero checks that a new matrix, its padding included, holds weight 0.
func TestNewIsZero(t *testing.T) {
	m := New(5, 200)
	if len(bytes.Trim(m.Data, "\x55")) != 0 || m.Scale != 1 {
		t.Errorf("data %x, scale %g", m.Data, m.Scale)
	}
}

// TestPackConcurrently packs different rows at the same time; the race
// detector sees any shared byte.
func TestPackConcurrently(t *testing.T) {
	const rows, cols = 37, 300
	want := randomRows(rows, cols)
	m, serial := New(rows, cols), New(rows, cols)
	var wg sync.WaitGroup
	for r, row := range want {
		wg.Go(func() { m.PackRow(r, row) })
		serial.PackRow(r, row)
	}
	wg.Wait()
	if !bytes.Equal(m.Data, serial.Data) {
		t.Error("packed concurrently, the bytes differ")
	}
}

func TestPanics(t *testing.T) {
	m := New(2, 3)
	for name, f := range map[string]func(){
		"short row":     func() { m.PackRow(0, []int8{1, 0}) },
		"value 2":       func() { m.PackRow(0, []int8{1, 0, 2}) },
		"value -2":      func() { m.PackRow(0, []int8{1, 0, -2}) },
		"no rows":       func() { New(0, 3) },
		"negative":      func() { Size(3, -1) },
		"arena is full": func() { NewArena(64).Bytes(65) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func TestArena(t *testing.T) {
	for _, n := range []int{1, 64, 1000, memory.HugePage - 1, memory.HugePage, 3*memory.HugePage + 5} {
		a := NewArena(n + 3*align)
		for _, size := range []int{1, align, n - 1} {
			b := a.Bytes(size)
			if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%align != 0 {
				t.Errorf("arena of %d: %d bytes are not aligned", n, size)
			}
			if len(b) != size || cap(b) != size {
				t.Errorf("arena of %d: %d bytes, cap %d, want %d", n, len(b), cap(b), size)
			}
			if len(bytes.Trim(b, "\x00")) != 0 {
				t.Errorf("arena of %d: bytes are not zero", n)
			}
			for i := range b {
				b[i] = 1 // would show in the next piece, if they overlapped
			}
		}
	}
}

func TestFillRandom(t *testing.T) {
	for _, shape := range shapes {
		m, parts := New(shape[0], shape[1]), New(shape[0], shape[1])
		m.FillRandom(7, 0, m.Groups())
		for g := range m.Groups() {
			parts.FillRandom(7, g, g+1)
		}
		if !bytes.Equal(m.Data, parts.Data) {
			t.Errorf("%v: filled group by group, the weights differ", shape)
		}
		// Packing what unpacks gives the same bytes only if every code is
		// valid and the padding is 0.
		again, row := New(shape[0], shape[1]), make([]int8, shape[1])
		for r := range shape[0] {
			m.UnpackRow(r, row)
			again.PackRow(r, row)
		}
		if !bytes.Equal(m.Data, again.Data) {
			t.Errorf("%v: codes or padding are not valid", shape)
		}
	}
	m := New(400, 400)
	m.FillRandom(1, 0, m.Groups())
	neg, zero, pos := m.Counts()
	for name, share := range map[string]float64{"-1": float64(neg) / 40000, "0": float64(zero) / 80000, "+1": float64(pos) / 40000} {
		if share < 0.97 || share > 1.03 {
			t.Errorf("share of %s is %.2f of what it should be", name, share)
		}
	}
}

func BenchmarkPackRow(b *testing.B) {
	m := New(4, 4096)
	row := randomRows(1, 4096)[0]
	b.SetBytes(4096)
	for b.Loop() {
		m.PackRow(0, row)
	}
}
