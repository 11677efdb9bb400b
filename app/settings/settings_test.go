package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tern/app/files/filestest"
	"tern/inference/sampling"
	"tern/model/fuzztest"
)

// changed differs from the defaults in every field.
func changed() Settings {
	return Settings{
		Version: version,
		Generation: Generation{
			Preset: Custom, Params: sampling.Params{Temperature: 0.5, TopP: 0.6, TopK: 7, MinP: 0.1, RepeatPenalty: 1.2},
			MaxTokens: 99, Seed: math.MaxUint32, Stop: []string{"\n\n", "The End"}, Context: 300, Threads: 3,
			Thinking: "high", ThinkingBudget: 512,
		},
		Theme: ThemeDark, TextScale: 130, Width: 900.5, Height: 600,
		SidebarWidth: 200.5, PanelWidth: 300, KeptMB: 4000, SnapshotMB: 512,
		MoreOpen: true, Panel: "inspect",
		Recent: []Recent{{Path: "/models/größe", Name: "größe", Reading: "inverted", NoCopy: true, Used: time.Unix(1e9, 0).UTC(), Rate: 3.5}, {Name: "Tern Tales"}},
		Folder: "/models", Models: []string{"/a", "/b"}, Site: "https://mirror.example", Token: "hf_x",
		Serving: Serving{On: true, Port: 9000, Key: "k"}, Servers: []Server{{Base: "http://localhost:1/v1", Key: "s"}},
		ExportThoughts: true,
	}
}

func TestRoundTrip(t *testing.T) {
	for _, want := range []Settings{Default(), changed()} {
		path := filepath.Join(t.TempDir(), "new", "folder", "settings.json")
		if err := Save(path, want); err != nil {
			t.Fatal(err)
		}
		got, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, emptyIsNil); d != "" {
			t.Errorf("a saved file reads differently (-want +got):\n%s", d)
		}
	}
}

var emptyIsNil = cmp.Comparer(func(a, b []string) bool { return strings.Join(a, "\x00") == strings.Join(b, "\x00") })

func TestLoad(t *testing.T) {
	with := func(change func(*Settings)) Settings {
		s := Default()
		change(&s)
		return s
	}
	for _, c := range []struct {
		name, file string
		want       Settings
		damaged    bool
	}{
		{name: "empty object", file: `{}`, want: Default()},
		{name: "one value", file: `{"text_scale":115}`, want: with(func(s *Settings) { s.TextScale = 115 })},
		{name: "unknown fields", file: `{"from":"tomorrow","version":9,"generation":{"mirostat":2,"top_k":0}}`,
			want: with(func(s *Settings) { s.Generation.TopK, s.Generation.Preset = 0, Custom })},
		{name: "values below their range", want: with(func(s *Settings) {
			s.TextScale, s.Width, s.Height = 90, MinWidth, MinHeight
			s.SidebarWidth, s.PanelWidth = MinSidebar, MinPanel
			s.Generation = Generation{Preset: Custom, Params: sampling.Params{RepeatPenalty: 1}, MaxTokens: 1, Context: MinContext, RandomSeed: true}
		}), file: `{"theme":"pink","text_scale":-5,"width":-1,"height":3,"sidebar_width":0,"panel_width":-9,"generation":{"temperature":-1,"top_p":-1,"top_k":-1,
			"min_p":-1,"repeat_penalty":0,"max_tokens":-9223372036854775808,"context":-3,"threads":-1}}`},
		{name: "values above their range", want: with(func(s *Settings) {
			s.TextScale, s.Width, s.Height = 150, maxSide, maxSide
			s.SidebarWidth, s.PanelWidth = MaxSidebar, MaxPanel
			s.Generation = Generation{Preset: Custom, Params: sampling.Params{Temperature: 2, TopP: 1, TopK: 200, MinP: 0.5, RepeatPenalty: 1.5},
				MaxTokens: MaxContext, Context: MaxContext, Threads: MaxThreads, RandomSeed: true}
		}), file: `{"text_scale":9223372036854775807,"width":1e9,"height":1e9,"sidebar_width":321,"panel_width":1e9,"generation":{"temperature":1e300,"top_p":2,"top_k":999,
			"min_p":1,"repeat_penalty":9,"max_tokens":9223372036854775807,"context":999999999,"threads":99999}}`},
		{name: "empty stop texts", file: `{"generation":{"stop":["","x",""]}}`,
			want: with(func(s *Settings) { s.Generation.Stop = []string{"x"} })},
		{name: "a preset that the values contradict", file: `{"generation":{"preset":"Balanced","temperature":0}}`,
			want: with(func(s *Settings) { s.Generation.Temperature, s.Generation.Preset = 0, Custom })},
		{name: "too many recent models", file: `{"recent":[` + strings.Repeat(`{"path":"/a","name":"a"},`, 30) + `{"path":"/b","name":"b"}]}`,
			want: with(func(s *Settings) { s.Recent = []Recent{{Path: "/a", Name: "a"}, {Path: "/b", Name: "b"}} })},
		{name: "nothing", file: ``, want: Default(), damaged: true},
		{name: "cut off", file: `{"text_scale":115`, want: Default(), damaged: true},
		{name: "two values", file: `{}{}`, want: Default(), damaged: true},
		{name: "wrong type", file: `{"text_scale":115,"width":"wide"}`, want: Default(), damaged: true},
		{name: "seed out of range", file: `{"generation":{"seed":4294967296}}`, want: Default(), damaged: true},
		{name: "not JSON", file: "\x7fELF", want: Default(), damaged: true},
		{name: "huge", file: strings.Repeat(" ", maxFile) + "{}", want: Default(), damaged: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "settings.json")
			if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Load(path)
			if errors.Is(err, ErrDamaged) != c.damaged || (err != nil) != c.damaged {
				t.Errorf("error %v, want damaged: %v", err, c.damaged)
			}
			if d := cmp.Diff(c.want, got, emptyIsNil); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			kept, err := os.ReadFile(path + ".damaged")
			if c.damaged && (err != nil || string(kept) != c.file) {
				t.Errorf("the damaged file is not beside the old name: %v", err)
			}
			if !c.damaged && err == nil {
				t.Error("a good file was set aside")
			}
		})
	}
}

