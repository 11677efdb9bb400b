package kernel

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/x448/float16"

	"tern/model/narrow"
)

// TestDecodeNarrow: every path gives the numbers back, bit for bit, zeros of both signs and
// numbers that are kept beside included.
func TestDecodeNarrow(t *testing.T) {
	rng := source()
	const rows, cols = 300, 96
	for _, half := range []bool{true, false} {
		want, data := make([]float32, rows*cols), make([]byte, 2*rows*cols)
		for i := range want {
			v := rng.Float64() + 1
			switch {
			case rng.IntN(50) == 0:
				v = 0
			case rng.IntN(500) == 0:
				v *= 1e-6
			}
			bits := math.Float32bits(float32(v*math.Copysign(1, rng.NormFloat64()))) >> 16
			want[i] = math.Float32frombits(bits << 16)
			if half {
				h := float16.Fromfloat32(float32(v))
				bits, want[i] = uint32(h.Bits()), h.Float32()
			}
			binary.LittleEndian.PutUint16(data[2*i:], uint16(bits))
		}
		m := narrow.Narrow(data, rows, cols, half)
		if m == nil {
			t.Fatal("not narrowed")
		}
		eachPath(t, func(t *testing.T) {
			got := make([]float32, cols)
			for r := range rows {
				DecodeNarrow(got, m, r)
				if !slices.EqualFunc(got, want[r*cols:][:cols], func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
					t.Fatalf("half %v: row %d is %v, want %v", half, r, got, want[r*cols:][:cols])
				}
			}
		})
	}
}

// TestScanEncodePaths compares the codes of every path with those of the generic code.
func TestScanEncodePaths(t *testing.T) {
	rng := source()
	var want []byte
	w, dither := make([]float32, 200), make([]uint16, 192)
	for i := range w {
		w[i] = float32(rng.NormFloat64())
	}
	for i := range dither {
		dither[i] = uint16(rng.Uint32())
	}
	w[70], w[130] = float32(math.Inf(1)), float32(math.NaN())
	on(generic, func() {
		want = make([]byte, ScanBandBytes(184))
		for r := range ScanRows {
			ScanEncode(want, make([]uint16, 3*ScanRows), r, w[r:184+r], 2, scanLeast, dither)
		}
	})
	eachPath(t, func(t *testing.T) {
		got := make([]byte, len(want))
		for r := range ScanRows {
			ScanEncode(got, make([]uint16, 3*ScanRows), r, w[r:184+r], 2, scanLeast, dither)
		}
		if !slices.Equal(got, want) {
			t.Error("the codes differ")
		}
	})
}
