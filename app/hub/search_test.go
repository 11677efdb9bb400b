package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tern/app/hub/hubtest"
)

// shelves writes repositories of empty-worded files and serves them.
func shelves(t *testing.T, repos map[string][]string) (*hubtest.Hub, *Client) {
	t.Helper()
	h := &hubtest.Hub{Licence: "mit", Repos: map[string]string{}, Tags: map[string][]string{}}
	for id, names := range repos {
		dir := t.TempDir()
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("x", 100)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		h.Repos[id] = dir
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := New(Options{Base: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return h, c
}

// TestSearch: what is found is what may hold ternary weights, with sizes, licence and
// date, whether the list of the site has the sizes or they are asked for.
func TestSearch(t *testing.T) {
	h, c := shelves(t, map[string][]string{
		"a/Zoo-8B-gguf":         {"Zoo-8B-PQ2_0.gguf", "Zoo-8B-Q2_0_g64.gguf", "Zoo-8B-F16.gguf", "mmproj-F16.gguf"},
		"b/zoo-rounded":         {"zoo-Q4_K_M.gguf", "zoo-IQ2_XS.gguf"},
		"b/zoo-bitnet-rounded":  {"zoo-Q4_K_M.gguf"},
		"c/zoo-unpacked":        {"config.json", "model.safetensors"},
		"c/zoo-tagged":          {"config.json", "model.safetensors"},
		"c/zoo-TriLM":           {"config.json", "model.safetensors"},
		"d/zoo-bitnet-mlx":      {"config.json", "model.safetensors"},
		"d/zoo-bitnet-pictures": {"a.png"},
		"e/zoo-sherry":          {"zoo-STQ1_0.gguf"},
		"e/Zoo-Bonsai":          {"Zoo-Bonsai.gguf"},
		"f/other-bitnet":        {"other-i2_s.gguf"},
	})
	h.Tags["c/zoo-tagged"], h.Tags["d/zoo-bitnet-mlx"] = []string{"en", "1.58-bit"}, []string{"MLX"}
	h.Changed = time.Date(2026, 9, 17, 12, 0, 0, 0, time.UTC)
	for _, sizes := range []bool{true, false} {
		h.Sizes = sizes
		r, err := c.Search(t.Context(), "ZOO")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range r.Ternary {
			got = append(got, f.ID)
			if f.Licence != "mit" || !f.Changed.Equal(h.Changed) || !f.Sized() || f.Downloads == 0 {
				t.Errorf("sizes listed %v: %+v", sizes, f)
			}
		}
		if want := []string{"a/Zoo-8B-gguf", "c/zoo-TriLM", "c/zoo-tagged", "e/Zoo-Bonsai"}; !slices.Equal(got, want) || r.Others != 6 || r.More {
			t.Errorf("found %q and %d others", got, r.Others)
		}
		bonsai := r.Ternary[0]
		if bonsai.Files[0].Path != "Zoo-8B-PQ2_0.gguf" || bonsai.Size() != 100 || len(bonsai.Choices) != 3 || bonsai.Choices[1].Form != "Q2_0_G64" || bonsai.Choices[2].Form != "F16" {
			t.Errorf("%+v", bonsai)
		}
	}
	if r, err := c.Search(t.Context(), "nothing of the kind"); err != nil || len(r.Ternary)+r.Others != 0 {
		t.Error(r, err)
	}
}

// TestSearchFails: each way to fail has an error of its own, at once.
func TestSearchFails(t *testing.T) {
	answer := atomic.Pointer[http.HandlerFunc]{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*answer.Load())(w, r) }))
	defer server.Close()
	c, err := New(Options{Base: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	for want, answers := range map[error][]http.HandlerFunc{
		ErrBusy:     {status(429, "Retry-After", "7"), status(503)},
		ErrNotFound: {status(404)},
		ErrNoToken:  {status(401)},
		ErrAnswer: {status(200), status(400), func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"error": "x"}`) },
			func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[{"id": 3}]`) }},
	} {
		for i, a := range answers {
			answer.Store(&a)
			if _, err := c.Search(t.Context(), "x"); !errors.Is(err, want) {
				t.Errorf("%v, answer %d: %v", want, i, err)
			} else if want == ErrBusy && i == 0 && Wait(err) != 7*time.Second {
				t.Errorf("wait %v", Wait(err))
			}
		}
	}
	// Ids that could not be asked for and files that would leave the folder are left out.
	hostile := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"id": "../x", "siblings": [{"rfilename": "a-i2_s.gguf", "size": 1}]}, {"id": "o/n", "siblings": [{"rfilename": "../a-i2_s.gguf", "size": 1}]},
			{"id": "o/bitnet", "siblings": null}, {"id": "o/m", "siblings": [{"rfilename": "a-i2_s.gguf", "size": 5}]}]`)
	})
	answer.Store(&hostile)
	if r, err := c.Search(t.Context(), "x"); err != nil || len(r.Ternary) != 1 || r.Ternary[0].ID != "o/m" || r.Ternary[0].Size() != 5 {
		t.Errorf("%+v %v", r, err)
	}
	// It ends when nobody waits any more.
	ctx, cancel := context.WithCancel(t.Context())
	slow := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	answer.Store(&slow)
	if _, err := c.Search(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	server.Close()
	if _, err := c.Search(t.Context(), "x"); !errors.Is(err, ErrNetwork) {
		t.Error(err)
	}
}

// TestSearchKeepsWhatItHas: where the site has enough of questions, what was found is
// shown without sizes.
func TestSearchKeepsWhatItHas(t *testing.T) {
	h, c := shelves(t, map[string][]string{"a/x": {"x-i2_s.gguf"}, "b/x": {"x-pq2_0.gguf"}})
	lists := atomic.Int64{}
	c.o.Tries = 1
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lists.Add(1) > 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	busy, err := New(Options{Base: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	r, err := busy.Search(t.Context(), "x")
	if err != nil || len(r.Ternary) != 2 || r.Ternary[0].Sized() || r.Ternary[1].Sized() {
		t.Errorf("%+v %v", r, err)
	}
}

// TestFormOf: the form is a word of the name, not a part of one.
func TestFormOf(t *testing.T) {
	for name, want := range map[string]Form{
		"Ternary-Bonsai-8B-PQ2_0.gguf": "PQ2_0", "ggml-model-i2_s.gguf": "I2_S", "bitcpm4-1b-tq2_0.gguf": "TQ2_0", "Bonsai-1.7B.gguf": "", "Ternary-Bonsai-27B-Q2_g64.gguf": "Q2_G64",
		"x-Q2_0_g64-00001-of-00002.gguf": "Q2_0_G64", "m.Q2_0.gguf": "Q2_0", "m-Q4_K_M.gguf": "Q4_K_M", "m-IQ2_XS.gguf": "IQ2_XS", "m-TL1.gguf": "TL1", "m-f16.gguf": "F16", "tq2_0": "TQ2_0", "hy-mt-stq1_0.gguf": "STQ1_0",
		"q2.gguf": "Q2", "m-UD-Q2_K_XL.gguf": "Q2_K_XL",
	} {
		if got := FormOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if Form("STQ1_0").Ternary() || Form("Q4_K_M").Ternary() || !Form("Q2_G64").Ternary() || Form("Q1_0").Float() {
		t.Error("forms are taken for others")
	}
}
