package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestSplitName(t *testing.T) {
	for name, want := range map[string]int{
		"m-00001-of-00003.gguf": 3, "m-00003-of-00003.gguf": 3, "a-00002-of-00003.gguf-00001-of-00002.gguf": 2,
		"m.gguf": 0, "m-00004-of-00003.gguf": 0, "m-00000-of-00003.gguf": 0, "m-00001-of-00001.gguf": 0,
		"m-00001-of-99999.gguf": 0, "m-1-of-3.gguf": 0, "m-00001-of-00003.safetensors": 0,
	} {
		prefix, parts, ok := SplitName(name)
		if ok != (want > 0) || ok && (parts != want || !strings.HasPrefix(name, prefix)) {
			t.Errorf("%s: %q %d %v, want %d parts", name, prefix, parts, ok, want)
		}
	}
}

// parts writes a split checkpoint of three files, two tensors in all.
func parts(t *testing.T) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := range 3 {
		meta := []Pair{{"split.no", uint16(i)}, {"split.count", uint16(3)}, {"split.tensors.count", int32(2)}}
		var entries []Entry
		if i == 0 { // a first part without tensors is usual
			meta = append(meta, Pair{"general.architecture", "bitnet"})
		} else {
			entries = append(entries, filled(string(rune('a'+i)), F32, byte(i), 2))
		}
		fsys["dir/"+PartName("m", i+1, 3)] = &fstest.MapFile{Data: written(t, meta, entries...)}
	}
	return fsys
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, parts(t)); err != nil {
		t.Fatal(err)
	}
	fsys := os.DirFS(dir)
	for i := range 3 { // in capitals, as some file systems have them
		if err := os.Link(filepath.Join(dir, "dir", PartName("m", i+1, 3)), filepath.Join(dir, fmt.Sprintf("CAPITALS-%05d-OF-00003.GGUF", i+1))); err != nil {
			t.Fatal(err)
		}
	}
	if f, err := Open(fsys, "CAPITALS-00002-OF-00003.GGUF"); err != nil || len(f.Tensors) != 2 {
		t.Errorf("parts in capitals: %v", err)
	} else if err := f.Close(); err != nil {
		t.Error(err)
	}
	for i := range 3 { // any part means all
		f, err := Open(fsys, "dir/"+PartName("m", i+1, 3))
		if err != nil {
			t.Fatal(err)
		}
		arch, _ := f.Meta["general.architecture"].Text()
		if arch != "bitnet" || len(f.Keys) != 4 || len(f.Tensors) != 2 || f.Tensors[0].Name != "b" || f.Tensors[1].Name != "c" {
			t.Errorf("part %d: %q, %d keys, %d tensors", i+1, arch, len(f.Keys), len(f.Tensors))
		}
		var b [8]byte
		if n, err := f.Tensors[1].ReadAt(b[:], 0); n != 8 || b[0] != 2 {
			t.Errorf("%d bytes, %v, the first is %d", n, err, b[0])
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if n, err := f.Tensors[1].ReadAt(b[:], 0); err == nil {
			t.Errorf("%d bytes of a closed file", n)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	second := PartName("m", 2, 3)
	for name, c := range map[string]struct {
		change func(fstest.MapFS)
		pick   string
		kind   error
		says   string
	}{
		"a missing part": {func(m fstest.MapFS) { delete(m, "dir/"+second) }, PartName("m", 1, 3), fs.ErrNotExist, second},
		"a part renamed": {func(m fstest.MapFS) { m["dir/all.gguf"] = m["dir/"+second] }, "all.gguf", ErrFormat, "one of 3 parts"},
		"parts swapped": {func(m fstest.MapFS) {
			m["dir/"+second], m["dir/"+PartName("m", 3, 3)] = m["dir/"+PartName("m", 3, 3)], m["dir/"+second]
		}, second, ErrFormat, "part 3 of 3"},
		"another checkpoint's part": {func(m fstest.MapFS) { m["dir/"+second].Data = written(t, nil, filled("b", F32, 0, 2)) }, second, ErrFormat, second},
		"a tensor in two parts": {func(m fstest.MapFS) {
			m["dir/"+second].Data = written(t, []Pair{{"split.no", uint16(1)}, {"split.count", uint16(3)}}, filled("c", F32, 0, 2))
		}, second, ErrFormat, `"c"`},
		"a tensor too few": {func(m fstest.MapFS) {
			m["dir/"+second].Data = written(t, []Pair{{"split.no", uint16(1)}, {"split.count", uint16(3)}})
		}, second, ErrFormat, "1 tensors"},
		"a damaged part": {func(m fstest.MapFS) { m["dir/"+second].Data = []byte("GGUF") }, PartName("m", 1, 3), ErrFormat, second},
		"a folder":       {func(m fstest.MapFS) { m["dir/x.gguf/y"] = &fstest.MapFile{} }, "x.gguf", ErrFormat, "regular"},
		"nothing":        {func(m fstest.MapFS) {}, "none.gguf", fs.ErrNotExist, "none.gguf"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := parts(t)
			c.change(fsys)
			f, err := Open(fsys, "dir/"+c.pick)
			if f != nil || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %v that says %s", err, c.kind, c.says)
			}
		})
	}
}
