package ternary

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/x448/float16"
)

var formCodes = map[Form][]uint8{Trits: {0, 1, 2}, OneBit: {0, 2}}

// eachForm runs a test for matrices of random codes in both forms.
func eachForm(t *testing.T, test func(t *testing.T, rng *rand.Rand, m, two *Grouped, codes [][]uint8)) {
	for form, allowed := range formCodes {
		for _, size := range [][2]int{{1, 1}, {31, 65}, {32, 128}, {33, 129}, {70, 1000}, {5, 2560}} {
			t.Run(fmt.Sprint(form, size), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(size[0]), uint64(size[1])))
				two := NewGrouped(size[0], size[1], 128, false)
				var codes [][]uint8
				for r := range two.Rows {
					row := make([]uint8, two.Cols)
					for c := range row {
						row[c] = allowed[rng.IntN(len(allowed))]
					}
					two.PackRow(r, row)
					for g := range two.Groups() {
						two.SetScale(r, g, float32(rng.IntN(9)-4)/4)
					}
					codes = append(codes, row)
				}
				m := two.As(form)
				test(t, rng, &m, &two, codes)
			})
		}
	}
}

// TestFormLayout reads the bytes as the comments of the forms describe them.
func TestFormLayout(t *testing.T) {
	lines := [6][5][2]int{ // word and field of each digit
		{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}}, {{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}},
		{{0, 2}, {1, 2}, {2, 2}, {3, 2}, {4, 2}}, {{0, 3}, {1, 3}, {2, 3}, {3, 3}, {4, 3}},
		{{5, 0}, {6, 0}, {7, 0}, {5, 1}, {6, 1}}, {{5, 2}, {6, 2}, {7, 2}, {5, 3}, {6, 3}},
	}
	eachForm(t, func(t *testing.T, _ *rand.Rand, m, _ *Grouped, codes [][]uint8) {
		size := 512
		if m.Form == Trits {
			size = 832
		}
		if len(m.Data) != m.Bands()*m.Groups()*size || m.BandBytes() != m.Groups()*size {
			t.Fatalf("%d bytes", len(m.Data))
		}
		for r, row := range codes {
			for g := range m.Groups() {
				group := m.Data[(r/32*m.Groups()+g)*size:][:size]
				// The code of byte j of a field, and whether its column exists.
				code := func(word, field, j int) (uint8, bool) {
					c := 128*g + 16*word + 4*j + field
					if c >= m.Cols {
						return 0, false
					}
					return row[c], true
				}
				check := func(got uint8, word, field, j int) {
					if want, ok := code(word, field, j); ok && got != want {
						t.Fatalf("row %d, group %d, word %d, field %d, byte %d: code %d, want %d", r, g, word, field, j, got, want)
					}
				}
				for j := range 4 {
					if m.Form == OneBit {
						for w := range 8 {
							for k := range 4 {
								check(2*(group[w/2*128+r%32*4+j]>>(2*k+w%2)&1), w, k, j)
							}
						}
						continue
					}
					for l, fields := range lines {
						b := group[l*128+r%32*4+j]
						if b > 242 {
							t.Fatalf("byte %d", b)
						}
						for _, f := range fields {
							check(b%3, f[0], f[1], j)
							b /= 3
						}
					}
					last := group[768+r%32*2+j/2] >> (4 * (j % 2))
					check(last&3, 7, 1, j)
					check(last>>2&3, 7, 3, j)
				}
			}
		}
	})
}

