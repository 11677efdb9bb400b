package app

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are the documents written by hand.
func pages(t *testing.T) []string {
	t.Helper()
	list := []string{"../README.md", "../inference/kernel/MEASUREMENTS.md", "../assets/model/README.md", "answers.md"}
	for _, pattern := range []string{"../.github/*.md", "../.ci/*.md", "measure/*.md", "../assets/packaging/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		list = append(list, found...)
	}
	return list
}

var (
	links = regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)`)
	paths = regexp.MustCompile("`((?:app|inference|model|tokenizer|assets|\\.ci|\\.github)/[^`\\s]*)`")
)

// TestLinks: what a page links to exists, and so do the files that ARCHITECTURE and
// CONTRIBUTING name.
func TestLinks(t *testing.T) {
	seen := 0
	for _, page := range pages(t) {
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range links.FindAllStringSubmatch(string(raw), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			seen++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
		}
		if filepath.Base(filepath.Dir(page)) != ".github" {
			continue
		}
		for _, m := range paths.FindAllStringSubmatch(string(raw), -1) {
			seen++
			// NAME stands for the file to be added: there must be others like it.
			name := strings.ReplaceAll(m[1], "NAME", "*")
			if found, _ := filepath.Glob(filepath.Join("..", name)); len(found) == 0 {
				t.Errorf("%s names %s, which does not exist", page, m[1])
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d links and paths: the patterns find too few", seen)
	}
}

// TestPagesAreLinked: a reader of the README finds every page.
func TestPagesAreLinked(t *testing.T) {
	raw, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var to []string
	for _, m := range links.FindAllStringSubmatch(string(raw), -1) {
		to = append(to, filepath.Join("..", m[1]))
	}
	for _, page := range pages(t) {
		if page != "../README.md" && !slices.Contains(to, filepath.Join(page)) && !slices.Contains(to, filepath.Join("../app", page)) {
			t.Errorf("README does not link to %s", page)
		}
	}
}

// TestCommandsInReadme: the README's table has a row for each command.
func TestCommandsInReadme(t *testing.T) {
	raw, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		if !strings.Contains(string(raw), "| `tern "+c.name) {
			t.Errorf("README has no row for tern %s", c.name)
		}
	}
}
