package checkpoint

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"tern/model"
	"tern/model/gguf"
)

// metaOf is what a file with these pairs holds. {} in a key is the architecture.
func metaOf(t *testing.T, arch string, pairs map[string]any) map[string]gguf.Value {
	t.Helper()
	all := map[string]any{
		"general.architecture": arch, "{}.block_count": uint32(2), "{}.embedding_length": uint32(64), "{}.feed_forward_length": uint32(96),
		"{}.attention.head_count": uint32(4), "{}.attention.layer_norm_rms_epsilon": float32(1e-5),
	}
	for key, v := range pairs {
		all[key] = v
	}
	var list []gguf.Pair
	for key, v := range all {
		if v != nil {
			list = append(list, gguf.Pair{Key: strings.Replace(key, "{}", arch, 1), Value: v})
		}
	}
	var b bytes.Buffer
	if err := gguf.Write(&b, list, nil); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return f.Meta
}

func TestParseGGUF(t *testing.T) {
	base := model.Config{Arch: BitNet, Family: bitnet.Base.Family, Layers: 2, Dim: 64, FFNDim: 96, Heads: 4, KVHeads: 4, HeadDim: 16, VocabSize: 77,
		ContextLen: 2048, NormEps: 1e-5, RopeTheta: 10_000, Activation: model.SiLU, SubNorm: true, TiedEmbedding: true, BOS: -1}
	relu2 := func(c *model.Config) {
		c.Arch, c.Family, c.OnlyChats, c.Activation = BitNet2B4T, bitnet2B4T.Base.Family, true, model.ReLU2
	}
	for name, c := range map[string]struct {
		arch  string
		pairs map[string]any
		want  func(*model.Config)
	}{
		"the least": {"bitnet", nil, func(*model.Config) {}},
		"every key": {"bitnet", map[string]any{"{}.context_length": uint32(512), "{}.attention.head_count_kv": uint32(2), "{}.attention.key_length": uint32(32), "{}.attention.value_length": uint32(32), "{}.rope.dimension_count": uint32(32), "{}.rope.freq_base": float32(1000042), "{}.vocab_size": uint32(100)}, func(c *model.Config) {
			c.ContextLen, c.KVHeads, c.HeadDim, c.RopeTheta, c.VocabSize = 512, 2, 32, 1000042, 100
		}},
		"other integers":           {"bitnet", map[string]any{"{}.block_count": uint64(3), "{}.vocab_size": int32(9), "{}.context_length": uint16(7), "{}.rope.freq_base": uint32(20000)}, func(c *model.Config) { c.Layers, c.VocabSize, c.ContextLen, c.RopeTheta = 3, 9, 7, 20000 }},
		"float64":                  {"bitnet", map[string]any{"{}.rope.freq_base": 12345.5}, func(c *model.Config) { c.RopeTheta = 12345.5 }},
		"a scaling that does none": {"bitnet", map[string]any{"{}.rope.scaling.type": "linear", "{}.rope.scaling.factor": float32(1)}, func(*model.Config) {}},
		"scaling none":             {"bitnet", map[string]any{"{}.rope.scaling.type": "none", "{}.rope.scaling.factor": float32(4)}, func(*model.Config) {}},
		"no experts":               {"bitnet", map[string]any{"{}.expert_count": uint32(0), "{}.attention.sliding_window": uint32(0)}, func(*model.Config) {}},
		"named silu":               {"bitnet", map[string]any{"{}.hidden_activation": "silu", "{}.rope.freq_base": float32(500000)}, func(c *model.Config) { c.RopeTheta = 500000 }},
		"named relu2":              {"bitnet", map[string]any{"{}.hidden_activation": "relu2"}, relu2},
		"2B-4T by its rotation":    {"bitnet", map[string]any{"{}.rope.freq_base": float32(500000)}, func(c *model.Config) { relu2(c); c.RopeTheta = 500000 }},
		"2B-4T by its vocabulary":  {"bitnet", map[string]any{"{}.vocab_size": uint32(128256)}, func(c *model.Config) { relu2(c); c.VocabSize = 128256 }},
		"bitnet-25":                {"bitnet-25", nil, relu2},
		"bitnet-b1.58":             {"bitnet-b1.58", nil, relu2},
		"llama": {"llama", nil, func(c *model.Config) {
			c.Arch, c.Family, c.SubNorm, c.RopeAdjacent = Llama, llama.Base.Family, false, true
		}},
		"llama as large as Llama-3": {"llama", map[string]any{"{}.vocab_size": uint32(128256), "{}.rope.freq_base": float32(500000)}, func(c *model.Config) {
			c.Arch, c.Family, c.SubNorm, c.RopeAdjacent, c.VocabSize, c.RopeTheta = Llama, llama.Base.Family, false, true, 128256, 500000
		}},
	} {
		t.Run(name, func(t *testing.T) {
			want := base
			c.want(&want)
			got, err := parseGGUF("x.gguf", metaOf(t, c.arch, c.pairs), 77)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestParseGGUFRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		arch  string
		pairs map[string]any
		kind  error
		says  string
	}{
		"no architecture":        {"", map[string]any{"general.architecture": nil}, model.ErrUnsupported, "no architecture"},
		"another architecture":   {"gemma3", nil, model.ErrUnsupported, `"gemma3"`},
		"architecture a number":  {"", map[string]any{"general.architecture": uint32(1)}, model.ErrUnsupported, "no architecture"},
		"an adapter":             {"llama", map[string]any{"general.type": "adapter"}, model.ErrUnsupported, `"adapter"`},
		"YOCO":                   {"bitnet", map[string]any{"{}.yoco_window": uint32(1)}, model.ErrUnsupported, "yoco_window"},
		"experts of bitnet":      {"bitnet", map[string]any{"{}.moe_ffn_dim": uint32(1)}, model.ErrUnsupported, "moe_ffn_dim"},
		"experts":                {"llama", map[string]any{"{}.expert_count": uint32(8)}, model.ErrUnsupported, "8 experts"},
		"a window":               {"llama", map[string]any{"{}.attention.sliding_window": uint32(512)}, model.ErrUnsupported, "512"},
		"a scale of logits":      {"llama", map[string]any{"{}.logit_scale": float32(2)}, model.ErrUnsupported, "logit_scale"},
		"half rotated":           {"llama", map[string]any{"{}.rope.dimension_count": uint32(8)}, model.ErrUnsupported, "8 of the 16"},
		"two head sizes":         {"llama", map[string]any{"{}.attention.key_length": uint32(16), "{}.attention.value_length": uint32(8)}, model.ErrUnsupported, "16 for keys and 8"},
		"another activation":     {"bitnet", map[string]any{"{}.hidden_activation": "gelu"}, model.ErrUnsupported, `"gelu"`},
		"no layers":              {"bitnet", map[string]any{"{}.block_count": nil}, model.ErrDamaged, "bitnet.block_count is missing"},
		"no epsilon":             {"bitnet", map[string]any{"{}.attention.layer_norm_rms_epsilon": nil}, model.ErrDamaged, "rms_epsilon is missing"},
		"a list of heads":        {"llama", map[string]any{"{}.attention.head_count": []int32{4, 2}}, model.ErrUnsupported, "head_count differs from layer to layer"},
		"heads for other layers": {"llama", map[string]any{"{}.attention.head_count": []int32{4, 4, 4}}, model.ErrDamaged, "3 numbers for 2 layers"},
		"heads of no kind":       {"llama", map[string]any{"{}.attention.head_count": []string{"4", "4"}}, model.ErrDamaged, "not a number"},
		"a negative size":        {"bitnet", map[string]any{"{}.embedding_length": int32(-64)}, model.ErrDamaged, "hidden size"},
		"a huge size":            {"bitnet", map[string]any{"{}.embedding_length": uint64(1 << 40)}, model.ErrDamaged, "embedding_length"},
		"heads that divide not":  {"bitnet", map[string]any{"{}.attention.head_count": uint32(5)}, model.ErrDamaged, "head size"},
		"epsilon a string":       {"bitnet", map[string]any{"{}.attention.layer_norm_rms_epsilon": "1e-5"}, model.ErrDamaged, "not a number"},
		"activation a number":    {"bitnet", map[string]any{"{}.hidden_activation": uint32(1)}, model.ErrDamaged, "not a string"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseGGUF("x.gguf", metaOf(t, c.arch, c.pairs), 77)
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %v that says %q", err, c.kind, c.says)
			}
		})
	}
}

