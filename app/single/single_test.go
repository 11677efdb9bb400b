package single

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// asStart makes the test binary a start of its own: it prints what it became.
const asStart = "TERN_TEST_SINGLE"

func TestMain(m *testing.M) {
	if folder := os.Getenv(asStart); folder != "" {
		i, err := Start(folder, os.Getenv(asStart+"_PATH"))
		fmt.Println(i != nil, err)
		if i != nil {
			for a := range i.Arrivals() {
				fmt.Println(a.Path)
				a.Take()
			}
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// folder is a short one: the path of a socket has about a hundred bytes.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "single")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "run")
}

func start(t *testing.T, folder, path string) *Instance {
	t.Helper()
	i, err := Start(folder, path)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func absolute(name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		panic(err)
	}
	return abs
}

func TestHandsOver(t *testing.T) {
	dir := folder(t)
	first := start(t, dir, "")
	if first == nil {
		t.Fatal("the first start found another")
	}
	got := make(chan string)
	go func() {
		defer close(got)
		for a := range first.Arrivals() {
			a.Take()
			got <- a.Path
		}
	}()
	for _, path := range []string{absolute("model one.gguf"), "", absolute("ünï\n\"quoted\".gguf"), absolute("gr\xf6\xdfe.gguf")} {
		done := make(chan *Instance)
		go func() {
			i, err := Start(dir, path)
			if err != nil {
				t.Error(err)
			}
			done <- i
		}()
		if p := <-got; p != path {
			t.Errorf("%q arrived as %q", path, p)
		}
		if <-done != nil {
			t.Error("there are two first starts")
		}
	}
	first.Close()
	if _, more := <-got; more {
		t.Error("a path arrived after the end")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "window.[sj]*")); left != nil {
		t.Errorf("%q are still there", left)
	}
	again := start(t, dir, "")
	if again == nil {
		t.Fatal("a closed window is still found")
	}
	again.Close()
}

// What is handed to a window that is closing waits for its end, and opens the next window.
func TestHandedToAClosingWindow(t *testing.T) {
	for _, received := range []bool{true, false} { // before it closed, but nothing came of it
		dir := folder(t)
		first := start(t, dir, "")
		next := make(chan *Instance)
		go func() {
			i, err := Start(dir, absolute("a.gguf"))
			if err != nil {
				t.Error(err)
			}
			next <- i
		}()
		if received {
			<-first.Arrivals()
		}
		select {
		case <-next:
			t.Error("it did not wait for the end of the other window")
		case <-time.After(50 * time.Millisecond):
		}
		first.Close()
		i := <-next
		if i == nil {
			t.Fatal("nobody opens the file")
		}
		i.Close()
	}
}

// TestRace: of many starts at the same time one is the first, and all others
// reach it.
func TestRace(t *testing.T) {
	dir := folder(t)
	var mu sync.Mutex
	var first []*Instance
	arrived := make(chan string, 20)
	var starts sync.WaitGroup
	for n := range 20 {
		starts.Go(func() {
			i, err := Start(dir, absolute(fmt.Sprint(n)))
			if err != nil {
				t.Error(err)
			}
			if i != nil {
				mu.Lock()
				first = append(first, i)
				mu.Unlock()
				go func() {
					for a := range i.Arrivals() {
						arrived <- a.Path
						a.Take()
					}
				}()
			}
		})
	}
	starts.Wait()
	if len(first) != 1 {
		t.Fatalf("%d starts are the first", len(first))
	}
	for range 19 {
		<-arrived
	}
	first[0].Close()
}

// TestStale: the socket of a program that was killed is in nobody's way.
func TestStale(t *testing.T) {
	dir := folder(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), asStart+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 64)
	n, _ := out.Read(said)
	if !strings.HasPrefix(string(said[:n]), "true <nil>") {
		t.Fatalf("it said %q", said[:n])
	}
	if i := start(t, dir, absolute("a.gguf")); i != nil {
		t.Fatal("another process was not found")
	}
	if n, _ := out.Read(said); string(said[:n]) != absolute("a.gguf")+"\n" {
		t.Errorf("it was handed %q", said[:n])
	}
	_ = cmd.Process.Kill()
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
	if left, _ := filepath.Glob(filepath.Join(dir, "window.[sj]*")); len(left) != 1 {
		t.Fatal("a killed program left nothing")
	}
	i := start(t, dir, "")
	if i == nil {
		t.Fatal("a dead program was found")
	}
	i.Close()
}

// TestStrangers: what is not a request does nothing, and an answer that does not
// come is an error that lets the second start open a window.
func TestStrangers(t *testing.T) {
	defer func(d time.Duration) { answering = d }(answering) // after first has closed
	answering = time.Second
	dir := folder(t)
	first := start(t, dir, "")
	defer first.Close()
	for _, text := range []string{"", "\n", "GET / HTTP/1.1\r\n\r\n", `{"open": "relative.gguf"}` + "\n",
		`{"key": "another's"}` + "\n", strings.Repeat("x", 2*maxRequest)} {
		conn, _, err := dial(dir)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, text) // it may close before the end of this
		if c, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = c.CloseWrite()
		}
		if answer, _ := io.ReadAll(conn); len(answer) > 0 {
			t.Errorf("%.20q was answered with %q", text, answer)
		}
		_ = conn.Close()
	}
	select {
	case a := <-first.Arrivals():
		t.Errorf("%q arrived", a.Path)
	default:
	}
	begin := time.Now()
	if i, err := Start(dir, ""); i != nil || err == nil { // nobody reads Arrivals
		t.Errorf("a window that does not answer: %v, %v", i, err)
	}
	if took := time.Since(begin); took > 50*patience {
		t.Errorf("it took %v", took)
	}
}

func TestPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders have access lists")
	}
	dir := folder(t)
	start(t, dir, "").Close()
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(dir, ""); err == nil {
		t.Error("a socket in a folder that everybody may change")
	}
}

func TestFolder(t *testing.T) {
	one, two := filepath.FromSlash("/a/tern/settings.json"), filepath.FromSlash("/b/tern/settings.json")
	t.Setenv("XDG_RUNTIME_DIR", "")
	if got := Folder(one); got != filepath.FromSlash("/a/tern") {
		t.Error(got)
	}
	t.Setenv("XDG_RUNTIME_DIR", filepath.FromSlash("/run/user/7"))
	a, b := Folder(one), Folder(two)
	if runtime.GOOS != "windows" && (a == b || filepath.Dir(a) != "/run/user/7" || a != Folder(one)) {
		t.Error(a, b)
	}
}
