package tokenizer

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"tern/tokenizer/vocab"
)

// TestVariants changes the golden tokenizer.json files part by part and wants
// the ids that Hugging Face's tokenizers give.
func TestVariants(t *testing.T) {
	var golden struct {
		Texts []string
		Cases []struct {
			Name, Base string
			Edits      []struct {
				At    string
				Value json.RawMessage
			}
			IDs [][]int32
		}
	}
	if err := json.Unmarshal(readFile(t, "testdata", "variants.json"), &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) < 100 || len(golden.Texts) < 10 {
		t.Fatalf("%d cases of %d texts", len(golden.Cases), len(golden.Texts))
	}
	for _, c := range golden.Cases {
		var file map[string]any
		if err := json.Unmarshal(readFile(t, "testdata", c.Base, "tokenizer.json"), &file); err != nil {
			t.Fatal(err)
		}
		for _, e := range c.Edits {
			at, keys := file, strings.Split(e.At, ".")
			for _, key := range keys[:len(keys)-1] {
				at = at[key].(map[string]any)
			}
			switch key := keys[len(keys)-1]; {
			case string(e.Value) == `"absent"`:
				delete(at, key)
			case strings.HasSuffix(key, "+"):
				key = strings.TrimSuffix(key, "+")
				at[key] = append(at[key].([]any), e.Value)
			default:
				at[key] = e.Value
			}
		}
		data, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := New(vocab.Files{JSON: data})
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		for i, text := range golden.Texts {
			if got := tok.EncodeSpecial(text); !slices.Equal(got, c.IDs[i]) {
				t.Errorf("%s: %q is %v, want %v", c.Name, text, got, c.IDs[i])
			}
		}
	}
}
