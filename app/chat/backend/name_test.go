package backend

import (
	"path/filepath"
	"testing"

	"tern/assets"
)

func TestModelName(t *testing.T) {
	for path, want := range map[string]string{
		"":                                       assets.About().Name,
		"/m/Llama3-8B-1.58":                      "Llama3-8B-1.58",
		"/m/large/":                              "large",
		"/m/large/model.safetensors":             "large",
		"/m/large/config.json":                   "large",
		"/m/large/tokenizer.model":               "large",
		"/m/large/ggml-model-i2_s.gguf":          "large", // a name that converters give any
		"/m/large/model.gguf":                    "large",
		"/m/large-q1.gguf":                       "large-q1",
		"/m/large-00001-of-00003.gguf":           "large",
		"/m/my-model.safetensors":                "my-model",
		"/m/xl/model-00001-of-00002.safetensors": "xl",
		"/m/xl/model.safetensors.index.json":     "xl",
	} {
		if got := NameOf(filepath.FromSlash(path)); got != want {
			t.Errorf("%q is called %q, want %q", path, got, want)
		}
	}
}
