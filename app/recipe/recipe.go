// Package recipe describes one answer so that it can be computed again: the
// model by a hash of what it computes with, the prompt as ids, the settings, and
// what came out. It makes an answer reproducible, and a report of an error one
// that others can run.
//
// The number of threads is not part of it: nothing depends on that. The kernels
// are named, since those of different processors may differ in the last bits of
// a float.
package recipe

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"tern/inference"
	"tern/inference/kernel"
	"tern/inference/sampling"
)

// ErrInvalid marks what is not a recipe, or none that this program understands.
var ErrInvalid = errors.New("not a recipe")

// ErrOtherModel is returned where a recipe was made with another model.
var ErrOtherModel = errors.New("another model")

// version is the form of a recipe.
const version = 1

// Recipe is one answer and how it was made.
type Recipe struct {
	Version  int      `json:"recipe"`
	Tern     string   `json:"tern"` // the program's version
	Model    Model    `json:"model"`
	Computed Computed `json:"computed"`
	Settings Settings `json:"settings"`
	Prompt   []int32  `json:"prompt_ids"` // all that stood before the answer
	Output   Output   `json:"output"`
}

// Model names a model.
type Model struct {
	Name string `json:"name"`
	Hash string `json:"hash"` // model.Model.Hash
}

// Computed says where and how the answer was computed.
type Computed struct {
	Kernel   string `json:"kernel"`
	Platform string `json:"platform"`
	KV       string `json:"kv"`              // precision of the key/value cache: "f16", "q8" or "f32"
	Exact    bool   `json:"exact,omitempty"` // inference.Options.Exact
}

// Settings are those of inference.GenerateOptions and the context's length.
type Settings struct {
	sampling.Params
	Seed        uint64   `json:"seed"`
	MaxTokens   int      `json:"max_tokens"`
	Context     int      `json:"context"`
	Stop        []string `json:"stop"`
	StopIDs     []int32  `json:"stop_ids"`
	IgnoreEOS   bool     `json:"ignore_eos"`
	EndSentence int      `json:"end_sentence,omitempty"` // recipes from before it have none
}

// Output is the answer.
type Output struct {
	IDs    []int32              `json:"ids"` // the id that ended the text included, where Stop is "eos"
	Stop   inference.StopReason `json:"stop"`
	SHA256 string               `json:"text_sha256"` // of the text in UTF-8
}

// Answer is what a recipe is written of.
type Answer struct {
	Model   string                   // its name
	Hash    string                   // model.Model.Hash
	Session inference.SessionOptions // with the length that the session has
	Prompt  []int32
	Options inference.GenerateOptions
	IDs     []int32
	Stop    inference.StopReason
	Text    string
	Exact   bool // inference.Options.Exact
}

// New returns the recipe of an answer.
func New(a Answer) *Recipe {
	s := a.Options.Sampling
	return &Recipe{
		Version:  version,
		Tern:     Tern(),
		Model:    Model{a.Model, a.Hash},
		Computed: computed(a.Session.KV, a.Exact),
		Settings: Settings{
			Params: s, Seed: s.Seed, MaxTokens: a.Options.MaxTokens, Context: a.Session.Context,
			Stop: a.Options.Stop, StopIDs: a.Options.StopIDs, IgnoreEOS: a.Options.IgnoreEOS, EndSentence: a.Options.EndSentence,
		},
		Prompt: a.Prompt,
		Output: Output{a.IDs, a.Stop, digest(a.Text)},
	}
}

func computed(kv inference.KVType, exact bool) Computed {
	return Here(Computed{KV: kv.String(), Exact: exact})
}

// Here is c as this program computes on this machine.
func Here(c Computed) Computed {
	c.Kernel, c.Platform = kernel.Path(), runtime.GOOS+"/"+runtime.GOARCH
	return c
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// release and commit are those of a package, which .ci/package sets.
var release, commit string

// About is what the build recorded of the program.
type About struct {
	Version string // "(devel)" where it is not a package
	Commit  string // of the sources, "+" after it where they were changed; empty where nobody knows
}

// Program is what the build recorded of this program.
func Program() About {
	a := About{release, commit}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return About{cmp.Or(a.Version, "(unknown version)"), a.Commit}
	}
	a.Version = cmp.Or(a.Version, info.Main.Version, "(devel)")
	changed := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && commit == "":
			a.Commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true" && commit == "":
			changed = "+"
		}
	}
	if a.Commit != "" {
		a.Commit += changed
	}
	return a
}