// TestFormRows: rows go in and come out as those of two bits a weight do, and so do bands,
// counts and blocks of files, cut anywhere.
func TestFormRows(t *testing.T) {
	eachForm(t, func(t *testing.T, rng *rand.Rand, m, two *Grouped, codes [][]uint8) {
		values, want := make([]float32, m.Cols), make([]float32, m.Cols)
		packed, again := make([]byte, m.PaddedCols()/4), m.As(m.Form)
		clear(again.Data)
		for r := range codes {
			m.UnpackRow(r, values)
			two.UnpackRow(r, want)
			if !slices.Equal(values, want) {
				t.Fatalf("row %d: %v, want %v", r, values, want)
			}
			m.Codes(packed, r)
			if again.PackCodes(r, packed) != 0 {
				t.Errorf("row %d: codes 3", r)
			}
		}
		for r := m.Rows; r < m.Bands()*BandRows; r++ {
			again.padRow(r)
		}
		if !bytes.Equal(again.Data, m.Data) {
			t.Error("packed from its own codes, a matrix differs")
		}
		if m.Counts() != two.Counts() {
			t.Errorf("counts %v, want %v", m.Counts(), two.Counts())
		}
		if m.Form == Trits { // columns past the last have another code in OneBit
			all := make([]byte, len(two.Data))
			if m.Expand(all, 0, m.Bands()); !bytes.Equal(all, two.Data) {
				t.Error("expanded, the codes are others")
			}
		}
		if m.Cols%128 != 0 {
			return
		}
		var blocks []byte
		for r := range m.Rows {
			two.Codes(packed, r)
			for g := range m.Groups() {
				blocks = binary.LittleEndian.AppendUint16(blocks, float16.Fromfloat32(two.Scale(r, g)).Bits())
				blocks = append(blocks, packed[g*32:][:32]...)
			}
		}
		stride := len(blocks) / m.Rows
		for range 4 {
			got := m.As(m.Form)
			clear(got.Data[:(m.Rows/BandRows)*m.BandBytes()])
			cut := rng.IntN(m.Rows + 1)
			if !got.PackBlocks(0, blocks[:cut*stride]) || !got.PackBlocks(cut, blocks[cut*stride:]) || !bytes.Equal(got.Data, m.Data) || !slices.Equal(got.Scales, m.Scales) {
				t.Errorf("packed from blocks, rows 0 to %d first, a matrix differs", cut)
			}
		}
	})
}

// TestFormFillRandom: bands are the same alone and together, and have the codes of the form.
func TestFormFillRandom(t *testing.T) {
	for form := range formCodes {
		for _, size := range groupedShapes {
			room := GroupedSize(size[0], size[1], 128, false, form)
			m, parts := NewArena(room).UnsetGrouped(size[0], size[1], 128, false, form), NewArena(room).UnsetGrouped(size[0], size[1], 128, false, form)
			m.FillRandom(7, 0, m.Bands())
			for b := range m.Bands() {
				parts.FillRandom(7, b, b+1)
			}
			again := m.As(TwoBits)
			if again = again.As(form); !bytes.Equal(m.Data, parts.Data) || !bytes.Equal(m.Data, again.Data) {
				t.Errorf("form %d, %v: codes are none of the form's, or depend on the other bands", form, size)
			}
		}
	}
}

func TestFormPanics(t *testing.T) {
	trits, bits := NewArena(GroupedSize(1, 8, 128, false, Trits)), NewArena(GroupedSize(1, 8, 128, false, OneBit))
	for name, f := range map[string]func(){
		"groups of 64": func() { GroupedSize(1, 1, 64, false, Trits) },
		"no form":      func() { GroupedSize(1, 1, 128, false, OneBit+1) },
		"a trit of 3": func() {
			m := trits.UnsetGrouped(1, 8, 128, false, Trits)
			m.PackRow(0, []uint8{0, 1, 2, 0, 1, 2, 3, 0})
		},
		"a bit of 1": func() {
			m := bits.UnsetGrouped(1, 8, 128, false, OneBit)
			m.PackRow(0, []uint8{0, 2, 2, 0, 1, 2, 0, 0})
		},
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

// BenchmarkPackForms packs a matrix of 8B's gate from blocks in memory.
func BenchmarkPackForms(b *testing.B) {
	const rows, cols = 4096, 4096
	for form, name := range map[Form]string{TwoBits: "two bits", Trits: "trits", OneBit: "one bit"} {
		b.Run(name, func(b *testing.B) {
			m := NewArena(GroupedSize(rows, cols, 128, false, form)).UnsetGrouped(rows, cols, 128, false, form)
			blocks := make([]byte, rows*cols/128*34)
			b.SetBytes(int64(len(blocks)))
			for b.Loop() {
				for r := 0; r < rows; r += BandRows {
					m.PackBlocks(r, blocks[r*cols/128*34:][:BandRows*cols/128*34])
				}
			}
		})
	}
}
