package library

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"tern/app/hub"
	"tern/app/settings"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/ternary"
)

const goldens = "../../inference/testdata/goldens"

// copyModel puts the weights and configuration of a golden checkpoint into dir.
func copyModel(t *testing.T, golden, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(goldens, golden))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); hub.Takes(name) || strings.HasSuffix(name, ".gguf") {
			copyFile(t, filepath.Join(goldens, golden, name), filepath.Join(dir, name))
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func names(models []Entry) (list []string) {
	for _, e := range models {
		list = append(list, e.Name)
	}
	slices.Sort(list)
	return list
}

func TestScan(t *testing.T) {
	mine, cache, elsewhere := t.TempDir(), t.TempDir(), t.TempDir()
	copyModel(t, "hf-2b4t-packed", filepath.Join(mine, "a", "chatty"))
	copyModel(t, "hf-1bitllm-f16-sharded", filepath.Join(mine, "sharded"))
	copyModel(t, "gguf-bitnet-i2_s", filepath.Join(mine, "gguf"))
	copyModel(t, "hf-1bitllm-f32", filepath.Join(mine, ".hidden"))
	copyModel(t, "gguf-llama-i2_s", elsewhere)
	broken := filepath.Join(mine, "broken")
	copyModel(t, "hf-1bitllm-f32", broken)
	if err := os.Truncate(filepath.Join(broken, "model.safetensors"), 4000); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(mine, "other")
	copyModel(t, "hf-1bitllm-f32", other)
	if err := os.WriteFile(filepath.Join(other, "config.json"), []byte(`{"architectures":["OtherForCausalLM"]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	// What other tools keep: links into a folder of blobs.
	blobs, snapshot := filepath.Join(cache, "models--o--cached", "blobs"), filepath.Join(cache, "models--o--cached", "snapshots", "abc")
	copyModel(t, "hf-falcon3-packed", blobs)
	if err := os.MkdirAll(snapshot, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"config.json", "model.safetensors"} {
		if err := os.Rename(filepath.Join(blobs, f), filepath.Join(blobs, "x"+f[:3])); err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS == "windows" { // where links need a right that few have, these tools copy
			copyFile(t, filepath.Join(blobs, "x"+f[:3]), filepath.Join(snapshot, f))
		} else if err := os.Symlink(filepath.Join("..", "..", "blobs", "x"+f[:3]), filepath.Join(snapshot, f)); err != nil {
			t.Fatal(err)
		}
	}
	recentGGUF, err := filepath.Glob(filepath.Join(elsewhere, "*.gguf"))
	if err != nil || len(recentGGUF) != 1 {
		t.Fatal(recentGGUF, err)
	}
	used := time.Unix(2e9, 0)
	l := New()
	q := Query{
		Folders: []string{mine, filepath.Join(mine, "a"), filepath.Join(mine, "gone")},
		Recent: []settings.Recent{
			{Path: filepath.Join(mine, "a", "chatty", "config.json"), Name: "chatty", Used: used, Rate: 12},
			{Path: recentGGUF[0], Name: "x"},
			{Path: filepath.Join(mine, "vanished"), Name: "vanished"},
			{Name: "built in"}, {Path: "http://localhost:8080#x", Name: "elsewhere"},
		},
		Tools: []Tool{{"Hugging Face", cache}},
	}
	found := l.Scan(t.Context(), q)
	if got, want := names(found.Models), "broken cached chatty gguf sharded vanished x"; len(got) != 7 {
		t.Errorf("%v, want something like %s", got, want)
	}
	if found.Unsupported != 1 {
		t.Errorf("%d unsupported models", found.Unsupported)
	}
	for _, e := range found.Models {
		switch {
		case e.Name == "broken":
			if e.Problem == nil || !strings.Contains(e.Problem.Sentence.String(), "damaged") {
				t.Errorf("problem %+v", e.Problem)
			}
		case e.Name == "vanished":
			if e.Problem == nil || !e.Recent || e.Folder != "" {
				t.Errorf("%+v", e)
			}
		case e.Facts == nil || e.Problem != nil || e.Disk < 1000:
			t.Errorf("%+v, problem %+v", e, e.Problem)
		case e.Name == "chatty":
			if !e.Facts.Chat || !e.Used.Equal(used) || e.Rate != 12 || e.Folder != mine || !e.Recent {
				t.Errorf("%+v", e)
			}
		case e.Name == "cached":
			if e.Tool != "Hugging Face" || e.Folder != "" || !errors.Is(Delete(e), ErrNotMine) {
				t.Errorf("%+v", e)
			}
		}
	}
	if found.Models[0].Name != "chatty" {
		t.Errorf("the one used last comes after %s", found.Models[0].Name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := l.Scan(ctx, Query{Folders: []string{mine}}); len(got.Models) != 0 {
		t.Error("a cancelled scan finds ", names(got.Models))
	}
}

// TestPeekAgain checks that headers are read again when files change.
func TestPeekAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "m")
	copyModel(t, "hf-1bitllm-f32", dir)
	l := New()
	first, err := l.Peek(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := l.Peek(dir); again != first {
		t.Error("it was read twice")
	}
	if err := os.Truncate(filepath.Join(dir, "model.safetensors"), 100); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Peek(dir); !errors.Is(err, model.ErrDamaged) {
		t.Error(err)
	}
}

func TestDelete(t *testing.T) {
	mine := t.TempDir()
	dir := filepath.Join(mine, "owner", "m")
	copyModel(t, "hf-1bitllm-f16-sharded", dir)
	keep := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(keep, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "precious.safetensors")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "linked.safetensors")); err != nil {
		t.Fatal(err)
	}
	for _, e := range []Entry{{Path: dir}, {Path: filepath.Dir(mine), Folder: mine}, {Path: outside, Folder: mine}} {
		if err := Delete(e); !errors.Is(err, ErrNotMine) {
			t.Errorf("%+v: %v", e, err)
		}
	}
	if err := Delete(Entry{Path: dir, Folder: mine}); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 || !isThere(keep) || !isThere(outside) {
		t.Errorf("left %v", left)
	}

	ggufs := filepath.Join(mine, "g")
	copyModel(t, "gguf-bitnet-i2_s", ggufs)
	if err := Delete(Entry{Path: ggufs, Folder: mine}); err != nil {
		t.Fatal(err)
	}
	if isThere(ggufs) || !isThere(mine) {
		t.Error("the empty folder is there, or the user's is not")
	}
}

func TestNeed(t *testing.T) {
	dir := filepath.Join(goldens, "hf-2b4t-packed")
	f, err := checkpoint.Peek(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	weights := int64(0)
	for _, p := range m.MemoryParts() {
		weights += p.Bytes
	}
	per := inference.KVBytesPerToken(&m.Config, inference.KVF16)
	for context, want := range map[int]int64{
		0:                weights + per*int64(m.ContextLen) + margin,
		64:               weights + per*64 + margin,
		10 * 1000 * 1000: weights + per*int64(m.ContextLen) + margin,
	} {
		if got := Need(f, Room{Context: context}); got != want {
			t.Errorf("context %d: %d, want %d", context, got, want)
		}
	}
	// With the scales of the codes of a large head, which have room in the head, by hand: 2B-4T.
	for _, p := range Publics {
		if p.ID != "microsoft/bitnet-b1.58-2B-4T" {
			continue
		}
		const packed, head, scan, kv = 521_011_200, 656_670_720, 128_256 * 2 * 2560 / 64, 4096 * 30 * 2 * 5 * 128 * 2
		norms := int64(4 * (30*(2560+2560+2560+6912) + 2560))
		if got, want := Need(p.Facts(), Room{}), int64(packed+head+scan+kv+margin)+norms; got != want {
			t.Errorf("2B-4T needs %d, want %d", got, want)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		need, free int64
		known      bool
		want       Verdict
	}{
		{800, 1000, true, Fits}, {801, 1000, true, Tight}, {1000, 1000, true, Tight}, {1001, 1000, true, DoesNotFit}, {1, 0, false, Unknown},
	} {
		if got := Judge(c.need, c.free, c.known); got.Verdict != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if free, known := FreeMemory(); known && free < 1<<20 {
		t.Errorf("%d bytes are free", free)
	}
}

// TestPublics checks the list against itself: every id can be asked for, families
// stand together in their names, and sizes and needs are of one magnitude.
func TestPublics(t *testing.T) {
	families, outlined := map[string]int{}, map[string]int{}
	for _, p := range Publics {
		if id, err := hub.ParseID(p.ID); err != nil || id != p.ID || p.Licence == "" || p.Family == "" || len(p.Languages) == 0 || p.Thinking && !p.Chat {
			t.Errorf("%+v: %v", p, err)
		}
		families[p.Family]++
		f := p.Facts()
		if f == nil {
			continue
		}
		outlined[p.Family]++
		most := p.Bytes * 11 / 10
		if expanded(p.Take) {
			most = 2 * p.Bytes
		}
		if f.Bytes() > most || f.Params < 700_000_000 {
			t.Errorf("%s: %d bytes in memory of a download of %d, %d parameters", p.ID, f.Bytes(), p.Bytes, f.Params)
		}
	}
	for _, family := range []string{Bonsai, BonsaiBit, Bonsai2, BitCPM, BitNet, Falcon3} {
		if families[family] == 0 || outlined[family] == 0 {
			t.Errorf("%s: %d models, %d with a shape", family, families[family], outlined[family])
		}
	}
}

// expanded says that no kernel here computes with a form of fewer than two bits.
func expanded(form hub.Form) bool {
	forms := map[hub.Form]ternary.Form{"Q1_0": ternary.OneBit, "PTQ1_0": ternary.Trits}
	return ternary.Direct(forms[form]) != forms[form]
}

// TestOutlines: what is predicted of published shapes is what a model of that shape
// takes, and what the files hold (formats of 2026, hybrid models).
func TestOutlines(t *testing.T) {
	for id, want := range map[string]struct{ params, bytes, state int64 }{
		"prism-ml/Ternary-Bonsai-4B-gguf":    {4_022_000_000, 1_069_000_000, 0},
		"prism-ml/Ternary-Bonsai-2-9B-gguf":  {8_950_000_000, 1_970_000_000, 50 << 20},
		"prism-ml/Ternary-Bonsai-2-27B-gguf": {26_890_000_000, 5_930_000_000, 150 << 20},
	} {
		if expanded(Known(id).Take) {
			want.bytes = want.bytes * 34 / 28
		}
		i := slices.IndexFunc(Publics, func(p Public) bool { return p.ID == id })
		f := Publics[i].Facts()
		if r := float64(f.Params) / float64(want.params); r < 0.99 || r > 1.01 {
			t.Errorf("%s: %d parameters", id, f.Params)
		}
		if r := float64(f.Bytes()) / float64(want.bytes); r < 0.98 || r > 1.02 {
			t.Errorf("%s: %d bytes", id, f.Bytes())
		}
		if r := float64(f.StateBytes()) / float64(max(want.state, 1)); want.state > 0 && (r < 0.98 || r > 1.02) || want.state == 0 && f.StateBytes() != 0 {
			t.Errorf("%s: state of %d", id, f.StateBytes())
		}
		if want.state > 0 && Need(f, Room{Context: 4096}) < f.Bytes()+3*f.StateBytes()+4096*inference.KVBytesPerToken(&f.Config, inference.KVF16) {
			t.Errorf("%s: the need counts no snapshots", id)
		}
	}
}

// TestOffer: each offer is one sentence.
func TestOffer(t *testing.T) {
	for want, o := range map[string]Offer{
		"":     {},
		"Fits": {Fit: Fit{Verdict: Fits}},
		"Fits just so: needs 900 MB, 1.0 GB free":     {Fit: Fit{Tight, 900_000_000, 1_000_000_000}},
		"Fits, about 14 words a second here":          {Fit: Fit{Verdict: Fits}, Words: 13.6},
		"Fits just so, about 120 words a second here": {Fit: Fit{Verdict: Tight}, Words: 123},
		"About 3.4 words a second here":               {Words: 3.43},
		"9.1 words a second here":                     Offer{}.Wrote(12.1),
		"Fits, 35 words a second here":                Offer{Fit: Fit{Verdict: Fits}, Words: 3}.Wrote(46.4),
		"Fits just so, 35 words a second here":        Offer{Fit: Fit{Verdict: Tight}, Words: 3}.Wrote(46.4),
		"Fits, about 4 words a second here":           Offer{Fit: Fit{Verdict: Fits}, Words: 4}.Wrote(0),
		"Does not fit: needs 5.9 GB, 512 MB free":     {Fit: Fit{DoesNotFit, 5_900_000_000, 512_000_000}, Words: 3},
	} {
		if got := o.Text().String(); got != want {
			t.Errorf("%+v: %q, want %q", o, got, want)
		}
	}
	l := New()
	if err := l.Measure(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if o := l.Offer(Publics[0].Facts(), Room{Context: 4096}, 1<<40, true); o.Verdict != Fits || !(o.Words > 0) {
		t.Errorf("%+v", o)
	}
	if o := l.Offer(nil, Room{}, 0, true); o != (Offer{}) {
		t.Errorf("%+v", o)
	}
}

// TestNamesOfTheSystem: models whose paths are not UTF-8, or whose endings are in
// capitals, are found and belong together like others.
func TestNamesOfTheSystem(t *testing.T) {
	mine := t.TempDir()
	name := "gr\xf6\xdfe"
	if runtime.GOOS != "linux" {
		name = "größe" // elsewhere names are text
	}
	dir := filepath.Join(mine, name)
	copyModel(t, "gguf-bitnet-i2_s", dir)
	ggufs, err := filepath.Glob(filepath.Join(mine, "*", "*.gguf"))
	if err != nil || len(ggufs) != 1 {
		t.Fatal(ggufs, err)
	}
	model := filepath.Join(dir, "weights.GGuf") // no mere change of case, which Wine does not do
	if err := os.Rename(ggufs[0], model); err != nil {
		t.Fatal(err)
	}
	found := New().Scan(t.Context(), Query{Folders: []string{mine}, Recent: []settings.Recent{{Path: dir, Name: "x"}}})
	if len(found.Models) != 1 || found.Models[0].Path != model || found.Models[0].Facts == nil || !found.Models[0].Recent || found.Models[0].Disk == 0 {
		t.Fatalf("%+v", found.Models)
	}
	if err := Delete(found.Models[0]); err != nil || isThere(model) {
		t.Errorf("it is still there: %v", err)
	}
}

// TestMarks: every change of a file's size or time changes the marks.
func TestMarks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.gguf")
	when := time.Now()
	seen := map[string]bool{}
	for _, size := range []int{1, 257, 513, 65793} { // the same in their lowest bytes
		if err := os.WriteFile(file, make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, at := range []time.Time{when, when.Add(time.Second)} {
			if err := os.Chtimes(file, at, at); err != nil {
				t.Fatal(err)
			}
			seen[marksOf(file)] = true
		}
	}
	if len(seen) != 8 {
		t.Errorf("8 states have %d marks", len(seen))
	}
}
