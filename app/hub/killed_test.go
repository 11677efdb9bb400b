package hub_test

import (
	"bytes"
	"context"
	"errors"
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

// The environment of a child process that does nothing but download.
const site, folder = "TERN_TEST_HUB_SITE", "TERN_TEST_HUB_FOLDER"

// get downloads the repository of newWeights once.
func get(base, dir string) error {
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

// child runs a test of this binary in a process of its own.
func child(t *testing.T, test, base, dir string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	c.Env = append(os.Environ(), site+"="+base, folder+"="+dir)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// newWeights serves a repository; whole reports whether its weights are in a folder.
func newWeights(t *testing.T) (base string, whole func(dir string) bool) {
	t.Helper()
	source := t.TempDir()
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
	return server.URL, func(dir string) bool {
		data, err := os.ReadFile(filepath.Join(dir, "model.safetensors"))
		if err == nil && !bytes.Equal(data, weights) {
			t.Fatal("a file has its name and other bytes")
		}
		return err == nil
	}
}

// TestKilled ends a process that does nothing but download, at moments it
// cannot choose: what has its name is whole, and the download goes on.
func TestKilled(t *testing.T) {
	if base := os.Getenv(site); base != "" {
		for {
			if err := get(base, os.Getenv(folder)); err != nil {
				panic(err)
			}
		}
	}
	dir := filepath.Join(t.TempDir(), "o", "killed")
	base, whole := newWeights(t)
	unfinished := 0
	for i := range 12 {
		c := child(t, "TestKilled", base, dir)
		time.Sleep(time.Duration(20+15*i) * time.Millisecond)
		_ = c.Process.Kill()
		_ = c.Wait()
		if !whole(dir) {
			unfinished++
		}
	}
	if err := get(base, dir); err != nil || !whole(dir) {
		t.Fatal(err)
	}
	t.Logf("%d of 12 ends left it unfinished", unfinished)
}

// TestTwoProcesses lets two processes download into one folder at once: one of
// them does, and the other does the same afterwards or says that it must wait.
func TestTwoProcesses(t *testing.T) {
	const taken = 3 // exit code
	if base := os.Getenv(site); base != "" {
		switch err := get(base, os.Getenv(folder)); {
		case errors.Is(err, hub.ErrTaken):
			os.Exit(taken)
		case err != nil:
			panic(err)
		}
		os.Exit(0)
	}
	base, whole := newWeights(t)
	for range 6 {
		dir := filepath.Join(t.TempDir(), "o", "killed")
		var children []*exec.Cmd
		for range 3 {
			children = append(children, child(t, "TestTwoProcesses", base, dir))
		}
		done := 0
		for _, c := range children {
			_ = c.Wait()
			switch code := c.ProcessState.ExitCode(); code {
			case 0:
				done++
			case taken:
			default:
				t.Errorf("a download ended with exit code %d", code)
			}
		}
		if done == 0 || !whole(dir) {
			t.Errorf("%d of them were done", done)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 3 { // config.json, the weights, the note
			t.Errorf("%v, %v", left, err)
		}
	}
}
