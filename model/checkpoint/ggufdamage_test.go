package checkpoint_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/model/fuzztest"
	"tern/model/gguf"
	"tern/model/modeltest"
)

// little is a model small enough to be damaged at every byte.
func little(family model.Arch) modeltest.Spec {
	s := modeltest.TinyGGUF(family)
	s.Layers, s.Dim, s.FFNDim, s.Heads, s.KVHeads, s.HeadDim, s.VocabSize = 1, 32, 32, 2, 1, 16, 10
	return s
}

// editEntry changes the data of one tensor.
func editEntry(name string, change func(raw []byte)) func([]gguf.Entry) []gguf.Entry {
	return func(list []gguf.Entry) []gguf.Entry {
		i := slices.IndexFunc(list, func(e gguf.Entry) bool { return e.Name == name })
		old := list[i].Data
		list[i].Data = func(w io.Writer) error {
			var b bytes.Buffer
			if err := old(&b); err != nil {
				return err
			}
			change(b.Bytes())
			_, err := w.Write(b.Bytes())
			return err
		}
		return list
	}
}

// drop removes a tensor.
func drop(name string) func([]gguf.Entry) []gguf.Entry {
	return func(list []gguf.Entry) []gguf.Entry {
		return slices.DeleteFunc(list, func(e gguf.Entry) bool { return e.Name == name })
	}
}

// extra adds a tensor of F32.
func extra(name string, values ...float32) func([]gguf.Entry) []gguf.Entry {
	return func(list []gguf.Entry) []gguf.Entry {
		return append(list, gguf.Entry{Name: name, Type: gguf.F32, Shape: []int{len(values)}, Data: func(w io.Writer) error {
			return binary.Write(w, binary.LittleEndian, values)
		}})
	}
}

func TestGGUFDamage(t *testing.T) {
	put16 := func(at int, v uint16) func([]byte) {
		return func(raw []byte) { binary.LittleEndian.PutUint16(raw[at:], v) }
	}
	const q = "blk.0.attn_q.weight"
	tail := func(v float32) func([]byte) {
		return func(raw []byte) { binary.LittleEndian.PutUint32(raw[len(raw)-32:], math.Float32bits(v)) }
	}
	nan := func(raw []byte) { binary.LittleEndian.PutUint32(raw[len(raw)-4:], 0x7fc00000) }
	for name, c := range map[string]struct {
		s    modeltest.Spec
		g    modeltest.GGUF
		kind error
		says string
	}{
		"a code 3":                 {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Edit: editEntry(q, func(raw []byte) { raw[70] |= 3 << 4 })}, model.ErrDamaged, "code 3"},
		"a code 3 in whole blocks": {modeltest.TinyGGUF(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Edit: editEntry(q, func(raw []byte) { raw[70] |= 3 << 4 })}, model.ErrDamaged, "row 1 has the code 3"},
		"a code 3 in TQ2_0":        {modeltest.TinyGGUF(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.TQ2, Edit: editEntry(q, func(raw []byte) { raw[70] |= 3 << 2 })}, model.ErrDamaged, "row 1 has the code 3"},
		"no multiplier":            {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Edit: editEntry(q, tail(0))}, model.ErrDamaged, "multiplier is 0"},
		"a negative multiplier":    {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Edit: editEntry(q, tail(-1))}, model.ErrDamaged, "multiplier is -1"},
		"an infinite multiplier":   {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Edit: editEntry(q, tail(float32(math.Inf(1))))}, model.ErrDamaged, "multiplier is +Inf"},
		"no scale":                 {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Scales: true, Edit: editEntry("blk.0.attn_q.scale", func(raw []byte) { clear(raw) })}, model.ErrDamaged, "positive scale"},
		"a product too large": {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Scales: true, Edit: func(list []gguf.Entry) []gguf.Entry {
			return editEntry("blk.0.attn_q.scale", func(raw []byte) { copy(raw, []byte{0, 0, 0, 0x7f}) })(editEntry(q, tail(1e30))(list))
		}}, model.ErrDamaged, "multiplier is +Inf"},
		"blocks differ":              {modeltest.TinyGGUF(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.TQ2, Edit: editEntry(q, put16(66+64, 0x3c00))}, model.ErrUnsupported, "not ternary"},
		"a negative block":           {modeltest.TinyGGUF(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.TQ1, Edit: editEntry(q, put16(52, 0xbc00))}, model.ErrDamaged, "multiplier is -1"},
		"an undefined block":         {modeltest.TinyGGUF(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.TQ1, Edit: editEntry(q, put16(52, 0x7e00))}, model.ErrDamaged, "NaN"},
		"an undefined weight":        {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.F32, Edit: editEntry(q, nan)}, model.ErrDamaged, "undefined"},
		"an undefined norm":          {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.F32, Edit: editEntry("output_norm.weight", nan)}, model.ErrDamaged, "output_norm"},
		"an undefined embedding":     {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.F32, Edit: editEntry("token_embd.weight", nan)}, model.ErrDamaged, "token_embd"},
		"no embedding":               {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Meta: []gguf.Pair{{Key: "bitnet.vocab_size", Value: uint32(10)}}, Edit: drop("token_embd.weight")}, model.ErrDamaged, "token_embd"},
		"no weight":                  {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Edit: drop("blk.0.ffn_up.weight")}, model.ErrDamaged, `"blk.0.ffn_up.weight" is missing`},
		"no norm":                    {little(checkpoint.Llama), modeltest.GGUF{Linear: gguf.I2S, Edit: drop("output_norm.weight")}, model.ErrDamaged, `"output_norm.weight" is missing`},
		"no sub-norms":               {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Edit: drop("blk.0.attn_sub_norm.weight")}, model.ErrUnsupported, "sub-norms"},
		"an expert":                  {little(checkpoint.Llama), modeltest.GGUF{Linear: gguf.I2S, Edit: extra("blk.0.ffn_gate_inp.weight", 1)}, model.ErrUnsupported, "ffn_gate_inp"},
		"a bias":                     {little(checkpoint.Llama), modeltest.GGUF{Linear: gguf.I2S, Edit: extra("blk.0.attn_q.bias", 1)}, model.ErrUnsupported, "attn_q.bias"},
		"rope factors of wrong size": {little(checkpoint.Llama), modeltest.GGUF{Linear: gguf.I2S, Edit: extra("rope_freqs.weight", 1, 1)}, model.ErrDamaged, "rope_freqs.weight"},
		"a rope factor of 0":         {little(checkpoint.Llama), modeltest.GGUF{Linear: gguf.I2S, Edit: extra("rope_freqs.weight", make([]float32, 8)...)}, model.ErrDamaged, "rope_freqs.weight"},
		"another shape":              {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Meta: []gguf.Pair{{Key: "bitnet.feed_forward_length", Value: uint32(128)}}}, model.ErrDamaged, "implies [128 32]"},
		"a vocabulary too large":     {little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Meta: []gguf.Pair{{Key: "bitnet.vocab_size", Value: uint32(11)}}}, model.ErrDamaged, "implies [11 32]"},
	} {
		t.Run(name, func(t *testing.T) {
			raw := modeltest.Bytes(t, c.s, c.g)
			var m *model.Model
			var err error
			fuzztest.Bounded(t, len(raw), func() { m, err = modeltest.OpenBytes(raw) })
			if m != nil || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || !sentence(err, "m.gguf") {
				t.Errorf("error %v, want %v that says %q", err, c.kind, c.says)
			}
		})
	}
}