// Settings cut short anywhere are noticed.
func TestTruncated(t *testing.T) {
	whole, err := json.Marshal(Default())
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := parse(whole[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are settings", n, len(whole))
		}
	}
}

func TestLoadMissing(t *testing.T) {
	got, err := Load(filepath.Join(t.TempDir(), "nowhere", "settings.json"))
	if err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(Default(), got); d != "" {
		t.Error(d)
	}
}

func TestLoadUnreadable(t *testing.T) {
	path := t.TempDir() // a folder cannot be read as a file, nor is it a damaged one
	got, err := Load(path)
	if err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("error %v, want one that is not ErrDamaged", err)
	}
	if d := cmp.Diff(Default(), got); d != "" {
		t.Error(d)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("it was moved: %v", err)
	}
}

func TestSaveBringsIntoRange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	s := Default()
	s.Width, s.Generation.Temperature = float32(math.NaN()), math.Inf(1)
	if err := Save(path, s); err != nil { // JSON has neither
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil || got.Width != Default().Width || got.Generation.Temperature != 2 {
		t.Errorf("width %v, temperature %v, error %v", got.Width, got.Generation.Temperature, err)
	}
}

func TestSaveFails(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Save(filepath.Join(file, "settings.json"), Default()); err == nil {
		t.Error("saved below a file")
	}
	target := filepath.Join(dir, "settings.json")
	if err := os.MkdirAll(filepath.Join(target, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Save(target, Default()); err == nil {
		t.Error("replaced a folder")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(left) > 0 {
		t.Errorf("a failed save leaves %v", left)
	}
}

// TestKilled ends a process that does nothing but save settings, short and long
// ones, at moments it cannot choose: the file is whole, and not older than what
// the process said it had saved.
func TestKilled(t *testing.T) {
	of := func(i int) Settings {
		s := changed()
		s.Folder = strings.Repeat("long ", i%2*10_000)
		s.Site = fmt.Sprint(i)
		return s
	}
	number := func(text string) int {
		i, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			t.Error(err)
		}
		return i
	}
	saves := 0
	filestest.Killed(t, 50*time.Millisecond, 200*time.Millisecond, func(dir string) {
		path := filepath.Join(dir, "settings.json")
		before, _ := Load(path)
		i, _ := strconv.Atoi(before.Site) // 0 at first
		for ; ; i++ {
			if err := Save(path, of(i)); err != nil {
				panic(err)
			}
			fmt.Println(i)
		}
	}, func(dir string, said []filestest.Line, _ time.Time) {
		got, err := Load(filepath.Join(dir, "settings.json"))
		if err != nil {
			t.Fatal(err)
		}
		i := number(got.Site)
		saves += len(said)
		if last := number(said[len(said)-1].Text); i < last || !cmp.Equal(got, of(i), emptyIsNil) {
			t.Errorf("settings %d were saved, %d are there: %.100v", last, i, got)
		}
	})
	t.Logf("%d saves", saves)
}

func TestPath(t *testing.T) {
	t.Setenv("TERN_CONFIG_DIR", filepath.FromSlash("/portable"))
	if got, err := Path(); err != nil || got != filepath.FromSlash("/portable/settings.json") {
		t.Errorf("%q, %v", got, err)
	}
	t.Setenv("TERN_CONFIG_DIR", "")
	base, err := os.UserConfigDir()
	if err != nil {
		t.Skip("this system names no configuration folder: ", err)
	}
	if got, err := Path(); err != nil || got != filepath.Join(base, "tern", "settings.json") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAddRecent(t *testing.T) {
	var s Settings
	for i := range maxRecent + 2 {
		s.AddRecent(Recent{Path: fmt.Sprint("/m", i), Name: fmt.Sprint("m", i)})
	}
	before := s.Recent
	s.SetRate("/m45", 12)
	s.AddRecent(Recent{Path: "/m45", Name: "renamed"})
	s.Forget("/m50")
	var got []string
	for _, r := range s.Recent[:5] {
		got = append(got, r.Name)
	}
	if want := "renamed m51 m49 m48 m47"; strings.Join(got, " ") != want || s.Recent[0].Rate != 12 {
		t.Errorf("%v, want %s; rate %v", got, want, s.Recent[0].Rate)
	}
	if before[0].Name != "m51" || len(before) != maxRecent || before[6].Rate != 0 {
		t.Error("the list that was given out changed")
	}
}

// TestOwnPresets keeps, names and forgets presets of the user's.
func TestOwnPresets(t *testing.T) {
	s := Default()
	g := s.Generation
	g.Temperature = 0.55
	if got := g.Named(s.Presets); got.Preset != Custom {
		t.Errorf("named %q", got.Preset)
	}
	if !s.SavePreset("Mine", g) || g.Named(s.Presets).Preset != "Mine" || g.Named(nil).Preset != Custom {
		t.Errorf("presets %+v", s.Presets)
	}
	// Another name for the same values: the one in use stays.
	s.SavePreset("Twin", g)
	g.Preset = "Twin"
	if got := g.Named(s.Presets); got.Preset != "Twin" {
		t.Errorf("named %q, want Twin", got.Preset)
	}
	g.Temperature = 0.6
	s.SavePreset("Mine", g)
	if len(s.Presets) != 2 || s.Presets[0].Temperature != 0.6 {
		t.Errorf("presets %+v", s.Presets)
	}
	// They survive a file, and with it the name in use.
	s.Generation = g.With(s.Presets[1])
	path := filepath.Join(t.TempDir(), "settings.json")
	if err := Save(path, s); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(path); err != nil || !cmp.Equal(got, s.normal()) || got.Generation.Preset != "Twin" || len(got.Presets) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	s.DropPreset("Twin")
	if len(s.Presets) != 1 || s.Presets[0].Name != "Mine" || s.Generation.Named(s.Presets).Preset != Custom {
		t.Errorf("presets %+v", s.Presets)
	}
	// What a file may bring.
	bad := Default()
	bad.Presets = []Preset{{Name: ""}, {Name: "precise"}, {Name: "Custom"}, {Name: "A", Params: sampling.Params{Temperature: 99, TopP: math.NaN()}}, {Name: "A"},
		{Name: strings.Repeat("é", 41)}, {Name: strings.Repeat("é", 40)}}
	for range 100 {
		bad.Presets = append(bad.Presets, Preset{Name: fmt.Sprint(len(bad.Presets))})
	}
	kept := bad.normal().Presets
	if len(kept) != maxPresets || kept[0].Name != "A" || kept[0].Temperature != 2 || kept[0].TopP != DefaultGeneration().TopP {
		t.Errorf("%d kept: %+v", len(kept), kept[0])
	}
	full := Settings{Presets: kept}
	if full.SavePreset("one too many", g) || len(full.Presets) != maxPresets || !full.SavePreset("A", g) {
		t.Error("more presets than there may be")
	}
}

func TestPresets(t *testing.T) {
	g := DefaultGeneration()
	if g.PresetName() != "Balanced" || g.Temperature != 0.8 || g.TopP != 0.95 || g.TopK != 40 || g.MinP != 0.05 || g.RepeatPenalty != 1 {
		t.Errorf("the defaults are %+v", g)
	}
	for _, p := range Presets {
		g.MaxTokens = 77
		got := g.WithPreset(p.Name)
		if got.Preset != p.Name || got.PresetName() != p.Name || got.MaxTokens != 77 {
			t.Errorf("%s gives %+v", p.Name, got)
		}
		if n := got.Normal(); !cmp.Equal(n, got, emptyIsNil) {
			t.Errorf("%s is out of range: %+v", p.Name, got)
		}
		got.TopK++
		if got.PresetName() != Custom {
			t.Errorf("%s with another top-k is %s", p.Name, got.PresetName())
		}
	}
	if got := g.WithPreset("nonsense"); !cmp.Equal(got, g) {
		t.Errorf("an unknown preset changes %+v", got)
	}
}

// FuzzSettings: whatever the file holds, it is damaged or gives settings that
// are in range, and that are the same after they were saved.
func FuzzSettings(f *testing.F) {
	whole, err := json.Marshal(Default())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"recent":[{"path":"\u0000","name":"\ud800"}]}`, `{"width":1e999}`,
		`{"generation":{"stop":["","\n"],"temperature":-0,"max_tokens":1.5}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Settings
		var err error
		fuzztest.Bounded(t, len(data), func() { s, err = parse(data) })
		if err != nil {
			return
		}
		saved, err := json.Marshal(s)
		if err != nil {
			t.Fatalf("%+v cannot be saved: %v", s, err)
		}
		again, err := parse(saved)
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("saved %s\n got %+v (%v)\nwant %+v", saved, again, err, s)
		}
	})
}

