package cli

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tern/app/hub/hubtest"
	"tern/app/library"
	"tern/app/settings"
)

// TestPull downloads, finds, and runs a model of a hub on this computer.
func TestPull(t *testing.T) {
	const token = "hf_verysecret"
	h := &hubtest.Hub{Licence: "mit", Token: token, Repos: map[string]string{"o/packed": filepath.Join(goldens, "hf-2b4t-packed")}}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	config, home := t.TempDir(), t.TempDir()
	for name, value := range map[string]string{"TERN_CONFIG_DIR": config, "HOME": home, "USERPROFILE": home,
		"HF_ENDPOINT": server.URL, "HF_TOKEN": "", "HF_HOME": filepath.Join(home, "nowhere")} {
		t.Setenv(name, value)
	}
	out, errs, code := tern(t, "", "pull", "o/packed")
	if code != 1 || out != "" || !strings.Contains(errs, "This model needs permission") || !strings.Contains(errs, "Hint: Accept its licence") {
		t.Errorf("without a token: code %d, %q, %q", code, out, errs)
	}
	t.Setenv("HF_TOKEN", token)
	h.Busy.Store(1)
	out, errs, code = tern(t, "", "pull", "https://huggingface.co/o/packed")
	path := filepath.Join(home, "Models", "o", "packed")
	if code != 0 || out != path+"\n" || strings.Contains(errs, token) {
		t.Fatalf("code %d, %q, %q", code, out, errs)
	}
	for _, want := range []string{"The site asks you to wait 1 s. It resumes by itself.", "o/packed: ", "licence mit"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is not in %q", want, errs)
		}
	}
	if text := mustTern(t, "inspect", path); !strings.HasPrefix(text, "packed\n") {
		t.Errorf("inspect says %.100s", text)
	}

	s := settings.Default()
	s.Recent = []settings.Recent{{Path: filepath.Join(home, "gone"), Name: "gone"}}
	if err := settings.Save(filepath.Join(config, "settings.json"), s); err != nil {
		t.Fatal(err)
	}
	if text := mustTern(t, "list"); !strings.Contains(text, path) || !strings.Contains(text, "gone is not there any more") {
		t.Errorf("list says %s", text)
	}
	var line listLine
	if err := json.Unmarshal([]byte(strings.SplitN(mustTern(t, "list", "--json"), "\n", 2)[0]), &line); err != nil ||
		line.Path != path && line.Name != "gone" || line.Problem == "" && line.Decode <= 0 {
		t.Errorf("%+v, %v", line, err)
	}
	if line.Problem == "" && !strings.Contains(line.Here, "words a second here") && !strings.HasPrefix(line.Here, "Does not fit") {
		t.Errorf("here: %q", line.Here)
	}
	// The models to be had are those of the window, each with the same words.
	public := mustTern(t, "list", "--public")
	for _, p := range library.Publics {
		if !strings.Contains(public, " "+p.ID+"\n   "+p.Sentences(library.Offer{})[0].String()+" · ") {
			t.Errorf("%s is not in %s", p.ID, public)
		}
	}
	if n := strings.Count(public, "\n* "); n > 1 || !strings.Contains(public, "words a second here") && !strings.Contains(public, "Does not fit") {
		t.Errorf("%d are recommended in %s", n, public)
	}
	var offer publicLine
	decodeStrict(t, strings.SplitN(mustTern(t, "list", "--public", "--json"), "\n", 2)[0], &offer)
	if offer.ID != library.Publics[0].ID || !offer.Chat || offer.Here == "" {
		t.Errorf("%+v", offer)
	}

	// How fast this computer is was measured once, and is known to each command from then on.
	speeds := filepath.Join(config, "speeds.json")
	raw, err := os.ReadFile(speeds)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(speeds, regexp.MustCompile(`"(body_bytes_s|mac_s|head_bytes_s|full_bytes_s)":[\d.e+]+`).ReplaceAll(raw, []byte(`"$1":1000`)), 0o600); err != nil {
		t.Fatal(err)
	}
	fast := offer
	decodeStrict(t, strings.SplitN(mustTern(t, "list", "--public", "--json"), "\n", 2)[0], &offer)
	if offer.Here == fast.Here {
		t.Errorf("the speed is measured again: %q", offer.Here)
	}

	if err := os.WriteFile(filepath.Join(config, "settings.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := tern(t, "", "list"); code != 0 || !strings.Contains(errs, "settings.json: damaged settings") || !strings.Contains(errs, "Hint: the default settings") {
		t.Errorf("damaged settings: code %d, %q", code, errs)
	}

	there := filepath.Join(t.TempDir(), "there")
	if out, errs, code := tern(t, "", "pull", "o/packed", "--to", there); code != 0 || out != there+"\n" {
		t.Errorf("code %d, %q, %q", code, out, errs)
	}
	if _, err := os.Stat(filepath.Join(there, "model.safetensors")); err != nil {
		t.Error(err)
	}
	if _, errs, code := tern(t, "", "pull", "o/other"); code != 1 || !strings.Contains(errs, "There is no o/other, or it is private") {
		t.Errorf("code %d, %q", code, errs)
	}
	for _, args := range [][]string{{"pull"}, {"pull", "x"}, {"pull", "a/b", "c/d"}, {"list", "x"}} {
		if _, errs, code := tern(t, "", args...); code != 2 {
			t.Errorf("%v: code %d, %q", args, code, errs)
		}
	}
}
