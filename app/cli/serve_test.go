package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tern/app/server"
)

// TestServe: the command says where it serves, answers there, and ends with its
// context.
func TestServe(t *testing.T) {
	t.Setenv(keyVariable, "from-the-environment")
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	var said strings.Builder
	ended := make(chan error)
	go func() {
		ended <- Serve(ctx, Streams{Out: in, Err: &said}, []string{"--port", "0"})
		_ = in.Close()
	}()
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err, said.String())
	}
	r, err := http.NewRequest("POST", strings.TrimSpace(url)+"/completions", strings.NewReader(`{"prompt": "Once upon a secret", "max_tokens": 3, "temperature": 0}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer from-the-environment")
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Error(res.Status)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if s := said.String(); !strings.Contains(s, "Tern Tales") || !strings.Contains(s, "wrote 3") || strings.Contains(s, "secret") || strings.Contains(s, "environment") {
		t.Errorf("it said\n%s", s)
	}
}

func TestServePortInUse(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	var said strings.Builder
	err = Serve(context.Background(), Streams{Out: io.Discard, Err: &said}, []string{"--port", port})
	if !errors.As(err, new(*hinted)) || err.Error() != "port "+port+" is in use" {
		t.Error(err)
	}
	if _, err := (&serveOptions{Options: server.Options{}}).parse([]string{"--key", "two words"}); err == nil {
		t.Error("a key with a space passes")
	}
	var o serveOptions
	if _, err := o.parse([]string{"--origins", "app://obsidian.md,null", "--origins", "https://a.example"}); err != nil || len(o.Origins) != 3 {
		t.Errorf("origins %q, %v", o.Origins, err)
	}
	if _, err := o.parse([]string{"--origins", "obsidian.md"}); !errors.As(err, new(*usageError)) || !strings.Contains(err.Error(), `"obsidian.md" is not an origin`) {
		t.Error(err)
	}
}
