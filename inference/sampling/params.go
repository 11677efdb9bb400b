// Package sampling chooses tokens from logits. Its settings are one table, Fields,
// over which the command line, requests, recipes, settings files and the panel
// loop: a new setting is a field of Params, a row of Fields and a step of the
// chain (sampler.go).
package sampling

import "slices"

// Params holds the settings of a Sampler. The zero value is greedy: the most
// likely token, always. A setting that is added must be off at 0, with omitempty in
// its tag: files written before it have none, and recipes stay what they were.
type Params struct {
	Temperature   float64 `json:"temperature"`
	TopK          int     `json:"top_k"`
	TopP          float64 `json:"top_p"`
	MinP          float64 `json:"min_p"`
	RepeatPenalty float64 `json:"repeat_penalty"`
	Seed          uint64  `json:"-"` // of the random sequence; each file has its own form of it
}

// Default is what the window and the command line start with.
var Default = Params{Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05, RepeatPenalty: 1}

// Range is an interval of values.
type Range struct{ Min, Max float64 }

// Contains reports whether v lies in r; NaN does not.
func (r Range) Contains(v float64) bool { return v >= r.Min && v <= r.Max }

// Field describes one setting of Params.
type Field struct {
	Key     string   // in recipes, settings files and requests
	Aliases []string // other keys of it, in requests and in generation_config.json
	Flag    string   // on the command line
	Usage   string   // of the flag
	Title   string   // in the panel, in English
	Hint    string   // below the title: one sentence

	Read  Range   // what files, flags and requests may hold
	Panel Range   // what the panel offers, and settings files are brought into
	Off   float64 // the value at which it does nothing

	// At points to the value in p; one of the results is nil.
	At func(p *Params) (number *float64, count *int)
}

// Fields are all settings but the seed, in the order of the panel.
var Fields = []Field{
	{
		Key: "temperature", Flag: "temp", Usage: "temperature `T`: higher is more surprising, 0 always picks the most likely token",
		Title: "Temperature", Hint: "Higher is more surprising; 0 always picks the most likely word.",
		Read: Range{0, 100}, Panel: Range{0, 2}, Off: 1,
		At: func(p *Params) (*float64, *int) { return &p.Temperature, nil },
	},
	{
		Key: "top_p", Flag: "top-p", Usage: "choose among the most likely tokens that reach the share `P`, 1 for all",
		Title: "Top-p", Hint: "Only the most likely words that together reach this share are considered; 1 turns it off.",
		Read: Range{0, 1}, Panel: Range{0, 1}, Off: 1,
		At: func(p *Params) (*float64, *int) { return &p.TopP, nil },
	},
	{
		Key: "top_k", Flag: "top-k", Usage: "choose among the `K` most likely tokens, 0 for all",
		Title: "Top-k", Hint: "Only this many of the most likely words are considered; 0 turns it off.",
		Read: Range{0, 1 << 24}, Panel: Range{0, 200}, Off: 0,
		At: func(p *Params) (*float64, *int) { return nil, &p.TopK },
	},
	{
		Key: "min_p", Flag: "min-p", Usage: "drop tokens less likely than the share `P` of the most likely one, 0 for none",
		Title: "Min-p", Hint: "Drops words less likely than this share of the most likely one; 0 turns it off.",
		Read: Range{0, 1}, Panel: Range{0, 0.5}, Off: 0,
		At: func(p *Params) (*float64, *int) { return &p.MinP, nil },
	},
	{
		Key: "repeat_penalty", Aliases: []string{"repetition_penalty"},
		Flag: "repeat-penalty", Usage: "make recent tokens less likely by the factor `R`, 1 for not",
		Title: "Repetition penalty", Hint: "Makes words already used less likely; 1 turns it off, above 1.2 text gets odd.",
		Read: Range{0, 10}, Panel: Range{1, 1.5}, Off: 1,
		At: func(p *Params) (*float64, *int) { return &p.RepeatPenalty, nil },
	},
}

// Keys returns the keys of the setting, its own one last: it counts where a file
// or a request has several.
func (f *Field) Keys() []string { return append(slices.Clone(f.Aliases), f.Key) }

// Get returns the value in p.
func (f *Field) Get(p Params) float64 {
	number, count := f.At(&p)
	if count != nil {
		return float64(*count)
	}
	return *number
}

// Set changes the value in p. A count loses its fraction.
func (f *Field) Set(p *Params, v float64) {
	if number, count := f.At(p); count != nil {
		*count = int(v)
	} else {
		*number = v
	}
}

// Whole reports whether the value is a count.
func (f *Field) Whole() bool {
	_, count := f.At(new(Params))
	return count != nil
}

// Neutral returns the settings with which every token is drawn with the
// probability that the model gives it.
func Neutral() (p Params) {
	for i := range Fields {
		Fields[i].Set(&p, Fields[i].Off)
	}
	return p
}

// Recommended returns the settings that the makers of a model recommend, by the keys
// of generation_config.json; what they leave out is off. ok is false where they say
// nothing of sampling: then it is Default.
func Recommended(values map[string]float64) (p Params, ok bool) {
	p = Neutral()
	for i := range Fields {
		f := &Fields[i]
		for _, key := range f.Keys() {
			if v, given := values[key]; given && f.Read.Contains(v) {
				f.Set(&p, v)
				ok = true
			}
		}
	}
	if !ok {
		return Default, false
	}
	return p, true
}
