package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tern/app/files"
)

func TestNew(t *testing.T) {
	for base, want := range map[string]error{
		"":                              nil,
		"https://hf-mirror.example":     nil,
		"https://hf-mirror.example/a/":  nil,
		"http://localhost:8080":         nil,
		"http://127.0.0.1:1":            nil,
		"http://[::1]:1":                nil,
		"http://huggingface.co":         ErrInsecure,
		"http://localhost.example":      ErrInsecure,
		"http://127.0.0.1.example":      ErrInsecure,
		"ftp://huggingface.co":          ErrInsecure,
		"file:///etc/passwd":            ErrAddress,
		"huggingface.co":                ErrAddress,
		"https://user:pass@example.com": ErrAddress,
		"https://example.com?q":         ErrAddress,
		"https://":                      ErrAddress,
	} {
		if _, err := New(Options{Base: base}); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", base, err, want)
		}
	}
	for _, token := range []string{"hf_a\nb", "hf_ä", "hf a"} {
		if _, err := New(Options{Token: token}); !errors.Is(err, ErrToken) || strings.Contains(err.Error(), token) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestParseID(t *testing.T) {
	for text, want := range map[string]string{
		"owner/name":         "owner/name",
		" owner/na-me.1_x ":  "owner/na-me.1_x",
		"https://a.b/o/n":    "o/n",
		"https://a.b/o/n/":   "o/n",
		"https://a.b/o/n?x":  "o/n",
		"https://a/o/n/tree": "o/n",
		"name":               "", "": "", "a/b/c": "", "../x": "", "a/..": "", "a/b..c": "", "/a": "", "a/": "", "a b/c": "", "ä/b": "",
	} {
		got, err := ParseID(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}

// TestTokenStays checks, over a real network, that the token reaches the site
// and nobody else, whatever the redirects, and that no error tells it.
func TestTokenStays(t *testing.T) {
	const token = "hf_verysecret"
	s := newSite(t)
	real := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r)
	}))
	t.Cleanup(real.Close)
	_, port, _ := strings.Cut(real.Listener.Addr().String(), ":")
	back := false
	s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		switch {
		case isWeights(r) && strings.HasPrefix(r.Host, "127."):
			if back { // to the site again: the token stays dropped
				back = false
				http.Redirect(w, r, "http://localhost:"+port+r.URL.Path+"?again", http.StatusTemporaryRedirect)
				return true
			}
			return false
		case strings.HasSuffix(r.URL.Path, "model.safetensors") && !isWeights(r):
			http.Redirect(w, r, "http://127.0.0.1:"+port+"/store/model.safetensors?signature=secret", http.StatusFound)
			return true
		}
		return false
	}
	c, err := New(Options{Base: "http://localhost:" + port, Token: token, Tries: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for _, back = range []bool{false, true} {
		s.log = nil
		dir := t.TempDir()
		if saw, err := fetchAll(t.Context(), c, dir); err != nil || s.onDisk(dir) != "all" {
			t.Fatal(saw, err)
		}
		site, other := 0, 0
		for _, r := range s.log {
			mine := strings.HasPrefix(r.Host, "localhost") && !strings.HasPrefix(r.Path, "/store/")
			switch {
			case mine && r.Auth == "Bearer "+token:
				site++
			case !mine && r.Auth == "":
				other++
			default:
				t.Errorf("%s%s got %q", r.Host, r.Path, r.Auth)
			}
		}
		if site != 4 || other < 1 {
			t.Errorf("%d requests to the site and %d elsewhere: %v", site, other, s.log)
		}
	}
	for _, code := range []int{401, 403, 404, 418, 500} {
		s.fault = status("/", code, "")
		if _, err := fetchAll(t.Context(), c, t.TempDir()); err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("status %d: %v", code, err)
		}
	}
	real.CloseClientConnections()
	real.Close()
	if _, err := fetchAll(t.Context(), c, t.TempDir()); !errors.Is(err, ErrNetwork) || strings.Contains(err.Error(), token) || strings.Contains(err.Error(), "http") {
		t.Errorf("no server: %v", err)
	}
}

