package checkpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"tern/model"
	"tern/model/gguf"
	"tern/model/pyjson"
)

// telling are words in the name of a key that say that it changes what is
// computed. Such a key that nobody reads is refused unless its value is neutral;
// any other is noted, for the tools that train models add keys of their own.
var telling = regexp.MustCompile(`rope|rotary|yarn|scal|quant|bias|norm|window|cap|expert|moe|multiplier|alibi|sparse|layer_types|ssm|mamba|conv_|mup|yoco|qk_|clamp|shared_kv|(weight|input|activation)_bits`)

// harmless are keys that nobody reads and that change nothing, with the reason.
var harmless = map[string]string{
	// Of config.json.
	"_name_or_path": "where it was", "transformers_version": "the writer", "torch_dtype": "the type of the tensors is theirs", "dtype": "as torch_dtype",
	"auto_map": "code of another program", "use_cache": "how others run it", "initializer_range": "training", "attention_dropout": "training",
	"hidden_dropout": "training", "resid_pdrop": "training", "embd_pdrop": "training", "attention_probs_dropout_prob": "training",
	"pretraining_tp": "cuts a product into parts that are added up", "pad_token_id": "no text is padded", "unk_token_id": "the tokenizer's",
	"sep_token_id": "the tokenizer's", "decoder_start_token_id": "of encoders", "is_decoder": "all are", "is_encoder_decoder": "none is",
	"task_specific_params": "pipelines", "id2label": "classifiers", "label2id": "classifiers", "problem_type": "classifiers", "tokenizer_class": "the tokenizer's",
	"max_length": "generation", "min_length": "generation", "do_sample": "generation", "temperature": "generation", "top_k": "generation",
	"top_p": "generation", "typical_p": "generation", "repetition_penalty": "generation", "length_penalty": "generation", "num_beams": "generation",
	"num_beam_groups": "generation", "num_return_sequences": "generation", "diversity_penalty": "generation", "early_stopping": "generation",
	"return_dict": "output of Python", "output_attentions": "output of Python", "output_hidden_states": "output of Python", "chunk_size_feed_forward": "how others run it",
	"attn_implementation": "how others run it", "_attn_implementation": "how others run it", "max_window_layers": "only with use_sliding_window, which is refused",
	"num_experts_per_tok": "only with experts, which are refused", "router_aux_loss_coef": "training", "rope_interleaved": "read by no class that Tern runs",
	"model_max_length": "the tokenizer's", "mamba_ssm_dtype": "states are float32", "mtp_num_hidden_layers": "blocks that are not run", "mtp_use_dedicated_embeddings": "likewise",
	"quantization": "what MLX repeats of quantization_config",
	// Of quantization_config.
	"quantization_config.bits": "the tensors tell", "quantization_config.quantization_status": "of its writer",
	// Of the rotation, for kinds that are refused.
	"rope.low_freq_factor": "of scaled kinds", "rope.high_freq_factor": "of scaled kinds",
	"rope.finetuned": "training",
	// Of GGUF.
	"gguf.rope.scaling.finetuned": "training",
	"gguf.expert_used_count":      "only with experts, which are refused", "gguf.tensor_data_layout": "how others name the order of rows", "gguf.attention.layer_norm_epsilon": "of LayerNorm, which no such model has",
}

// neutralAt is a value other than nothing at which a key changes nothing.
var neutralAt = map[string]string{"weight_bits": "1", "input_bits": "8", "gguf.attention.causal": "true"}

// isNeutral reports whether a key is switched off: null, false, 0, empty, or 1 where
// it multiplies or divides.
func isNeutral(key, value string) bool {
	switch value {
	case "null", "false", "0", `""`, "[]", "{}", "-0", `"none"`, `"default"`:
		return true
	case "1":
		if strings.Contains(key, "scal") || strings.Contains(key, "multiplier") || strings.HasSuffix(key, "factor") {
			return true
		}
	}
	if strings.HasSuffix(key, "layer_types") { // one for each layer
		var kinds []string
		_ = json.Unmarshal([]byte(value), &kinds)
		return len(kinds) > 0 && !slices.ContainsFunc(kinds, func(k string) bool { return k != "full_attention" && k != "attention" })
	}
	at, ok := neutralAt[key]
	return ok && value == at
}

