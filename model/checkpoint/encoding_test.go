package checkpoint

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"tern/model"
	"tern/model/internal/repack"
	"tern/model/ternary"
	"testing"
)

// hexBytes are written as hexadecimal digits in micro.json.
type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(raw []byte) (err error) {
	*h, err = hex.DecodeString(strings.Trim(string(raw), `"`))
	return err
}

func readMicroBlocks(t *testing.T, into any) {
	t.Helper()
	raw, err := os.ReadFile("../../inference/testdata/goldens/micro.json")
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestMicroTernary unpacks the ternary types.
func TestMicroTernary(t *testing.T) {
	type vector struct {
		Ternary []int8
		D       float32
		Scale   float32
		Rows    int
		Cols    int
		Bytes   hexBytes
	}
	var m struct {
		TQ2  vector `json:"tq2_0"`
		TQ1  vector `json:"tq1_0"`
		X86  vector `json:"i2_s_x86_128"`
		ARM  vector `json:"i2_s_arm_64"`
		Rows vector `json:"i2_s_x86_4row_no_ACT_PARALLEL"`
	}
	readMicroBlocks(t, &m)
	for layout, v := range map[I2SLayout]vector{I2SX86: m.X86, I2SARM: m.ARM, I2SRows: m.Rows} {
		for _, cols := range []int{128, 256, 64} {
			if layout == I2SRows {
				cols = v.Cols
			}
			b := binding{Slot: model.Slot{Name: "w", Rows: len(v.Ternary) / cols, Cols: cols, Linear: new(model.Linear)}, enc: &I2S}
			got := load(t, &b, v.Bytes, layout)
			if !slices.Equal(got, v.Ternary) || b.Linear.Scale != v.Scale {
				t.Errorf("layout %d in rows of %d: scale %g, want %g; weights %v", layout, cols, b.Linear.Scale, v.Scale, got)
			}
		}
	}
	for f, v := range map[*Encoding]vector{&TQ1: m.TQ1, &TQ2: m.TQ2} {
		for _, cols := range []int{256, 512} {
			b := binding{Slot: model.Slot{Name: "w", Rows: len(v.Ternary) / cols, Cols: cols, Linear: new(model.Linear)}, enc: f}
			got := load(t, &b, v.Bytes, I2SX86)
			if !slices.Equal(got, v.Ternary) || b.Linear.Scale != v.D {
				t.Errorf("%s in rows of %d: scale %g, want %g; weights %v", f.Name, cols, b.Linear.Scale, v.D, got)
			}
		}
	}
}

// load reads raw as a tensor of b's encoding and returns its weights.
func load(t *testing.T, b *binding, raw []byte, layout I2SLayout) []int8 {
	t.Helper()
	b.weight = inMemory("w", raw, b.Rows, b.Cols)
	l := &loader{ctx: t.Context(), layout: layout, q: &quantization{}}
	if err := l.load([]binding{*b}); err != nil {
		t.Fatal(err)
	}
	all := make([]int8, 0, b.Rows*b.Cols)
	row := make([]int8, b.Cols)
	for r := range b.Rows {
		b.Linear.UnpackRow(r, row)
		all = append(all, row...)
	}
	return all
}

// TestTQ1Digits unpacks every combination of five digits.
func TestTQ1Digits(t *testing.T) {
	for v := range 243 {
		src := bytes.Repeat([]byte{byte((v*256 + 242) / 243)}, repack.TQ1Bytes)
		codes := make([]byte, repack.TQ2Bytes)
		repack.TQ1(codes, src)
		m := ternary.New(1, 256)
		if !m.PackCodes(0, 0, codes[:64]) {
			t.Fatalf("%d: code 3", v)
		}
		row := make([]int8, 256)
		m.UnpackRow(0, row)
		for n, pow := 0, 81; n < 5; n, pow = n+1, pow/3 {
			want := int8(v/pow%3) - 1
			if row[n*32] != want || row[n*32+31] != want || row[160+n*16] != want || n < 4 && row[240+n*4+3] != want {
				t.Errorf("%d: digit %d is %d, want %d", v, n, row[n*32], want)
			}
		}
	}
}

func TestMagnitudes(t *testing.T) {
	w := []float32{0, -2, 0.5, float32(math.Copysign(0, -1)), 1}
	for len(w) < 2*block {
		w = append(w, 1)
	}
	for _, dt := range []model.DType{model.F32, model.F16, model.BF16} {
		if m := magnitudesOf(dt, encode(dt, w)); m.least != 0.5 || m.most != 2 || m.sum != sumAbs(dt, encode(dt, w)) {
			t.Errorf("%v: %+v", dt, m)
		}
		if m := magnitudesOf(dt, make([]byte, 8)); m.least != math.MaxFloat32 || m.most != 0 || m.sum != 0 {
			t.Errorf("%v of zeros: %+v", dt, m)
		}
	}
}

func inMemory(name string, raw []byte, shape ...int) *tensor {
	return &tensor{name, "test.gguf", "", shape, io.NewSectionReader(bytes.NewReader(raw), 0, int64(len(raw)))}
}