// TestGGUFZeros: blocks and matrices of nothing but zeros have no scale.
func TestGGUFZeros(t *testing.T) {
	for _, kind := range []gguf.Type{gguf.TQ1, gguf.TQ2, gguf.F32, gguf.F16, gguf.BF16} {
		g := modeltest.GGUF{Linear: kind, Edit: editEntry("blk.0.attn_q.weight", func(raw []byte) { clear(raw) })}
		m, err := modeltest.OpenBytes(modeltest.Bytes(t, modeltest.TinyGGUF(checkpoint.BitNet), g))
		if err != nil {
			t.Fatalf("%v: %v", kind, err)
		}
		q := &m.Weights.Layers[0].Q
		if _, zero, _ := q.Counts(); zero != q.Rows*q.Cols || !(q.Scale > 0) {
			t.Errorf("%v: %d zeros, scale %g", kind, zero, q.Scale)
		}
	}
	// Whatever the codes of a block are, its scale 0 makes them 0.
	g := modeltest.GGUF{Linear: gguf.TQ2, Edit: editEntry("blk.0.attn_q.weight", func(raw []byte) { clear(raw[66+64 : 66+66]) })}
	m, err := modeltest.OpenBytes(modeltest.Bytes(t, modeltest.TinyGGUF(checkpoint.BitNet), g))
	if err != nil {
		t.Fatal(err)
	}
	row := make([]int8, 256)
	q := &m.Weights.Layers[0].Q
	if q.UnpackRow(1, row); slices.ContainsFunc(row, func(v int8) bool { return v != 0 }) {
		t.Error("a block with the scale 0 holds other weights")
	}
	if q.UnpackRow(2, row); !slices.Contains(row, 1) || !slices.Contains(row, -1) {
		t.Error("the block behind it holds none")
	}
}