// TestSignedAddress checks that no error tells the signed address of a file.
func TestSignedAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) {
				panic(http.ErrAbortHandler)
			}
			return false
		}
		_, err := fetchAll(t.Context(), s.client(), t.TempDir())
		if !errors.Is(err, ErrNetwork) || strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
	})
}

// TestPauseAndResume stops a download after a while, by its context, and goes on
// with another client: only what was missing is sent.
func TestPauseAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) && n == 1 {
				w.Header().Set("Content-Length", "300000")
				_, _ = w.Write(s.files["model.safetensors"][:123_000])
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				return true
			}
			return false
		}
		dir := t.TempDir()
		ctx, pause := context.WithTimeout(t.Context(), 3*time.Second)
		defer pause()
		if _, err := fetchAll(ctx, s.client(), dir); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		kept := Look(dir)
		if kept == nil || kept.Complete || kept.ID != testRepo || kept.Commit != testCommit || kept.Done != 123_044 || kept.Size() != 300_044 {
			t.Fatalf("kept %+v", kept)
		}
		// The note pins the commit: nobody is asked for a list again.
		s.log = nil
		if err := s.client().Download(t.Context(), kept.Repo, dir, nil); err != nil {
			t.Fatal(err)
		}
		if s.onDisk(dir) != "all" || !Look(dir).Complete {
			t.Error(s.onDisk(dir))
		}
		if len(s.log) != 2 || s.log[1].Range != "bytes=123000-" {
			t.Errorf("requests %+v", s.log)
		}
		// And when all is there, nobody is asked for anything.
		s.log = nil
		if err := s.client().Download(t.Context(), kept.Repo, dir, nil); err != nil || len(s.log) != 0 {
			t.Error(err, s.log)
		}
	})
}

// TestDiscard gives an unfinished download up, and leaves what is not its own.
func TestDiscard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		c := s.client()
		c.spoil = func(w io.Writer) io.Writer { return &fullDisk{w: w, room: 150_000} }
		dir := filepath.Join(t.TempDir(), "a", "b")
		if _, err := fetchAll(t.Context(), c, dir); err == nil {
			t.Fatal("no error")
		}
		if err := os.WriteFile(filepath.Join(dir, "mine.txt"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Discard(dir); err != nil {
			t.Fatal(err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 || left[0].Name() != "mine.txt" {
			t.Errorf("left %v", left)
		}
		c.spoil = nil
		if _, err := fetchAll(t.Context(), c, dir); err != nil {
			t.Fatal(err)
		}
		if err := Discard(dir); err != nil || Look(dir) == nil {
			t.Error("a complete download was discarded", err)
		}
	})
}

// TestOthersFiles checks that a file of the user's is not written over, and
// that one of an earlier download is.
func TestOthersFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		dir := t.TempDir()
		mine := filepath.Join(dir, "tokenizer.model")
		if err := os.WriteFile(mine, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if saw, err := fetchAll(t.Context(), s.client(), dir); !errors.Is(err, ErrExists) {
			t.Error(saw, err)
		}
		if data, _ := os.ReadFile(mine); string(data) != "precious" {
			t.Errorf("it holds %q now", data)
		}

		dir = t.TempDir()
		if _, err := fetchAll(t.Context(), s.client(), dir); err != nil {
			t.Fatal(err)
		}
		s.files["config.json"] = []byte(`{"newer":true}`)
		s.list = s.listing()
		if saw, err := fetchAll(t.Context(), s.client(), dir); err != nil || s.onDisk(dir) != "all" {
			t.Error(saw, s.onDisk(dir))
		}
	})
}

// TestTaken: nothing is touched where another process downloads.
func TestTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dir := newSite(t), t.TempDir()
		c := s.client()
		c.spoil = func(w io.Writer) io.Writer { return &fullDisk{w: w, room: 150_000} }
		if _, err := fetchAll(t.Context(), c, dir); err == nil {
			t.Fatal("no error")
		}
		before := s.onDisk(dir)
		unlock, err := files.Lock(filepath.Join(dir, lockName), 0)
		if err != nil {
			t.Fatal(err)
		}
		if saw, err := fetchAll(t.Context(), s.client(), dir); !errors.Is(err, ErrTaken) || saw != "Another Tern is downloading this model. Wait until it is done." {
			t.Errorf("%q, %v", saw, err)
		}
		if err := Discard(dir); !errors.Is(err, ErrTaken) {
			t.Error(err)
		}
		unlock()
		if err := os.Remove(filepath.Join(dir, lockName)); err != nil || s.onDisk(dir) != before {
			t.Errorf("%v, %s, before %s", err, s.onDisk(dir), before)
		}
	})
}

