package narrow

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/x448/float16"
)

// stored makes rows of binary16 (half) or bfloat16 numbers.
func stored(rows, cols int, half bool, value func(r, c int) float32) []byte {
	data := make([]byte, 2*rows*cols)
	for i := range rows * cols {
		v := value(i/cols, i%cols)
		bits := uint16(math.Float32bits(v) >> 16)
		if half {
			bits = float16.Fromfloat32(v).Bits()
		}
		binary.LittleEndian.PutUint16(data[2*i:], bits)
	}
	return data
}

// TestPackFast: where there is assembly it does what the Go code does, and leaves rows
// with numbers that have no 12 bits alone.
func TestPackFast(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 4))
	packed := 0
	for round := range 3000 {
		cols := colsMultiple * (1 + rng.IntN(5))
		m := &Matrix{Cols: cols, Half: round%3 == 1}
		half := round%3 > 0 // binary16 kept as such, or as bfloat16
		top := rng.IntN(0x7000) + 0x800
		src := make([]byte, 2*cols)
		for c := range cols {
			v := top - rng.IntN(2046)
			switch rng.IntN(10) {
			case 0:
				v = 0
			case 1:
				v = top - 2046
			case 2:
				if round%4 == 0 && c == cols-1 {
					v = top - 2047
				}
			}
			v |= rng.IntN(2) << 15
			if half && !m.Half {
				f := math.Float32frombits(uint32(0x3c00+rng.IntN(800)) << 16)
				if round%4 == 0 && c == cols-1 {
					f += 0x1p-13 // no bfloat16
				}
				v = int(float16.Fromfloat32(f).Bits()) | rng.IntN(2)<<15
			}
			binary.LittleEndian.PutUint16(src[2*c:], uint16(v))
		}
		row := func() (low, high []byte) { return make([]byte, cols), make([]byte, cols/2) }
		low, high := row()
		bits := make([]uint16, cols)
		limit, odd := m.packRow(low, high, src, make([]float32, cols), bits, half, nil, 0)
		fastLow, fastHigh := row()
		got, ok := m.packFast(fastLow, fastHigh, src, bits, half)
		if ok && (len(odd) > 0 || got != limit || !slices.Equal(fastLow, low) || !slices.Equal(fastHigh, high)) {
			t.Fatalf("round %d: %d numbers without 12 bits, limit %#x, want %#x", round, len(odd), got, limit)
		}
		if ok {
			packed++
		} else if len(odd) == 0 && packed > 0 {
			t.Fatalf("round %d: all numbers have 12 bits", round)
		}
	}
	t.Log(packed, "rows by assembly")
}

