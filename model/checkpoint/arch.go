package checkpoint

import (
	"fmt"
	"slices"

	"tern/model"
	"tern/model/gguf"
)

// Architecture is everything Tern knows of one architecture, in one file
// arch_NAME.go.
type Architecture struct {
	// Base holds the architecture's key and name, the capabilities of its block,
	// and the defaults that the configuration class of Hugging Face assumes for
	// keys that a file omits.
	Base model.Config

	// Of config.json and safetensors.
	Class     string // architectures[0]
	ModelType string // model_type, as it is written
	typeAlone bool   // model_type tells the architecture where no class does
	Names     model.Names
	float     floatForm // what a float weight without a weight_scale is
	// scaleMultiplies says what a weight_scale does where config.json has no
	// quantization_config: it multiplies rather than divides.
	scaleMultiplies bool
	// readConfig, where it is set, reads keys of config.json that only this
	// architecture has.
	readConfig func(h *hfConfig, c *model.Config)
	// fromClass, where it is set, brings what safetensors hold into the form that is
	// computed.
	fromClass func(m *model.Model) error

	input inputRule // what ternary projections multiply with

	// GGUF is how GGUF files store it, whose tensors have the same names in every
	// architecture.
	GGUF GGUFForm

	// shapes are published shapes by the names of their model cards, on top of
	// Base, for models with random weights.
	shapes map[string]model.Config
}

// GGUFForm is how GGUF files store an architecture.
type GGUFForm struct {
	Keys       []string     // values of general.architecture; the first is written
	Names      *model.Names // of tensors, nil for model.GGUFNames
	Portable   string       // the value that current llama.cpp reads, where it is not the first
	Adjacent   bool         // converters permute the rows of q and k, so that neighbours rotate together
	Activation bool         // the file names the activation, under KeyActivation
	latent     bool         // a float projection may hold training weights

	partialRope bool // a part of each head may be rotated
	// read, where it is set, reads keys that only this architecture has.
	read func(k *metadata, c *model.Config)

	// Pairs, where it is set, lists what read reads, without the architecture.
	Pairs func(c *model.Config) []gguf.Pair

	// settle, where it is set, decides once the metadata are read which
	// architecture a value of general.architecture that stands for several means.
	settle func(k *metadata, c *model.Config) model.Arch
}

// KeyActivation names the activation in GGUF files of architectures that have
// more than one.
const KeyActivation = "hidden_activation"

// architectures is the only list. A new one is a file arch_NAME.go and a line
// here; a block with a step of its own also needs that step in the forward pass
// of package inference.
var architectures = []*Architecture{&bitnet, &bitnet2B4T, &llama, &qwen3, &minicpm, &qwen35}

// Architectures returns all that Tern runs.
func Architectures() []*Architecture { return slices.Clone(architectures) }

// Find returns the architecture with this key. It panics for a key that is not
// in the list: keys come from checkpoints by way of the list, or from code.
func Find(key model.Arch) *Architecture {
	for _, a := range architectures {
		if a.Base.Arch == key {
			return a
		}
	}
	panic(fmt.Sprintf("model: no architecture %q", key))
}

// ArchitectureError names an architecture that is not in the list.
type ArchitectureError struct {
	Key  string // what the file calls it: "architecture" or "model type"
	Name string
}

func (e *ArchitectureError) Error() string {
	if models := foreign[e.Name]; models != "" {
		return fmt.Sprintf("%s %q, that of %s, is not one that Tern runs", e.Key, e.Name, models)
	}
	return fmt.Sprintf("%s %q is not one that Tern runs", e.Key, e.Name)
}

// foreign are ternary models and others of few bits that somebody may look for, by their
// architectures in either container.
var foreign = map[string]string{
	"hunyuan-dense": tencent, "HunYuanDenseV1ForCausalLM": tencent, "hunyuan_v1_dense": tencent,
	"maple": maple, "MapleForCausalLM": maple,
}

const (
	tencent = "Tencent's Hy models of 1.25 bits (STQ1_0) and of 2 bits (SEQ)"
	maple   = "Maple, a mixture of 256 experts"
)

// findHF finds the architecture of a config.json.
func findHF(h *hfConfig) (*Architecture, error) {
	class := ""
	if len(h.Architectures) > 0 {
		class = h.Architectures[0]
	}
	for _, a := range architectures {
		if class != "" && class == a.Class || class == "" && a.typeAlone && h.ModelType == a.ModelType {
			return a, nil
		}
	}
	switch {
	case class == "" && h.ModelType == "":
		return nil, fmt.Errorf("model: config.json: it names no architecture: %w", model.ErrUnsupported)
	case class == "":
		return nil, fmt.Errorf("model: config.json: %w: %w", &ArchitectureError{"model type", h.ModelType}, model.ErrUnsupported)
	}
	return nil, fmt.Errorf("model: config.json: %w: %w", &ArchitectureError{"architecture", class}, model.ErrUnsupported)
}

// findGGUF finds the architecture of a GGUF file by general.architecture, nil
// where Tern does not run it.
func findGGUF(name string) *Architecture {
	for _, a := range architectures {
		if slices.Contains(a.GGUF.Keys, name) {
			return a
		}
	}
	return nil
}

// hfStandard are the modules of most model classes of Hugging Face.
var hfStandard = model.Names{
	Embed: "model.embed_tokens", Norm: "model.norm", Head: "lm_head", Layer: "model.layers.%d.",
	AttnNorm: "input_layernorm", Q: "self_attn.q_proj", K: "self_attn.k_proj", V: "self_attn.v_proj", O: "self_attn.o_proj",
	FFNNorm: "post_attention_layernorm", Gate: "mlp.gate_proj", Up: "mlp.up_proj", Down: "mlp.down_proj",
}

// withSubNorms is hfStandard with the names of a class's sub-norms.
func withSubNorms(attn, ffn string) model.Names {
	n := hfStandard
	n.AttnSub, n.FFNSub = attn, ffn
	return n
}

// TensorNames are the names of an architecture's tensors in GGUF files.
func (g *GGUFForm) TensorNames() *model.Names {
	if g.Names != nil {
		return g.Names
	}
	return &model.GGUFNames
}