// TestRopeGGUF reads every kind of rope scaling, and refuses what is not known.
func TestRopeGGUF(t *testing.T) {
	type pairs = map[string]any
	base := pairs{"{}.context_length": uint32(8192)}
	for name, c := range map[string]struct {
		meta  pairs
		longs bool
		want  model.RopeScaling
		says  string
	}{
		"none":          {meta: pairs{}},
		"switched off":  {meta: pairs{"{}.rope.scaling.type": "none", "{}.rope.scaling.factor": float32(4)}},
		"linear":        {meta: pairs{"{}.rope.scaling.type": "linear", "{}.rope.scaling.factor": float32(4)}, want: model.RopeScaling{Kind: model.RopeLinear, Factor: 4}},
		"the older key": {meta: pairs{"{}.rope.scale_linear": float32(2)}, want: model.RopeScaling{Kind: model.RopeLinear, Factor: 2}},
		"YaRN": {meta: pairs{"{}.rope.scaling.type": "yarn", "{}.rope.scaling.factor": float32(4), "{}.rope.scaling.original_context_length": uint32(2048)},
			want: model.RopeScaling{Kind: model.RopeYaRN, Factor: 4, Original: 2048, BetaFast: 32, BetaSlow: 1, Amplitude: 1.138629436111989}},
		"YaRN of its own": {meta: pairs{"{}.rope.scaling.type": "yarn", "{}.rope.scaling.factor": float32(4), "{}.rope.scaling.yarn_beta_fast": float32(16),
			"{}.rope.scaling.yarn_beta_slow": float32(2), "{}.rope.scaling.attn_factor": float32(0.5)},
			want: model.RopeScaling{Kind: model.RopeYaRN, Factor: 4, Original: 8192, BetaFast: 16, BetaSlow: 2, Amplitude: 1.138629436111989 / 2}},
		"longrope": {meta: pairs{"{}.rope.scaling.original_context_length": uint32(64), "{}.rope.scaling.attn_factor": float32(1.25)}, longs: true,
			want: model.RopeScaling{Kind: model.RopeLongs, Original: 64, Amplitude: 1.25}},
		"longrope without factors": {meta: pairs{"{}.rope.scaling.type": "longrope"}, says: "rope_factors_long"},
		"another kind":             {meta: pairs{"{}.rope.scaling.type": "ntk", "{}.rope.scaling.factor": float32(4)}, says: `"ntk" by 4`},
		"half extrapolated":        {meta: pairs{"{}.rope.scaling.type": "yarn", "{}.rope.scaling.factor": float32(4), "{}.rope.scaling.yarn_ext_factor": float32(0.5)}, says: "yarn_ext_factor"},
		"of another model":         {meta: pairs{"{}.rope.scaling.type": "yarn", "{}.rope.scaling.factor": float32(4), "{}.rope.scaling.yarn_log_multiplier": float32(0.1)}, says: "yarn_log_multiplier"},
		"a text":                   {meta: pairs{"{}.rope.scaling.factor": "four"}, says: "rope.scaling.factor"},
	} {
		k := &metadata{file: "m.gguf", pairs: metaOf(t, "qwen3", c.meta), arch: "qwen3"}
		cfg := model.Config{ContextLen: int(base["{}.context_length"].(uint32))}
		got, err := k.rope(&cfg, c.longs)
		switch {
		case c.says != "":
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q", name, err, c.says)
			}
		case err != nil || got != c.want:
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}