// TestNothingIsLost: what is narrowed comes back bit for bit, as numbers and as it was
// stored; what cannot be is left as it was.
func TestNothingIsLost(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 16))
	trained := func(v float64) float32 { // in bfloat16
		return math.Float32frombits(math.Float32bits(float32(v)) &^ 0xffff)
	}
	for name, c := range map[string]struct {
		half, narrowed bool
		value          func(r, c int) float32
	}{
		"bfloat16":             {false, true, func(r, c int) float32 { return trained(rng.NormFloat64() / 30) }},
		"bfloat16 as binary16": {true, true, func(r, c int) float32 { return trained(rng.NormFloat64() / 30) }},
		"binary16":             {true, false, func(r, c int) float32 { return float32(rng.NormFloat64()) }},
		"one binary order":     {true, true, func(r, c int) float32 { return float32((1 + rng.Float64()) * float64(1-r%2*2)) }},
		"zeros":                {false, true, func(r, c int) float32 { return float32(math.Copysign(0, float64(r%2)-0.5)) }},
		"powers of two":        {false, true, func(r, c int) float32 { return float32(math.Ldexp(1, c%16-r%200)) }},
		"too many orders":      {false, false, func(r, c int) float32 { return float32(math.Ldexp(1, c%18-r%200)) }},
		"denormal":             {false, true, func(r, c int) float32 { return trained(float64(c%100) * 1e-39) }},
		"a few tiny": {false, true, func(r, c int) float32 {
			if rng.IntN(1000) == 0 {
				return trained(rng.NormFloat64() * 1e-20)
			}
			return trained(rng.NormFloat64())
		}},
		"a few that are no bfloat16": {true, true, func(r, c int) float32 {
			if rng.IntN(1000) == 0 {
				return float32(rng.NormFloat64())
			}
			return trained(rng.NormFloat64())
		}},
		"a last block of others": {false, false, func(r, c int) float32 {
			if r >= 2*BlockRows {
				return trained(math.Exp(rng.Float64()*80 - 40))
			}
			return trained(rng.NormFloat64())
		}},
	} {
		for _, size := range [][2]int{{BlockRows, 32}, {2*BlockRows + 150, 96}} {
			rows, cols := size[0], size[1]
			data := stored(rows, cols, c.half, c.value)
			want := slices.Clone(data)
			m := Narrow(data, rows, cols, c.half)
			fed, kept := feed(rng, want, rows, cols, c.half)
			if (fed == nil) != (m == nil) || fed == nil && !slices.Equal(kept, want) {
				t.Errorf("%s: a builder makes something else, or loses what it does not narrow", name)
			}
			if m == nil {
				if c.narrowed {
					t.Errorf("%s: not narrowed", name)
				}
				if !slices.Equal(data, want) {
					t.Errorf("%s: not narrowed, but changed", name)
				}
				continue
			}
			if !c.narrowed && rows > 2*BlockRows {
				t.Errorf("%s: narrowed", name)
			}
			for b := range m.Blocks() { // is free
				for i, s := 0, m.Spare(b); i < len(s); i++ {
					s[i] = byte(rng.Uint32())
				}
			}
			got, row := make([]byte, 2*cols), make([]float32, cols)
			for r := range rows {
				fed.StoredTo(got, r, c.half)
				if !slices.Equal(got, want[2*r*cols:][:2*cols]) {
					t.Fatalf("%s, %d × %d: row %d of a builder differs", name, rows, cols, r)
				}
				m.StoredTo(got, r, c.half)
				if !slices.Equal(got, want[2*r*cols:][:2*cols]) {
					t.Fatalf("%s, %d × %d: row %d differs", name, rows, cols, r)
				}
				m.RowTo(row, r)
				encode(got, row, c.half)
				if !slices.Equal(got, want[2*r*cols:][:2*cols]) {
					t.Fatalf("%s, %d × %d: the numbers of row %d differ", name, rows, cols, r)
				}
			}
		}
	}
}

// feed gives a builder the rows of some blocks after others, a few at a time.
func feed(rng *rand.Rand, stored []byte, rows, cols int, half bool) (m *Matrix, data []byte) {
	data = make([]byte, len(stored))
	b := NewBuilder(data, rows, cols, half, stored[:2*cols*min(rows, BlockRows)])
	for _, block := range rng.Perm((rows + BlockRows - 1) / BlockRows) {
		for r, end := block*BlockRows, min(rows, (block+1)*BlockRows); r < end; {
			to := min(end, r+1+rng.IntN(100))
			b.Rows(r, stored[2*r*cols:2*to*cols])
			r = to
		}
	}
	return b.Matrix(), data
}

// TestSpareHasOneOwner: memory that is taken is given to nobody else.
func TestSpareHasOneOwner(t *testing.T) {
	m := Narrow(stored(32, 32, false, func(r, c int) float32 { return 1 }), 32, 32, false)
	if !m.Take() || m.Take() {
		t.Error("taken twice, or not at all")
	}
	if m.Release(); !m.Take() {
		t.Error("not given back")
	}
	if n := len(m.Spare(0)); n != 32*32/2 {
		t.Errorf("%d bytes to spare", n)
	}
}

// TestShapes: other shapes than whole pieces are refused.
func TestShapes(t *testing.T) {
	for _, c := range [][3]int{{2, 16, 64}, {0, 32, 0}, {2, 32, 126}} {
		if Narrow(make([]byte, c[2]), c[0], c[1], true) != nil {
			t.Errorf("%v narrowed", c)
		}
	}
}
