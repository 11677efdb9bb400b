package hub_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tern/app/hub"
	"tern/app/hub/hubtest"
)

// TestKilled ends a process that does nothing but download, at moments it
// cannot choose: what has its name is whole, and the download goes on.
func TestKilled(t *testing.T) {
	const site, folder = "TERN_TEST_KILLED_SITE", "TERN_TEST_KILLED_FOLDER"
	get := func(base, dir string) error {
		c, err := hub.New(hub.Options{Base: base, Tries: 1})
		if err != nil {
			return err
		}
		defer c.Close()
		r, err := c.Repo(context.Background(), "o/killed", "", nil)
		if err == nil {
			r, err = r.Pick("")
		}
		if err == nil {
			err = c.Download(context.Background(), r, dir, nil)
		}
		return err
	}
	if base := os.Getenv(site); base != "" {
		for {
			if err := get(base, os.Getenv(folder)); err != nil {
				panic(err)
			}
		}
	}
	source, dir := t.TempDir(), filepath.Join(t.TempDir(), "o", "killed")
	weights := make([]byte, 8<<20)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(weights)
	for name, data := range map[string][]byte{"config.json": []byte("{}"), "model.safetensors": weights} {
		if err := os.WriteFile(filepath.Join(source, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(&hubtest.Hub{Repos: map[string]string{"o/killed": source}})
	t.Cleanup(server.Close)
	whole := func() bool {
		data, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
		if err == nil && !bytes.Equal(data, weights) {
			t.Fatal("a file has its name and other bytes")
		}
		return err == nil
	}
	unfinished := 0
	for i := range 12 {
		child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		child.Env = append(os.Environ(), site+"="+server.URL, folder+"="+dir)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(20+15*i) * time.Millisecond)
		_ = child.Process.Kill()
		_ = child.Wait()
		if !whole() {
			unfinished++
		}
	}
	if err := get(server.URL, dir); err != nil || !whole() {
		t.Fatal(err)
	}
	t.Logf("%d of 12 ends left it unfinished", unfinished)
}