func TestServing(t *testing.T) {
	for port, want := range map[int]int{0: DefaultPort, -1: DefaultPort, 80: DefaultPort, 1024: 1024, 65535: 65535, 65536: DefaultPort} {
		if got := (Settings{Serving: Serving{Port: port, Key: " a\nbé"}}).normal().Serving; got.Port != want || got.Key != "ab" {
			t.Errorf("port %d becomes %+v", port, got)
		}
	}
	var s Settings
	for i := range 30 {
		s.AddServer(Server{Base: fmt.Sprint(i % 25), Key: "old"})
	}
	before := s.Servers
	s.AddServer(Server{Base: "3", Key: "new"})
	if len(s.Servers) != maxServers || s.Servers[0] != (Server{"3", "new"}) || s.Servers[1].Base != "4" || before[0].Base != "4" {
		t.Errorf("%+v", s.Servers)
	}
}

// TestPathsAreBytes: a path that is not text comes back as it was.
func TestPathsAreBytes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings.json")
	s := Default()
	s.Folder, s.Models = "/m\xff", []string{"/a", "/b\xe4"}
	s.AddRecent(Recent{Path: "/m\xff/x.gguf", Name: "x"})
	s.AddRecent(Recent{Path: "/m\xfe/x.gguf", Name: "x"}) // U+FFFD would make them one
	if err := Save(file, s); err != nil {
		t.Fatal(err)
	}
	if s.Recent[0].Path != "/m\xfe/x.gguf" || s.Models[1] != "/b\xe4" {
		t.Error("saving changed the settings")
	}
	got, err := Load(file)
	if err != nil || got.Folder != s.Folder || !slices.Equal(got.Models, s.Models) || !slices.Equal(got.Recent, s.Recent) {
		t.Errorf("%v: %+v", err, got)
	}
}

