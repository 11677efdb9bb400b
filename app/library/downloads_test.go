package library

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tern/app/hub"
	"tern/app/hub/hubtest"
	"tern/model/checkpoint"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a Downloads on a hub of its own.
type desk struct {
	*Downloads
	t      *testing.T
	hub    *hubtest.Hub
	models string
	free   int64
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, models: t.TempDir(), free: 1 << 40, hub: &hubtest.Hub{Licence: "mit", Repos: map[string]string{
		"o/gguf": filepath.Join(goldens, "gguf-bitnet-i2_s"), "o/packed": filepath.Join(goldens, "hf-2b4t-packed"),
	}}}
	server := httptest.NewServer(d.hub)
	t.Cleanup(server.Close)
	d.Downloads = NewDownloads(func() (*hub.Client, error) {
		return hub.New(hub.Options{Base: server.URL, Tries: 2, Free: func(string) (int64, bool) { return d.free, true }})
	}, func() {})
	t.Cleanup(d.Close)
	return d
}

// until waits for a download to be in one of the states.
func (d *desk) until(id string, states ...DownloadState) Download {
	d.t.Helper()
	for begin := time.Now(); time.Since(begin) < 30*time.Second; time.Sleep(time.Millisecond) {
		for _, v := range d.View() {
			if v.ID == id && slices.Contains(states, v.State) {
				return v
			}
		}
	}
	d.t.Fatalf("%s: %+v", id, d.View())
	return Download{}
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestDownloads(t *testing.T) {
	d := newDesk(t)
	d.must(d.Ask("o/packed", d.models))
	if v := d.until("o/packed", Offered); v.Licence != "mit" || v.Progress.Total < 10_000 || v.Name != "packed" {
		t.Errorf("offered %+v", v)
	}
	if left, _ := os.ReadDir(d.models); len(left) != 0 {
		t.Error("something was downloaded unasked: ", left)
	}
	d.must(d.Start("o/packed", d.models))
	d.must(d.Start("o/gguf", d.models))
	for _, id := range []string{"o/packed", "o/gguf"} {
		v := d.until(id, Finished)
		if _, err := checkpoint.Open(t.Context(), v.Path, nil); err != nil || v.Percent() != 100 {
			t.Errorf("%+v: %v", v, err)
		}
	}
	if d.Busy() {
		t.Error("busy with nothing")
	}
	found := New().Scan(t.Context(), Query{Folders: []string{d.models}})
	if len(found.Models) != 2 || len(found.Unfinished) != 0 {
		t.Errorf("%+v", found)
	}
	// A finished one that is taken off the list stays on the disk.
	d.must(d.Remove("o/packed"))
	if !isThere(filepath.Join(d.models, "o", "packed", "model.safetensors")) || len(d.View()) != 1 {
		t.Error(d.View())
	}
}

func TestPause(t *testing.T) {
	d := newDesk(t)
	d.hub.Rate.Store(20_000)
	d.must(d.Start("o/packed", d.models))
	d.must(d.Start("o/gguf", d.models))
	d.until("o/gguf", Queued)
	for d.until("o/packed", Running).Progress.Done == 0 {
		time.Sleep(time.Millisecond)
	}
	d.Pause("o/gguf") // before its turn
	d.until("o/gguf", Paused)
	d.Pause("o/packed")
	v := d.until("o/packed", Paused)
	if v.Progress.Done == 0 || v.Percent() == 100 || v.Problem != nil {
		t.Errorf("paused %+v", v)
	}
	d.Close()

	// Another run of the program finds it, and goes on.
	found := New().Scan(t.Context(), Query{Folders: []string{d.models}})
	if len(found.Unfinished) != 1 || len(found.Models) != 0 {
		t.Fatalf("%+v", found)
	}
	next := newDesk(t)
	next.models = d.models
	next.Adopt(found.Unfinished)
	next.Adopt(found.Unfinished)
	if v := next.until("o/packed", Paused); v.Progress.Done == 0 || len(next.View()) != 1 {
		t.Errorf("%+v", next.View())
	}
	next.must(next.Start("o/packed", next.models))
	next.until("o/packed", Finished)
}

func TestRemove(t *testing.T) {
	d := newDesk(t)
	d.hub.Rate.Store(20_000)
	d.must(d.Start("o/packed", d.models))
	for d.until("o/packed", Running).Progress.Done == 0 {
		time.Sleep(time.Millisecond)
	}
	d.must(d.Remove("o/packed")) // while it runs
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		if left, _ := os.ReadDir(d.models); len(left) == 0 && !d.Busy() {
			break
		} else if time.Since(begin) > 30*time.Second {
			t.Fatal("left ", left)
		}
	}
	d.must(d.Start("o/packed", d.models))
	d.until("o/packed", Running)
	d.Pause("o/packed")
	d.until("o/packed", Paused)
	d.must(d.Remove("o/packed"))
	if left, _ := os.ReadDir(d.models); len(left) != 0 || len(d.View()) != 0 {
		t.Error("left ", left)
	}
}

func TestDownloadFails(t *testing.T) {
	d := newDesk(t)
	if err := d.Start("nonsense", d.models); !errors.Is(err, hub.ErrID) {
		t.Error(err)
	}
	d.must(d.Start("o/nothing", d.models))
	if v := d.until("o/nothing", Failed); !errors.Is(v.Err, hub.ErrNotFound) || v.Problem == nil {
		t.Errorf("%+v", v)
	}
	d.free = 1000
	d.must(d.Start("o/gguf", d.models))
	if v := d.until("o/gguf", Failed); !errors.Is(v.Err, hub.ErrNoSpace) {
		t.Errorf("%+v", v)
	}
	d.free = 1 << 40
	d.must(d.Start("o/gguf", d.models)) // retry
	d.until("o/gguf", Finished)
	d.must(d.Remove("o/nothing"))
}

// TestTake: of several files of a repository the one that the user wants is downloaded,
// and what there is to choose from is told.
func TestTake(t *testing.T) {
	d := newDesk(t)
	dir := t.TempDir()
	raw, err := os.ReadFile(filepath.Join("../../inference/testdata/goldens2/qwen3-pq2_0-yarn", "model.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"m-PQ2_0.gguf", "m-Q2_0.gguf", "m-F16.gguf"} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d.hub.Repos["o/many"] = dir
	d.must(d.Ask("o/many", d.models))
	v := d.until("o/many", Offered)
	if len(v.Choices) != 3 || v.Choices[0].File != "m-PQ2_0.gguf" || len(v.Repo.Files) != 1 || v.Repo.Files[0].Path != "m-PQ2_0.gguf" {
		t.Fatalf("%+v", v)
	}
	d.must(d.Take("o/many", "m-Q2_0.gguf", d.models))
	if v = d.until("o/many", Finished); filepath.Base(v.Path) != "m-Q2_0.gguf" {
		t.Errorf("got %s", v.Path)
	}
	// Another file of the same repository comes beside it.
	d.must(d.Take("o/many", "m-PQ2_0.gguf", d.models))
	for d.View()[0].Path == v.Path {
		d.until("o/many", Finished)
	}
	for _, name := range []string{"m-Q2_0.gguf", "m-PQ2_0.gguf"} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(v.Path), name)); err != nil {
			t.Error(err)
		}
	}
	d.must(d.Take("o/many", "nothing.gguf", d.models))
	if v = d.until("o/many", Failed); !errors.Is(v.Err, hub.ErrNoModel) {
		t.Error(v.Err)
	}
}
