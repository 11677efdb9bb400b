// Package modeltest writes small valid checkpoints with random weights, in
// every family and form that package model reads, and one of full size. It
// builds files from the formats' description and not with package model's own
// writer, so that a mistake cannot cancel itself.
package modeltest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/safetensors"
)

// Storage is how the linears of a checkpoint are stored.
type Storage uint8

// The forms of linears.
const (
	Latent Storage = iota // float training weights
	Packed                // U8, four rows a byte, and a weight_scale
	Signs                 // floats -1, 0, 1 and a weight_scale
)

// Spec says what to write. Config.StopIDs are not used: eos_token_id is 2.
type Spec struct {
	model.Config
	Storage    Storage
	DType      model.DType // of everything but packed weights
	Divide     bool        // weight_scale divides: no linear_class in config.json
	LinearNorm bool        // every quantised linear owns a norm of its input
	Exclude    []string    // modules_to_not_convert
	InvFreq    bool        // with the rotary buffers that old files hold
	Shards     int         // 0 or 1: one file
	Seed       uint64
}

// Tiny is a model of two layers in which every dimension is awkward: fewer
// key/value heads than heads, widths that are not multiple of 8, rows that are
// no multiple of 4. Llama has heads larger than Dim/Heads and its own head.
func Tiny(family model.Arch, storage Storage) Spec {
	base := &checkpoint.Find(family).Base
	s := Spec{
		Config: model.Config{
			Arch: family, Family: base.Family, OnlyChats: base.OnlyChats, Layers: 2, Dim: 60, FFNDim: 154, Heads: 6, KVHeads: 2, HeadDim: 10,
			VocabSize: 320, ContextLen: 256, NormEps: 1e-5, RopeTheta: 10000,
			Activation: model.SiLU, SubNorm: true, TiedEmbedding: true, BOS: 1,
		},
		Storage: storage, DType: model.F32, Seed: 1,
	}
	switch family {
	case checkpoint.BitNet2B4T:
		s.Activation, s.RopeTheta, s.DType = model.ReLU2, 500000, model.BF16
	case checkpoint.Llama:
		s.SubNorm, s.TiedEmbedding, s.HeadDim, s.DType = false, false, 14, model.BF16
	}
	return s
}

// Large is the full shape of bitnet_b1_58-large as published: 2.9 GB of F32
// latent weights and the rotary buffers.
func Large() Spec {
	s := Tiny(checkpoint.BitNet, Latent)
	s.Layers, s.Dim, s.FFNDim, s.Heads, s.KVHeads, s.HeadDim = 24, 1536, 4096, 16, 16, 96
	s.VocabSize, s.ContextLen, s.InvFreq = 32002, 2048, true
	return s
}

// Write writes the checkpoint into the folder dir, which must exist.
func (s Spec) Write(dir string) error {
	config, err := json.MarshalIndent(s.config(), "", " ")
	if err != nil {
		return fmt.Errorf("modeltest: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
		return fmt.Errorf("modeltest: %w", err)
	}
	entries := s.entries()
	if s.Shards <= 1 {
		return writeFile(filepath.Join(dir, "model.safetensors"), entries)
	}
	index := map[string]string{}
	for i := range s.Shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, s.Shards)
		part := entries[i*len(entries)/s.Shards : (i+1)*len(entries)/s.Shards]
		for _, e := range part {
			index[e.Name] = name
		}
		if err := writeFile(filepath.Join(dir, name), part); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(map[string]any{"metadata": map[string]any{}, "weight_map": index})
	if err != nil {
		return fmt.Errorf("modeltest: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), raw, 0o644); err != nil {
		return fmt.Errorf("modeltest: %w", err)
	}
	return nil
}

func writeFile(name string, entries []safetensors.Entry) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("modeltest: %w", err)
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("modeltest: %w", e)
		}
	}()
	return safetensors.Write(f, entries)
}

// config is the checkpoint's config.json.
func (s Spec) config() map[string]any {
	class := map[model.Arch][2]string{
		checkpoint.BitNet:     {"BitnetForCausalLM", "llama"},
		checkpoint.BitNet2B4T: {"BitNetForCausalLM", "bitnet"},
		checkpoint.Llama:      {"LlamaForCausalLM", "llama"},
	}[s.Arch]
	c := map[string]any{
		"architectures":           []string{class[0]},
		"model_type":              class[1],
		"hidden_size":             s.Dim,
		"intermediate_size":       s.FFNDim,
		"num_hidden_layers":       s.Layers,
		"num_attention_heads":     s.Heads,
		"num_key_value_heads":     s.KVHeads,
		"head_dim":                s.HeadDim,
		"vocab_size":              s.VocabSize,
		"max_position_embeddings": s.ContextLen,
		"rms_norm_eps":            s.NormEps,
		"rope_theta":              s.RopeTheta,
		"rope_scaling":            nil,
		"hidden_act":              map[model.Activation]string{model.SiLU: "silu", model.ReLU2: "relu2"}[s.Activation],
		"tie_word_embeddings":     s.TiedEmbedding,
		"bos_token_id":            s.BOS,
		"eos_token_id":            2,
	}
	if s.Storage != Latent || s.Arch == checkpoint.Llama {
		q := map[string]any{"quant_method": "bitnet", "modules_to_not_convert": s.Exclude}
		if !s.Divide {
			q["linear_class"] = "autobitlinear"
		}
		if s.Storage == Latent {
			q["quantization_mode"] = "online"
		}
		if s.LinearNorm {
			q["use_rms_norm"] = true
		}
		c["quantization_config"] = q
	}
	return c
}