func TestPick(t *testing.T) {
	sum := strings.Repeat("a", 64)
	file := func(name string, size int64) File { return File{Path: name, Size: size, SHA256: sum} }
	for _, c := range []struct {
		name, want string
		files      []File
		picked     []string
	}{
		{name: "shards", files: []File{file("config.json", 1), file("model-00001-of-00002.safetensors", 5), file("model-00002-of-00002.safetensors", 4),
			file("model.safetensors.index.json", 2), file("pytorch_model.bin", 9), file("modeling.py", 1), file("original/model.safetensors", 3)},
			picked: []string{"config.json", "model.safetensors.index.json", "model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors"}},
		{name: "the ternary GGUF", files: []File{file("m-f16.gguf", 9), file("m-Q4_K_M.gguf", 2), file("m-I2_S.gguf", 3), file("m-tq1_0.gguf", 1)},
			picked: []string{"m-I2_S.gguf"}},
		{name: "Bonsai", files: []File{file("Ternary-Bonsai-8B-F16.gguf", 16), file("Ternary-Bonsai-8B-Q2_0.gguf", 2), file("Ternary-Bonsai-8B-Q2_0_g64.gguf", 3)},
			picked: []string{"Ternary-Bonsai-8B-Q2_0.gguf"}},
		{name: "Bonsai of today", files: []File{file("Ternary-Bonsai-8B-Q2_0.gguf", 2), file("Ternary-Bonsai-8B-PQ2_0.gguf", 2), file("Ternary-Bonsai-8B-TQ2_0.gguf", 2)},
			picked: []string{"Ternary-Bonsai-8B-PQ2_0.gguf"}},
		{name: "Bonsai 2 and what lies beside it", files: []File{file("mmproj-Ternary-Bonsai-2-9B-F16.gguf", 1), file("Ternary-Bonsai-2-9B-PQ2_0.gguf", 5), file("Ternary-Bonsai-2-9B-PTQ1_0.gguf", 4), file("Ternary-Bonsai-2-9B-dspark-PQ2_0.gguf", 1)},
			picked: []string{"Ternary-Bonsai-2-9B-PTQ1_0.gguf"}},
		{name: "Bonsai 27B", files: []File{file("Ternary-Bonsai-27B-Q2_g64.gguf", 3), file("Ternary-Bonsai-27B-F16.gguf", 9)}, picked: []string{"Ternary-Bonsai-27B-Q2_g64.gguf"}},
		{name: "1 bit", files: []File{file("Bonsai-8B-Q1_0.gguf", 3), file("Bonsai-8B-F16.gguf", 1)}, picked: []string{"Bonsai-8B-Q1_0.gguf"}},
		{name: "only a projector", files: []File{file("mmproj-F16.gguf", 1)}},
		{name: "the one asked for", want: "m-tq1_0.gguf", files: []File{file("m-I2_S.gguf", 3), file("m-tq1_0.gguf", 1)}, picked: []string{"m-tq1_0.gguf"}},
		{name: "split", files: []File{file("m-i2_s-00001-of-00002.gguf", 3), file("m-i2_s-00002-of-00002.gguf", 1)},
			picked: []string{"m-i2_s-00002-of-00002.gguf", "m-i2_s-00001-of-00002.gguf"}},
		{name: "the smaller form", files: []File{file("config.json", 1), file("model.safetensors", 10), file("m-i2_s.gguf", 3)}, picked: []string{"m-i2_s.gguf"}},
		{name: "no configuration", files: []File{file("model.safetensors", 10)}},
		{name: "none of that name", want: "x.gguf", files: []File{file("m-i2_s.gguf", 3)}},
		{name: "twice", files: []File{file("config.json", 1), file("Model.safetensors", 1), file("model.safetensors", 1)}},
		{name: "negative", files: []File{file("config.json", 1), file("model.safetensors", -1)}},
	} {
		r, err := (&Repo{ID: "o/n", Commit: testCommit, Files: c.files}).Pick(c.want)
		if (err == nil) != (c.picked != nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.picked == nil || err != nil {
			continue
		}
		var got []string
		for _, f := range r.Files {
			got = append(got, f.Path)
		}
		if !slices.Equal(got, c.picked) {
			t.Errorf("%s: picked %v, want %v", c.name, got, c.picked)
		}
	}
}

// TestProgress checks the figures of a download at a known speed.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if !isWeights(r) {
				return false
			}
			w.Header().Set("Content-Length", "300000")
			for i := range 30 { // 100 kB a second
				_, _ = w.Write(s.files["model.safetensors"][i*10_000:][:10_000])
				w.(http.Flusher).Flush()
				time.Sleep(100 * time.Millisecond)
			}
			return true
		}
		r, err := s.client().Repo(t.Context(), testRepo, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if r, err = r.Pick(""); err != nil {
			t.Fatal(err)
		}
		var all []Progress
		if err := s.client().Download(t.Context(), r, t.TempDir(), func(p Progress) { all = append(all, p) }); err != nil {
			t.Fatal(err)
		}
		rates, checked := 0, false
		for i, p := range all {
			if p.Total != 300_044 || i > 0 && p.Done < all[i-1].Done {
				t.Errorf("report %d: %+v", i, p)
			}
			checked = checked || p.State == Checking
			if p.Rate == 0 {
				continue
			}
			rates++
			left := time.Duration(float64(p.Total-p.Done) / p.Rate * 1e9)
			if p.Rate < 90_000 || p.Rate > 120_000 || (p.Left-left).Abs() > time.Millisecond {
				t.Errorf("%.0f bytes a second, %v left", p.Rate, p.Left)
			}
		}
		if rates < 5 || !checked || all[len(all)-1].Done != 300_044 {
			t.Errorf("%d reports with a rate, checked %v, last %+v", rates, checked, all[len(all)-1])
		}
	})
}

