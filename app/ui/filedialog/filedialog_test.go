//go:build cgo

package filedialog

import (
	"os"
	"os/exec"
	"path"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Without a display the library panics. The error arrives instead, from each of
// several calls at once. The library looks for a display when the program
// starts, so the calls are made in another process that has none.
func TestWithoutDisplay(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("there is always a display")
	}
	const child = "TERN_TEST_NO_DISPLAY"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestWithoutDisplay$", "-test.v")
		for _, v := range os.Environ() {
			if !strings.HasPrefix(v, "DISPLAY=") && !strings.HasPrefix(v, "WAYLAND_DISPLAY=") {
				cmd.Env = append(cmd.Env, v)
			}
		}
		cmd.Env = append(cmd.Env, child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	const calls = 3
	errs := make(chan error, calls)
	for i := range calls {
		Choose(0, i%2 == 0, "", func(path string, err error) { errs <- err })
	}
	for range calls {
		select {
		case err := <-errs:
			if err == nil || !strings.HasPrefix(err.Error(), "filedialog: ") {
				t.Errorf("error %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatal("a call did not return")
		}
	}
}

// TestEndings: a name is offered in whatever case it is.
func TestEndings(t *testing.T) {
	for _, name := range []string{"a.gguf", "a.GGUF", "a.Gguf", "a.gGuF"} {
		if ok, err := path.Match("*."+endings("linux", "gguf")[0], name); !ok || err != nil {
			t.Errorf("%s is not offered: %v", name, err)
		}
	}
	if ok, _ := path.Match("*."+endings("linux", "gguf")[0], "a.ggu"); ok {
		t.Error("a.ggu is offered")
	}
	if got := endings("windows", "gguf"); got[0] != "gguf" {
		t.Errorf("%q", got)
	}
}
