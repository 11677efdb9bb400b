package ui

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/explain"
	"tern/app/remote"
	"tern/app/server"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// TestServing: the switch, its port and its key reach whoever serves, and the
// page says where, or why not.
func TestServing(t *testing.T) {
	r := newRig(t, 1100, 720)
	var asked []settings.Serving
	var answer func(url string, err error)
	r.cfg.Servers.Serve = func(v settings.Serving, done func(string, error)) { asked, answer = append(asked, v), done }
	r.arrangement.openScreen(r.prefs.page)
	s := r.prefs.serving
	if s.on.Checked || s.port.Text != "8080" || s.key.Text != "" {
		t.Fatal("it is on from the start, or on another port")
	}
	test.Tap(s.on)
	want := settings.Serving{On: true, Port: 8080}
	if len(asked) != 1 || asked[0] != want || r.saved[len(r.saved)-1].Serving != want {
		t.Fatalf("asked for %+v", asked)
	}
	answer("", fmt.Errorf("server: port 8080 is in use: %w", server.ErrPortInUse))
	if got := s.state.Text(); got != "Port 8080 is in use. Choose another port." || s.copy.Visible() {
		t.Errorf("it says %q", got)
	}
	for _, port := range []string{"80", "x", "70000", ""} {
		s.port.SetText(port)
		s.port.Left(port)
		if len(asked) != 1 || s.port.Text != "8080" || !strings.Contains(s.state.Text(), "1024 to 65535") {
			t.Errorf("port %q: asked %d times, the entry holds %q, it says %q", port, len(asked), s.port.Text, s.state.Text())
		}
	}
	s.port.SetText("9001")
	s.port.Left("9001")
	s.key.SetText(" se cret")
	s.key.Left(" se cret")
	for _, x := range [][2]string{ // what is typed, and the list then
		{"app://obsidian.md/ https://*.lab.example", "app://obsidian.md, https://*.lab.example"},
		{"obsidian.md", "app://obsidian.md, https://*.lab.example"}, // not an origin: the list stays
		{"", ""},
	} {
		s.origins.SetText(x[0])
		s.origins.Left(x[0])
		if got := asked[len(asked)-1].Origins; got != x[1] || s.origins.Text != x[1] || r.saved[len(r.saved)-1].Serving.Origins != x[1] {
			t.Errorf("%q typed: asked for %q, the entry holds %q", x[0], got, s.origins.Text)
		}
		if x[1] == x[0] {
			answer("", nil)
		}
		if wrong := strings.Contains(s.state.Text(), "Write the origins like"); wrong != (x[0] == "obsidian.md") {
			t.Errorf("%q typed: it says %q", x[0], s.state.Text())
		}
	}
	late := answer
	if got := asked[len(asked)-1]; got != (settings.Serving{On: true, Port: 9001, Key: "secret"}) {
		t.Errorf("asked for %+v", got)
	}
	late("http://127.0.0.1:9001/v1", nil)
	if got := s.state.Text(); got != "Serving at http://127.0.0.1:9001/v1" || strings.Contains(got, "secret") {
		t.Errorf("it says %q", got)
	}
	test.Tap(s.copy)
	if got := fyne.CurrentApp().Clipboard().Content(); got != "http://127.0.0.1:9001/v1" {
		t.Errorf("copied %q", got)
	}
	test.Tap(s.on)
	late("http://127.0.0.1:9001/v1", nil) // of before: not said any more
	answer("", nil)
	if got := s.state.Text(); asked[len(asked)-1].On || got != "" || s.copy.Visible() {
		t.Errorf("off: %+v, it says %q", asked[len(asked)-1], got)
	}
}

// TestServingFailsAtStart: a port that is taken when the window opens is said in
// the strip.
func TestServingFailsAtStart(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.cfg.Servers.Serve = func(_ settings.Serving, done func(string, error)) { done("", server.ErrPortInUse) }
	r.settings.Serving.On = true
	r.preferences.serve()
	r.stripIs("Port 8080 is in use. Choose another port. [Settings]")
	r.tapStrip("Settings")
	if r.arrangement.screen != r.prefs.page {
		t.Error("the settings did not open")
	}
}

// TestConnect leads from an address to the conversation with a model there.
func TestConnect(t *testing.T) {
	r := newRig(t, 1100, 720)
	var asked []string
	var answer func(models []string, err error)
	r.cfg.Servers.Ask = func(base, key string, done func([]string, error)) {
		asked, answer = append(asked, base+" "+key), done
	}
	r.cfg.Servers.SetKey = func(base, key string) { r.fake.call("key", base) }
	c := r.connect
	r.arrangement.openScreen(c.page)
	for typed, says := range map[string]string{
		"":                       "This is not the address of a server. Write it like",
		"http://llm.example.org": "is not encrypted. Outside your own network it must begin with https://.",
	} {
		c.address.SetText(typed)
		test.Tap(c.find)
		if len(asked) != 0 || !strings.Contains(c.state.Text(), says) {
			t.Errorf("%q: asked %q, it says %q", typed, asked, c.state.Text())
		}
	}
	c.address.SetText("workshop:8000")
	c.key.SetText("s3cret")
	test.Tap(c.find)
	stale := answer
	stale(nil, fmt.Errorf("remote: http://workshop:8000/v1: refused: %w", remote.ErrUnreachable))
	if got := c.state.Text(); !strings.HasPrefix(got, "workshop:8000 cannot be reached. ") {
		t.Errorf("it says %q", got)
	}
	test.Tap(c.find)
	stale([]string{"old"}, nil)
	if len(c.models.Objects) != 0 {
		t.Error("the answer to an older question is shown")
	}
	answer([]string{"big", "small"}, nil)
	if len(c.models.Objects) != 2 || c.state.Text() != "It has 2 models:" || !strings.Contains(c.warning.Text(), "not encrypted") {
		t.Errorf("%d models, %q, %q", len(c.models.Objects), c.state.Text(), c.warning.Text())
	}
	for _, o := range test.LaidOutObjects(c.models) {
		if b, ok := o.(*kit.Button); ok && b.AccessibilityLabel() == "big" {
			test.Tap(b)
			break
		}
	}
	r.took("key http://workshop:8000/v1", "load http://workshop:8000/v1#big")
	want := settings.Server{Base: "http://workshop:8000/v1", Key: "s3cret"}
	if r.arrangement.screen != nil || r.saved[len(r.saved)-1].Servers[0] != want {
		t.Error("the server is not remembered, or the page is still open")
	}
	r.arrangement.openScreen(c.page)
	if len(c.known.Objects) != 2 {
		t.Errorf("%d lines of servers used before", len(c.known.Objects))
	}
}

// TestRemoteModel: the window says that the model is elsewhere.
func TestRemoteModel(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(func(v *chat.View) {
		v.Model = &chat.ModelInfo{Name: "big on workshop:8000", Path: "http://workshop:8000/v1#big", Host: "workshop:8000", ContextLen: 4096, Template: "x"}
		v.Mode, v.Figures = chat.ChatMode, chat.Figures{}
	})
	if got := r.topbar.facts.Text(); got != "remote" {
		t.Errorf("the facts are %q", got)
	}
	r.show(func(v *chat.View) { v.State = chat.Prefilling })
	r.pass(showPrefillingAfter)
	r.statusIs("Waiting for workshop:8000")
	p := explain.Problem(errors.Join(remote.ErrUnreachable), "http://workshop:8000/v1#big")
	if got := p.Sentence.String(); got != "workshop:8000 cannot be reached" {
		t.Errorf("%q", got)
	}
}
