package ternary

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/x448/float16"
)

var groupedShapes = [][2]int{{1, 1}, {15, 64}, {31, 65}, {32, 128}, {33, 129}, {66, 1000}, {5, 2560}}

func eachGrouped(t *testing.T, test func(t *testing.T, rng *rand.Rand, m *Grouped)) {
	t.Helper()
	for _, size := range groupedShapes {
		for _, groupCols := range []int{64, 128} {
			for _, wide := range []bool{false, true} {
				t.Run(fmt.Sprint(size, groupCols, wide), func(t *testing.T) {
					m := NewGrouped(size[0], size[1], groupCols, wide)
					test(t, rand.New(rand.NewPCG(uint64(size[0]), uint64(size[1]))), &m)
				})
			}
		}
	}
}

// randomCodes gives codes and scales to every row of m.
func randomCodes(rng *rand.Rand, m *Grouped) (codes [][]uint8, scales [][]float32) {
	for r := range m.Rows {
		row, d := make([]uint8, m.Cols), make([]float32, m.Groups())
		for c := range row {
			row[c] = uint8(rng.IntN(4))
		}
		for g := range d {
			if d[g] = float32(rng.NormFloat64()); m.Wide == nil {
				d[g] = float16.Fromfloat32(d[g]).Float32()
			}
			m.SetScale(r, g, d[g])
		}
		m.PackRow(r, row)
		codes, scales = append(codes, row), append(scales, d)
	}
	return codes, scales
}

// TestGroupedLayout reads the bytes as the comment of Grouped describes them.
func TestGroupedLayout(t *testing.T) {
	eachGrouped(t, func(t *testing.T, rng *rand.Rand, m *Grouped) {
		codes, scales := randomCodes(rng, m)
		at, scale := 0, 0
		for band := 0; band < m.Rows; band += 32 {
			for first := 0; first < m.PaddedCols(); first += 16 {
				for r := band; r < band+32; r++ {
					for c := first; c < first+16; c++ {
						code := 1
						if r < m.Rows && c < m.Cols {
							code = int(codes[r][c])
						}
						if got := int(m.Data[at+(c-first)/4]>>(2*(c%4))) & 3; got != code {
							t.Fatalf("row %d column %d: code %d, want %d", r, c, got, code)
						}
					}
					at += 4
				}
			}
			for g := range m.Groups() {
				for r := band; r < band+32; r++ {
					var got, want float32
					if r < m.Rows {
						want = scales[r][g]
					}
					if m.Wide != nil {
						got = m.Wide[scale]
					} else {
						got = float16.Frombits(m.Scales[scale]).Float32()
					}
					if got != want {
						t.Fatalf("row %d group %d: scale %v, want %v", r, g, got, want)
					}
					scale++
				}
			}
		}
		if at != len(m.Data) || scale != max(len(m.Scales), len(m.Wide)) {
			t.Errorf("%d bytes and %d scales read of %d and %d", at, scale, len(m.Data), max(len(m.Scales), len(m.Wide)))
		}
		if all := len(m.Data) + (2*len(m.Scales)+4*len(m.Wide)+63)/64*64; GroupedSize(m.Rows, m.Cols, m.GroupCols, m.Wide != nil, TwoBits) != all {
			t.Errorf("GroupedSize is not %d", all)
		}
		if uintptr(unsafe.Pointer(unsafe.SliceData(m.Data)))%64 != 0 {
			t.Error("the codes are not aligned")
		}
	})
}

func TestGroupedUnpack(t *testing.T) {
	eachGrouped(t, func(t *testing.T, rng *rand.Rand, m *Grouped) {
		codes, scales := randomCodes(rng, m)
		var count [4]int
		got := make([]float32, m.Cols)
		again := NewGrouped(m.Rows, m.Cols, m.GroupCols, true)
		for r, row := range codes {
			threes := 0
			m.UnpackRow(r, got)
			for c, code := range row {
				count[code]++
				if want := float32(int(code)-1) * scales[r][c/m.GroupCols]; got[c] != want || want == 0 && math.Signbit(float64(got[c])) {
					t.Fatalf("row %d column %d is %v, want %v", r, c, got[c], want)
				}
				if code == 3 {
					threes++
				}
			}
			packed := make([]byte, m.PaddedCols()/4)
			m.Codes(packed, r)
			if n := again.PackCodes(r, packed); n != threes {
				t.Errorf("row %d: %d codes 3, want %d", r, n, threes)
			}
		}
		if !bytes.Equal(again.Data, m.Data) {
			t.Error("packed from its own codes, a matrix differs")
		}
		if m.Counts() != count {
			t.Errorf("Counts: %v, want %v", m.Counts(), count)
		}
	})
}

