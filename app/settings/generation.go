package settings

import "slices"

// Generation holds the settings of one answer, as the panel shows them.
type Generation struct {
	Preset        string   `json:"preset"` // "Precise", "Balanced", "Creative" or "Custom"
	Temperature   float64  `json:"temperature"`
	TopP          float64  `json:"top_p"`
	TopK          int      `json:"top_k"`
	MinP          float64  `json:"min_p"`
	RepeatPenalty float64  `json:"repeat_penalty"`
	MaxTokens     int      `json:"max_tokens"`
	RandomSeed    bool     `json:"random_seed"` // draw a new seed for every answer
	Seed          uint32   `json:"seed"`        // used unless RandomSeed
	Stop          []string `json:"stop"`        // texts that end an answer
	Context       int      `json:"context"`     // positions; 0 is the model's own length
	Threads       int      `json:"threads"`     // 0 is automatic
}

// The ranges of the settings. Each starts at 0 where no minimum is named; the
// model's own context length bounds MaxTokens and Context further.
const (
	MaxTemperature   = 2.0
	MaxTopP          = 1.0
	MaxTopK          = 200
	MaxMinP          = 0.5
	MinRepeatPenalty = 1.0
	MaxRepeatPenalty = 1.5
	MinContext       = 64
	MaxContext       = 1 << 24
	MaxThreads       = 1024
)

// Custom is the preset of values that belong to no other one.
const Custom = "Custom"

// Preset is a named set of sampling values.
type Preset struct {
	Name          string
	Temperature   float64
	TopP          float64
	TopK          int
	MinP          float64
	RepeatPenalty float64
}

// Presets are the sets to choose from, the quietest first.
var Presets = []Preset{
	{Name: "Precise", Temperature: 0.2, TopP: 0.9, TopK: 40, MinP: 0.05, RepeatPenalty: 1},
	{Name: "Balanced", Temperature: 0.8, TopP: 0.95, TopK: 40, MinP: 0.05, RepeatPenalty: 1},
	{Name: "Creative", Temperature: 1.1, TopP: 0.98, TopK: 100, MinP: 0.02, RepeatPenalty: 1.05},
}

// DefaultGeneration returns the settings that every reset goes back to.
func DefaultGeneration() Generation {
	return Generation{MaxTokens: 256, RandomSeed: true}.WithPreset("Balanced")
}

// WithPreset returns g with the values of the named preset, or g itself when
// there is none of that name.
func (g Generation) WithPreset(name string) Generation {
	for _, p := range Presets {
		if p.Name == name {
			g.Preset = p.Name
			g.Temperature, g.TopP, g.TopK = p.Temperature, p.TopP, p.TopK
			g.MinP, g.RepeatPenalty = p.MinP, p.RepeatPenalty
		}
	}
	return g
}

// PresetName tells which preset has the values of g; Custom if none has.
func (g Generation) PresetName() string {
	for _, p := range Presets {
		if g.Temperature == p.Temperature && g.TopP == p.TopP && g.TopK == p.TopK &&
			g.MinP == p.MinP && g.RepeatPenalty == p.RepeatPenalty {
			return p.Name
		}
	}
	return Custom
}

// Normal brings every value into its range; one that is no number is replaced
// by its default.
func (g Generation) Normal() Generation {
	d := DefaultGeneration()
	g.Temperature = clamp(g.Temperature, 0, MaxTemperature, d.Temperature)
	g.TopP = clamp(g.TopP, 0, MaxTopP, d.TopP)
	g.TopK = clamp(g.TopK, 0, MaxTopK, d.TopK)
	g.MinP = clamp(g.MinP, 0, MaxMinP, d.MinP)
	g.RepeatPenalty = clamp(g.RepeatPenalty, MinRepeatPenalty, MaxRepeatPenalty, d.RepeatPenalty)
	g.MaxTokens = clamp(g.MaxTokens, 1, MaxContext, d.MaxTokens)
	if g.Context != 0 {
		g.Context = clamp(g.Context, MinContext, MaxContext, d.Context)
	}
	g.Threads = clamp(g.Threads, 0, MaxThreads, d.Threads)
	g.Stop = slices.DeleteFunc(slices.Clone(g.Stop), func(s string) bool { return s == "" })
	g.Preset = g.PresetName()
	return g
}

// clamp brings v into [low, high]; a v that is not a number becomes otherwise.
func clamp[T int | float32 | float64](v, low, high, otherwise T) T {
	if v != v {
		return otherwise
	}
	return min(max(v, low), high)
}
