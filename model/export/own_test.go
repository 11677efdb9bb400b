package export_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/model/gguf"
	"tern/model/modeltest"
)

// ownModels are small models whose matrices can be stored as they are in memory: with one
// multiplier, and with a scale per group and rows that pad the last band.
func ownModels(t *testing.T) map[string]*model.Model {
	t.Helper()
	c, _ := checkpoint.Shape("bonsai-1.7b")
	c.Layers, c.Dim, c.FFNDim, c.Heads, c.KVHeads, c.VocabSize = 1, 256, 384, 2, 1, 100
	groups, err := checkpoint.SyntheticConfig("small", c, model.F16, 1)
	if err != nil {
		t.Fatal(err)
	}
	spec := modeltest.TinyGGUF(checkpoint.Llama)
	spec.Dim, spec.FFNDim = 256, 384
	return map[string]*model.Model{"TERN_G128": groups, "TERN_M": modeltest.Open(t, modeltest.Folder(t, spec))}
}

// refusal is how a file is changed, and what is then said.
type refusal struct {
	change func(raw []byte) []byte
	is     error
	says   string
}

func hash(t *testing.T, m *model.Model) string {
	t.Helper()
	h, err := m.Hash(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestOwn: a copy in types of Tern's own has the same values, also where the rows that pad
// were changed, and what was damaged in it is said.
func TestOwn(t *testing.T) {
	for kind, m := range ownModels(t) {
		got, path := written(t, m, export.GGUFOptions{Type: export.TypeOwn})
		if hash(t, got) != hash(t, m) {
			t.Errorf("%s: other values", kind)
		}
		for _, info := range got.Tensors {
			if info.Linear != nil && info.Type != kind {
				t.Errorf("%s is %s, want %s", info.Name, info.Type, kind)
			}
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := gguf.Read(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			t.Fatal(err)
		}
		tensors := map[string][2]int64{} // where they begin and end
		for _, x := range file.Tensors {
			_, off, n := x.Outer()
			tensors[x.Name] = [2]int64{off, off + n}
		}
		open := func(change func(raw []byte) []byte) (*model.Model, error) {
			file := filepath.Join(t.TempDir(), "changed.gguf")
			if err := os.WriteFile(file, change(bytes.Clone(raw)), 0o666); err != nil {
				t.Fatal(err)
			}
			return checkpoint.Open(t.Context(), file, nil)
		}
		q, embed := tensors["blk.0.attn_q.weight"], tensors["token_embd.weight"]
		layout := func(raw []byte) []byte { return raw[bytes.Index(raw, []byte("tern.memory_layout"))+18+4:] }
		refused := map[string]refusal{
			"another layout": {func(raw []byte) []byte { binary.LittleEndian.PutUint32(layout(raw), 2); return raw }, model.ErrUnsupported, "make the copy again"},
			"a cut file":     {func(raw []byte) []byte { return raw[:len(raw)-5000] }, model.ErrDamaged, "not a valid GGUF file"},
		}
		if kind == "TERN_M" {
			refused["a code 3"] = refusal{func(raw []byte) []byte { raw[q[1]-1] |= 3; return raw }, model.ErrDamaged, "code 3"}
		} else {
			refused["an infinite scale"] = refusal{func(raw []byte) []byte { binary.LittleEndian.PutUint16(raw[q[1]-2:], 0x7c00); return raw }, model.ErrDamaged, "infinite"}

			padded, err := open(func(raw []byte) []byte { // the last rows of the last group are none
				raw[embed[1]-1] = 1
				raw[embed[0]+4*256/4*32-1] = 0
				return raw
			})
			if err != nil || hash(t, padded) != hash(t, m) || padded.Embed.Grouped.Counts() != m.Embed.Grouped.Counts() {
				t.Errorf("rows that pad were changed: %v, or other values", err)
			}
		}
		for name, c := range refused {
			if _, err := open(c.change); !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
		}
	}
}