// Tern is the program in one line, for recipes and reports.
func Tern() string {
	a := Program()
	return strings.Join(strings.Fields(a.Version+" "+a.Commit+" "+runtime.Version()), " ")
}

// JSON is the recipe as one object, a line for each of its parts.
func (r *Recipe) JSON() []byte {
	plain := *r // without null
	for _, ids := range []*[]int32{&plain.Prompt, &plain.Output.IDs, &plain.Settings.StopIDs} {
		if *ids == nil {
			*ids = []int32{}
		}
	}
	if plain.Settings.Stop == nil {
		plain.Settings.Stop = []string{}
	}
	var b bytes.Buffer
	for i, part := range []struct {
		key   string
		value any
	}{
		{"recipe", plain.Version}, {"tern", plain.Tern}, {"model", plain.Model}, {"computed", plain.Computed},
		{"settings", plain.Settings}, {"prompt_ids", plain.Prompt}, {"output", plain.Output},
	} {
		b.WriteString(map[bool]string{true: "{\n", false: ",\n"}[i == 0])
		fmt.Fprintf(&b, " %q: ", part.key)
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(part.value); err != nil {
			panic(err) // settings are finite: a flag and a file are checked for it
		}
		b.Truncate(b.Len() - 1) // the encoder's new line
	}
	b.WriteString("\n}\n")
	return b.Bytes()
}

// Check reports whether an engine's model is the recipe's; the error wraps
// ErrOtherModel. hash is that of the engine's model.
func (r *Recipe) Check(e *inference.Engine, hash string) error {
	if hash != r.Model.Hash {
		return fmt.Errorf("recipe: it was made with %s (%.12s…), this is %s (%.12s…): %w",
			r.Model.Name, r.Model.Hash, e.Model().Name, hash, ErrOtherModel)
	}
	return nil
}

// Difference is where a replay left the recipe.
type Difference struct {
	At        int   // of the output's ids; -1 for none
	Want, Got int32 // -1 where there is no token
	Stop      inference.StopReason
	Text      string // what was written up to there
}

// Same reports whether there is none.
func (d *Difference) Same() bool { return d.At < 0 }

// Replay computes the answer again, up to the first token that differs. A text
// that was cancelled is compared as far as it came.
func (r *Recipe) Replay(ctx context.Context, e *inference.Engine, progress func(done, total int)) (*Difference, error) {
	kv, err := inference.KVTypeNamed(r.Computed.KV)
	if err != nil {
		return nil, fmt.Errorf("recipe: the cache of %q: %w", r.Computed.KV, err)
	}
	session, err := e.NewSession(inference.SessionOptions{KV: kv, Context: r.Settings.Context})
	if err != nil {
		return nil, err
	}
	want, s := r.Output.IDs, r.Settings
	o := inference.GenerateOptions{
		Sampling:  s.Params,
		MaxTokens: s.MaxTokens, Stop: s.Stop, StopIDs: s.StopIDs, IgnoreEOS: s.IgnoreEOS, EndSentence: s.EndSentence,
	}
	o.Sampling.Seed = s.Seed
	cancelled := r.Output.Stop == inference.StopCancelled
	if cancelled && len(want) == 0 {
		return &Difference{At: -1, Want: -1, Got: -1, Stop: r.Output.Stop}, nil
	}
	if cancelled {
		o.MaxTokens, o.EndSentence = len(want), 0
	}
	d := &Difference{At: -1, Want: -1, Got: -1}
	at := 0
	differs := func(id int32) bool {
		if at < len(want) && want[at] == id {
			at++
			return false
		}
		d.At, d.Got = at, id
		if at < len(want) {
			d.Want = want[at]
		}
		return true
	}
	for ev, err := range session.Generate(ctx, r.Prompt, o) {
		if err != nil {
			return nil, err
		}
		switch ev.Kind {
		case inference.EventToken:
			if differs(ev.ID) {
				return d, nil
			}
			d.Text += ev.Text
			progress(at, len(want))
		case inference.EventDone:
			d.Stop = ev.Stop
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case ev.Stop == inference.StopEOS && differs(ev.StopID):
			case at < len(want):
				d.At, d.Want = at, want[at]
			case !cancelled && ev.Stop != r.Output.Stop:
				d.At = at // the same tokens, and another end
			case !cancelled && digest(d.Text) != r.Output.SHA256:
				d.At = at // the same tokens spell another text: another tokenizer
			}
		}
	}
	return d, nil
}
