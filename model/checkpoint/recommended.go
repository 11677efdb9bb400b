package checkpoint

import (
	"encoding/json"
	"math"
	"strconv"

	"tern/model/gguf"
)

// GGUFSampling are the keys of GGUF files for what makers recommend, and those of
// generation_config.json for the same numbers. Others, like mirostat, belong to
// samplers that Tern does not have. Source: gguf-py/gguf/constants.py of llama.cpp.
var GGUFSampling = []struct {
	GGUF, Own string
	Whole     bool // an integer of 32 bits, else a float
}{
	{"general.sampling.temp", "temperature", false},
	{"general.sampling.top_k", "top_k", true},
	{"general.sampling.top_p", "top_p", false},
	{"general.sampling.min_p", "min_p", false},
	{"general.sampling.penalty_repeat", "repetition_penalty", false},
	{"general.sampling.penalty_last_n", "repeat_last_n", true},
}

// recommendedGGUF is recommended for the metadata of a GGUF file. What is not a
// finite number says nothing: no computation depends on it.
func recommendedGGUF(meta map[string]gguf.Value) map[string]float64 {
	var numbers map[string]float64
	for _, s := range GGUFSampling {
		v, ok := meta[s.GGUF].Float()
		if n, whole := meta[s.GGUF].Int(); whole {
			v, ok = float64(n), true
		}
		if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		if short := float32(v); float64(short) == v { // 0.6, not 0.6000000238
			v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', -1, 32), 64)
		}
		if numbers == nil {
			numbers = map[string]float64{}
		}
		numbers[s.Own] = v
	}
	return numbers
}

// recommended returns the numbers of a generation_config.json, by their keys:
// "temperature", "top_p" and so on. It returns nil for a checkpoint whose makers
// want no sampling, or say nothing of it.
func recommended(raw []byte) map[string]float64 {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil || string(all["do_sample"]) == "false" {
		return nil
	}
	var numbers map[string]float64
	for key, value := range all {
		var v *float64
		if json.Unmarshal(value, &v) == nil && v != nil { // JSON has finite numbers only
			if numbers == nil {
				numbers = map[string]float64{}
			}
			numbers[key] = *v
		}
	}
	return numbers
}
