package checkpoint

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tern/model"
	"tern/model/gguf"
	"tern/model/ternary"
)

const families = "../../inference/testdata/goldens2"

// codec is a vector of a block type: bytes and the weights that they mean.
type codec struct {
	Bytes   string
	Codes   []int8
	Ternary []int8
	D       []float32
	Scales  []float32
	Values  []float32
}

func readVectors(t *testing.T, name string, v any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(families, name))
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// decodeBlocks reads blocks as one row of a matrix.
func decodeBlocks(t *testing.T, e *Encoding, raw []byte) (*ternary.Grouped, []float32) {
	t.Helper()
	cols := len(raw) / e.groups.bytes * e.groups.cols
	b := binding{Slot: model.Slot{Name: "blk.0.attn_q.weight", Rows: 1, Cols: cols, Linear: new(model.Linear)}, enc: e, float: true}
	b.weight = &tensor{b.Name, "vector", e.kind, []int{1, cols}, io.NewSectionReader(bytes.NewReader(raw), 0, int64(len(raw)))}
	l := &loader{ctx: t.Context(), q: &quantization{}}
	if err := l.load([]binding{b}); err != nil {
		t.Fatalf("%s: %v", e.Name, err)
	}
	m := b.Linear.Grouped
	row := make([]float32, cols)
	m.UnpackRow(0, row)
	return m, row
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// vectorTypes are the block types by the names of the vectors.
var vectorTypes = map[string]*Encoding{
	"Q1_0": &q1, "Q2_0": &Q2, "Q2_0L": &q2Legacy, "PQ2_0": &PQ2, "PTQ1_0": &ptq1, "TQ1_0": &TQ1, "TQ2_0": &TQ2,
	"pq2_0": &PQ2, "ptq1_0": &ptq1, "q2_0_g64": &Q2, "pq2_0_code3": &PQ2, "ptq1_0_any_bytes": &ptq1, "ptq1_0_zero_block": &ptq1,
}

// TestBlockVectors decodes the byte vectors of every block type with scales in
// groups, zeros, negative scales, code 3, and bytes that no encoder writes.
func TestBlockVectors(t *testing.T) {
	seen := 0
	for _, file := range []string{"micro2.json", "qwen35-micro.json"} {
		var all map[string]json.RawMessage
		readVectors(t, file, &all)
		for name, e := range vectorTypes {
			raw, ok := all[name]
			if !ok {
				continue
			}
			seen++
			var v codec
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
			m, got := decodeBlocks(t, e, unhex(t, v.Bytes))
			want, codes, scales := v.Values, slices.Concat(v.Codes, v.Ternary), slices.Concat(v.Scales, v.D)
			per := 0
			if len(scales) > 0 {
				per = len(codes) / len(scales)
			}
			if want == nil { // codes and scales say it
				want = make([]float32, len(got))
				for i, c := range codes {
					want[i] = float32(c) * scales[i/per]
				}
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%s of %s: weight %d is %g, want %g", name, file, i, got[i], want[i])
				}
			}
			row := make([]byte, m.PaddedCols()/4)
			m.Codes(row, 0)
			for i, c := range codes {
				if got := int8(row[i/4]>>(2*(i%4))&3) - 1; got != c {
					t.Fatalf("%s of %s: code %d is %d, want %d", name, file, i, got, c)
				}
			}
			for i, d := range scales {
				if got := m.Scale(0, i*per/m.GroupCols); got != d {
					t.Errorf("%s of %s: scale %d is %g, want %g", name, file, i, got, d)
				}
			}
		}
		var zeros map[string]string
		if all["all_zero_block"] != nil {
			if err := json.Unmarshal(all["all_zero_block"], &zeros); err != nil {
				t.Fatal(err)
			}
		}
		for name, block := range zeros {
			seen++
			if _, got := decodeBlocks(t, vectorTypes[name], unhex(t, block)); slices.ContainsFunc(got, func(v float32) bool { return v != 0 }) {
				t.Errorf("a block of zeros of %s holds others", name)
			}
		}
	}
	if seen != 13+6 {
		t.Errorf("%d vectors", seen)
	}
}