// TestGGUFTypes refuses what cannot be a ternary weight, by name and with
// advice, and what cannot be an embedding.
func TestGGUFTypes(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.BitNet)
	// F32 leaves room enough for all of them.
	floats, ternary := modeltest.Bytes(t, s, modeltest.GGUF{Linear: gguf.F32}), modeltest.Bytes(t, s, modeltest.GGUF{Linear: gguf.I2S})
	for id, says := range map[uint32]string{
		2: "Q4_0, no ternary type", 8: "Q8_0, no ternary type", 12: "Q4_K, no ternary type", 29: "IQ1_M, no ternary type", 37: "I8_S, no ternary type",
		38: "TL1, whose layout depends on a kernel configuration", 42: "TL2, whose layout depends",
		39: "TL2, whose layout", 40: "NVFP4, no ternary type", 134: "IQ1_BN, a layout of ik_llama.cpp",
		135: "IQ2_BN, a layout", 335: "IQ2_BN_R4, a layout", 1234: "type 1234, no ternary type",
	} {
		_, err := modeltest.OpenBytes(retype(t, floats, "blk.1.ffn_down.weight", id))
		if !errors.Is(err, model.ErrUnsupported) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "use the I2_S") {
			t.Errorf("type %d: %v, want %q", id, err, says)
		}
	}
	for _, id := range []uint32{3, 6, 10, 20, 38} {
		_, err := modeltest.OpenBytes(retype(t, ternary, "token_embd.weight", id))
		if !errors.Is(err, model.ErrUnsupported) || !strings.Contains(err.Error(), "Q4_K, Q6_K, TQ1_0, TQ2_0, Q2_0, PQ2_0, PTQ1_0 and Q1_0 work") {
			t.Errorf("embedding of type %d: %v", id, err)
		}
	}
	for _, id := range []uint32{8, 35} {
		if _, err := modeltest.OpenBytes(retype(t, ternary, "output_norm.weight", id)); !errors.Is(err, model.ErrUnsupported) {
			t.Errorf("norm of type %d: %v", id, err)
		}
	}
}

// retype changes the type of a tensor in the list of a file.
func retype(t *testing.T, raw []byte, name string, id uint32) []byte {
	t.Helper()
	at := bytes.Index(raw, []byte(name))
	if at < 0 {
		t.Fatalf("no tensor %s", name)
	}
	at += len(name)
	at += 4 + 8*int(binary.LittleEndian.Uint32(raw[at:]))
	raw = bytes.Clone(raw)
	binary.LittleEndian.PutUint32(raw[at:], id)
	return raw
}

// TestGGUFTruncated cuts a checkpoint at every byte of its header and at some
// of its data.
func TestGGUFTruncated(t *testing.T) {
	raw := modeltest.Bytes(t, little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S})
	if _, err := modeltest.OpenBytes(raw); err != nil {
		t.Fatal(err)
	}
	for n := 4; n < len(raw)-64; n += 1 + n/1024*16 {
		if m, err := modeltest.OpenBytes(raw[:n]); m != nil || !errors.Is(err, model.ErrDamaged) || !sentence(err, "m.gguf") {
			t.Fatalf("the first %d of %d bytes: %v", n, len(raw), err)
		}
	}
	if _, err := modeltest.OpenBytes(raw[:3]); err == nil {
		t.Error("three bytes are a checkpoint")
	}
}

// inMemory are little models whose matrices a file can hold as they are in memory.
func inMemory(f *testing.F) []*model.Model {
	s := little(checkpoint.Llama)
	s.Dim, s.FFNDim = 128, 128
	one, err := modeltest.OpenBytes(modeltest.Bytes(f, s, modeltest.GGUF{Linear: gguf.I2S}))
	if err != nil {
		f.Fatal(err)
	}
	c, _ := checkpoint.Shape("bonsai-1.7b")
	c.Layers, c.Dim, c.FFNDim, c.Heads, c.KVHeads, c.HeadDim, c.VocabSize = 1, 128, 128, 2, 1, 64, 10
	groups, err := checkpoint.SyntheticConfig("little", c, model.F16, 1)
	if err != nil {
		f.Fatal(err)
	}
	return []*model.Model{one, groups}
}

// FuzzOpenGGUF opens damaged checkpoints: no panic, and no model that breaks
// its own promises.
func FuzzOpenGGUF(f *testing.F) {
	for _, family := range []model.Arch{checkpoint.BitNet, checkpoint.Llama} {
		for _, g := range []modeltest.GGUF{{Linear: gguf.I2S}, {Linear: gguf.F16, Scales: true}, {Linear: gguf.BF16, Meta: vocabMeta}} {
			f.Add(modeltest.Bytes(f, little(family), g))
		}
	}
	for _, m := range inMemory(f) {
		path := filepath.Join(f.TempDir(), "own.gguf")
		if err := export.GGUF(f.Context(), m, path, export.GGUFOptions{Type: export.TypeOwn}); err != nil {
			f.Fatal(err)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var m *model.Model
		var err error
		fuzztest.Bounded(t, len(raw), func() { m, err = modeltest.OpenBytes(raw) })
		if err != nil {
			for _, kind := range []error{model.ErrDamaged, model.ErrUnsupported, model.ErrNotFound} {
				if errors.Is(err, kind) {
					return
				}
			}
			t.Fatalf("error %v is of no kind", err)
		}
		if err := m.Validate(); err != nil {
			t.Error(err)
		}
		row := make([]float32, m.Dim)
		m.Embed.RowTo(row, m.VocabSize-1)
		m.Head.RowTo(row, m.VocabSize-1)
		m.Weights.Layers[m.Config.Layers-1].Down.Counts()
	})
}
