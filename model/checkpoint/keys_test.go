package checkpoint

import (
	"errors"
	"strings"
	"testing"

	"tern/model"
)

// TestUnheard adds keys to a config.json: each is used, harmless or named.
func TestUnheard(t *testing.T) {
	for name, c := range map[string]struct {
		edit keys
		kind error  // of the refusal, nil where it opens
		says string // of the refusal or the note, "" for none
	}{
		"a tool's key":               {keys{"unsloth_fixed": true}, nil, "unsloth_fixed is not known"},
		"an object":                  {keys{"my_tool": keys{"a": 1}}, nil, "my_tool is not known"},
		"switched off":               {keys{"use_qk_norm": false, "attn_logit_softcapping": null, "my_rope_trick": 0, "conv_bias": false, "empty": []int{}}, nil, ""},
		"harmless":                   {keys{"torch_dtype": "bfloat16", "pretraining_tp": 2, "use_cache": true, "attention_dropout": 0.1}, nil, ""},
		"a multiplier of one":        {keys{"embedding_multiplier": 1.0, "logits_scaling": 1}, nil, ""},
		"a multiplier":               {keys{"embedding_multiplier": 12.0}, model.ErrUnsupported, "embedding_multiplier = 12"},
		"a cap":                      {keys{"final_logit_softcapping": 30.0}, model.ErrUnsupported, "final_logit_softcapping = 30"},
		"a norm":                     {keys{"use_qk_norm": true}, model.ErrUnsupported, "use_qk_norm = true"},
		"experts":                    {keys{"moe_layers": []int{1}}, model.ErrUnsupported, "moe_layers"},
		"bits of the class":          {keys{"weight_bits": 1, "input_bits": 8}, nil, ""},
		"other bits":                 {keys{"input_bits": 4}, model.ErrUnsupported, "input_bits = 4"},
		"all layers alike":           {keys{"layer_types": []string{"full_attention", "full_attention"}}, nil, ""},
		"layers of two kinds":        {keys{"layer_types": []string{"full_attention", "sliding_attention"}}, model.ErrUnsupported, "layer_types"},
		"a window that is off":       {keys{"sliding_window": 16, "use_sliding_window": false, "max_window_layers": 2}, nil, ""},
		"a window never reached":     {keys{"sliding_window": 4096, "max_position_embeddings": 4096}, nil, ""},
		"a window":                   {keys{"sliding_window": 16}, model.ErrUnsupported, "sliding"},
		"nested in the rotation":     {keys{"rope_parameters": keys{"rope_type": "default", "rope_theta": 5e5, "mrope_section": []int{8, 8}}}, model.ErrUnsupported, "rope_parameters.mrope_section"},
		"nested, harmless":           {keys{"rope_scaling": keys{"rope_type": "default", "original_max_position_embeddings": 64, "factor": 1.0}}, nil, ""},
		"part of a head":             {keys{"rope_parameters": keys{"rope_type": "default", "partial_rotary_factor": 0.25}}, model.ErrUnsupported, "0.25"},
		"part of a head, old":        {keys{"rope_scaling": keys{"rope_type": "default", "partial_rotary_factor": 0.25}}, model.ErrUnsupported, "0.25"},
		"all of a head":              {keys{"rope_parameters": keys{"rope_type": "default", "partial_rotary_factor": 1.0}}, nil, ""},
		"two rotations":              {keys{"rope_parameters": keys{"full_attention": keys{"rope_theta": 1e6}, "sliding_attention": keys{"rope_theta": 1e4}}}, model.ErrUnsupported, "rope_parameters"},
		"nested in quantization":     {keys{"quantization_config": keys{"quant_method": "bitnet", "activation_scheme": "static"}}, model.ErrUnsupported, "quantization_config.activation_scheme"},
		"quantization, switched off": {keys{"quantization_config": keys{"quant_method": "bitnet", "activation_scheme": null, "bits": 2}}, nil, ""},
	} {
		_, q, _, err := parseConfig(bitnetKeys.edit(c.edit))
		switch {
		case c.kind != nil:
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: error %v, want %v that says %q", name, err, c.kind, c.says)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			if notes := strings.Join(q.notes, "\n"); !strings.Contains(notes, c.says) || c.says == "" && notes != "" {
				t.Errorf("%s: notes %q, want %q", name, notes, c.says)
			}
		}
	}
}

// TestRopeTheta is heard wherever the versions of transformers keep it.
func TestRopeTheta(t *testing.T) {
	for name, c := range map[string]struct {
		edit keys
		want float64
	}{
		"at the top":         {keys{"rope_theta": 7e5}, 7e5},
		"in rope_scaling":    {keys{"rope_theta": null, "rope_scaling": keys{"rope_type": "default", "rope_theta": 7e5}}, 7e5},
		"in both":            {keys{"rope_theta": 7e5, "rope_scaling": keys{"rope_type": "default", "rope_theta": 1e4}}, 7e5},
		"in rope_parameters": {keys{"rope_theta": 1e4, "rope_parameters": keys{"rope_theta": 7e5}}, 7e5},
		"by type of layer":   {keys{"rope_theta": null, "rope_parameters": keys{"full_attention": keys{"rope_type": "default", "rope_theta": 7e5}}}, 7e5},
		"alike by type":      {keys{"rope_parameters": keys{"full_attention": keys{"rope_theta": 7e5}, "sliding_attention": keys{"rope_theta": 7e5}}}, 7e5},
	} {
		got, _, _, err := parseConfig(bitnetKeys.edit(c.edit))
		if err != nil || got.RopeTheta != c.want {
			t.Errorf("%s: theta %g, %v, want %g", name, got.RopeTheta, err, c.want)
		}
	}
}

// TestUnheardGGUF adds keys under the architecture's prefix.
func TestUnheardGGUF(t *testing.T) {
	for name, c := range map[string]struct {
		pairs map[string]any
		kind  error
		says  string
	}{
		"a key of a tool":      {map[string]any{"{}.my_note": "x"}, nil, "llama.my_note is not known"},
		"outside the prefix":   {map[string]any{"quantize.imatrix.file": "x", "general.base_model.count": uint32(1)}, nil, ""},
		"switched off":         {map[string]any{"{}.attn_logit_softcapping": float32(0), "{}.expert_count": uint32(0), "{}.use_norm_trick": false}, nil, ""},
		"a scale of one":       {map[string]any{"{}.logit_scale": float32(1)}, nil, ""},
		"a scale":              {map[string]any{"{}.embedding_scale": float32(12)}, model.ErrUnsupported, "llama.embedding_scale = 12"},
		"a cap":                {map[string]any{"{}.final_logit_softcapping": float32(30)}, model.ErrUnsupported, "softcapping = 30"},
		"a cap for each layer": {map[string]any{"{}.attn_softcap": []float32{0, 30}}, model.ErrUnsupported, "attn_softcap"},
		"sections of rope":     {map[string]any{"{}.rope.dimension_sections": []int32{8, 8}}, model.ErrUnsupported, "rope.dimension_sections"},
		"of scaled rope":       {map[string]any{"{}.rope.scaling.original_context_length": uint32(64)}, nil, ""},
		"causal":               {map[string]any{"{}.attention.causal": true}, nil, ""},
	} {
		_, notes, err := configGGUF("x.gguf", metaOf(t, "llama", c.pairs), 77)
		switch {
		case c.kind != nil:
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: error %v, want %v that says %q", name, err, c.kind, c.says)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			if all := strings.Join(notes, "\n"); !strings.Contains(all, c.says) || c.says == "" && all != "" {
				t.Errorf("%s: notes %q, want %q", name, all, c.says)
			}
		}
	}
}