// TestOldGeneration: what was written before the sampler's settings were a table
// reads as it did, and a preset that has its values keeps its name.
func TestOldGeneration(t *testing.T) {
	const old = `{"version":1,"generation":{"preset":"Mine","temperature":0.35,"top_p":0.91,"top_k":33,"min_p":0.07,"repeat_penalty":1.12,
		"max_tokens":99,"random_seed":false,"seed":4294967295,"stop":["x"],"context":300,"threads":3},
		"presets":[{"name":"Mine","temperature":0.35,"top_p":0.91,"top_k":33,"min_p":0.07,"repeat_penalty":1.12}]}`
	got, err := parse([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	params := sampling.Params{Temperature: 0.35, TopP: 0.91, TopK: 33, MinP: 0.07, RepeatPenalty: 1.12}
	want := Generation{Preset: "Mine", Params: params, MaxTokens: 99, Seed: math.MaxUint32, Stop: []string{"x"}, Context: 300, Threads: 3}
	if d := cmp.Diff(want, got.Generation); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Preset{{"Mine", params}}, got.Presets); d != "" {
		t.Error(d)
	}
	balanced, err := parse([]byte(`{"generation":{"preset":"Balanced","temperature":0.8,"top_p":0.95,"top_k":40,"min_p":0.05,"repeat_penalty":1}}`))
	if g := balanced.Generation; err != nil || g.Preset != "Balanced" || g.Params != sampling.Default || g.CutOff {
		t.Errorf("%+v, %v", g, err)
	}
}
