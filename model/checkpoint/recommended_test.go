package checkpoint

import (
	"maps"
	"testing"
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
