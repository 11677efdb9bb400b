// Package assets embeds what the program cannot run without: the built-in model
// and the icon. It imports nothing of Tern and no window toolkit.
package assets

import (
	"embed"
	"encoding/json"
	"io/fs"
	"sync"
)

//go:embed icon.svg
var icon []byte

//go:embed icon-mono.svg
var iconMono []byte

// Icon is the application's icon, an SVG of 512 × 512.
func Icon() []byte { return icon }

// IconMono is the icon in one colour without tile, for places that recolour it.
func IconMono() []byte { return iconMono }

//go:embed licences.txt
var licences string

// Licences are ours and those of all modules that are linked into the program on
// any system; .ci/licences writes them.
func Licences() string { return licences }

// The checkpoint, its tokenizer and about.json. The card, the training script
// and the reference outputs beside them stay out of the binary.
//
//go:embed model/*.json model/*.safetensors model/*.model
var files embed.FS

// Model is the folder of the built-in checkpoint.
func Model() fs.FS {
	sub, err := fs.Sub(files, "model")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}

// ModelAbout says how to present the built-in model.
type ModelAbout struct {
	Name     string   `json:"name"`
	Examples []string `json:"examples"` // beginnings that suit it
}

// About returns what about.json in the built-in model's folder says.
var About = sync.OnceValue(func() (a ModelAbout) {
	raw, err := files.ReadFile("model/about.json")
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil {
		panic("assets: about.json: " + err.Error()) // embedded: a test reads it
	}
	return a
})
