package library

import (
	"math"
	"slices"
	"strings"
	"testing"

	"tern/app/hub"
	"tern/app/measure"
	"tern/app/settings"
	"tern/inference"
	"tern/model"
)

// on is a library of a computer that reads rate bytes a second.
func on(rate float64) *Library {
	l := New()
	l.machines, l.threads = map[measure.Kind]measure.Machine{}, 1
	for _, kind := range measure.Kinds {
		for _, packed := range []bool{true, false} {
			kind.PackedHead = packed
			l.machines[kind] = measure.Machine{Kind: kind, Body: rate, Head: rate, Full: rate, KV: rate, Query: rate}
		}
	}
	return l
}

// TestRecommend: what is recommended on computers of several kinds.
func TestRecommend(t *testing.T) {
	const gb = 1_000_000_000
	for _, c := range []struct {
		what       string
		free, rate float64 // bytes, and bytes a second; 0 for not measured
		want       string
	}{
		{"4 GB, slow", 2.2 * gb, 5 * gb, "Ternary-Bonsai-1.7B"},
		{"4 GB, fast", 2.2 * gb, 40 * gb, "Ternary-Bonsai-1.7B"},
		{"8 GB, slow", 5 * gb, 5 * gb, "Ternary-Bonsai-1.7B"},
		{"8 GB, usual", 5 * gb, 12 * gb, "Ternary-Bonsai-4B"},
		{"8 GB, fast", 5 * gb, 30 * gb, "Ternary-Bonsai-8B"},
		{"24 GB, slow", 19 * gb, 10 * gb, "Ternary-Bonsai-4B"},
		{"24 GB, usual", 19 * gb, 25 * gb, "Ternary-Bonsai-8B"},
		{"24 GB, fast", 19 * gb, 70 * gb, "Ternary-Bonsai-2-9B"},
		{"64 GB, very fast", 55 * gb, 250 * gb, "Ternary-Bonsai-2-27B"},
		{"very slow", 19 * gb, 0.5 * gb, "Ternary-Bonsai-1.7B"}, // nothing is fast enough: the lightest
		{"8 GB, not measured", 5 * gb, 0, "Ternary-Bonsai-4B"},
		{"no memory", 0.5 * gb, 40 * gb, ""},
	} {
		l := New()
		if c.rate > 0 {
			l = on(c.rate)
		}
		got := ""
		if p := Recommend(func(p *Public) Offer { return l.OfferPublic(p, Room{}, int64(c.free), true) }); p != nil {
			got = strings.TrimSuffix(strings.TrimPrefix(p.ID, "prism-ml/"), "-gguf")
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	// Where the system does not tell its memory, speed alone decides.
	l := on(30e9)
	if p := Recommend(func(p *Public) Offer { return l.OfferPublic(p, Room{}, 0, false) }); p == nil || !strings.Contains(p.ID, "8B") {
		t.Errorf("%+v", p)
	}
}

// TestRecommendable: whatever is recommended chats, is not secondhand, and is better
// than nothing only where it fits.
func TestRecommendable(t *testing.T) {
	for free := 0.2e9; free < 64e9; free *= 1.4 {
		for rate := 1e9; rate < 300e9; rate *= 1.7 {
			l := on(rate)
			p := Recommend(func(p *Public) Offer { return l.OfferPublic(p, Room{}, int64(free), true) })
			if p == nil {
				if l.OfferPublic(Known("prism-ml/Ternary-Bonsai-1.7B-gguf"), Room{}, int64(free), true).Verdict == Fits {
					t.Fatalf("nothing for %.1f GB free", free/1e9)
				}
				continue
			}
			if o := l.OfferPublic(p, Room{}, int64(free), true); !p.Chat || p.Secondhand || o.Verdict != Fits {
				t.Fatalf("%s for %.1f GB free: %+v", p.ID, free/1e9, o)
			}
		}
	}
}

// TestOfferRepo: what is predicted from the files of a repository is near what its shape
// says, for every form.
func TestOfferRepo(t *testing.T) {
	l := on(20e9)
	shape := Known("prism-ml/Ternary-Bonsai-8B-gguf")
	want := l.OfferPublic(shape, Room{}, 1<<40, true)
	file := func(name string, size int64) *hub.Repo {
		return &hub.Repo{ID: "somebody/mirror", Files: []hub.File{{Path: name, Size: size}}}
	}
	weights := file("model.safetensors", 16_400_000_000)
	weights.Weights = map[string]int64{"BF16": 8_190_000_000}
	packed := file("model.safetensors", 3_000_000_000)
	packed.Weights = map[string]int64{"U8": 1_737_000_000, "BF16": 622_000_000}
	for what, r := range map[string]*hub.Repo{
		"PQ2_0": file("m-PQ2_0.gguf", 2_180_000_000), "Q1_0": file("m-Q1_0.gguf", 1_155_000_000), "PTQ1_0": file("m-PTQ1_0.gguf", 1_795_000_000),
		"F16": file("m-F16.gguf", 16_400_000_000), "unpacked": weights,
	} {
		want := want
		if form := hub.Form(what); form.Ternary() { // as the same file of the known model
			want = l.OfferRepo(&hub.Repo{ID: shape.ID, Files: r.Files}, Room{}, 1<<40, true)
		}
		if o := l.OfferRepo(r, Room{}, 1<<40, true); o.Verdict != Fits || float64(o.Need) < 0.95*float64(want.Need) || float64(o.Need) > 1.05*float64(want.Need) ||
			o.Words < 0.95*want.Words || o.Words > 1.05*want.Words {
			t.Errorf("%s: %+v, want about %+v", what, o, want)
		}
	}
	if o := l.OfferRepo(packed, Room{}, 1<<40, true); o.Need < 2_981_000_000 || o.Need > 4_500_000_000 {
		t.Errorf("packed: %+v", o)
	}
	for what, r := range map[string]*hub.Repo{"no size": file("m-PQ2_0.gguf", -1), "nothing": {ID: "a/b"}, "floats or not": file("model.safetensors", 5_000_000_000)} {
		if o := l.OfferRepo(r, Room{}, 1<<40, true); o != (Offer{}) {
			t.Errorf("%s: %+v", what, o)
		}
	}
	if o := l.OfferRepo(&hub.Repo{ID: shape.ID}, Room{}, 1<<40, true); o != want {
		t.Errorf("a known one: %+v, want %+v", o, want)
	}
	// Falcon-E, whose shape is not known, has a fit by its size.
	if o := l.OfferPublic(Known("tiiuae/Falcon-E-3B-Instruct"), Room{}, 1<<40, true); o.Verdict != Fits || o.Need < 960_000_000 || o.Words == 0 {
		t.Errorf("Falcon-E: %+v", o)
	}
}

// TestForms: what a file of fewer than two bits takes is counted in the form that Tern computes
// with, before it is there.
func TestForms(t *testing.T) {
	l := on(20e9)
	one := measure.Products{Body: 15e9, MACs: 1e11}
	for kind, m := range l.machines {
		if kind.Input == model.InputFloat {
			m.OneBit, m.Trits = one, one
		}
		l.machines[kind] = m
	}
	shape := Known("prism-ml/Ternary-Bonsai-8B-gguf")
	two := l.OfferPublic(shape, Room{}, 1<<40, true)
	weights := shape.Facts().Bytes()
	for form, bits := range map[hub.Form]int64{"Q1_0": 9, "PTQ1_0": 14, "PQ2_0": 17} {
		words := two.Words
		if expanded(form) {
			bits = 17
		} else if bits < 17 {
			words *= 15. / 20 * 17 / float64(bits)
		}
		need := two.Need - weights*(17-bits)/17
		o := l.OfferRepo(&hub.Repo{ID: shape.ID, Files: []hub.File{{Path: "m-" + string(form) + ".gguf", Size: weights * bits / 17}}}, Room{}, 1<<40, true)
		if math.Abs(float64(o.Need)/float64(need)-1) > 0.01 || math.Abs(o.Words/words-1) > 0.03 {
			t.Errorf("%s: %+v, want about %d and %g", form, o, need, words)
		}
		// The one-bit model of the catalogue is such a file.
		if p := l.OfferPublic(Known("prism-ml/Bonsai-8B-gguf"), Room{}, 1<<40, true); form == "Q1_0" && p != o {
			t.Errorf("%+v, and of the catalogue %+v", o, p)
		}
	}
}

// TestRoom: what a user lets copies of a state take is counted, and no more than a model keeps.
func TestRoom(t *testing.T) {
	f := Known("prism-ml/Ternary-Bonsai-2-9B-gguf").Facts()
	state := f.StateBytes()
	base := Need(f, Room{}) - 256<<20/state*state
	s := settings.Default()
	s.Generation.Context = 512
	for megabytes, copies := range map[int]int64{128: 128_000_000 / state, 256: 256_000_000 / state, 2000: 16} {
		s.SnapshotMB = megabytes
		want := base + max(2, copies)*state - (conversation-512)*inference.KVBytesPerToken(&f.Config, inference.KVF16)
		if got := Need(f, RoomOf(&s)); got != want {
			t.Errorf("%d MB: %d, want %d", megabytes, got, want)
		}
	}
	if got := Need(f, Room{Context: 1, Snapshots: 2e9}); got >= base {
		t.Errorf("one token needs %d, with more copies than positions", got)
	}
	if plain := Known("prism-ml/Ternary-Bonsai-8B-gguf").Facts(); Need(plain, Room{Snapshots: 2e9}) != Need(plain, Room{}) {
		t.Error("a model without a state has copies of it")
	}
}

// TestCatalogue: every family is explained, and what is to be taken is what is picked.
func TestCatalogue(t *testing.T) {
	for _, p := range Publics {
		if !slices.ContainsFunc(Families, func(f Family) bool { return f.Name == p.Family && f.About.Key != "" }) {
			t.Errorf("%s is of no family", p.ID)
		}
		if p.Take != "" && AboutForm(p.Take).Key == "" || p.Chat == strings.HasPrefix(p.Sentences(Offer{})[0].String(), "Continues") {
			t.Errorf("%s: %q", p.ID, p.Sentences(Offer{}))
		}
	}
	for _, name := range []string{"PTQ1_0", "PQ2_0", "Q2_0", "Q2_0_G64", "Q2_G64", "I2_S", "TQ2_0", "TQ1_0", "Q1_0", "F16", "BF16", "F32"} {
		if AboutForm(hub.Form(name)).Key == "" {
			t.Errorf("%s is not explained", name)
		}
	}
	if AboutForm("Q4_K_M").Key != "" {
		t.Error("a form of other programs is explained")
	}
	got := ""
	for _, s := range Known("prism-ml/Ternary-Bonsai-2-9B-gguf").Sentences(Offer{Fit: Fit{Verdict: Fits}, Words: 14}) {
		got += s.String() + " · "
	}
	if got != "Chats · about 2.0 GB · Fits, about 14 words a second here · many languages · thinks first · calls tools · licence Apache-2.0 · " {
		t.Error(got)
	}
}
