package recipe

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"tern/inference"
	"tern/inference/sampling"
)

// What a recipe may hold. A recipe may come from anybody: nothing in it makes
// the program take more memory or time than its own settings could.
const (
	maxFile  = 32 << 20
	maxIDs   = 1 << 20
	maxStops = 64
	maxStop  = 4 << 10 // bytes of a stop text
	maxName  = 1 << 10
)

// Read reads a recipe. Errors wrap ErrInvalid, or are those of in.
func Read(in io.Reader) (*Recipe, error) {
	raw, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("recipe: more than %d MB: %w", maxFile>>20, ErrInvalid)
	}
	var form struct {
		Version *int `json:"recipe"`
	}
	if err := json.Unmarshal(raw, &form); err != nil {
		return nil, fmt.Errorf("recipe: %w: %w", err, ErrInvalid)
	}
	switch {
	case form.Version == nil:
		return nil, fmt.Errorf("recipe: no \"recipe\" in it: %w", ErrInvalid)
	case *form.Version != version:
		return nil, fmt.Errorf("recipe: form %d, this program reads form %d: %w", *form.Version, version, ErrInvalid)
	}
	r := new(Recipe)
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("recipe: %w: %w", err, ErrInvalid)
	}
	if what := r.wrong(); what != "" {
		return nil, fmt.Errorf("recipe: %s: %w", what, ErrInvalid)
	}
	return r, nil
}

// wrong names the first value that no recipe has, "" for none.
func (r *Recipe) wrong() string {
	s := &r.Settings
	for _, f := range sampling.Fields {
		if v := f.Get(s.Params); !f.Read.Contains(v) {
			return fmt.Sprintf("%s is %g, want %g to %g", f.Key, v, f.Read.Min, f.Read.Max)
		}
	}
	for _, n := range []struct {
		name      string
		v, lo, hi float64
	}{
		{"max_tokens", float64(s.MaxTokens), 0, 1 << 24}, {"end_sentence", float64(s.EndSentence), 0, inference.MaxEndSentence}, {"context", float64(s.Context), 1, 1 << 24},
		{"the number of prompt_ids", float64(len(r.Prompt)), 1, maxIDs}, {"the number of output ids", float64(len(r.Output.IDs)), 0, maxIDs},
		{"the number of stop texts", float64(len(s.Stop)), 0, maxStops}, {"the number of stop_ids", float64(len(s.StopIDs)), 0, maxStops},
		{"the length of the model's name", float64(len(r.Model.Name)), 0, maxName}, {"the length of tern", float64(len(r.Tern)), 0, maxName},
		{"the length of kernel", float64(len(r.Computed.Kernel)), 0, maxName},
	} {
		if n.v < n.lo || n.v > n.hi {
			return fmt.Sprintf("%s is %g, want %g to %g", n.name, n.v, n.lo, n.hi)
		}
	}
	for _, stop := range s.Stop {
		if len(stop) > maxStop {
			return "a stop text is longer than 4 kB"
		}
	}
	for _, ids := range [][]int32{r.Prompt, r.Output.IDs, s.StopIDs} {
		if slices.ContainsFunc(ids, func(id int32) bool { return id < 0 }) {
			return "an id is negative"
		}
	}
	stops := []inference.StopReason{inference.StopEOS, inference.StopLength, inference.StopString, inference.StopContext, inference.StopCancelled}
	switch {
	case !slices.Contains(stops, r.Output.Stop):
		return fmt.Sprintf("%.40q is not a reason to stop", r.Output.Stop)
	case !isHash(r.Model.Hash):
		return "the model's hash is none"
	case !isHash(r.Output.SHA256):
		return "text_sha256 is not a hash"
	case !slices.ContainsFunc(inference.KVTypes(), func(t inference.KVType) bool { return t.String() == r.Computed.KV }):
		return fmt.Sprintf("%.40q is not a precision of a cache", r.Computed.KV)
	}
	return ""
}

func isHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32
}
