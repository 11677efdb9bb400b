package model

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"tern/model/ternary"
)

// hexBytes are written as hexadecimal digits in micro.json.
type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(raw []byte) (err error) {
	*h, err = hex.DecodeString(strings.Trim(string(raw), `"`))
	return err
}

func readMicroBlocks(t *testing.T, into any) {
	t.Helper()
	raw, err := os.ReadFile("../inference/testdata/goldens/micro.json")
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestMicroBlocks decodes the block types of embeddings and heads: bit for bit
// what ggml's own decoders give.
func TestMicroBlocks(t *testing.T) {
	type vector struct {
		Bytes  hexBytes
		Values []float32
	}
	var m struct {
		Q80 vector `json:"q8_0"`
		Q40 vector `json:"q4_0"`
		Q4K vector `json:"q4_k"`
		Q6K vector `json:"q6_k"`
	}
	readMicroBlocks(t, &m)
	for dt, v := range map[DType]vector{Q8_0: m.Q80, Q4_0: m.Q40, Q4K: m.Q4K, Q6K: m.Q6K} {
		n := len(v.Values)
		if n == 0 || len(v.Bytes)%dt.Bytes(n) != 0 || dt.Bytes(n) == 0 {
			t.Fatalf("%v: %d bytes for %d values", dt, len(v.Bytes), n)
		}
		// As one row, and as rows of one block each.
		elems, _ := dt.blockSize()
		for _, cols := range []int{n, elems} {
			d := Dense{Rows: n / cols, Cols: cols, Type: dt, Data: v.Bytes}
			got := make([]float32, n)
			for r := range d.Rows {
				d.RowTo(got[r*cols:], r)
			}
			if !slices.Equal(got, v.Values) {
				t.Errorf("%v in rows of %d: %v, want %v", dt, cols, got, v.Values)
			}
		}
		if !dt.finite(v.Bytes) || !dt.Blocked() || denseTypes[dt.String()] != dt {
			t.Errorf("%v: finite %v, blocked %v, named %q", dt, dt.finite(v.Bytes), dt.Blocked(), dt)
		}
	}
}

// TestFiniteBlocks finds an infinite scale in the last block.
func TestFiniteBlocks(t *testing.T) {
	for dt, scales := range map[DType][]int{Q8_0: {0}, Q4_0: {0}, Q4K: {0, 2}, Q6K: {208}} {
		_, size := dt.blockSize()
		for _, at := range scales {
			raw := make([]byte, 3*size)
			raw[2*size+at+1] = 0x7c
			if dt.finite(raw) || !dt.finite(raw[:2*size]) {
				t.Errorf("%v: an infinity at byte %d goes unnoticed, or a zero does not", dt, at)
			}
		}
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
			b := binding{part: part{name: "w", rows: len(v.Ternary) / cols, cols: cols, linear: new(Linear)}, form: formI2S}
			got := load(t, &b, v.Bytes, layout)
			if !slices.Equal(got, v.Ternary) || b.linear.Scale != v.Scale {
				t.Errorf("layout %d in rows of %d: scale %g, want %g; weights %v", layout, cols, b.linear.Scale, v.Scale, got)
			}
		}
	}
	for f, v := range map[form]vector{formTQ1: m.TQ1, formTQ2: m.TQ2} {
		for _, cols := range []int{256, 512} {
			b := binding{part: part{name: "w", rows: len(v.Ternary) / cols, cols: cols, linear: new(Linear)}, form: f}
			got := load(t, &b, v.Bytes, I2SX86)
			if !slices.Equal(got, v.Ternary) || b.linear.Scale != v.D {
				t.Errorf("form %d in rows of %d: scale %g, want %g; weights %v", f, cols, b.linear.Scale, v.D, got)
			}
		}
	}
}

// load reads raw as a tensor of b's form and returns its weights.
func load(t *testing.T, b *binding, raw []byte, layout I2SLayout) []int8 {
	t.Helper()
	b.weight = memory("w", raw, b.rows, b.cols)
	l := &loader{ctx: t.Context(), layout: layout, q: &quantization{}}
	if err := l.load([]binding{*b}); err != nil {
		t.Fatal(err)
	}
	all := make([]int8, 0, b.rows*b.cols)
	row := make([]int8, b.cols)
	for r := range b.rows {
		b.linear.UnpackRow(r, row)
		all = append(all, row...)
	}
	return all
}

// TestTQ1Digits unpacks every combination of five digits.
func TestTQ1Digits(t *testing.T) {
	for v := range 243 {
		src := make([]byte, 52)
		for i := range src {
			src[i] = byte((v*256 + 242) / 243)
		}
		codes := unpackTQ1(src)
		m := ternary.New(1, 256)
		if !m.PackCodes(0, 0, codes) {
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
	for _, dt := range []DType{F32, F16, BF16} {
		if m := dt.magnitudes(encode(dt, w)); m.least != 0.5 || m.most != 2 || m.sum != sumAbs(dt, encode(dt, w)) {
			t.Errorf("%v: %+v", dt, m)
		}
		if m := dt.magnitudes(make([]byte, 8)); m.least != math.MaxFloat32 || m.most != 0 || m.sum != 0 {
			t.Errorf("%v of zeros: %+v", dt, m)
		}
	}
}

func memory(name string, raw []byte, shape ...int) *tensor {
	return &tensor{name, "test.gguf", "", shape, io.NewSectionReader(bytes.NewReader(raw), 0, int64(len(raw)))}
}
