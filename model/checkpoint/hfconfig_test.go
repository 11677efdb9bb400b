package checkpoint

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/fuzztest"
)

// keys is a config.json by its keys; nil removes one in edit.
type keys map[string]any

var bitnetKeys = keys{
	"architectures": []string{"BitnetForCausalLM"}, "model_type": "llama",
	"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100,
}

func (k keys) edit(with keys) []byte {
	all := maps.Clone(k)
	maps.Copy(all, with)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	raw, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return raw
}

// null is a key that is present with the value null.
var null = json.RawMessage("null")

func class(name string) keys { return keys{"architectures": []string{name}} }

// with returns k and quantization_config q.
func (k keys) with(q keys) keys {
	all := maps.Clone(k)
	all["quantization_config"] = q
	return all
}

func TestParseConfig(t *testing.T) {
	base := model.Config{
		Arch: BitNet, Family: bitnet.Base.Family, Layers: 2, Dim: 64, FFNDim: 96, Heads: 4, KVHeads: 4, HeadDim: 16, VocabSize: 100,
		ContextLen: 2048, NormEps: 1e-6, RopeTheta: 10000, Activation: model.SiLU, SubNorm: true, BOS: -1,
	}
	change := func(f func(*model.Config)) model.Config {
		c := base
		f(&c)
		return c
	}
	for name, test := range map[string]struct {
		edit keys
		want model.Config
	}{
		"defaults of 1bitLLM": {nil, base},
		"defaults of 2B-4T": {class("BitNetForCausalLM"), change(func(c *model.Config) {
			c.Arch, c.Family, c.OnlyChats, c.Activation, c.RopeTheta, c.NormEps = BitNet2B4T, bitnet2B4T.Base.Family, true, model.ReLU2, 500000, 1e-5
		})},
		"2B-4T by its model type": {keys{"architectures": nil, "model_type": "bitnet"}, change(func(c *model.Config) {
			c.Arch, c.Family, c.OnlyChats, c.Activation, c.RopeTheta, c.NormEps = BitNet2B4T, bitnet2B4T.Base.Family, true, model.ReLU2, 500000, 1e-5
		})},
		"defaults of Llama": {class("LlamaForCausalLM"), change(func(c *model.Config) {
			c.Arch, c.Family, c.SubNorm, c.Input = Llama, llama.Base.Family, false, model.InputFloat
		})},
		"linear rope": {keys{"rope_scaling": keys{"type": "linear", "factor": 2.0}}, change(func(c *model.Config) {
			c.RopeScaling = model.RopeScaling{Kind: model.RopeLinear, Factor: 2}
		})},
		"YaRN in the older spelling": {keys{"max_position_embeddings": 4096, "rope_scaling": keys{"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 1024}}, change(func(c *model.Config) {
			c.ContextLen, c.RopeScaling = 4096, model.RopeScaling{Kind: model.RopeYaRN, Factor: 4, Original: 1024, BetaFast: 32, BetaSlow: 1, Amplitude: 1.138629436111989}
		})},
		"YaRN in the newer spelling": {keys{"rope_theta": nil, "rope_parameters": keys{"rope_type": "yarn", "rope_theta": 5e5, "factor": 4.0, "beta_fast": 16.0, "attention_factor": 1.5}}, change(func(c *model.Config) {
			c.RopeTheta, c.RopeScaling = 5e5, model.RopeScaling{Kind: model.RopeYaRN, Factor: 4, Original: 2048, BetaFast: 16, BetaSlow: 1, Amplitude: 1.5}
		})},
		"Qwen3": {keys{"architectures": []string{"Qwen3ForCausalLM"}, "head_dim": nil, "sliding_window": 512, "use_sliding_window": false}, change(func(c *model.Config) {
			c.Arch, c.Family, c.SubNorm, c.QKNorm, c.HeadDim, c.Input = Qwen3, qwen3.Base.Family, false, true, 128, model.InputFloat
		})},
		"MiniCPM": {keys{"architectures": []string{"MiniCPMForCausalLM"}, "scale_emb": 12, "scale_depth": 1.4, "dim_model_base": 16}, change(func(c *model.Config) {
			c.Arch, c.Family, c.SubNorm, c.NormEps, c.Input = MiniCPM, minicpm.Base.Family, false, 1e-5, model.InputFloat
			c.EmbedScale, c.ResidualScale, c.LogitDivisor = 12, 0.98994946, 4
		})},
		"null means the default": {keys{"num_key_value_heads": null, "head_dim": null, "rms_norm_eps": null, "rope_theta": null,
			"hidden_act": null, "max_position_embeddings": null, "rope_scaling": null, "bos_token_id": null, "eos_token_id": null,
			"quantization_config": null, "sliding_window": null, "num_experts": null, "attention_bias": null, "tie_word_embeddings": null}, base},
		"explicit": {keys{"num_key_value_heads": 2, "head_dim": 20, "rms_norm_eps": 1e-20, "rope_theta": 1000042.0, "hidden_act": "relu2",
			"max_position_embeddings": 512, "bos_token_id": 99, "eos_token_id": 2, "unknown_key": keys{"a": 1}},
			change(func(c *model.Config) {
				c.KVHeads, c.HeadDim, c.NormEps, c.RopeTheta, c.Activation = 2, 20, 1e-20, 1000042, model.ReLU2
				c.ContextLen, c.BOS, c.StopIDs = 512, 99, []int32{2}
			})},
		"stops in a list":      {keys{"eos_token_id": []int{5, 7, 5, -1, 100}}, change(func(c *model.Config) { c.StopIDs = []int32{5, 7} })},
		"no-op rope scaling":   {keys{"rope_scaling": keys{"type": "linear", "factor": 1.0}}, base},
		"default rope scaling": {keys{"rope_scaling": keys{"rope_type": "default"}}, base},
		"rope parameters":      {keys{"rope_parameters": keys{"rope_type": "default", "rope_theta": 500000}}, change(func(c *model.Config) { c.RopeTheta = 500000 })},
		"a full rotation":      {keys{"partial_rotary_factor": 1.0}, base},
		"Llama-3 vocabulary": {keys{"vocab_size": 128256, "eos_token_id": 128001}, change(func(c *model.Config) {
			c.VocabSize, c.StopIDs = 128256, []int32{128001, 128009}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, tied, err := parseConfig(bitnetKeys.edit(test.edit))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			if tied != nil {
				t.Errorf("tied is %v without the key", *tied)
			}
		})
	}
	for _, want := range []bool{false, true} {
		if _, _, tied, err := parseConfig(bitnetKeys.edit(keys{"tie_word_embeddings": want})); err != nil || tied == nil || *tied != want {
			t.Errorf("tie_word_embeddings %v: %v %v", want, tied, err)
		}
	}
}

func TestParseConfigRefuses(t *testing.T) {
	quant := func(q keys) keys { return keys{}.with(q) }
	for name, test := range map[string]struct {
		edit keys
		kind error
		says string
	}{
		"another architecture":   {class("MixtralForCausalLM"), model.ErrUnsupported, `"MixtralForCausalLM"`},
		"case of the name":       {class("bitnetForCausalLM"), model.ErrUnsupported, `"bitnetForCausalLM"`},
		"another model type":     {keys{"architectures": nil, "model_type": "gemma3"}, model.ErrUnsupported, `"gemma3"`},
		"no architecture":        {keys{"architectures": nil, "model_type": nil}, model.ErrUnsupported, "no architecture"},
		"experts":                {keys{"num_local_experts": 8}, model.ErrUnsupported, "8 experts"},
		"routed experts":         {keys{"n_routed_experts": 64}, model.ErrUnsupported, "64 experts"},
		"attention bias":         {keys{"attention_bias": true}, model.ErrUnsupported, "bias"},
		"bias of the FFN":        {keys{"mlp_bias": true}, model.ErrUnsupported, "bias"},
		"sliding window":         {keys{"sliding_window": 16}, model.ErrUnsupported, "sliding"},
		"partial rotation":       {keys{"partial_rotary_factor": 0.5}, model.ErrUnsupported, "0.5"},
		"llama3 rope":            {keys{"rope_scaling": keys{"rope_type": "llama3", "factor": 8.0}}, model.ErrUnsupported, `"llama3"`},
		"old name of the type":   {keys{"rope_scaling": keys{"type": "dynamic", "factor": 2.0}}, model.ErrUnsupported, `"dynamic"`},
		"factor without type":    {keys{"rope_scaling": keys{"factor": 2.0}}, model.ErrUnsupported, "rope scaling"},
		"newer rope":             {keys{"rope_parameters": keys{"rope_type": "llama3", "factor": 4.0}}, model.ErrUnsupported, `"llama3"`},
		"activation":             {keys{"hidden_act": "gelu"}, model.ErrUnsupported, `"gelu"`},
		"quantisation method":    {quant(keys{"quant_method": "gptq"}), model.ErrUnsupported, `"gptq"`},
		"no quantisation method": {quant(keys{}), model.ErrUnsupported, "quantisation method"},
		"linear class":           {quant(keys{"quant_method": "bitnet", "linear_class": "superlinear"}), model.ErrUnsupported, `"superlinear"`},
		"quantisation mode":      {quant(keys{"quant_method": "bitnet", "quantization_mode": "later"}), model.ErrUnsupported, `"later"`},
		"epsilon of the linears": {quant(keys{"quant_method": "bitnet", "rms_norm_eps": -1}), model.ErrDamaged, "rms_norm_eps"},
		"no hidden size":         {keys{"hidden_size": nil, "head_dim": 16}, model.ErrDamaged, "hidden size"},
		"negative layers":        {keys{"num_hidden_layers": -1}, model.ErrDamaged, "layers"},
		"too many layers":        {keys{"num_hidden_layers": 1001}, model.ErrDamaged, "layers"},
		"no heads":               {keys{"num_attention_heads": 0}, model.ErrDamaged, "heads"},
		"indivisible heads":      {keys{"num_attention_heads": 5}, model.ErrDamaged, "5 heads"},
		"uneven groups":          {keys{"num_key_value_heads": 3}, model.ErrDamaged, "key/value"},
		"odd head":               {keys{"head_dim": 15}, model.ErrDamaged, "odd"},
		"huge vocabulary":        {keys{"vocab_size": 1 << 40}, model.ErrDamaged, "vocabulary"},
		"theta of zero":          {keys{"rope_theta": 0}, model.ErrDamaged, "theta"},
		"epsilon of one":         {keys{"rms_norm_eps": 1}, model.ErrDamaged, "epsilon"},
		"text for a number":      {keys{"hidden_size": "64"}, model.ErrDamaged, "hidden_size"},
		"fraction for a number":  {keys{"hidden_size": 64.5}, model.ErrDamaged, "hidden_size"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, err := parseConfig(bitnetKeys.edit(test.edit))
			if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), "model: ") {
				t.Errorf("error %q, want %q that says %s", err, test.kind, test.says)
			}
		})
	}
	for _, raw := range []string{"", "{", "null x", "[]", `"text"`} {
		if _, _, _, err := parseConfig([]byte(raw)); !errors.Is(err, model.ErrDamaged) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestQuantization(t *testing.T) {
	auto := func(more keys) keys {
		q := keys{"quant_method": "bitnet", "linear_class": "autobitlinear"}
		maps.Copy(q, more)
		return keys{}.with(q)
	}
	plain := func(k keys) keys {
		k = maps.Clone(k)
		k["quantization_config"] = keys{"quant_method": "bitnet", "modules_to_not_convert": null, "bits": 2}
		return k
	}
	for name, test := range map[string]struct {
		edit keys
		want quantization
	}{
		"1bitLLM has none":      {nil, quantization{float: floatLatent, divide: true, assumed: true}},
		"2B-4T without one":     {class("BitNetForCausalLM"), quantization{float: floatLatent, assumed: true}},
		"Llama without one":     {class("LlamaForCausalLM"), quantization{float: floatPlain, divide: true, assumed: true}},
		"Llama3-8B-1.58":        {plain(class("LlamaForCausalLM")), quantization{divide: true, normEps: 1e-6}},
		"2B-4T":                 {auto(nil), quantization{normEps: 1e-6}},
		"online":                {auto(keys{"quantization_mode": "online"}), quantization{float: floatLatent, normEps: 1e-6}},
		"offline":               {auto(keys{"quantization_mode": "offline"}), quantization{normEps: 1e-6}},
		"online but bitlinear":  {auto(keys{"quantization_mode": "online", "linear_class": "bitlinear"}), quantization{divide: true, normEps: 1e-6}},
		"norms of the linears":  {auto(keys{"use_rms_norm": true, "rms_norm_eps": 1e-4}), quantization{rmsNorm: true, normEps: 1e-4}},
		"modules not converted": {auto(keys{"modules_to_not_convert": []string{"lm_head", "v_proj"}}), quantization{exclude: []string{"lm_head", "v_proj"}, normEps: 1e-6}},
	} {
		t.Run(name, func(t *testing.T) {
			_, got, _, err := parseConfig(bitnetKeys.edit(test.edit))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
	q := quantization{exclude: []string{"lm_head", "layers.1.self_attn"}}
	for module, want := range map[string]bool{"model.layers.1.self_attn.q_proj": true, "model.layers.0.self_attn.q_proj": false, "lm_head": true} {
		if q.excluded(module) != want {
			t.Errorf("%s: excluded is %v", module, !want)
		}
	}
}

func TestGenerationConfig(t *testing.T) {
	for raw, want := range map[string][]int32{
		`{"eos_token_id":7}`: {2, 7}, `{"eos_token_id":[2,8]}`: {2, 8}, `{"eos_token_id":null}`: {2}, `{}`: {2},
		"\ufeff{\"eos_token_id\":7.0}": {2, 7}, `{"eos_token_id":["7",true]}`: {2, 7}, `{"eos_token_id":true, "x": NaN}`: {2},
	} {
		m := &opening{model.Model{Config: model.Config{VocabSize: 10, StopIDs: []int32{2}}}}
		if m.addGenerationConfig([]byte(raw)); len(m.Notes) > 0 || !slices.Equal(m.StopIDs, want) {
			t.Errorf("%s: %v %v, want %v", raw, m.StopIDs, m.Notes, want)
		}
	}
	for _, raw := range []string{"", "\ufeff", "{", "[]", "null and void"} {
		m := &opening{model.Model{Config: model.Config{VocabSize: 10, StopIDs: []int32{2}}}}
		if m.addGenerationConfig([]byte(raw)); len(m.Notes) != 1 || len(m.StopIDs) != 1 {
			t.Errorf("%q: notes %q, stops %v", raw, m.Notes, m.StopIDs)
		}
	}
}

// FuzzConfig looks for a panic, and for a config that parses and is not valid.
func FuzzConfig(f *testing.F) {
	fuzztest.AddFiles(f, "../../inference/testdata/goldens/*/config.json", maxSideFile)
	f.Add(bitnetKeys.edit(keys{"rope_parameters": keys{"rope_theta": 5e5}, "eos_token_id": []int{1, 2}}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var c model.Config
		var q quantization
		var err error
		fuzztest.Bounded(t, len(raw), func() { c, q, _, err = parseConfig(raw) })
		if err != nil {
			if !errors.Is(err, model.ErrDamaged) && !errors.Is(err, model.ErrUnsupported) {
				t.Errorf("error %v has no kind", err)
			}
			return
		}
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
		if c.BOS < -1 || int(c.BOS) >= c.VocabSize || q.normEps < 0 || math.IsNaN(float64(q.normEps)) {
			t.Errorf("%+v %+v", c, q)
		}
		for _, id := range c.StopIDs {
			if id < 0 || int(id) >= c.VocabSize {
				t.Errorf("stop id %d of %d", id, c.VocabSize)
			}
		}
		(&opening{model.Model{Config: c}}).addGenerationConfig(raw)
	})
}
