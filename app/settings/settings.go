// Package settings keeps what the user chose between two starts: generation
// settings, appearance, window size and recent models, in one JSON file in the
// user's configuration folder, written atomically.
//
// A file is read leniently and used strictly: unknown fields are ignored,
// missing ones have their default, and every value is brought into its range,
// so that whoever reads a Settings need not check it again.
package settings

import (
	"slices"
	"time"
)

// Theme is the user's choice of colours.
type Theme string

// The themes.
const (
	ThemeSystem Theme = "system"
	ThemeLight  Theme = "light"
	ThemeDark   Theme = "dark"
)

// Recent is a model that was opened before.
type Recent struct {
	Path string `json:"path"` // absolute; empty for the built-in model
	Name string `json:"name"`

	// Reading is how the model is read, as the conversation calls it; empty where
	// nobody chose.
	Reading string `json:"reading,omitempty"`
	// NoCopy says that no compact copy of it is wanted.
	NoCopy bool `json:"no_copy,omitempty"`
	// Noted says that what was passed over when it was opened was shown.
	Noted bool `json:"noted,omitempty"`

	Used time.Time `json:"used,omitzero"`  // when it was opened last
	Rate float64   `json:"rate,omitempty"` // tokens a second that it wrote here last
}

// Settings is everything that survives a restart.
type Settings struct {
	Version      int        `json:"version"`
	Generation   Generation `json:"generation"`
	Presets      []Preset   `json:"presets"` // the user's own
	Theme        Theme      `json:"theme"`
	TextScale    int        `json:"text_scale"` // percent: 90, 100, 115, 130, 150
	EnterSends   bool       `json:"enter_sends"`
	Language     string     `json:"language"` // "en", "de", "zh"; empty for that of the system
	Width        float32    `json:"width"`    // of the window, device-independent
	Height       float32    `json:"height"`
	SidebarOpen  bool       `json:"sidebar_open"`
	PanelOpen    bool       `json:"panel_open"`    // the right panel
	SidebarWidth float32    `json:"sidebar_width"` // at 100% text
	PanelWidth   float32    `json:"panel_width"`
	Panel        string     `json:"panel"`             // which one it shows; empty for the first
	MoreOpen     bool       `json:"more_open"`         // the folded half of the generation panel
	Tint         bool       `json:"tint"`              // words of the inspected answer, by surprise
	Recent       []Recent   `json:"recent"`            // newest first, at most maxRecent
	Model        *string    `json:"model,omitempty"`   // path of the one that Tern was closed with; empty for the built-in one, nil where an older Tern did not say
	Opening      string     `json:"opening,omitempty"` // path of the one that is being opened at the start; left there by a start that ended then
	Folder       string     `json:"folder"`            // where the file window opens
	Models       []string   `json:"models"`            // folders of models; downloads go into the first
	Site         string     `json:"site"`              // that models come from; empty for the usual one
	Token        string     `json:"token"`             // for that site; empty for none
	Serving      Serving    `json:"serving"`           // others by this program
	Servers      []Server   `json:"servers"`           // elsewhere, the newest first
	Updates      Updates    `json:"updates"`

	ExportThoughts bool `json:"export_thoughts,omitempty"` // with what models thought before their answers

	// Megabytes (10^6 bytes) for what models know of conversations: on disk, 0 for none, and of states to go
	// back to in memory.
	KeptMB     int `json:"kept_mb"`
	SnapshotMB int `json:"snapshot_mb"`
}

// KeptBytes is KeptMB in bytes.
func (s *Settings) KeptBytes() int64 { return int64(s.KeptMB) * 1_000_000 }

// SnapshotBytes is SnapshotMB in bytes.
func (s *Settings) SnapshotBytes() int64 { return int64(s.SnapshotMB) * 1_000_000 }

// version is the form of the file that Save writes.
const version = 1

// The smallest window, and the largest that is believed.
const (
	MinWidth, MinHeight = 560, 420
	maxSide             = 20000
)

// The widths of what stands beside the text, at 100% text.
const (
	MinSidebar, MaxSidebar = 180, 320
	MinPanel, MaxPanel     = 260, 420
)

