package model

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
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
		elems, _ := dt.Block()
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
		if !dt.Finite(v.Bytes) || !dt.Blocked() || named(dt.String()) != dt {
			t.Errorf("%v: finite %v, blocked %v, named %q", dt, dt.Finite(v.Bytes), dt.Blocked(), dt)
		}
	}
}

// TestFiniteBlocks finds an infinite scale in the last block.
func TestFiniteBlocks(t *testing.T) {
	for dt, scales := range map[DType][]int{Q8_0: {0}, Q4_0: {0}, Q4K: {0, 2}, Q6K: {208}} {
		_, size := dt.Block()
		for _, at := range scales {
			raw := make([]byte, 3*size)
			raw[2*size+at+1] = 0x7c
			if dt.Finite(raw) || !dt.Finite(raw[:2*size]) {
				t.Errorf("%v: an infinity at byte %d goes unnoticed, or a zero does not", dt, at)
			}
		}
	}
}

// named is the type of a name.
func named(name string) DType {
	t, _ := DTypeNamed(name)
	return t
}
