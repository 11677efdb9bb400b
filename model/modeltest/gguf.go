package modeltest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/x448/float16"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
)

// GGUF says how WriteGGUF stores a Spec. Of the Spec, Storage, Divide,
// LinearNorm, Exclude and InvFreq are not used; DType is that of embedding and
// head, norms are F32.
type GGUF struct {
	Arch   string               // "" for the family's usual one
	Linear gguf.Type            // I2S, TQ1, TQ2, F32, F16 or BF16
	Layout checkpoint.I2SLayout // of I2S
	Scales bool                 // the multipliers are tensors of their own, the weights are -1, 0, 1
	Latent bool                 // the float weights are those of the Latent form, not yet ternary
	Meta   []gguf.Pair          // added to the metadata; replaces a pair of the same key

	// Edit, if not nil, changes the list of tensors.
	Edit func([]gguf.Entry) []gguf.Entry
}

// TinyGGUF is a model of two layers whose widths are whole blocks of every
// GGUF type, but not of one block throughout.
func TinyGGUF(family model.Arch) Spec {
	s := Tiny(family, Packed)
	s.DType = model.F32
	s.Dim, s.FFNDim, s.Heads, s.KVHeads, s.HeadDim = 256, 512, 4, 2, 64
	return s
}

// WriteGGUF writes the checkpoint as one GGUF file. Its weights and multipliers
// are those that Write gives the Packed form, so that the two can be compared;
// for Llama the rows of q and k are permuted.
func (s Spec) WriteGGUF(name string, g GGUF) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("modeltest: %w", err)
	}
	err = s.writeGGUF(f, g)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("modeltest: %w", err)
	}
	return nil
}

func (s Spec) writeGGUF(w io.Writer, g GGUF) error {
	entries := s.ggufEntries(g)
	if g.Edit != nil {
		entries = g.Edit(entries)
	}
	return gguf.Write(w, s.meta(g), entries)
}

// BytesGGUF is what WriteGGUF writes.
func (s Spec) BytesGGUF(g GGUF) ([]byte, error) {
	var b bytes.Buffer
	if err := s.writeGGUF(&b, g); err != nil {
		return nil, fmt.Errorf("modeltest: %w", err)
	}
	return b.Bytes(), nil
}

