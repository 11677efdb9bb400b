package model

import (
	"fmt"
	"slices"
)

// Arch is the key of an architecture: what Config.Arch holds.
type Arch string

// The architectures that Tern runs, each described in its arch_*.go file.
const (
	ArchBitNet Arch = "bitnet"
	Arch2B4T   Arch = "bitnet-2b4t"
	ArchLlama  Arch = "llama"
)

// archs is the only list of architectures. A new one is a file arch_NAME.go and
// a line here; a block with a step of its own also needs that step in the
// forward pass of package inference.
var archs = []*arch{&bitnet, &bitnet2B4T, &llama}

// arch is everything Tern knows of one architecture.
type arch struct {
	key    Arch
	family string // the name people read

	// base holds the capabilities of the block, and the defaults that the
	// configuration class of Hugging Face assumes for keys that a file omits.
	base Config

	// Of config.json and safetensors.
	class      string // architectures[0]
	modelType  string // model_type, as it is written
	typeAlone  bool   // model_type tells the architecture where no class does
	names      names
	float      floatForm // what a float weight without a weight_scale is
	readConfig func(h *hfConfig, c *Config) error

	// Of GGUF, whose tensors have the same names in every architecture.
	gguf ggufArch

	// onlyChats says that there is no base model, so every checkpoint chats.
	onlyChats bool
}

// ggufArch is how GGUF files store an architecture.
type ggufArch struct {
	keys       []string // values of general.architecture; the first is written
	portable   string   // the value that current llama.cpp reads, where it is not the first
	adjacent   bool     // converters permute the rows of q and k, so that neighbours rotate together
	activation bool     // the file names the activation (hidden_activation)
	latent     bool     // a float projection may hold training weights

	// settle, where it is set, corrects the architecture once the metadata are
	// read: some values of general.architecture stand for several.
	settle func(k *metadata, c *Config) Arch
}

// arch returns what is known of the configuration's architecture. It panics for
// a key that is not in archs: configurations come from files by way of archs, or
// from code.
func (c *Config) arch() *arch {
	for _, a := range archs {
		if a.key == c.Arch {
			return a
		}
	}
	panic(fmt.Sprintf("model: no architecture %q", c.Arch))
}

// Family is the name of the architecture that people read, for example
// "BitNet b1.58 2B-4T"; it is empty where Config is.
func (c *Config) Family() string {
	if c.Arch == "" {
		return ""
	}
	return c.arch().family
}

// OnlyChats says that every checkpoint of the architecture is a chat model,
// whatever template it brings.
func (c *Config) OnlyChats() bool { return c.arch().onlyChats }

// findHF finds the architecture of a config.json.
func findHF(h *hfConfig) (*arch, error) {
	class := ""
	if len(h.Architectures) > 0 {
		class = h.Architectures[0]
	}
	for _, a := range archs {
		if class == a.class || class == "" && a.typeAlone && h.ModelType == a.modelType {
			return a, nil
		}
	}
	switch {
	case class == "" && h.ModelType == "":
		return nil, fmt.Errorf("model: config.json: it names no architecture: %w", ErrUnsupported)
	case class == "":
		return nil, fmt.Errorf("model: config.json: model type %q is not one that Tern runs: %w", h.ModelType, ErrUnsupported)
	}
	return nil, fmt.Errorf("model: config.json: architecture %q is not one that Tern runs: %w", class, ErrUnsupported)
}

// findGGUF finds the architecture of a GGUF file by general.architecture, nil
// where Tern does not run it.
func findGGUF(name string) *arch {
	for _, a := range archs {
		if slices.Contains(a.gguf.keys, name) {
			return a
		}
	}
	return nil
}

// hfStandard are the modules of most model classes of Hugging Face.
var hfStandard = names{
	embed: "model.embed_tokens", norm: "model.norm", head: "lm_head", layer: "model.layers.%d.",
	attnNorm: "input_layernorm", q: "self_attn.q_proj", k: "self_attn.k_proj", v: "self_attn.v_proj", o: "self_attn.o_proj",
	ffnNorm: "post_attention_layernorm", gate: "mlp.gate_proj", up: "mlp.up_proj", down: "mlp.down_proj",
}

// withSubNorms is hfStandard with the names of a class's sub-norms.
func withSubNorms(attn, ffn string) names {
	n := hfStandard
	n.attnSub, n.ffnSub = attn, ffn
	return n
}
