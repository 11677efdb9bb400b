// Faulty shows that the tests see deliberate faults: for each of a table it has go
// test compile a copy of one file with one text replaced (-overlay), and ends with 1
// unless the test that should see the fault fails.
//
//	go run ./.ci/faulty [NAME ...]
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// fault is one replacement.
type fault struct {
	name     string
	file     string // in the project
	old, new string // old is there exactly once
	pkg      string // whose tests see it, and
	tests    string // which, as go test -run takes them
}

func main() {
	failed := false
	for _, f := range faults {
		if len(os.Args) > 1 && !slices.Contains(os.Args[1:], f.name) {
			continue
		}
		seen, err := f.run()
		if err != nil {
			fmt.Printf("%s: %v\n", f.name, err)
			failed = true
			continue
		}
		fmt.Printf("    %s: seen by %s\n", f.name, seen)
	}
	if failed {
		os.Exit(1)
	}
}

// changed returns the file with the fault.
func (f *fault) changed(root string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(root, f.file))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(raw), f.old); n != 1 {
		return "", fmt.Errorf("%q is %d times in %s, want once", f.old, n, f.file)
	}
	return strings.Replace(string(raw), f.old, f.new, 1), nil
}

// run returns the tests that failed.
func (f *fault) run() (seen string, err error) {
	text, err := f.changed(".")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "faulty")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file, err := filepath.Abs(f.file)
	if err != nil {
		return "", err
	}
	replaced, overlay := filepath.Join(dir, "fault.go"), filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {file: replaced}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(replaced, []byte(text), 0o600); err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "vet", "-overlay", overlay, f.pkg).CombinedOutput(); err != nil {
		return "", fmt.Errorf("it does not build: %s", out)
	}
	out, err := exec.Command("go", "test", "-count=1", "-failfast", "-overlay", overlay, "-run", f.tests, f.pkg).CombinedOutput()
	if err == nil {
		return "", fmt.Errorf("no test fails")
	}
	found := failure.FindSubmatch(out)
	if found == nil {
		return "", fmt.Errorf("no test fails by itself: %s", out)
	}
	return string(found[1]), nil
}

var failure = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)