// WriteSplitGGUF writes the checkpoint as parts files named as llama.cpp does,
// the metadata in the first.
func (s Spec) WriteSplitGGUF(dir, prefix string, parts int, g GGUF) error {
	entries := s.ggufEntries(g)
	for i := range parts {
		meta := []gguf.Pair{
			{Key: "split.no", Value: uint16(i)},
			{Key: "split.count", Value: uint16(parts)},
			{Key: "split.tensors.count", Value: int32(len(entries))},
		}
		if i == 0 {
			meta = append(meta, s.meta(g)...)
		}
		var b bytes.Buffer
		if err := gguf.Write(&b, meta, entries[i*len(entries)/parts:(i+1)*len(entries)/parts]); err != nil {
			return fmt.Errorf("modeltest: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, gguf.PartName(prefix, i+1, parts)), b.Bytes(), 0o644); err != nil {
			return fmt.Errorf("modeltest: %w", err)
		}
	}
	return nil
}

// meta is the metadata, in which integers have the types that converters use.
func (s Spec) meta(g GGUF) []gguf.Pair {
	arch := g.Arch
	if arch == "" {
		arch = map[model.Arch]string{checkpoint.BitNet: "bitnet", checkpoint.BitNet2B4T: "bitnet-b1.58", checkpoint.Llama: "llama"}[s.Arch]
	}
	list := []gguf.Pair{
		{Key: "general.architecture", Value: arch},
		{Key: arch + ".block_count", Value: uint32(s.Layers)},
		{Key: arch + ".context_length", Value: uint32(s.ContextLen)},
		{Key: arch + ".embedding_length", Value: uint32(s.Dim)},
		{Key: arch + ".feed_forward_length", Value: uint32(s.FFNDim)},
		{Key: arch + ".attention.head_count", Value: uint32(s.Heads)},
		{Key: arch + ".attention.head_count_kv", Value: uint32(s.KVHeads)},
		{Key: arch + ".attention.key_length", Value: uint32(s.HeadDim)},
		{Key: arch + ".attention.value_length", Value: uint32(s.HeadDim)},
		{Key: arch + ".rope.dimension_count", Value: uint32(s.HeadDim)},
		{Key: arch + ".rope.freq_base", Value: float32(s.RopeTheta)},
		{Key: arch + ".attention.layer_norm_rms_epsilon", Value: s.NormEps},
	}
next:
	for _, p := range g.Meta {
		for i := range list {
			if list[i].Key == p.Key {
				list[i] = p
				continue next
			}
		}
		list = append(list, p)
	}
	return list
}

// ggufEntries lists the tensors.
func (s Spec) ggufEntries(g GGUF) []gguf.Entry {
	attn, kv := s.Heads*s.HeadDim, s.KVHeads*s.HeadDim
	var list []gguf.Entry
	floats := func(name, hf string, t model.DType, mean, spread float32, shape ...int) {
		same := s
		same.DType = t
		e := same.floats(hf+".weight", mean, spread, shape...)
		list = append(list, gguf.Entry{Name: name + ".weight", Type: floatTypes[t], Shape: shape, Data: e.Data})
	}
	linear := func(name, hf string, rows, cols, heads int) {
		list = append(list, s.ggufLinear(g, name, hf, rows, cols, heads)...)
	}
	attnSub, ffnSub := "self_attn.inner_attn_ln", "mlp.ffn_layernorm"
	if s.Arch == checkpoint.BitNet2B4T {
		attnSub, ffnSub = "self_attn.attn_sub_norm", "mlp.ffn_sub_norm"
	}
	qHeads, kHeads := 0, 0 // to be permuted
	if s.Arch == checkpoint.Llama {
		qHeads, kHeads = s.Heads, s.KVHeads
	}
	floats("token_embd", "model.embed_tokens", s.DType, 0, 1, s.VocabSize, s.Dim)
	for i := range s.Layers {
		blk, hf := fmt.Sprintf("blk.%d.", i), fmt.Sprintf("model.layers.%d.", i)
		norm := func(name, module string, n int) { floats(blk+name, hf+module, model.F32, 1, 0.3, n) }
		norm("attn_norm", "input_layernorm", s.Dim)
		linear(blk+"attn_q", hf+"self_attn.q_proj", attn, s.Dim, qHeads)
		linear(blk+"attn_k", hf+"self_attn.k_proj", kv, s.Dim, kHeads)
		linear(blk+"attn_v", hf+"self_attn.v_proj", kv, s.Dim, 0)
		linear(blk+"attn_output", hf+"self_attn.o_proj", s.Dim, attn, 0)
		norm("ffn_norm", "post_attention_layernorm", s.Dim)
		linear(blk+"ffn_gate", hf+"mlp.gate_proj", s.FFNDim, s.Dim, 0)
		linear(blk+"ffn_up", hf+"mlp.up_proj", s.FFNDim, s.Dim, 0)
		linear(blk+"ffn_down", hf+"mlp.down_proj", s.Dim, s.FFNDim, 0)
		if s.SubNorm {
			norm("attn_sub_norm", attnSub, attn)
			norm("ffn_sub_norm", ffnSub, s.FFNDim)
		}
	}
	floats("output_norm", "model.norm", model.F32, 1, 0.3, s.Dim)
	if !s.TiedEmbedding {
		floats("output", "lm_head", s.DType, 0, 0.2, s.VocabSize, s.Dim)
	}
	return list
}

var floatTypes = map[model.DType]gguf.Type{model.F32: gguf.F32, model.F16: gguf.F16, model.BF16: gguf.BF16}

// ggufLinear is one projection: its weight, and its multiplier if that is a
// tensor. heads is not 0 where rows are permuted.
func (s Spec) ggufLinear(g GGUF, name, hf string, rows, cols, heads int) []gguf.Entry {
	spread := float32(2 / math.Sqrt(float64(cols)))
	m := spread/2 + spread/8*float32(int32(s.rng(hf+".weight_scale").Uint32()))*0x1p-31
	if g.Latent {
		return []gguf.Entry{{Name: name + ".weight", Type: floatTypes[s.DType], Shape: []int{rows, cols},
			Data: s.floats(hf+".weight", 0, spread, rows, cols).Data}}
	}
	var list []gguf.Entry
	if g.Scales {
		scale := m
		list = append(list, gguf.Entry{Name: name + ".scale", Type: gguf.F32, Shape: []int{1}, Data: func(w io.Writer) error {
			return binary.Write(w, binary.LittleEndian, scale)
		}})
		m = 1
	}
	return append(list, gguf.Entry{Name: name + ".weight", Type: g.Linear, Shape: []int{rows, cols}, Data: func(w io.Writer) error {
		rng := s.rng(hf + ".weight")
		codes := make([]byte, rows*cols) // weight plus one
		for i := range codes {
			codes[i] = byte(rng.IntN(3))
		}
		if heads > 0 {
			codes = permute(codes, rows, cols, heads)
		}
		_, err := w.Write(encode(g, codes, cols, m))
		return err
	}})
}

// permute reorders the rows of q or k as convert_hf_to_gguf.py of llama.cpp
// does: the halves of each head, which rotate together, become neighbours.
func permute(codes []byte, rows, cols, heads int) []byte {
	out := make([]byte, 0, len(codes))
	d := rows / heads
	for r := range rows {
		head, j := r/d, r%d
		from := head*d + j%2*(d/2) + j/2
		out = append(out, codes[from*cols:][:cols]...)
	}
	return out
}

// encode stores codes as a GGUF type with the multiplier m.
func encode(g GGUF, codes []byte, cols int, m float32) []byte {
	switch g.Linear {
	case gguf.I2S:
		out := make([]byte, len(codes)/4+32)
		for i, c := range codes {
			at, slot := i2sPlace(g.Layout, i, cols)
			out[at] |= c << (6 - 2*slot)
		}
		binary.LittleEndian.PutUint32(out[len(codes)/4:], math.Float32bits(m))
		return out
	case gguf.TQ1, gguf.TQ2:
		var out []byte
		for ; len(codes) > 0; codes = codes[256:] {
			if g.Linear == gguf.TQ1 {
				out = appendTQ1(out, codes[:256])
			} else {
				out = appendTQ2(out, codes[:256])
			}
			out = binary.LittleEndian.AppendUint16(out, float16.Fromfloat32(m).Bits())
		}
		return out
	}
	t := map[gguf.Type]model.DType{gguf.F32: model.F32, gguf.F16: model.F16, gguf.BF16: model.BF16}[g.Linear]
	var out []byte
	for _, c := range codes {
		out = appendFloat(out, t, m*float32(int(c)-1))
	}
	return out
}

// i2sPlace is the byte that holds weight i of a matrix, and its pair of bits
// counted from the highest.
func i2sPlace(y checkpoint.I2SLayout, i, cols int) (at, slot int) {
	group := 128
	switch y {
	case checkpoint.I2SRows:
		r, c := i/cols, i%cols
		return r/4*cols + c, r % 4
	case checkpoint.I2SARM:
		group = 64
	}
	return i/group*(group/4) + i%(group/4), i % group / (group / 4)
}

func appendTQ2(out, codes []byte) []byte {
	for half := range 2 {
		for m := range 32 {
			var b byte
			for l := range 4 {
				b |= codes[half*128+l*32+m] << (2 * l)
			}
			out = append(out, b)
		}
	}
	return out
}

// appendTQ1 packs digits of base 3, the first the most significant, as the
// fraction that lies just above their value over 243.
func appendTQ1(out, codes []byte) []byte {
	digits := func(first, count, step int) byte {
		v := 0
		for n := range 5 {
			v *= 3
			if n < count {
				v += int(codes[first+n*step])
			}
		}
		return byte((v*256 + 242) / 243)
	}
	for m := range 32 {
		out = append(out, digits(m, 5, 32))
	}
	for m := range 16 {
		out = append(out, digits(160+m, 5, 16))
	}
	for m := range 4 {
		out = append(out, digits(240+m, 4, 4))
	}
	return out
}