// TestPackBlocks packs the blocks that a file holds of a matrix.
func TestPackBlocks(t *testing.T) {
	for _, groupCols := range []int{64, 128} {
		rng := rand.New(rand.NewPCG(4, 2))
		want := NewGrouped(39, 5*groupCols, groupCols, false)
		codes, _ := randomCodes(rng, &want)
		got := NewArena(GroupedSize(want.Rows, want.Cols, groupCols, false, TwoBits)).UnsetGrouped(want.Rows, want.Cols, groupCols, false, TwoBits)
		var all []byte
		for r, row := range codes {
			var blocks []byte
			for g := range want.Groups() {
				blocks = binary.LittleEndian.AppendUint16(blocks, float16.Fromfloat32(want.Scale(r, g)).Bits())
				for c := g * groupCols; c < (g+1)*groupCols; c += 4 {
					blocks = append(blocks, row[c]|row[c+1]<<2|row[c+2]<<4|row[c+3]<<6)
				}
			}
			if !got.PackBlocks(r, blocks) {
				t.Errorf("row %d: its scales are not finite", r)
			}
			for g := range want.Groups() { // in any block one of these is noticed
				for _, special := range []uint16{0x7c00, 0xfc00, 0x7e01, 0xfdff} {
					bad := slices.Clone(blocks)
					binary.LittleEndian.PutUint16(bad[g*(2+groupCols/4):], special)
					if want.PackBlocks(r, bad) {
						t.Errorf("the scale %#x of group %d is taken for a finite one", special, g)
					}
				}
			}
			want.PackBlocks(r, blocks)
			all = append(all, blocks...)
		}
		together := NewGrouped(want.Rows, want.Cols, groupCols, false)
		row := len(all) / want.Rows
		for _, rows := range [][2]int{{0, 39}, {0, 5}, {5, 39}, {3, 34}} { // cut anywhere
			finite := together.PackBlocks(rows[0], all[rows[0]*row:rows[1]*row])
			if !finite || !bytes.Equal(together.Data, want.Data) || !slices.Equal(together.Scales, want.Scales) {
				t.Errorf("groups of %d: rows %v packed together differ", groupCols, rows)
			}
		}
		if !bytes.Equal(got.Data, want.Data) || !slices.Equal(got.Scales, want.Scales) {
			t.Errorf("groups of %d: packed blocks differ from packed rows, or the padding does", groupCols)
		}
	}
}

func TestGroupedFillRandom(t *testing.T) {
	for _, size := range groupedShapes {
		m, parts := NewGrouped(size[0], size[1], 64, false), NewGrouped(size[0], size[1], 64, false)
		m.FillRandom(7, 0, m.Bands())
		for b := range m.Bands() {
			parts.FillRandom(7, b, b+1)
		}
		if !bytes.Equal(m.Data, parts.Data) || !slices.Equal(m.Scales, parts.Scales) {
			t.Errorf("%v: filled band by band, the weights differ", size)
		}
		if n := m.Counts(); n[3] != 0 || n[0] < 0 || n[0]+n[1]+n[2] != size[0]*size[1] {
			t.Errorf("%v: codes %v", size, n)
		}
	}
}

func TestFitsF16(t *testing.T) {
	for d, want := range map[float32]bool{0: true, 1: true, -0.5: true, 65504: true, 65505: false, 0x1p-24: true, 0x1p-25: false, 0.1: false, 1 + 0x1p-11: false} {
		if FitsF16(d) != want {
			t.Errorf("%g: %v", d, !want)
		}
	}
}

func TestGroupedPanics(t *testing.T) {
	m, wide := NewGrouped(2, 100, 64, false), NewGrouped(2, 100, 64, true)
	for name, f := range map[string]func(){
		"groups of 32": func() { NewGrouped(1, 1, 32, false) },
		"no rows":      func() { GroupedSize(0, 1, 64, false, TwoBits) },
		"short row":    func() { m.PackRow(0, make([]uint8, 99)) },
		"code 4":       func() { m.PackRow(0, bytes.Repeat([]byte{4}, 100)) },
		"codes":        func() { m.PackCodes(0, make([]byte, 31)) },
		"blocks":       func() { m.PackBlocks(0, make([]byte, 35)) },
		"many blocks":  func() { m.PackBlocks(1, make([]byte, 72)) },
		"wide blocks":  func() { wide.PackBlocks(0, make([]byte, 36)) },
		"wide scale":   func() { m.SetScale(0, 0, 0.1) },
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

// BenchmarkPackBlocks packs a matrix of 8B's gate from blocks in memory.
func BenchmarkPackBlocks(b *testing.B) {
	const rows, cols = 4096, 4096
	m := NewArena(GroupedSize(rows, cols, 128, false, TwoBits)).UnsetGrouped(rows, cols, 128, false, TwoBits)
	blocks := make([]byte, rows*cols/128*34)
	b.SetBytes(int64(len(blocks)))
	for b.Loop() {
		m.PackBlocks(0, blocks)
	}
}
