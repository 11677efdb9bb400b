package gguf

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// filled is an entry whose bytes count up from start.
func filled(name string, t Type, start byte, shape ...int) Entry {
	e := Entry{Name: name, Type: t, Shape: shape}
	n, err := e.size()
	if err != nil {
		panic(err)
	}
	e.Data = func(w io.Writer) error {
		b := make([]byte, n)
		for i := range b {
			b[i] = start + byte(i)
		}
		_, err := w.Write(b)
		return err
	}
	return e
}

func written(t testing.TB, meta []Pair, entries ...Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, meta, entries); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(raw []byte) (*File, error) { return Read(bytes.NewReader(raw), int64(len(raw))) }

func mustRead(t testing.TB, raw []byte) *File {
	t.Helper()
	f, err := read(raw)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// nested is an array of arrays of strings, which only Value can express.
var nested = Value{Type: Array, Elem: Array, Len: 2, data: "" +
	"\x08\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00" + "\x02\x00\x00\x00\x00\x00\x00\x00hi" +
	"\x05\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00" + "abcdefghijkl"}

var everyValue = []Pair{
	{"text", "grüße"}, {"no UTF-8", "\xff\x00\xc3"}, {"empty", ""}, {"", "the empty key"},
	{"a-b1.58.dots.in.it", uint32(7)},
	{"u8", uint8(255)}, {"i8", int8(-128)}, {"u16", uint16(65535)}, {"i16", int16(-32768)},
	{"u32", uint32(math.MaxUint32)}, {"i32", int32(math.MinInt32)},
	{"u64", uint64(math.MaxInt64)}, {"i64", int64(math.MinInt64)},
	{"f32", float32(1e-5)}, {"f64", 1e-300}, {"yes", true}, {"no", false},
	{"strings", []string{"a", "", "\xfe"}}, {"ints", []int32{1, -2}}, {"floats", []float32{0.5}}, {"none", []string{}},
	{"nested", nested},
}

func TestRoundTrip(t *testing.T) {
	for _, align := range []uint32{0, 8, 24, 64} { // 0: none given
		meta := slices.Clone(everyValue)
		if align > 0 {
			meta = append(meta, Pair{"general.alignment", align})
		}
		var entries []Entry
		for i, kind := range []Type{F32, F16, BF16, Q8_0, Q4_0, Q4K, Q6K, TQ1, TQ2, I2S, 39, 24} {
			entries = append(entries, filled(kind.String(), kind, byte(i), 3, 512))
		}
		entries = append(entries, filled("scalar", F32, 1), filled("vector", F32, 2, 5), filled("box", F16, 3, 2, 3, 4, 5))
		raw := written(t, meta, entries...)
		f := mustRead(t, raw)

		if len(f.Keys) != len(meta) || len(f.Meta) != len(meta) || len(f.Tensors) != len(entries) {
			t.Fatalf("%d keys, %d values, %d tensors", len(f.Keys), len(f.Meta), len(f.Tensors))
		}
		var again []Pair
		for i, p := range meta {
			if f.Keys[i] != p.Key {
				t.Errorf("key %d is %q, want %q", i, f.Keys[i], p.Key)
			}
			if got := decoded(f.Meta[p.Key]); !reflect.DeepEqual(got, normal(p.Value)) {
				t.Errorf("%q is %#v, want %#v", p.Key, got, normal(p.Value))
			}
			again = append(again, Pair{p.Key, p.Value})
			if p.Key != "general.alignment" {
				again[i].Value = f.Meta[p.Key]
			}
		}
		for i, e := range entries {
			got := f.Tensors[i]
			data, err := io.ReadAll(io.NewSectionReader(got, 0, got.Size()))
			var want bytes.Buffer
			if e := e.Data(&want); e != nil || err != nil {
				t.Fatal(e, err)
			}
			if got.Name != e.Name || got.Type != e.Type || !slices.Equal(got.Shape, e.Shape) || !bytes.Equal(data, want.Bytes()) {
				t.Errorf("tensor %d is %q %v %v, want %q %v %v, or has other data", i, got.Name, got.Type, got.Shape, e.Name, e.Type, e.Shape)
			}
		}
		if !bytes.Equal(written(t, again, entries...), raw) {
			t.Error("what was read writes another file")
		}
	}
}

// decoded returns what a value holds as the widest type of its kind.
func decoded(v Value) any {
	if n, ok := v.Int(); ok {
		return n
	}
	if f, ok := v.Float(); ok {
		return f
	}
	if b, ok := v.Bool(); ok {
		return b
	}
	if s, ok := v.Text(); ok {
		return s
	}
	if l, ok := v.Strings(); ok {
		return l
	}
	if l, ok := v.Ints(); ok {
		return l
	}
	if l, ok := v.Floats(); ok {
		return l
	}
	return v
}

// normal is what decoded returns for a value that was written.
func normal(v any) any {
	switch v := v.(type) {
	case []int32:
		list := make([]int64, len(v))
		for i, n := range v {
			list[i] = int64(n)
		}
		return list
	case []float32:
		list := make([]float64, len(v))
		for i, f := range v {
			list[i] = float64(f)
		}
		return list
	case bool, string, []string, Value:
		return v
	}
	switch r := reflect.ValueOf(v); {
	case r.CanInt():
		return r.Int()
	case r.CanUint():
		return int64(r.Uint())
	default:
		return r.Float()
	}
}

// TestValueOfAnotherType checks that no accessor takes a value of another type
// or number that does not fit.
func TestValueOfAnotherType(t *testing.T) {
	f := mustRead(t, written(t, append(slices.Clone(everyValue), Pair{"huge", uint64(math.MaxUint64)})))
	if _, ok := f.Meta["huge"].Int(); ok {
		t.Error("2^64-1 is an int64")
	}
	if _, ok := f.Meta["missing"].Text(); ok {
		t.Error("a missing value is a string")
	}
	for _, p := range everyValue {
		v, n := f.Meta[p.Key], 0
		_, isInt := v.Int()
		_, isFloat := v.Float()
		_, isBool := v.Bool()
		_, isText := v.Text()
		_, isStrings := v.Strings()
		_, isInts := v.Ints()
		_, isFloats := v.Floats()
		for _, is := range []bool{isInt, isFloat, isBool, isText, isStrings, isInts, isFloats} {
			if is {
				n++
			}
		}
		if want := map[bool]int{true: 1}[p.Key != "nested"]; n != want {
			t.Errorf("%q of type %v is %d things", p.Key, v.Type, n)
		}
	}
}

// TestAllocations checks that a vocabulary costs no allocation per token.
func TestAllocations(t *testing.T) {
	tokens := make([]string, 128_000)
	for i := range tokens {
		tokens[i] = fmt.Sprint("token", i)
	}
	raw := written(t, []Pair{{"tokens", tokens}, {"types", make([]int32, len(tokens))}})
	n := testing.AllocsPerRun(3, func() {
		list, ok := mustRead(t, raw).Meta["tokens"].Strings()
		if !ok || list[len(tokens)-1] != tokens[len(tokens)-1] {
			t.Error("the last token is another")
		}
	})
	if n > 100 {
		t.Errorf("%.0f allocations for %d tokens", n, len(tokens))
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		meta    []Pair
		entries []Entry
	}{
		"unknown value":   {meta: []Pair{{"k", struct{}{}}}},
		"odd alignment":   {meta: []Pair{{"general.alignment", uint32(12)}}},
		"no alignment":    {meta: []Pair{{"general.alignment", "32"}}},
		"half a block":    {entries: []Entry{{Name: "x", Type: Q8_0, Shape: []int{2, 16}}}},
		"unknown size":    {entries: []Entry{{Name: "x", Type: 38, Shape: []int{32}}}},
		"no size":         {entries: []Entry{{Name: "x", Type: F32, Shape: []int{0}}}},
		"many dimensions": {entries: []Entry{{Name: "x", Type: F32, Shape: []int{1, 1, 1, 1, 1}}}},
		"short data":      {entries: []Entry{{Name: "x", Type: F32, Shape: []int{2}, Data: func(w io.Writer) error { return nil }}}},
		"failing data":    {entries: []Entry{{Name: "x", Type: F32, Shape: []int{2}, Data: func(w io.Writer) error { return io.ErrClosedPipe }}}},
	} {
		if err := Write(io.Discard, c.meta, c.entries); err == nil || !strings.HasPrefix(err.Error(), "gguf: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	tokens := make([]string, 128_256)
	for i := range tokens {
		tokens[i] = fmt.Sprint("token", i)
	}
	raw := written(b, []Pair{{"tokens", tokens}, {"merges", append(tokens, tokens...)}})
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		mustRead(b, raw)
	}
}