// judge decides on a key that nobody reads, listed under a prefix: an error
// where it changes the computation, else a note, "" where it is harmless.
func judge(file, shown, key, value string) (note string, err error) {
	if _, ok := harmless[key]; ok || isNeutral(key, value) {
		return "", nil
	}
	if len(value) > 40 {
		value = value[:40] + "…"
	}
	if telling.MatchString(strings.ToLower(key)) || strings.HasPrefix(key, "quantization_config.") {
		return "", fmt.Errorf("model: %s: %s = %s may change what is computed, and Tern does not know it: %w", file, shown, value, model.ErrUnsupported)
	}
	return fmt.Sprintf("%s: %s is not known and passed over.", file, shown), nil
}

// tags are the keys that a struct reads.
func tags(v any) map[string]bool {
	keys := make(map[string]bool)
	t := reflect.TypeOf(v)
	for i := range t.NumField() {
		keys[t.Field(i).Tag.Get("json")] = true
	}
	return keys
}

var configKeys, ropeKeys, quantKeys = tags(hfConfig{}), tags(hfRope{}), tags(hfQuant{})

// unheard looks for keys of a config.json, nested ones too, that nobody reads.
func unheard(raw []byte) (notes []string, err error) {
	var top map[string]json.RawMessage
	if err := pyjson.Unmarshal(raw, &top); err != nil {
		return nil, nil // parseConfig said so
	}
	look := func(prefix string, keys map[string]json.RawMessage, used map[string]bool, shown string) error {
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if used[key] {
				continue
			}
			var value bytes.Buffer
			_ = json.Compact(&value, keys[key])
			note, err := judge("config.json", shown+key, prefix+key, value.String())
			if err != nil {
				return err
			}
			if note != "" {
				notes = append(notes, note)
			}
		}
		return nil
	}
	if err := look("", top, configKeys, ""); err != nil {
		return nil, err
	}
	for _, name := range []string{"rope_scaling", "rope_parameters", "quantization_config"} {
		var nested map[string]json.RawMessage
		if json.Unmarshal(top[name], &nested) != nil {
			continue
		}
		used, prefix := ropeKeys, "rope."
		if name == "quantization_config" {
			used, prefix = quantKeys, name+"."
		} else if one, ok := oneForAll(nested); ok {
			nested = nil
			if err := json.Unmarshal(one, &nested); err != nil {
				continue
			}
		}
		if err := look(prefix, nested, used, name+"."); err != nil {
			return nil, err
		}
	}
	return notes, nil
}

// oneForAll returns the settings of a rotation that lists them by the type of
// the layer, where all types have the same; ok is false where it does not list them.
func oneForAll(rope map[string]json.RawMessage) (one json.RawMessage, ok bool) {
	for _, v := range rope {
		var text bytes.Buffer
		if json.Compact(&text, v) != nil || !bytes.HasPrefix(text.Bytes(), []byte("{")) || one != nil && !bytes.Equal(one, text.Bytes()) {
			return nil, false
		}
		one = text.Bytes()
	}
	return one, one != nil
}

// UnmarshalJSON reads the settings of a rotation, also where newer files list
// them by the type of the layer.
func (r *hfRope) UnmarshalJSON(raw []byte) error {
	type plain hfRope
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return err
	}
	if one, ok := oneForAll(keys); ok {
		raw = one
	}
	return json.Unmarshal(raw, (*plain)(r))
}

// unheard looks for keys of the architecture that nobody asked for.
func (k *metadata) unheard() error {
	for _, key := range slices.Sorted(maps.Keys(k.pairs)) {
		name, ok := strings.CutPrefix(key, k.arch+".")
		if !ok || k.asked[key] {
			continue
		}
		note, err := judge(k.file, "metadata "+key, "gguf."+name, shownValue(k.pairs[key]))
		if err != nil {
			return err
		}
		if note != "" {
			k.notes = append(k.notes, note)
		}
	}
	return nil
}

// shownValue writes a value of a GGUF file as JSON does; of an array of equal
// elements, the element.
func shownValue(v gguf.Value) string {
	if elems := v.Elems(); len(elems) > 0 && !slices.ContainsFunc(elems, func(e gguf.Value) bool { return e != elems[0] }) {
		v = elems[0]
	}
	if n, ok := v.Int(); ok {
		return fmt.Sprint(n)
	}
	if f, ok := v.Float(); ok && !math.IsNaN(f) {
		return fmt.Sprint(f)
	}
	if b, ok := v.Bool(); ok {
		return fmt.Sprint(b)
	}
	if s, ok := v.Text(); ok {
		return fmt.Sprintf("%q", s)
	}
	return "a list"
}
