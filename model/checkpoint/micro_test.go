package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"slices"
	"tern/model"
	"testing"

	"github.com/x448/float16"
)

// micro is the part of micro.json that concerns weights.
type micro struct {
	Packed    packedVector `json:"hf_u8"`
	PackedOdd packedVector `json:"hf_u8_rows_not_multiple_of_4"`
	Ties      latentVector `json:"weight_ties"`
	MeanClamp matrixVector `json:"weight_mean_clamped_to_1e-5"`
}

type packedVector struct {
	Ternary [][]int8
	Packed  [][]int
}

type latentVector struct {
	W          []float32
	Ternary    []int8
	Multiplier float32
}

type matrixVector struct {
	W          [][]float32
	Ternary    [][]int8
	Multiplier float32
}

func readMicro(t *testing.T) (m micro) {
	t.Helper()
	raw, err := os.ReadFile("../../inference/testdata/goldens/micro.json")
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMicroPacked(t *testing.T) {
	m := readMicro(t)
	for name, v := range map[string]packedVector{"12 rows": m.Packed, "10 rows": m.PackedOdd} {
		if len(v.Packed) != PackedRows(len(v.Ternary)) {
			t.Errorf("%s: %d packed rows, want %d", name, PackedRows(len(v.Ternary)), len(v.Packed))
		}
		for r, want := range v.Ternary {
			src := make([]byte, len(want))
			for i, b := range v.Packed[r%len(v.Packed)] {
				src[i] = byte(b)
			}
			got := make([]int8, len(want))
			if ok := unpackSlot(got, src, r/len(v.Packed)); !ok || !slices.Equal(got, want) {
				t.Errorf("%s: row %d: %v %v, want %v", name, r, got, ok, want)
			}
		}
	}
	if len(m.PackedOdd.Ternary) != 10 {
		t.Errorf("the odd vector has %d rows", len(m.PackedOdd.Ternary))
	}
}

func TestUnpackRefusesCode3(t *testing.T) {
	for slot := range 4 {
		src := []byte{0, byte(3 << (2 * slot)), 0}
		for other := range 4 {
			if ok := unpackSlot(make([]int8, 3), src, other); ok == (other == slot) {
				t.Errorf("code 3 in slot %d, slot %d: %v", slot, other, ok)
			}
		}
	}
}

func TestMicroLatent(t *testing.T) {
	m := readMicro(t)
	flat := latentVector{slices.Concat(m.MeanClamp.W...), slices.Concat(m.MeanClamp.Ternary...), m.MeanClamp.Multiplier}
	for name, v := range map[string]latentVector{"ties": m.Ties, "clamped mean": flat} {
		raw := encode(model.F32, v.W)
		s, mult := absMean(sumAbs(model.F32, raw) / float64(len(v.W)))
		got := make([]int8, len(v.W))
		ternarize(got, model.F32, raw, s)
		if !slices.Equal(got, v.Ternary) {
			t.Errorf("%s: %v, want %v", name, got, v.Ternary)
		}
		if d := int(math.Float32bits(mult)) - int(math.Float32bits(v.Multiplier)); d < -2 || d > 2 {
			t.Errorf("%s: multiplier %g, want %g", name, mult, v.Multiplier)
		}
	}
}

// TestTernarize compares with the definition, rounding half to even, around
// every boundary.
func TestTernarize(t *testing.T) {
	var w []float32
	for _, v := range []float32{0, 0.5, 1, 1.5, 2.5, 1e-45, 1e-34, 3.4e38} {
		w = append(w, v, -v, math.Nextafter32(v, 9), -math.Nextafter32(v, 9), math.Nextafter32(v, -9), -math.Nextafter32(v, -9))
	}
	w = append(w, float32(math.Copysign(0, -1)))
	for len(w) < 3*block { // and across the blocks
		w = append(w, float32(len(w))/1000-1.5)
	}
	for _, s := range []float32{1, 0.37, 1e-5, 1e5} {
		got := make([]int8, len(w))
		ternarize(got, model.F32, encode(model.F32, w), s)
		for i, v := range w {
			if want := int8(max(-1, min(1, math.RoundToEven(float64(v*s))))); got[i] != want {
				t.Errorf("%g·%g: %d, want %d", v, s, got[i], want)
			}
		}
	}
}

func TestSumAbs(t *testing.T) {
	for _, dt := range []model.DType{model.F32, model.F16, model.BF16} {
		for _, n := range []int{1, 3, 4, block - 1, block, 2*block + 3} {
			w := make([]float32, n)
			var want float64
			for i := range w {
				w[i] = float32(i%17-8) / 8 // exact in every type
				want += math.Abs(float64(w[i]))
			}
			if got := sumAbs(dt, encode(dt, w)); got != want {
				t.Errorf("%v of %d: %g, want %g", dt, n, got, want)
			}
		}
	}
}

func TestSigns(t *testing.T) {
	w := []float32{-1, 0, 1, float32(math.Copysign(0, -1)), 1, -1}
	got := make([]int8, len(w))
	for _, dt := range []model.DType{model.F32, model.F16, model.BF16} {
		if bad, ok := signs(got, dt, encode(dt, w)); !ok || !slices.Equal(got, []int8{-1, 0, 1, 0, 1, -1}) {
			t.Errorf("%v: %v (%g)", dt, got, bad)
		}
		if bad, ok := signs(got, dt, encode(dt, []float32{1, 0, 0.5, 2, 0, 0})); ok || bad != 0.5 {
			t.Errorf("%v: 0.5 passes, or %g is blamed", dt, bad)
		}
	}
}

// TestHalf checks that every number of two bytes decodes to what its
// definition says, and which ones are not finite.
func TestHalf(t *testing.T) {
	for bits := range 1 << 16 {
		src := binary.LittleEndian.AppendUint16(nil, uint16(bits))
		for dt, want := range map[model.DType]float32{
			model.F16:  float16.Frombits(uint16(bits)).Float32(),
			model.BF16: math.Float32frombits(uint32(bits) << 16),
		} {
			got := make([]float32, 5) // both the long and the short loop of decode
			dt.Decode(got, slices.Repeat(src, 5))
			for _, g := range got {
				if g != want && !(g != g && want != want) {
					t.Fatalf("%v %04x is %g, want %g", dt, bits, g, want)
				}
			}
			finite := want == want && !math.IsInf(float64(want), 0)
			if dt.Finite(src) != finite || dt.Finite(slices.Repeat(src, 5)) != finite {
				t.Fatalf("%v %04x = %g: finite is %v", dt, bits, want, !finite)
			}
		}
	}
	inf, nan := float32(math.Inf(-1)), float32(math.NaN())
	if !model.F32.Finite(encode(model.F32, []float32{0, -1, math.MaxFloat32, 1e-45})) || model.F32.Finite(encode(model.F32, []float32{0, inf})) || model.F32.Finite(encode(model.F32, []float32{nan, 0})) {
		t.Error("model.F32: finite is wrong")
	}
}

func TestRowTo(t *testing.T) {
	for _, dt := range []model.DType{model.F32, model.F16, model.BF16} {
		d := model.Dense{Rows: 3, Cols: 5, Type: dt, Data: encode(dt, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14})}
		got := make([]float32, 6)
		d.RowTo(got, 1)
		if want := []float32{5, 6, 7, 8, 9, 0}; !slices.Equal(got, want) {
			t.Errorf("%v: %v, want %v", dt, got, want)
		}
	}
}

// encode is the inverse of decode for numbers that the type holds exactly.
func encode(dt model.DType, v []float32) (b []byte) {
	for _, x := range v {
		switch dt {
		case model.F32:
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		case model.F16:
			b = binary.LittleEndian.AppendUint16(b, float16.Fromfloat32(x).Bits())
		case model.BF16:
			b = binary.LittleEndian.AppendUint16(b, uint16(math.Float32bits(x)>>16))
		}
	}
	return b
}

func BenchmarkLatent(b *testing.B) {
	for _, dt := range []model.DType{model.F32, model.F16, model.BF16} {
		w := make([]float32, 1<<16)
		for i := range w {
			w[i] = float32(i*7919%1000)/500 - 1
		}
		raw, dst := encode(dt, w), make([]int8, len(w))
		b.Run(dt.String(), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				s, _ := absMean(sumAbs(dt, raw) / float64(len(w)))
				ternarize(dst, dt, raw, s)
			}
		})
	}
}