func TestSiteAndToken(t *testing.T) {
	home := t.TempDir()
	for _, v := range []string{"HF_ENDPOINT", "HF_TOKEN", "XDG_CACHE_HOME"} {
		t.Setenv(v, "")
	}
	t.Setenv("HF_HOME", home)
	if err := os.WriteFile(filepath.Join(home, "token"), []byte(" hf_kept\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const mirror = "https://mirror.example"
	for _, c := range []struct{ set, env, endpoint, site, want string }{
		{"", "", "", DefaultBase, "hf_kept"},
		{"", "", "", DefaultBase + "/", "hf_kept"},
		{"", "", "", mirror, ""}, // not meant for it
		{"", "", mirror, mirror, ""},
		{"", "hf_env", "", DefaultBase, "hf_env"},
		{"", "hf_env", "", mirror, ""}, // set in the window
		{"", "hf_env", mirror + "/", mirror, "hf_env"},
		{"", "hf_env", mirror, DefaultBase, "hf_kept"},
		{" hf_set ", "hf_env", "", mirror, "hf_set"},
	} {
		t.Setenv("HF_TOKEN", c.env)
		t.Setenv("HF_ENDPOINT", c.endpoint)
		if got := Token(c.set, c.site); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	t.Setenv("HF_ENDPOINT", "")
	if Site("") != DefaultBase || Site(" https://a ") != "https://a" {
		t.Error(Site(""))
	}
	t.Setenv("HF_ENDPOINT", "https://b")
	if Site("") != "https://b" || Site("https://a") != "https://a" {
		t.Error(Site(""))
	}
}

func TestLookAtNonsense(t *testing.T) {
	dir := t.TempDir()
	if Look(dir) != nil || Look(filepath.Join(dir, "nowhere")) != nil {
		t.Error("a download where there is none")
	}
	for _, text := range []string{"", "{}", `{"repository":"a/b"}`,
		fmt.Sprintf(`{"repository":"a/b","commit":%q,"files":[{"name":"../../x","size":1,"blob":%q}]}`, testCommit, testCommit)} {
		if err := os.WriteFile(filepath.Join(dir, NoteName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if k := Look(dir); k != nil {
			t.Errorf("%s gives %+v", text, k)
		}
		if err := Discard(dir); err != nil {
			t.Error(err)
		}
	}
}
