package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tern/app/builtin"
	"tern/app/chat/backend"
	"tern/app/explain"
	"tern/app/remote"
	"tern/app/server"
	"tern/app/settings"
	"tern/inference"
)

// serveBuiltin serves the built-in model, with a chat template if chat is set,
// and returns the base URL.
func serveBuiltin(t *testing.T, key string, chat bool) (*server.Server, string) {
	t.Helper()
	e, err := builtin.Open(context.Background(), inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	if chat {
		m := *e.Model()
		m.Tokenizer.Config, _ = json.Marshal(map[string]any{"chat_template": `{% for m in messages %}{{ m['role'] + ': ' + m['content'] + "\n" }}{% endfor %}` +
			`{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}`})
		if e, err = inference.New(&m, inference.Options{Threads: 1}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
	}
	s := server.New(server.Options{Key: key})
	base, err := s.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Use(e)
	return s, base
}

func greedily(n int) settings.Generation {
	g := settings.DefaultGeneration()
	g.Temperature, g.MaxTokens, g.RandomSeed = 0, n, false
	return g
}

// connectTo is a controller that uses a server.
func connectTo(t *testing.T, base, key string) *driven {
	t.Helper()
	changed := make(chan struct{}, 1)
	keys := &Keys{}
	keys.Set(base, key)
	c := New(Options{Notify: func() { changed <- struct{}{} }, Keys: keys, Engine: func(e *inference.Engine) {
		if e != nil {
			t.Error("a model elsewhere is taken for one that is here")
		}
	}})
	t.Cleanup(c.Close)
	b := &driven{Controller: c, t: t, changed: changed}
	c.Models.Load(remote.Path(base, "Tern Tales"), greedily(40))
	return b
}

func written(v View) string {
	var b strings.Builder
	for _, s := range v.Document {
		b.WriteString(s.Text)
	}
	return b.String()
}

// TestRemoteStory: a story continued by a server is the one that is continued
// here, and goes on from there.
func TestRemoteStory(t *testing.T) {
	_, base := serveBuiltin(t, "s3cret", false)
	here, there := openBuiltin(t, greedily(40)), connectTo(t, base, "s3cret")
	v := there.until(func(v View) bool { return v.State == Ready })
	if m := v.Model; m.Host == "" || m.Name != "Tern Tales on "+m.Host || m.ContextLen != 512 || v.Mode != StoryMode {
		t.Errorf("%+v", *m)
	}
	var texts []string
	for _, b := range []*driven{here, there} {
		b.Generate("Once upon a time", greedily(40))
		b.until(func(v View) bool { return v.State == Ready && v.Figures.Stop == ReachedLength })
		b.Generate("", greedily(20))
		v := b.until(func(v View) bool { return v.State == Ready && v.Figures.MaxTokens == 20 && v.Figures.Stop != "" })
		texts = append(texts, written(v))
	}
	if texts[0] != texts[1] || len(texts[0]) < 150 {
		t.Errorf("here  %q\nthere %q", texts[0], texts[1])
	}
}

// TestRemoteChat: messages go to the server, which has the template; an answer
// that is stopped is kept, and asked for again.
func TestRemoteChat(t *testing.T) {
	s, base := serveBuiltin(t, "", true)
	b := connectTo(t, base, "")
	if v := b.until(func(v View) bool { return v.State == Ready }); v.Mode != ChatMode {
		t.Fatalf("the mode is %v", v.Mode)
	}
	b.Generate("Tell me about a cat.", greedily(20))
	v := b.until(func(v View) bool { return v.State == Ready && v.Figures.Stop == ReachedLength })
	if len(v.Document) != 2 || v.Figures.Generated != 20 || v.Figures.FirstToken == 0 || v.Figures.Context != 0 {
		t.Fatalf("%+v %+v", v.Document, v.Figures)
	}
	b.Generate("And then?", greedily(400))
	b.until(func(v View) bool { return v.State == Generating || v.Figures.MaxTokens == 400 && v.Figures.Stop != "" })
	b.Stop()
	v = b.until(func(v View) bool { return v.State == Ready })
	if v.Figures.Stop != StoppedByUser && v.Figures.Stop != ReachedLength && v.Figures.Stop != EndedByItself {
		t.Errorf("it ended with %q", v.Figures.Stop)
	}
	s.Close()
	b.Generate("Are you there?", greedily(5))
	v = b.untilProblem()
	if got := v.Problem.Sentence.String(); !strings.HasSuffix(got, " cannot be reached") || strings.Contains(got, "http") {
		t.Errorf("%q", got)
	}
	if !strings.Contains(written(v), "Are you there?") {
		t.Error("the words are lost")
	}
}

// untilProblem waits for a view with one.
func (b *driven) untilProblem() View {
	b.t.Helper()
	for late := time.After(time.Minute); ; {
		if v := b.View(); v.Problem != nil && v.State != Prefilling && v.State != Loading {
			return v
		}
		select {
		case <-b.changed:
		case <-late:
			b.t.Fatal("no problem came")
		}
	}
}

// TestRemoteFails: what keeps a server from being used is said, and the key is
// not.
func TestRemoteFails(t *testing.T) {
	_, base := serveBuiltin(t, "s3cret", false)
	v := connectTo(t, base, "wr0ng").untilProblem()
	if got := v.Problem.Sentence.String(); !strings.Contains(got, "asks for a key") || strings.Contains(v.Problem.Detail, "wr0ng") {
		t.Errorf("%q, %q", got, v.Problem.Detail)
	}
	keys := &Keys{}
	keys.Set(base, "s3cret")
	if names, err := Ask(context.Background(), base, "s3cret"); err != nil || len(names) != 1 || names[0] != "Tern Tales" {
		t.Error(names, err)
	}
	if _, err := backend.RemoteOr(keys, nil)(t.Context(), remote.Path(base, "absent"), balanced, nil); err == nil {
		t.Error("a model that is not there opens")
	} else if p := explain.Problem(err, remote.Path(base, "absent")); !strings.Contains(p.Sentence.String(), "has no model absent") {
		t.Errorf("%q", p.Sentence)
	}
}

// TestEngineIsTold: whoever serves the open model hears of every change.
func TestEngineIsTold(t *testing.T) {
	told := make(chan *inference.Engine, 10)
	c := New(Options{Engine: func(e *inference.Engine) { told <- e }})
	defer c.Close()
	g := greedily(1)
	c.Models.Load("", g)
	first := <-told
	g.Threads = 2
	c.Generate("Once", g)
	if second := <-told; first == nil || second == nil || first == second {
		t.Error("another number of threads is not told")
	}
	c.Models.Unload()
	if <-told != nil {
		t.Error("the end of the model is not told")
	}
}

// TestRemoteThoughts: whatever a server calls them, and where it leaves them in the text, thoughts are kept apart from
// the answer, and calls of tools are text.
func TestRemoteThoughts(t *testing.T) {
	for name, events := range map[string][]string{
		"reasoning_content": {`{"reasoning_content":"Two"}`, `{"reasoning_content":" and two."}`, `{"content":"\n\nFour."}`},
		"reasoning":         {`{"content":"","reasoning":"Two and"}`, `{"reasoning":" two."}`, `{"content":"Four."}`},
		"in the text":       {`{"content":"<thi"}`, `{"content":"nk>\nTwo and two.\n"}`, `{"content":"</think>\n\nFour."}`},
	} {
		var asked []string
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/models") {
				_, _ = io.WriteString(w, `{"data": [{"id": "m"}]}`)
				return
			}
			body, _ := io.ReadAll(r.Body)
			asked = append(asked, string(body))
			w.Header().Set("Content-Type", "text/event-stream")
			all := append(slices.Clone(events), `{"tool_calls":[{"index":0,"id":"x","function":{"name":"now","arguments":"{}"}}]}`)
			finish := "tool_calls"
			if len(asked) == 2 {
				all, finish = events[:2], "length"
			}
			for _, e := range all {
				fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":%s}]}\n\n", e)
			}
			fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":%q}]}\n\ndata: [DONE]\n\n", finish)
		}))
		changed := make(chan struct{}, 1)
		c := New(Options{Notify: func() { changed <- struct{}{} }})
		b := &driven{Controller: c, t: t, changed: changed}
		c.Models.Load(remote.Path(srv.URL+"/v1", "m"), balanced)
		b.until(func(v View) bool { return v.State == Ready })
		g := balanced
		g.Thinking, g.ThinkingBudget = "off", 64
		b.Generate("2+2", g)
		v := b.until(func(v View) bool { return v.State == Ready && v.Figures.Stop != "" })
		const call = "<tool_call>\n{\"name\":\"now\",\"arguments\":{}}\n</tool_call>\n"
		if s := v.Document[1]; strings.TrimSpace(s.Thoughts) != "Two and two." || s.Thinking || s.Text != "\n\nFour."+call {
			t.Errorf("%s: %+v", name, s)
		}
		if !strings.Contains(asked[0], `"reasoning_effort":"none"`) || !strings.Contains(asked[0], `"enable_thinking":false`) || !strings.Contains(asked[0], `"thinking_budget":64`) {
			t.Errorf("%s: %s", name, asked[0])
		}
		b.Generate("again", balanced)
		v = b.until(func(v View) bool { return v.State == Ready && v.Figures.Stop == ReachedLength })
		if s := v.Document[len(v.Document)-1]; !s.Thinking || strings.TrimSpace(s.Thoughts) != "Two and two." {
			t.Errorf("%s: cut within: %+v", name, s)
		}
		if strings.Contains(asked[1], "two.") {
			t.Errorf("%s: a later turn has thoughts: %s", name, asked[1])
		}
		b.Generate("", balanced)
		v = b.until(func(v View) bool { return v.State == Ready && v.Figures.Stop == EndedByItself })
		if s := v.Document[len(v.Document)-1]; s.Text[s.Lead:] != "Four."+call || !strings.HasSuffix(s.Thoughts, "two.") {
			t.Errorf("%s: gone on with: %+v", name, s)
		}
		if !strings.HasSuffix(asked[2][:strings.Index(asked[2], `],"stream`)], `{"role":"user","content":"again"}`) {
			t.Errorf("%s: it is asked again with %s", name, asked[2])
		}
		c.Close()
		srv.Close()
	}
}
