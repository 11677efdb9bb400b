package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tern/model/fuzztest"
)

// small is a file with every kind of value and three tensors.
func small(t testing.TB) []byte {
	return written(t, everyValue, filled("a", F32, 0, 3), filled("b", TQ2, 9, 2, 256), filled("c", I2S, 5, 4, 128))
}

// TestTruncated cuts the file at every byte. Only the padding of the last
// tensor may be missing.
func TestTruncated(t *testing.T) {
	raw := small(t)
	last := mustRead(t, raw).Tensors[2]
	_, begin, size := last.Outer()
	for n := range raw {
		_, err := read(raw[:n])
		if whole := int64(n) >= begin+size; whole != (err == nil) {
			t.Errorf("the first %d of %d bytes: %v", n, len(raw), err)
		} else if err != nil && !errors.Is(err, ErrFormat) {
			t.Errorf("the first %d bytes: %v is not an ErrFormat", n, err)
		}
	}
}

// TestEveryField overwrites the header at every byte with lengths that are too
// large or too small. Nothing may panic, and what is read must lie in the file.
func TestEveryField(t *testing.T) {
	raw := small(t)
	for at := range len(raw) - 8 {
		for _, v := range []uint64{0, 1, 1 << 31, 1 << 40, math.MaxUint64} {
			for _, size := range []int{4, 8} {
				bad := bytes.Clone(raw)
				var field [8]byte
				binary.LittleEndian.PutUint64(field[:], v)
				copy(bad[at:at+size], field[:])
				checkRead(t, bad)
			}
		}
	}
}

// checkRead reads a file that may be damaged and checks what every result must
// satisfy.
func checkRead(t *testing.T, raw []byte) {
	var f *File
	var err error
	fuzztest.Bounded(t, len(raw), func() { f, err = read(raw) })
	if err != nil {
		if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrVersion) {
			t.Fatalf("%v is neither ErrFormat nor ErrVersion", err)
		}
		return
	}
	for _, v := range f.Meta {
		decoded(v)
	}
	end := int64(0)
	for _, x := range f.Tensors {
		_, begin, size := x.Outer()
		if begin < end || size <= 0 || begin+size > int64(len(raw)) {
			t.Fatalf("tensor %q has the bytes %d to %d of %d, after %d", x.Name, begin, begin+size, len(raw), end)
		}
		end = begin + size
	}
}

// builder writes files that Write refuses to.
type builder struct{ bytes.Buffer }

func (b *builder) u32(v uint32) *builder  { put(&b.Buffer, v); return b }
func (b *builder) u64(v uint64) *builder  { put(&b.Buffer, v); return b }
func (b *builder) text(s string) *builder { putString(&b.Buffer, s); return b }

func header(version uint32, tensors, pairs uint64) *builder {
	b := &builder{}
	b.WriteString(Magic)
	return b.u32(version).u64(tensors).u64(pairs)
}

// tensor adds a line of the list.
func (b *builder) tensor(name string, t Type, offset uint64, dims ...uint64) *builder {
	b.text(name).u32(uint32(len(dims)))
	for _, d := range dims {
		b.u64(d)
	}
	return b.u32(uint32(t)).u64(offset)
}

// data pads the header and adds n bytes.
func (b *builder) data(n int) []byte {
	pad(&b.Buffer, defaultAlign)
	return append(b.Bytes(), make([]byte, n)...)
}