// TextScales are the sizes of the text to choose from, in percent.
var TextScales = []int{90, 100, 115, 130, 150}

// KeptMB and SnapshotMB are what to choose from.
var (
	KeptMB     = []int{0, 1000, 2000, 4000, 8000, 16000}
	SnapshotMB = []int{128, 256, 512, 1000, 2000}
)

const maxRecent = 50

// Default returns the settings of a first start.
func Default() Settings {
	return Settings{
		Version:      version,
		Generation:   DefaultGeneration(),
		Theme:        ThemeSystem,
		TextScale:    100,
		EnterSends:   true,
		Width:        1100,
		Height:       720,
		PanelOpen:    true,
		SidebarOpen:  true,
		SidebarWidth: 232,
		PanelWidth:   288,
		Serving:      Serving{Port: DefaultPort},
		Tint:         true,
		KeptMB:       2000,
		SnapshotMB:   256,
	}
}

// LastModel is the path of the model to open at the start, empty for the built-in
// one.
func (s *Settings) LastModel() string {
	switch {
	case s.Model != nil:
		return *s.Model
	case len(s.Recent) > 0:
		return s.Recent[0].Path
	}
	return ""
}

// AddRecent puts a model in front of the recent ones, where each path appears
// once, and forgets the oldest of too many. A speed that is known stays.
func (s *Settings) AddRecent(r Recent) {
	for _, old := range s.Recent {
		if old.Path == r.Path && r.Rate == 0 {
			r.Rate = old.Rate
		}
	}
	s.Recent = distinct(append([]Recent{r}, s.Recent...))
}

// SetRate notes how fast a recent model wrote.
func (s *Settings) SetRate(path string, rate float64) {
	s.Recent = slices.Clone(s.Recent)
	for i := range s.Recent {
		if s.Recent[i].Path == path {
			s.Recent[i].Rate = rate
		}
	}
}

// Forget removes a model from the recent ones.
func (s *Settings) Forget(path string) {
	s.Recent = slices.DeleteFunc(slices.Clone(s.Recent), func(r Recent) bool { return r.Path == path })
}

// distinct returns at most maxRecent of the models in a new slice, the first of each
// path.
func distinct(models []Recent) []Recent {
	var kept []Recent
	for _, r := range models {
		known := slices.ContainsFunc(kept, func(k Recent) bool { return k.Path == r.Path })
		if !known && len(kept) < maxRecent {
			kept = append(kept, r)
		}
	}
	return kept
}

// normal brings every value into its range.
func (s Settings) normal() Settings {
	s.Version = version
	s.Presets = normalPresets(s.Presets)
	name := s.Generation.Preset
	s.Generation = s.Generation.Normal()
	s.Generation.Preset = name
	if name != Recommended {
		s.Generation = s.Generation.Named(s.Presets)
	}
	if !slices.Contains([]string{"en", "de", "zh"}, s.Language) {
		s.Language = ""
	}
	if s.Theme != ThemeLight && s.Theme != ThemeDark {
		s.Theme = ThemeSystem
	}
	s.TextScale = nearest(TextScales, s.TextScale)
	s.KeptMB, s.SnapshotMB = nearest(KeptMB, s.KeptMB), nearest(SnapshotMB, s.SnapshotMB)
	s.Width = clamp(s.Width, MinWidth, maxSide, Default().Width)
	s.Height = clamp(s.Height, MinHeight, maxSide, Default().Height)
	s.SidebarWidth = clamp(s.SidebarWidth, MinSidebar, MaxSidebar, Default().SidebarWidth)
	s.PanelWidth = clamp(s.PanelWidth, MinPanel, MaxPanel, Default().PanelWidth)
	s.Recent = distinct(s.Recent)
	s.Serving = s.Serving.normal()
	s.Servers = s.Servers[:min(len(s.Servers), maxServers)]
	return s
}

func nearest(choices []int, v int) int {
	best := choices[0]
	for _, c := range choices {
		if distance(c, v) < distance(best, v) {
			best = c
		}
	}
	return best
}

// distance is |a-b| without overflow.
func distance(a, b int) uint {
	if a < b {
		a, b = b, a
	}
	return uint(a) - uint(b)
}
