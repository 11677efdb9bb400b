package checkpoint

import (
	"bytes"
	"maps"
	"math"
	"testing"

	"tern/model/gguf"
)

func TestRecommended(t *testing.T) {
	for raw, want := range map[string]map[string]float64{
		`{"do_sample":true,"temperature":0.6,"top_p":0.9,"top_k":0,"eos_token_id":[1,2],"transformers_version":"4"}`: {"temperature": 0.6, "top_p": 0.9, "top_k": 0},
		`{"temperature":0.5,"min_p":null,"top_p":"0.9"}`:                                                             {"temperature": 0.5},
		`{"do_sample":false,"temperature":0.6}`:                                                                      nil,
		`{"do_sample":true}`:                                                                                         nil,
		`{"temperature":1e999}`:                                                                                      nil,
		`[0.5]`:                                                                                                      nil,
		``:                                                                                                           nil,
	} {
		if got := recommended([]byte(raw)); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", raw, got, want)
		}
	}
	m, err := Open(t.Context(), "../../assets/model", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"temperature", "top_k", "top_p", "min_p", "repetition_penalty"} {
		if _, said := m.Recommended[key]; !said {
			t.Errorf("the built-in model says nothing of %s: %v", key, m.Recommended)
		}
	}
}

func TestRecommendedGGUF(t *testing.T) {
	meta := func(pairs ...gguf.Pair) map[string]gguf.Value {
		var b bytes.Buffer
		if err := gguf.Write(&b, pairs, nil); err != nil {
			t.Fatal(err)
		}
		f, err := gguf.Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		return f.Meta
	}
	got := recommendedGGUF(meta(gguf.Pair{Key: "general.sampling.temp", Value: float32(0.6)},
		gguf.Pair{Key: "general.sampling.top_k", Value: int32(20)}, gguf.Pair{Key: "general.sampling.top_p", Value: float64(0.95)},
		gguf.Pair{Key: "general.sampling.min_p", Value: float32(math.Inf(1))}, gguf.Pair{Key: "general.sampling.mirostat", Value: int32(2)},
		gguf.Pair{Key: "general.sampling.penalty_repeat", Value: "much"}))
	if want := map[string]float64{"temperature": 0.6, "top_k": 20, "top_p": 0.95}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := recommendedGGUF(meta(gguf.Pair{Key: "general.name", Value: "x"})); got != nil {
		t.Errorf("%v of a file that says nothing", got)
	}
}