// TestQuantiseVectors: floats that are ternary in groups are written as the
// quantisers of ggml write them, but for the scale of a half without weights, whose
// value does not matter; read again they are the same floats.
func TestQuantiseVectors(t *testing.T) {
	var v struct {
		Quantise struct {
			Ternary []float32
			Q2      string `json:"ternary_q2_0_g64"`
			PQ2     string `json:"ternary_pq2_0"`
			PTQ1    string `json:"ternary_ptq1_0"`
			Random  []float32
		}
	}
	readVectors(t, "micro2.json", &v)
	q := v.Quantise
	found, err := lookAtRows(model.F32, encode(model.F32, q.Ternary), len(q.Ternary))
	if err != nil || found.cols != 128 || found.wide {
		t.Fatalf("%+v, %v", found, err)
	}
	if _, err := lookAtRows(model.F32, encode(model.F32, q.Random), len(q.Random)); err != errNotTernary {
		t.Errorf("random floats are ternary: %v", err)
	}
	weight := &tensor{"blk.0.attn_q.weight", "vector", "F32", []int{1, len(q.Ternary)}, nil}
	raw := encode(model.F32, q.Ternary)
	weight.SectionReader = io.NewSectionReader(bytes.NewReader(raw), 0, int64(len(raw)))
	var linear model.Linear
	b := &binding{Slot: model.Slot{Rows: 1, Cols: len(q.Ternary), Linear: &linear}, enc: &floatGroups, weight: weight, float: true}
	l := &loader{ctx: t.Context(), q: &quantization{}}
	if err := l.floatGroups(b); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		enc  *Encoding
		want string
	}{{&Q2, q.Q2}, {&PQ2, q.PQ2}} {
		var out bytes.Buffer
		if err := c.enc.WriteGroups(&out, linear.Grouped, InOrder); err != nil {
			t.Fatal(err)
		}
		got, want := out.Bytes(), unhex(t, c.want)
		if len(got) != len(want) {
			t.Fatalf("%s: %d bytes, want %d", c.enc.Name, len(got), len(want))
		}
		size := c.enc.groups.bytes
		for at := 0; at < len(got); at += size {
			empty := want[at] == 0 && want[at+1] == 0
			if !bytes.Equal(got[at+2:at+size], want[at+2:at+size]) || !empty && !bytes.Equal(got[at:at+2], want[at:at+2]) {
				t.Errorf("%s: block %d is %x, want %x", c.enc.Name, at/size, got[at:at+size], want[at:at+size])
			}
		}
		if _, back := decodeBlocks(t, c.enc, got); !slices.Equal(back, q.Ternary) {
			t.Errorf("%s: read again it differs", c.enc.Name)
		}
	}
	if _, back := decodeBlocks(t, &ptq1, unhex(t, q.PTQ1)); !slices.Equal(back, q.Ternary) {
		t.Error("PTQ1_0 decodes to others")
	}
}

// TestLayoutVectors: the sizes that tell the layouts of type 42 apart.
func TestLayoutVectors(t *testing.T) {
	var v struct {
		Sizes []struct {
			Rows, Cols int
			Q2         int `json:"q2_0_g64_bytes"`
			Legacy     int `json:"legacy_g128_bytes"`
		} `json:"layout_of_type_42"`
	}
	readVectors(t, "micro2.json", &v)
	for _, s := range v.Sizes {
		for kind, want := range map[gguf.Type]int{gguf.Q2: s.Q2, gguf.Q2Legacy: s.Legacy} {
			size, err := gguf.Size(nil, []gguf.Entry{{Name: "a", Type: kind, Shape: []int{s.Rows, s.Cols}}})
			none, _ := gguf.Size(nil, []gguf.Entry{{Name: "a", Type: gguf.F32, Shape: []int{1, 8}}})
			if got := int(size - none + 32); err != nil || got != (want+31)/32*32 {
				t.Errorf("%v of %d × %d takes %d, want %d: %v", kind, s.Rows, s.Cols, got, want, err)
			}
		}
	}
	if len(v.Sizes) < 4 {
		t.Errorf("%d sizes", len(v.Sizes))
	}
}
