package ui

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"tern/app/ui/kit"
)

// spoken says a text in a process that has the locale and the choice.
func spoken(t *testing.T, locale, choice string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestSpoken$")
	cmd.Env = append(os.Environ(), "LC_ALL="+locale, "LANGUAGE=", "TERN_TEST_LANGUAGE="+choice+".")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("locale %s, language %q: %v\n%s", locale, choice, err, out)
	}
	_, after, _ := strings.Cut(string(out), "said: ")
	said, _, _ := strings.Cut(after, "\n")
	return said
}

// TestSpoken is the process that spoken starts.
func TestSpoken(t *testing.T) {
	choice, asked := os.LookupEnv("TERN_TEST_LANGUAGE")
	if !asked {
		return
	}
	if err := speak(strings.TrimSuffix(choice, ".")); err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString("said: " + kit.Tr("Sidebar") + "\n")
}
