package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// I2SLayout is the order of the weights inside an I2_S tensor, which depends on
// the machine that wrote it and which nothing in the file tells.
type I2SLayout uint8

// The layouts of I2_S (quantize_i2_s in ggml-bitnet-mad.cpp of bitnet.cpp).
const (
	I2SX86  I2SLayout = iota // of every published file: 128 weights in 32 bytes
	I2SARM                   // by llama-quantize on ARM: 64 weights in 16 bytes
	I2SRows                  // by builds without ACT_PARALLEL: a byte holds a column of four rows
)

// ggufNames are the tensors of GGUF (gguf-py/gguf/constants.py of llama.cpp).
var ggufNames = names{
	embed: "token_embd", norm: "output_norm", head: "output", layer: "blk.%d.",
	attnNorm: "attn_norm", q: "attn_q", k: "attn_k", v: "attn_v", attnSub: "attn_sub_norm", o: "attn_output",
	ffnNorm: "ffn_norm", gate: "ffn_gate", up: "ffn_up", ffnSub: "ffn_sub_norm", down: "ffn_down",
}

// ropeFactors is the tensor [HeadDim/2] that divides the frequencies of RoPE.
const ropeFactors = "rope_freqs.weight"

// bindGGUF is bind for the tensors of a GGUF file. Float projections may be
// training weights where latent is set; ignore names a tensor to be skipped.
func bindGGUF(file string, parts []part, tensors map[string]*tensor, latent bool, ignore string, x *extras) (list []binding, ignored []string, err error) {
	used := map[string]bool{}
	for _, p := range parts {
		b := binding{part: p, weight: tensors[p.name], latent: latent}
		if b.weight == nil {
			return nil, nil, fmt.Errorf("model: %s: tensor %q is missing: %w", file, p.name, ErrDamaged)
		}
		used[p.name] = true
		float := p.linear != nil && x.isFloat(p.module())
		if p.linear != nil && !float {
			name := p.module() + ".scale"
			b.scale = tensors[name]
			used[name] = true
			if x.norms {
				name = p.module() + linearNorm
				if b.norm = tensors[name]; b.norm == nil {
					return nil, nil, fmt.Errorf("model: %s: tensor %q is missing: %w", file, name, ErrDamaged)
				}
				used[name] = true
			}
		}
		if err := b.checkGGUF(float); err != nil {
			return nil, nil, err
		}
		list = append(list, b)
	}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		switch {
		case used[name]:
		case name == ignore:
			ignored = append(ignored, name)
		default: // converters write no tensor that has no part in the computation
			return nil, nil, fmt.Errorf("model: %v belongs to a kind of model that Tern does not run: %w", tensors[name], ErrUnsupported)
		}
	}
	return list, ignored, nil
}

// checkGGUF finds the form of b, which keepFloat says is no ternary linear, and
// compares shapes.
func (b *binding) checkGGUF(keepFloat bool) error {
	kind := b.weight.kind
	_, float := floatTypes[kind]
	_, dense := denseTypes[kind]
	switch {
	case b.part.norm != nil && float:
		b.form = formNorm
	case keepFloat && float, b.dense != nil && dense:
		b.form = formDense
	case b.linear == nil, keepFloat:
		return fmt.Errorf("model: %v is %s, which Tern does not read here; F32, F16, BF16, Q8_0, Q4_0, Q4_K and Q6_K work: %w", b.weight, kind, ErrUnsupported)
	case kind == "I2_S":
		b.form = formI2S
	case kind == "TQ1_0":
		b.form = formTQ1
	case kind == "TQ2_0":
		b.form = formTQ2
	case float:
		b.form = formTernary
	default:
		return fmt.Errorf("model: %v is %s, %s: %w", b.weight, kind, advice(kind), ErrUnsupported)
	}
	if b.norm != nil {
		if err := checkShape(b.norm, []int{b.cols}); err != nil {
			return err
		}
	}
	return checkShape(b.weight, b.shape())
}

// advice says what is wrong with the type of a projection, and what to do.
func advice(kind string) string {
	const instead = "use the I2_S, TQ1_0 or TQ2_0 file of the model, or the original safetensors"
	switch {
	case strings.HasPrefix(kind, "TL"):
		return "whose layout depends on a kernel configuration outside the file; " + instead
	case strings.HasSuffix(kind, "_BN"), strings.Contains(kind, "_BN_"):
		return "a layout of ik_llama.cpp that is not documented; " + instead
	}
	return "no ternary type: this is an ordinary model, or its ternary weights were quantised again; " + instead
}
