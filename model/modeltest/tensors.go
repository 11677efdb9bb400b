package modeltest

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/x448/float16"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/safetensors"
)

// entries lists every tensor of the checkpoint.
func (s Spec) entries() []safetensors.Entry {
	attn, kv := s.Heads*s.HeadDim, s.KVHeads*s.HeadDim
	attnSub, ffnSub := "inner_attn_ln", "ffn_layernorm"
	if s.Arch == checkpoint.BitNet2B4T {
		attnSub, ffnSub = "attn_sub_norm", "ffn_sub_norm"
	}
	list := []safetensors.Entry{s.floats("model.embed_tokens.weight", 0, 1, s.VocabSize, s.Dim)}
	for i := range s.Layers {
		layer := fmt.Sprintf("model.layers.%d.", i)
		norm := func(name string, n int) {
			list = append(list, s.floats(layer+name+".weight", 1, 0.3, n))
		}
		linear := func(name string, rows, cols int) {
			list = append(list, s.linear(layer+name, rows, cols)...)
		}
		norm("input_layernorm", s.Dim)
		linear("self_attn.q_proj", attn, s.Dim)
		linear("self_attn.k_proj", kv, s.Dim)
		linear("self_attn.v_proj", kv, s.Dim)
		linear("self_attn.o_proj", s.Dim, attn)
		norm("post_attention_layernorm", s.Dim)
		linear("mlp.gate_proj", s.FFNDim, s.Dim)
		linear("mlp.up_proj", s.FFNDim, s.Dim)
		linear("mlp.down_proj", s.Dim, s.FFNDim)
		if s.SubNorm {
			norm("self_attn."+attnSub, attn)
			norm("mlp."+ffnSub, s.FFNDim)
		}
		if s.InvFreq {
			list = append(list, s.floats(layer+"self_attn.rotary_emb.inv_freq", 0, 1, s.HeadDim/2))
		}
	}
	list = append(list, s.floats("model.norm.weight", 1, 0.3, s.Dim))
	if !s.TiedEmbedding {
		list = append(list, s.floats("lm_head.weight", 0, 0.2, s.VocabSize, s.Dim))
	}
	return list
}

// linear is one projection: its weight, and what belongs to it.
func (s Spec) linear(module string, rows, cols int) []safetensors.Entry {
	name := module + ".weight"
	spread := float32(2 / math.Sqrt(float64(cols)))
	for _, part := range s.Exclude {
		if strings.Contains(module, part) {
			return []safetensors.Entry{s.floats(name, 0, spread, rows, cols)}
		}
	}
	var list []safetensors.Entry
	if s.LinearNorm {
		list = append(list, s.floats(module+".rms_norm.weight", 1, 0.3, cols))
	}
	if s.Storage == Latent {
		return append(list, s.floats(name, 0, spread, rows, cols))
	}
	scale := spread / 2
	if s.Divide {
		scale = 1 / scale
	}
	list = append(list, s.floats(module+".weight_scale", scale, scale/4, 1))
	if s.Storage == Signs {
		return append(list, s.entry(name, s.DType, func(rng *rand.Rand) float32 { return float32(rng.IntN(3) - 1) }, rows, cols))
	}
	return append(list, s.packed(name, rows, cols))
}

// floats is a tensor of numbers uniform in mean ± spread.
func (s Spec) floats(name string, mean, spread float32, shape ...int) safetensors.Entry {
	return s.entry(name, s.DType, func(rng *rand.Rand) float32 {
		return mean + spread*float32(int32(rng.Uint32()))*0x1p-31
	}, shape...)
}

// entry is a tensor whose numbers come from next, with randomness of its own.
func (s Spec) entry(name string, t model.DType, next func(*rand.Rand) float32, shape ...int) safetensors.Entry {
	return safetensors.Entry{Name: name, DType: t.String(), Shape: shape, Data: func(w io.Writer) error {
		rng := s.rng(name)
		left := 1
		for _, d := range shape {
			left *= d
		}
		var buf []byte
		for ; left > 0; left -= len(buf) / t.Size() {
			buf = buf[:0]
			for range min(left, 1<<16) {
				buf = appendFloat(buf, t, next(rng))
			}
			if _, err := w.Write(buf); err != nil {
				return err
			}
		}
		return nil
	}}
}

// packed is a U8 tensor in which bits 2i of row r hold row i·R + r of the
// weights, R = ceil(rows/4); rows past the end are the code 0.
func (s Spec) packed(name string, rows, cols int) safetensors.Entry {
	packedRows := (rows + 3) / 4
	return safetensors.Entry{Name: name, DType: "U8", Shape: []int{packedRows, cols}, Data: func(w io.Writer) error {
		rng := s.rng(name)
		buf := make([]byte, packedRows*cols)
		for r := range rows {
			for c := range cols {
				buf[r%packedRows*cols+c] |= byte(rng.IntN(3)) << (2 * (r / packedRows))
			}
		}
		_, err := w.Write(buf)
		return err
	}}
}

// rng depends on the tensor's name alone, not on the order of writing.
func (s Spec) rng(name string) *rand.Rand {
	h := fnv.New64a()
	io.WriteString(h, name)
	return rand.New(rand.NewPCG(s.Seed, h.Sum64()))
}

func appendFloat(b []byte, t model.DType, v float32) []byte {
	switch t {
	case model.F32:
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	case model.F16:
		return binary.LittleEndian.AppendUint16(b, float16.Fromfloat32(v).Bits())
	}
	return binary.LittleEndian.AppendUint16(b, uint16(math.Float32bits(v)>>16)) // cut, not rounded: any number will do
}
