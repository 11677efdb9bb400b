package checkpoint_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/modeltest"
)

var update = flag.Bool("update", false, "rewrite testdata/refusals.md from what was said")

// TestRefusals opens what is not supported, in files that are sound otherwise,
// and compares the words with testdata/refusals.md, which go test -run
// TestRefusals -update ./model writes.
func TestRefusals(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# What is refused, and in which words

Written by ` + "`go test -run TestRefusals -update ./model/checkpoint`" + `. What opens is in ` + "`inference/testdata/formats.md`" + `.

| found | answer |
|---|---|
`)
	said := func(found string, err error) {
		t.Helper()
		if !errors.Is(err, model.ErrUnsupported) {
			t.Errorf("%s: %v", found, err)
			return
		}
		text := strings.TrimSuffix(strings.TrimPrefix(err.Error(), "model: "), ": "+model.ErrUnsupported.Error())
		fmt.Fprintf(&b, "| %s | %s |\n", found, text)
	}
	tiny := modeltest.TinyGGUF(checkpoint.BitNet)
	floats := modeltest.Bytes(t, tiny, modeltest.GGUF{Linear: gguf.F32}) // leaves room enough for all types
	for _, x := range []struct {
		id   uint32
		name string
	}{
		{2, "Q4_0"}, {8, "Q8_0"}, {12, "Q4_K"}, {38, "TL1"}, {39, "MXFP4, or TL2 of 2024"}, {42, "TL2 of 2026"}, {40, "NVFP4"},
		{134, "IQ1_BN"}, {135, "IQ2_BN"}, {335, "IQ2_BN_R4"}, {29, "IQ1_M"}, {37, "I8_S"}, {1234, "a type of the future"},
	} {
		_, err := modeltest.OpenBytes(retype(t, floats, "blk.1.ffn_down.weight", x.id))
		said("GGUF, a projection of type "+fmt.Sprint(x.id)+" ("+x.name+")", err)
	}
	_, err := modeltest.OpenBytes(retype(t, floats, "token_embd.weight", 20))
	said("GGUF, an embedding of type 20 (IQ4_NL)", err)
	for _, x := range []struct {
		found string
		meta  gguf.Pair
	}{
		{"the vision part of a model", gguf.Pair{Key: "general.architecture", Value: "clip"}},
		{"the vision part of a model, by its type", gguf.Pair{Key: "general.type", Value: "mmproj"}},
		{"another architecture", gguf.Pair{Key: "general.architecture", Value: "gemma3"}},
		{"YOCO under the name bitnet", gguf.Pair{Key: "bitnet.yoco_window", Value: uint32(512)}},
		{"experts", gguf.Pair{Key: "bitnet.expert_count", Value: uint32(8)}},
		{"rope scaling", gguf.Pair{Key: "bitnet.rope.scaling.type", Value: "ntk"}},
		{"another activation", gguf.Pair{Key: "bitnet.hidden_activation", Value: "gelu"}},
		{"an adapter", gguf.Pair{Key: "general.type", Value: "adapter"}},
	} {
		_, err := modeltest.OpenBytes(modeltest.Bytes(t, tiny, modeltest.GGUF{Linear: gguf.I2S, Meta: []gguf.Pair{x.meta}}))
		said("GGUF, "+x.found, err)
	}
	for _, x := range []struct{ found, config string }{
		{"another architecture", `{"architectures":["MixtralForCausalLM"],"model_type":"mixtral"}`},
		{"experts", `{"num_local_experts":8}`},
		{"rope scaling", `{"rope_scaling":{"rope_type":"llama3","factor":8}}`},
		{"another quantisation", `{"quantization_config":{"quant_method":"gptq"}}`},
		{"biases", `{"attention_bias":true}`},
		{"another activation", `{"hidden_act":"gelu"}`},
	} {
		dir := modeltest.Folder(t, modeltest.Tiny(checkpoint.BitNet, modeltest.Latent))
		mergeJSON(t, filepath.Join(dir, "config.json"), x.config)
		_, err := checkpoint.Open(t.Context(), dir, nil)
		said("safetensors, "+x.found, err)
	}
	path := filepath.Join("testdata", "refusals.md")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("%s says otherwise; said were:\n%s", path, b.String())
	}
}

// mergeJSON adds the keys of an object to the object in a file.
func mergeJSON(t *testing.T, path, object string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, text := range []string{string(raw), object} {
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatal(err)
		}
	}
	if raw, err = json.Marshal(all); err == nil {
		err = os.WriteFile(path, raw, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}
