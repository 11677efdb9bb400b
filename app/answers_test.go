package app

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAnswers checks that every test that answers.md names exists.
func TestAnswers(t *testing.T) {
	text, err := os.ReadFile("answers.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z]+)\\.(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(text), -1)
	if len(named) < 50 {
		t.Fatalf("only %d tests are named", len(named))
	}
	source := map[string]string{} // of the tests of a package
	for _, n := range named {
		pkg, test := n[1], n[2]
		if source[pkg] == "" {
			dir := pkg
			if pkg == "inference" {
				dir = filepath.Join("..", pkg)
			} else if _, err := os.Stat(dir); err != nil { // a part of the window, or of inference
				if dir = filepath.Join("ui", pkg); !isFolder(dir) {
					dir = filepath.Join("..", "inference", pkg)
				}
			}
			files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
			below, err2 := filepath.Glob(filepath.Join(dir, "*", "*_test.go"))
			if err = errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			files = append(files, below...)
			for _, f := range files {
				code, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				source[pkg] += string(code)
			}
		}
		if !strings.Contains(source[pkg], "\nfunc "+test+"(") {
			t.Errorf("%s has no test %s", pkg, test)
		}
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
