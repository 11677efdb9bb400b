package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"tern/model/fuzztest"
)

// file is a safetensors file with the header and n bytes of data.
func file(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for i := range n {
		b = append(b, byte(i))
	}
	return b
}

func read(b []byte) ([]*Tensor, error) { return Read(bytes.NewReader(b), int64(len(b))) }

// valid has a scalar, a tensor at an odd address, an empty one, another order
// in the header than in the data, metadata, and padding.
const valid = `{"__metadata__":{"format":"pt"},` +
	`"b":{"dtype":"U8","shape":[3],"data_offsets":[2,5]},` +
	`"odd":{"shape":[1,2],"data_offsets":[5,13],"dtype":"F32","more":{"x":[1,{}]}},` +
	`"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},` +
	`"empty":{"dtype":"F32","shape":[0,7],"data_offsets":[5,5]}}   `

func TestRead(t *testing.T) {
	tensors, err := read(file(valid, 13))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range tensors {
		data, err := io.ReadAll(io.NewSectionReader(x, 0, x.Size()))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %v %d: %x", x.Name, x.DType, x.Shape, x.Elems(), data))
	}
	want := []string{"a BF16 [] 1: 0001", "b U8 [3] 3: 020304", "empty F32 [0 7] 0: ", "odd F32 [1 2] 2: 05060708090a0b0c"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	// A read past a tensor's end must not reach its neighbour.
	if n, err := tensors[0].ReadAt(make([]byte, 3), 0); n != 2 || err != io.EOF {
		t.Errorf("reading past the end: %d bytes, %v", n, err)
	}
}

// TestTruncated cuts a valid file at every byte.
func TestTruncated(t *testing.T) {
	whole := file(valid, 13)
	for n := range whole {
		if _, err := read(whole[:n]); !errors.Is(err, ErrFormat) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	if _, err := read(append(whole, 0)); !errors.Is(err, ErrFormat) {
		t.Errorf("one byte more: %v", err)
	}
	// The file shrinks after its size was taken.
	if _, err := Read(bytes.NewReader(whole[:20]), int64(len(whole))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("shrunk: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	one := func(entry string) string { return `{"x":` + entry + `}` }
	for name, test := range map[string]struct {
		header string
		data   int
		says   string
	}{
		"no object":             {`[]`, 0, "'{'"},
		"space in front":        {` {}`, 0, "'{'"},
		"empty header":          {``, 0, "'{'"},
		"broken JSON":           {`{"x":}`, 0, "header"},
		"missing comma":         {`{"__metadata__":{} "x":{}}`, 0, "header"},
		"text behind":           {`{} x`, 0, "header"},
		"two values":            {`{}{}`, 0, "more than one"},
		"zero padding":          {"{}\x00", 0, "header"},
		"tensor is null":        {one(`null`), 0, "x"},
		"tensor is a list":      {one(`[]`), 0, "x"},
		"no dtype":              {one(`{"shape":[1],"data_offsets":[0,1]}`), 1, "missing"},
		"no shape":              {one(`{"dtype":"U8","data_offsets":[0,1]}`), 1, "missing"},
		"no offsets":            {one(`{"dtype":"U8","shape":[1]}`), 1, "missing"},
		"dtype is a number":     {one(`{"dtype":8,"shape":[1],"data_offsets":[0,1]}`), 1, "dtype"},
		"unknown dtype beyond":  {one(`{"dtype":"F4","shape":[2],"data_offsets":[0,2]}`), 1, `"x"`},
		"dtype without a name":  {one(`{"dtype":"","shape":[1],"data_offsets":[0,1]}`), 1, `""`},
		"key in upper case":     {one(`{"DTYPE":"U8","shape":[1],"data_offsets":[0,1]}`), 1, "missing"},
		"negative dimension":    {one(`{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}`), 1, "-1"},
		"fraction":              {one(`{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}`), 1, "1.0"},
		"null dimension":        {one(`{"dtype":"U8","shape":[null],"data_offsets":[0,0]}`), 0, "number"},
		"null shape":            {one(`{"dtype":"U8","shape":null,"data_offsets":[0,1]}`), 1, "["},
		"text dimension":        {one(`{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}`), 1, "number"},
		"huge dimension":        {one(`{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,1]}`), 1, "large"},
		"more than 64 bits":     {one(`{"dtype":"U8","shape":[18446744073709551617],"data_offsets":[0,1]}`), 1, "size"},
		"overflowing product":   {one(`{"dtype":"U8","shape":[1099511627776,1099511627776],"data_offsets":[0,0]}`), 0, "shape"},
		"product of 2^64":       {one(`{"dtype":"U64","shape":[1073741824,1073741824,2],"data_offsets":[0,0]}`), 0, "shape"},
		"too many dimensions":   {one(`{"dtype":"U8","shape":[` + strings.Repeat("1,", 16) + `1],"data_offsets":[0,1]}`), 1, "16"},
		"one offset":            {one(`{"dtype":"U8","shape":[1],"data_offsets":[0]}`), 1, "want 2"},
		"three offsets":         {one(`{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}`), 1, "more than 2"},
		"negative offset":       {one(`{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}`), 1, "-1"},
		"offsets backwards":     {one(`{"dtype":"U8","shape":[1],"data_offsets":[1,0]}`), 1, "bytes 1 to 0"},
		"ends past the file":    {one(`{"dtype":"U8","shape":[2],"data_offsets":[0,2]}`), 1, "buffer of 1"},
		"begins past the file":  {one(`{"dtype":"U8","shape":[0],"data_offsets":[9,9]}`), 0, "buffer of 0"},
		"too small for shape":   {one(`{"dtype":"F32","shape":[2],"data_offsets":[0,7]}`), 7, "takes 8"},
		"too large for shape":   {one(`{"dtype":"F32","shape":[2],"data_offsets":[0,9]}`), 9, "takes 8"},
		"gap at the start":      {one(`{"dtype":"U8","shape":[1],"data_offsets":[1,2]}`), 2, "starts at byte 1"},
		"bytes at the end":      {one(`{"dtype":"U8","shape":[1],"data_offsets":[0,1]}`), 2, "1 bytes follow"},
		"bytes without tensors": {`{}`, 1, "1 bytes follow"},
		"duplicate tensor":      {`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2, "duplicate"},
		"duplicate, escaped":    {`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0078":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2, "duplicate"},
		"duplicate key":         {one(`{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}`), 1, "duplicate"},
		"overlap":               {`{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3, "starts at byte 1"},
		"same bytes":            {`{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2, "starts at byte 0"},
		"gap":                   {`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 3, "starts at byte 2"},
	} {
		t.Run(name, func(t *testing.T) {
			raw := file(test.header, test.data)
			var err error
			fuzztest.Bounded(t, len(raw), func() { _, err = read(raw) })
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), "safetensors: ") {
				t.Errorf("error %v, want one that says %s", err, test.says)
			}
		})
	}
	for _, n := range []uint64{3, maxHeader, maxHeader + 1, 1 << 63, 1<<64 - 1, 1<<64 - 8} {
		b := append(binary.LittleEndian.AppendUint64(nil, n), "{}"...)
		if _, err := read(b); !errors.Is(err, ErrFormat) {
			t.Errorf("header of %d bytes in a file of %d: %v", n, len(b), err)
		}
	}
}

func TestWriteRead(t *testing.T) {
	data := func(b ...byte) func(io.Writer) error {
		return func(w io.Writer) error { _, err := w.Write(b); return err }
	}
	var b bytes.Buffer
	err := Write(&b, []Entry{
		{"scalar", "BF16", nil, data(1, 2)},
		{`"quoted" ☃`, "U8", []int{1, 3}, data(3, 4, 5)},
		{"none", "F32", []int{0}, data()},
	})
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := read(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if len(tensors) != 3 || tensors[1].Name != `"quoted" ☃` && tensors[2].Name != `"quoted" ☃` {
		t.Errorf("tensors %v", tensors)
	}
	if n := binary.LittleEndian.Uint64(b.Bytes()); n%8 != 0 {
		t.Errorf("header of %d bytes leaves the data unaligned", n)
	}
	for name, e := range map[string]Entry{
		"too few bytes":  {"x", "F32", []int{1}, data(1, 2, 3)},
		"too many bytes": {"x", "F32", []int{1}, data(1, 2, 3, 4, 5)},
		"unknown type":   {"x", "F5", []int{1}, data(1)},
		"failing":        {"x", "U8", []int{1}, func(io.Writer) error { return io.ErrClosedPipe }},
	} {
		if err := Write(io.Discard, []Entry{e}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// sharded is a checkpoint in two files with the given index.
func sharded(index string) fstest.MapFS {
	one := func(name string) []byte {
		return file(`{"`+name+`":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"both":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3)
	}
	return fstest.MapFS{
		"dir/1.safetensors":                {Data: one("a")},
		"dir/2.safetensors":                {Data: one("b")},
		"dir/bad.safetensors":              {Data: []byte("bad")},
		"dir/folder.safetensors/x":         {},
		"dir/model.safetensors.index.json": {Data: []byte(index)},
		"outside.safetensors":              {Data: one("a")},
	}
}

func TestOpenIndex(t *testing.T) {
	fsys := sharded(`{"metadata":{"total_size":6},"weight_map":{"a":"1.safetensors","b":"2.safetensors","both":"2.safetensors"}}`)
	set, err := Open(fsys, "dir/model.safetensors.index.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := set.Names(); !slices.Equal(got, []string{"a", "b", "both"}) {
		t.Errorf("tensors %v", got)
	}
	if got := set.Tensors["both"].Name; got != "both" {
		t.Errorf("name %q", got)
	}
	if err := set.Close(); err != nil {
		t.Error(err)
	}
	for name, index := range map[string]string{
		"not JSON":               `x`,
		"no map":                 `{"metadata":{}}`,
		"empty map":              `{"weight_map":{}}`,
		"null map":               `{"weight_map":null}`,
		"file is a number":       `{"weight_map":{"a":1}}`,
		"folder above":           `{"weight_map":{"a":"../outside.safetensors"}}`,
		"absolute":               `{"weight_map":{"a":"/outside.safetensors"}}`,
		"in a folder":            `{"weight_map":{"a":"folder/1.safetensors"}}`,
		"backslash":              `{"weight_map":{"a":"..\\outside.safetensors"}}`,
		"drive":                  `{"weight_map":{"a":"C:outside.safetensors"}}`,
		"another kind":           `{"weight_map":{"a":"config.json"}}`,
		"empty name":             `{"weight_map":{"a":""}}`,
		"tensor of another file": `{"weight_map":{"b":"1.safetensors"}}`,
		"unknown tensor":         `{"weight_map":{"c":"1.safetensors"}}`,
		"broken shard":           `{"weight_map":{"a":"bad.safetensors"}}`,
		"folder as a shard":      `{"weight_map":{"a":"folder.safetensors"}}`,
		"duplicate tensor":       `{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}`,
		"duplicate map":          `{"weight_map":{"a":"1.safetensors"},"weight_map":{"b":"2.safetensors"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Open(sharded(index), "dir/model.safetensors.index.json"); !errors.Is(err, ErrFormat) {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := Open(sharded(`{"weight_map":{"a":"3.safetensors"}}`), "dir/model.safetensors.index.json"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing shard: %v", err)
	}
}

// FuzzSafetensors looks for a panic, and for a tensor that is accepted and
// cannot be read in full.
func FuzzSafetensors(f *testing.F) {
	f.Add(file(valid, 13))
	f.Add(file(`{}`, 0))
	fuzztest.AddFiles(f, "../../inference/testdata/goldens/*/*.safetensors", 4096)
	f.Fuzz(func(t *testing.T, b []byte) {
		if shards, err := parseIndex(b); err == nil && len(shards) == 0 {
			t.Error("an index without files is accepted")
		}
		var tensors []*Tensor
		var err error
		fuzztest.Bounded(t, len(b), func() { tensors, err = read(b) })
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("error %v has no kind", err)
			}
			return
		}
		left := int64(len(b)) - 8 - int64(binary.LittleEndian.Uint64(b))
		for _, x := range tensors {
			n, err := io.Copy(io.Discard, io.NewSectionReader(x, 0, x.Size()))
			if err != nil || n != x.Size() || sizes[x.DType] > 0 && n != x.Elems()*sizes[x.DType] {
				t.Errorf("%s: %d bytes of %d: %v", x.Name, n, x.Size(), err)
			}
			left -= n
		}
		if left != 0 {
			t.Errorf("%d bytes belong to no tensor", left)
		}
	})
}
