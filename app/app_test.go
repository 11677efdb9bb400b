package app

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	// As the program itself, for tests that need a process of their own.
	if os.Getenv("TERN_TEST_MAIN") != "" {
		os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args   string
		code   int
		stdout string // part of what goes to standard output
		stderr string // and to standard error
	}{
		{"--help", 0, "tern COMMAND [MODEL]", ""},
		{"-h", 0, "\n  tokenize ", ""},
		{"help", 0, "\n  pack ", ""},
		{"help run", 0, "Usage: tern run ", ""},
		{"run --help", 0, "Usage: tern run ", ""},
		{"--version", 0, "tern ", ""},
		{"version", 0, "go1.", ""},
		{"--version", 0, "\ncommit ", ""},
		{"--version", 0, " kernels\n", ""},
		{"licences", 0, "The Go programming language", ""},
		{"--json", 2, "", "no flag --json before a command"},
		{"rnu", 2, "", `no command, file or folder named "rnu"`},
		{"help rnu", 2, "", `"rnu" is not a command`},
		{"app.go cli", 2, "", "one model at a time"},
		{"run -n x", 2, "", "tern run --help"},
		{"run ./absent", 1, "", "no model found"},
		{"tokenize Once", 0, "419\t▁Once", ""},
	} {
		t.Run(c.args, func(t *testing.T) {
			var out, errs strings.Builder
			code := Main(strings.Fields(c.args), strings.NewReader(""), &out, &errs)
			if code != c.code || !strings.Contains(out.String(), c.stdout) || !strings.Contains(errs.String(), c.stderr) {
				t.Errorf("exit code %d, want %d\n%s%s", code, c.code, out.String(), errs.String())
			}
			if (out.Len() == 0) != (c.stdout == "") || (errs.Len() == 0) != (c.stderr == "") {
				t.Errorf("standard output %q, standard error %q", out.String(), errs.String())
			}
			if c.stderr != "" && (!strings.HasPrefix(errs.String(), "tern: ") || strings.Count(errs.String(), "\n") != 2) {
				t.Errorf("want one sentence and one hint, got\n%s", errs.String())
			}
		})
	}
}

// TestEveryCommand: each one is listed by the help and describes itself.
func TestEveryCommand(t *testing.T) {
	for _, c := range commands {
		var out, errs strings.Builder
		if code := Main([]string{c.name, "--help"}, nil, &out, &errs); code != 0 || !strings.Contains(out.String(), "Example:") {
			t.Errorf("tern %s --help: exit code %d\n%s%s", c.name, code, out.String(), errs.String())
		}
		if !strings.Contains(help(), "\n  "+c.name+" ") {
			t.Errorf("%s is not in\n%s", c.name, help())
		}
	}
}

// program returns a command that runs Tern as a process without a display.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), "TERN_TEST_MAIN=1", "DISPLAY=", "WAYLAND_DISPLAY=")
	return cmd
}

// TestProcess: the exit code and both streams are those of a real process.
func TestProcess(t *testing.T) {
	out, err := program(t, "run", "-p", "Once upon a time", "--temp", "0", "-n", "5").Output()
	if err != nil || string(out) != ", there was a little\n" {
		t.Errorf("%q, error %v", out, err)
	}
	err = program(t, "run", "--nonsense").Run()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 2 {
		t.Errorf("wrong usage: %v", err)
	}
}
