package backend

import (
	"path/filepath"
	"regexp"
	"strings"

	"tern/app/remote"
	"tern/assets"
)

// BuiltinName is what the built-in model is called.
func BuiltinName() string { return assets.About().Name }

// part matches the end of the name of one of several files that are a model
// together.
var part = regexp.MustCompile(`(?i)-\d{5}-of-\d{5}\.(?:safetensors|gguf)`)

// IsGGUF reports whether a path is that of a GGUF file.
func IsGGUF(path string) bool { return strings.EqualFold(filepath.Ext(path), ".gguf") }

// NameOf is what to call the model at path before it is open: as it will
// call itself. There need not be anything at path.
func NameOf(path string) string {
	if path == "" {
		return assets.About().Name
	}
	if base, name, ok := remote.Split(path); ok {
		return name + " on " + remote.Host(base)
	}
	name := filepath.Base(path)
	found := part.FindStringIndex(name)
	switch ext := strings.ToLower(filepath.Ext(name)); {
	case ext == ".gguf" && found != nil && !strings.HasPrefix(name, "ggml-model"):
		return name[:found[0]]
	case ext == ".json", ext == ".model", strings.EqualFold(name, "model.safetensors"), found != nil,
		ext == ".gguf" && (strings.EqualFold(name, "model.gguf") || strings.HasPrefix(name, "ggml-model")):
		if abs, err := filepath.Abs(path); err == nil {
			return filepath.Base(filepath.Dir(abs))
		}
	}
	if ext := filepath.Ext(name); IsGGUF(name) || strings.EqualFold(ext, ".safetensors") {
		return strings.TrimSuffix(name, ext)
	}
	return name
}
