package settings

import (
	"slices"
	"strings"
	"unicode/utf8"

	"tern/inference/sampling"
)

// Generation holds the settings of one answer, as the panel shows them.
type Generation struct {
	Preset string `json:"preset"` // "Recommended", one of Presets, one of the user's or "Custom"
	sampling.Params
	MaxTokens  int      `json:"max_tokens"`
	CutOff     bool     `json:"cut_off"`     // a story stops at MaxTokens, also in the middle of a sentence
	RandomSeed bool     `json:"random_seed"` // draw a new seed for every answer
	Seed       uint32   `json:"seed"`        // used unless RandomSeed
	Stop       []string `json:"stop"`        // texts that end an answer
	Context    int      `json:"context"`     // positions; 0 is the model's own length
	Threads    int      `json:"threads"`     // 0 is automatic

	// Thinking is how much a model thinks that does, a level of its chat template or the
	// one that comes nearest; empty leaves it to the template.
	Thinking string `json:"thinking,omitempty"`
	// ThinkingBudget is how many tokens it may think before it has to answer; 0 is any number.
	ThinkingBudget int `json:"thinking_budget,omitempty"`
}

// The ranges of the settings beside those of sampling.Fields. MaxTokens starts at
// 1; the model's own context length bounds it and Context further.
const (
	MinContext = 64
	MaxContext = 1 << 24
	MaxThreads = 1024
	maxLevel   = 40 // bytes of the name of a level of thinking
)

// Custom is the preset of values that belong to no other one.
const Custom = "Custom"

// Recommended is the preset of what the makers of the open model recommend:
// settings that have it follow the model.
const Recommended = "Recommended"

// Preset is a named set of sampling values.
type Preset struct {
	Name string `json:"name"`
	sampling.Params
}

// What the user may keep of their own.
const (
	maxPresets    = 50
	maxPresetName = 40 // characters
)

// Presets are the sets to choose from, the quietest first.
var Presets = []Preset{
	{"Precise", sampling.Params{Temperature: 0.2, TopP: 0.9, TopK: 40, MinP: 0.05, RepeatPenalty: 1}},
	{"Balanced", sampling.Params{Temperature: 0.8, TopP: 0.95, TopK: 40, MinP: 0.05, RepeatPenalty: 1}},
	{"Creative", sampling.Params{Temperature: 1.1, TopP: 0.98, TopK: 100, MinP: 0.02, RepeatPenalty: 1.05}},
}

// DefaultGeneration returns the settings that every reset goes back to.
func DefaultGeneration() Generation {
	return Generation{MaxTokens: 256, RandomSeed: true}.With(RecommendedBy(nil))
}

// RecommendedBy returns the preset Recommended of a model with these values in
// its generation_config.json; what they leave out is off. Without any it has the
// values of Balanced.
func RecommendedBy(values map[string]float64) Preset {
	own, said := Generation{MaxTokens: 1, Params: sampling.Neutral()}, false
	for _, f := range sampling.Fields {
		for _, key := range f.Keys() {
			if v, ok := values[key]; ok {
				f.Set(&own.Params, clamp(v, f.Panel.Min, f.Panel.Max, f.Off))
				said = true
			}
		}
	}
	if !said {
		own = own.WithPreset("Balanced")
	}
	return Preset{Recommended, own.Params}
}

// WithPreset returns g with the values of the named preset, or g itself when
// there is none of that name.
func (g Generation) WithPreset(name string) Generation {
	for _, p := range Presets {
		if p.Name == name {
			g = g.With(p)
		}
	}
	return g
}

// With returns g with the values of a preset.
func (g Generation) With(p Preset) Generation {
	g.Preset, g.Params = p.Name, p.Params
	return g
}

// Named returns g with the name of the preset that has its values: the one it is
// called by before Recommended, which may be among own, then one of Presets, then
// another of own.
func (g Generation) Named(own []Preset) Generation {
	name := g.PresetName()
	for _, p := range own {
		if g.has(p) && (name == Custom || p.Name == g.Preset || p.Name == Recommended && g.Preset != name) {
			name = p.Name
		}
	}
	g.Preset = name
	return g
}

func (g Generation) has(p Preset) bool { return g.Params == p.Params }

// NameCheck is what is wrong with a name for a preset of the user's.
type NameCheck uint8

// What a name can be.
const (
	GoodName  NameCheck = iota
	EmptyName           // or longer than 40 characters
	TakenName           // one of Presets, Recommended or Custom
)

// CheckPresetName reports whether a preset of the user's may have a name.
func CheckPresetName(name string) NameCheck {
	switch n := utf8.RuneCountInString(name); {
	case strings.TrimSpace(name) == "" || n > maxPresetName:
		return EmptyName
	case name == Custom || strings.EqualFold(name, Recommended) || slices.ContainsFunc(Presets, func(p Preset) bool { return strings.EqualFold(p.Name, name) }):
		return TakenName
	}
	return GoodName
}

// SavePreset keeps the values of g under a name, in the place of a preset that
// has it. It reports false where no more can be kept.
func (s *Settings) SavePreset(name string, g Generation) bool {
	p := Preset{name, g.Params}
	own := slices.Clone(s.Presets)
	if i := slices.IndexFunc(own, func(o Preset) bool { return o.Name == name }); i >= 0 {
		own[i] = p
	} else if own = append(own, p); len(own) > maxPresets {
		return false
	}
	s.Presets = own
	return true
}

// DropPreset forgets a preset of the user's.
func (s *Settings) DropPreset(name string) {
	s.Presets = slices.DeleteFunc(slices.Clone(s.Presets), func(p Preset) bool { return p.Name == name })
}

// normalPresets are those that can be used, each name once, their values in range.
func normalPresets(own []Preset) []Preset {
	var kept []Preset
	for _, p := range own {
		g := Generation{MaxTokens: 1}.With(p).Normal()
		known := slices.ContainsFunc(kept, func(k Preset) bool { return k.Name == p.Name })
		if CheckPresetName(p.Name) == GoodName && !known && len(kept) < maxPresets {
			kept = append(kept, Preset{p.Name, g.Params})
		}
	}
	return kept
}

// PresetName tells which preset has the values of g; Custom if none has.
func (g Generation) PresetName() string {
	for _, p := range Presets {
		if g.has(p) {
			return p.Name
		}
	}
	return Custom
}

// Normal brings every value into its range; one that is not a number is replaced
// by its default.
func (g Generation) Normal() Generation {
	d := DefaultGeneration()
	for _, f := range sampling.Fields {
		f.Set(&g.Params, clamp(f.Get(g.Params), f.Panel.Min, f.Panel.Max, f.Get(d.Params)))
	}
	g.MaxTokens = clamp(g.MaxTokens, 1, MaxContext, d.MaxTokens)
	if g.Context != 0 {
		g.Context = clamp(g.Context, MinContext, MaxContext, d.Context)
	}
	g.Threads = clamp(g.Threads, 0, MaxThreads, d.Threads)
	g.ThinkingBudget = clamp(g.ThinkingBudget, 0, MaxContext, d.ThinkingBudget)
	if len(g.Thinking) > maxLevel {
		g.Thinking = ""
	}
	g.Stop = slices.DeleteFunc(slices.Clone(g.Stop), func(s string) bool { return s == "" })
	if g.Preset != Recommended {
		g.Preset = g.PresetName()
	}
	return g
}

// clamp brings v into [low, high]; a v that is not a number becomes otherwise.
func clamp[T int | float32 | float64](v, low, high, otherwise T) T {
	if v != v {
		return otherwise
	}
	return min(max(v, low), high)
}