func TestDamaged(t *testing.T) {
	array := func(depth int) []byte {
		b := header(3, 0, 1).text("k").u32(uint32(Array))
		for range depth - 1 {
			b.u32(uint32(Array)).u64(1)
		}
		return b.u32(uint32(Uint8)).u64(0).data(0)
	}
	if _, err := read(array(maxDepth)); err != nil {
		t.Errorf("arrays nested %d deep: %v", maxDepth, err)
	}
	if _, err := read(header(3, 2, 0).tensor("a", F32, 32, 1).tensor("b", F32, 0, 1).data(64)); err != nil {
		t.Errorf("tensors out of order: %v", err)
	}
	for name, c := range map[string]struct {
		raw  []byte
		says string
	}{
		"empty":                {nil, "0"},
		"another format":       {[]byte("GGJT\x03\x00\x00\x00 and so on ..."), "GGUF"},
		"many tensors":         {header(3, 1000, 0).data(64), "1000 tensors"},
		"too many tensors":     {header(3, math.MaxUint64, 0).data(64), "tensors"},
		"many pairs":           {header(3, 0, 1000).data(64), "1000 metadata"},
		"long key":             {header(3, 0, 1).u64(1 << 40).data(64), "bytes"},
		"unknown value":        {header(3, 0, 1).text("k").u32(13).u64(0).data(0), "type 13"},
		"unknown element":      {header(3, 0, 1).text("k").u32(uint32(Array)).u32(99).u64(1).data(8), "type 99"},
		"long array":           {header(3, 0, 1).text("k").u32(uint32(Array)).u32(uint32(Uint64)).u64(1 << 60).data(8), "array"},
		"long strings":         {header(3, 0, 1).text("k").u32(uint32(Array)).u32(uint32(String)).u64(1).u64(1 << 62).data(8), "bytes"},
		"deep arrays":          {array(maxDepth + 1), "deep"},
		"the same key twice":   {header(3, 0, 2).text("k").u32(uint32(Uint32)).u32(0).text("k").u32(uint32(Uint32)).u32(0).data(32), "twice"},
		"the same name twice":  {header(3, 2, 0).tensor("a", F32, 0, 1).tensor("a", F32, 32, 1).data(64), "twice"},
		"overlap":              {header(3, 2, 0).tensor("a", F32, 0, 16).tensor("b", F32, 32, 1).data(64), "takes 64 bytes"},
		"the same bytes":       {header(3, 2, 0).tensor("a", F32, 0, 1).tensor("b", F32, 0, 1).data(64), "takes 4 bytes"},
		"no bytes":             {header(3, 2, 0).tensor("a", 38, 0, 1).tensor("b", F32, 0, 1).data(64), "TL1"},
		"past the end":         {header(3, 1, 0).tensor("a", F32, 0, 16).data(63), "takes 64 bytes"},
		"starts past the end":  {header(3, 1, 0).tensor("a", F32, 64, 1).data(32), "starts"},
		"far past the end":     {header(3, 1, 0).tensor("a", F32, math.MaxUint64-31, 1).data(32), "offset"},
		"unaligned":            {header(3, 1, 0).tensor("a", F32, 4, 1).data(32), "multiple of 32"},
		"many dimensions":      {header(3, 1, 0).tensor("a", F32, 0, 1, 1, 1, 1, 1).data(32), "5 dimensions"},
		"a dimension of 0":     {header(3, 1, 0).tensor("a", F32, 0, 4, 0).data(32), "dimension 1 is 0"},
		"a huge dimension":     {header(3, 1, 0).tensor("a", F32, 0, math.MaxUint64).data(32), "dimension"},
		"a product past 2^64":  {header(3, 1, 0).tensor("a", F32, 0, 1<<32, 1<<32).data(32), "dimension"},
		"half a block":         {header(3, 1, 0).tensor("a", Q8_0, 0, 16, 2).data(64), "whole blocks"},
		"the reserved types":   {header(3, 1, 0).tensor("a", tl2, 0, 32).data(64), "type"},
		"alignment 12":         {header(3, 0, 1).text("general.alignment").u32(uint32(Uint32)).u32(12).data(32), "alignment"},
		"alignment 0":          {header(3, 0, 1).text("general.alignment").u32(uint32(Uint32)).u32(0).data(32), "alignment"},
		"alignment not an int": {header(3, 0, 1).text("general.alignment").u32(uint32(String)).text("32").data(32), "alignment"},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			fuzztest.Bounded(t, len(c.raw), func() { _, err = read(c.raw) })
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "gguf: ") {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	for version, says := range map[uint32]string{1: "version 1", 4: "version 4", 3 << 24: "big-endian", 2 << 24: "big-endian"} {
		if _, err := read(header(version, 0, 0).data(0)); !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), says) {
			t.Errorf("version %#x: %v", version, err)
		}
	}
	for _, version := range []uint32{2, 3} {
		if _, err := read(header(version, 0, 0).data(0)); err != nil {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

// TestSharedIDs checks that a type whose id means two things is told by the
// room of the tensor, with and without the padding of the last.
func TestSharedIDs(t *testing.T) {
	for name, c := range map[string]struct {
		id   Type
		room int
		want string
	}{
		"I2_S":                   {36, 64, "I2_S"},       // 128/4+32
		"IQ4_NL_4_4":             {36, 72, "IQ4_NL_4_4"}, // 128/32*18
		"IQ4_NL_4_4, padded":     {36, 96, "IQ4_NL_4_4"},
		"MXFP4":                  {39, 68, "MXFP4"}, // 128/32*17
		"MXFP4, padded":          {39, 96, "MXFP4"},
		"TL2 with another size":  {39, 64, "TL2"},
		"TL2 of the second fork": {42, 96, "TL2"},
		"Q2_0":                   {42, 36, "Q2_0"}, // 128/64*18
		"Q2_0 of groups of 128":  {42, 34, "Q2_0 (groups of 128)"},
		"an unknown type":        {77, 64, "type 77"},
	} {
		f := mustRead(t, header(3, 1, 0).tensor("a", c.id, 0, 128).data(c.room))
		if got := f.Tensors[0].Type.String(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	// A room that suits neither is that of a damaged file.
	for _, room := range []int{40, 63, 65, 95, 128} {
		if _, err := read(header(3, 1, 0).tensor("a", I2S, 0, 128).data(room)); !errors.Is(err, ErrFormat) {
			t.Errorf("I2_S in %d bytes: %v", room, err)
		}
	}
	// Between two tensors the room is always padded.
	f := mustRead(t, header(3, 2, 0).tensor("a", I2S, 0, 256).tensor("b", F32, 96, 1).data(100))
	if f.Tensors[0].Type != I2S || f.Tensors[0].Size() != 96 {
		t.Errorf("%v of %d bytes", f.Tensors[0].Type, f.Tensors[0].Size())
	}
}

// TestShrunk checks that a file that became shorter is an error of reading.
func TestShrunk(t *testing.T) {
	raw := small(t)
	if _, err := Read(bytes.NewReader(raw[:40]), int64(len(raw))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}

// TestChangedMeanwhile: lengths that were sound when the header was parsed need not be
// when an array is asked for.
func TestChangedMeanwhile(t *testing.T) {
	list := make([]string, 10_000) // more than a window
	for i := range list {
		list[i] = "token"
	}
	raw := written(t, []Pair{{"tokens", list}})
	for _, length := range []uint64{6, 1 << 20, math.MaxUint64} {
		file := &changing{raw: bytes.Clone(raw)}
		f, err := Read(file, int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		binary.LittleEndian.PutUint64(file.raw[bytes.LastIndex(raw, []byte("token"))-8:], length)
		if list, ok := f.Meta["tokens"].Strings(); ok {
			t.Errorf("a string of %d bytes is among %d of 5", length, len(list))
		}
	}
}

// changing is a file that is written to while it is open. It counts what is read.
type changing struct {
	raw  []byte
	read int
}

func (c *changing) ReadAt(p []byte, at int64) (int, error) {
	n, err := bytes.NewReader(c.raw).ReadAt(p, at)
	c.read += n
	return n, err
}

// TestLate: large arrays are not read before one of them is asked for, then once, and say so
// where the file has become shorter.
func TestLate(t *testing.T) {
	words, ints, floats := make([]string, 20_000), make([]int32, 40_000), make([]float32, 50_000)
	for i := range words {
		words[i] = strings.Repeat("w", 200+i%7) // most windows are passed over
	}
	for i := range ints {
		ints[i] = int32(-i)
	}
	for i := range floats {
		floats[i] = float32(i) / 4
	}
	meta := []Pair{{"a", "small"}, {"words", words}, {"b", uint32(3)}, {"ints", ints}, {"floats", floats}, {"c", []string{"x", "y"}}}
	raw := written(t, meta, filled("w", F32, 1, 8))
	file := &changing{raw: raw}
	f, err := Read(file, int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range meta {
		if got := decoded(f.Meta[p.Key]); !reflect.DeepEqual(got, normal(p.Value)) {
			t.Errorf("%s differs", p.Key)
		}
		if err := f.Meta[p.Key].Err(); err != nil {
			t.Errorf("%s: %v", p.Key, err)
		}
	}
	before := file.read
	if list, ok := f.Meta["words"].Strings(); !ok || !slices.Equal(list, words) || file.read != before {
		t.Errorf("%v, and %d bytes were read again", ok, file.read-before)
	}
	if got, ok := f.Meta["ints"].Int32s(); !ok || !slices.Equal(got, ints) {
		t.Error("integers differ")
	}
	if got, ok := f.Meta["floats"].Float32s(); !ok || !slices.Equal(got, floats) {
		t.Error("floats differ")
	}

	file = &changing{raw: raw}
	if f, err = Read(file, int64(len(raw))); err != nil {
		t.Fatal(err)
	}
	if arrays := 4*len(ints) + 4*len(floats); file.read > len(raw)-arrays+3*window {
		t.Errorf("%d of %d bytes were read for the list of tensors", file.read, len(raw))
	}
	file.raw = raw[:len(raw)/2]
	for _, key := range []string{"words", "ints", "floats"} {
		v := f.Meta[key]
		_, ok1 := v.Strings()
		_, ok2 := v.Int32s()
		_, ok3 := v.Float32s()
		if ok1 || ok2 || ok3 || v.Elems() != nil || !errors.Is(v.Err(), io.ErrUnexpectedEOF) {
			t.Errorf("%s of a file that was cut: %v", key, v.Err())
		}
	}
	if text, ok := f.Meta["a"].Text(); !ok || text != "small" {
		t.Error("a small value needs the file")
	}
}

func FuzzGGUF(f *testing.F) {
	raw := small(f)
	f.Add(raw)
	f.Add(raw[:len(raw)/2])
	f.Add(header(2, 1, 0).tensor("a", I2S, 0, 128, 4).data(160))
	f.Add(header(3, 2, 0).tensor("a", F32, 0, 1).tensor("b", 39, 32, 32).data(96))
	f.Add(header(1, 0, 0).data(0))
	fuzztest.AddFiles(f, "../../inference/testdata/goldens/*/*.gguf", 8192) // metadata of converters, with no room for the tensors
	f.Fuzz(checkRead)
}
