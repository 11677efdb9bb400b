package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"tern/app/server"
	"tern/inference"
)

// defaultPort is llama-server's, where programs look first.
const defaultPort = 8080

// keyVariable is where Serve finds the key that is not to be seen in a list of
// processes.
const keyVariable = "TERN_SERVE_KEY"

// serveOptions are the arguments of Serve beside MODEL.
type serveOptions struct {
	port    int
	threads int
	server.Options
}

func (o *serveOptions) parse(args []string) (*flags, error) {
	f := newFlags("serve", "[MODEL] [flags]", `
Let other programs on this computer use a model, in the words of OpenAI's
interface: /v1/models, /v1/completions and /v1/chat/completions, streaming or in
one piece, with probabilities (logprobs) if asked. Chats think and call tools where
the model's template has that (reasoning_effort, thinking_budget, tools,
tool_choice), and response_format holds an answer to JSON or to a JSON schema.
/health and /metrics are for those who watch it. It listens on 127.0.0.1 and
::1 only. Web pages and apps built of them are refused unless they come from this
computer or --origins names them: app://obsidian.md, chrome-extension://*, or
https://*.example.org; null stands for pages that hide theirs, and * for all there
are. Standard output gets one line, the base URL for clients. Standard error gets a
line for every answer, without its text. SIGINT or SIGTERM ends it.

A key, if there is one, must come with every request, as "Authorization: Bearer
KEY". The environment variable `+keyVariable+` holds it, or --key, which other users
of this computer can see in the list of processes.`, `
tern serve
tern serve ~/models/bitnet-b1.58-2B-4T --port 8081
curl http://127.0.0.1:8080/v1/completions -d '{"prompt": "Once upon a time", "max_tokens": 100}'`)
	o.port, o.Parallel, o.Queue = defaultPort, server.DefaultParallel, server.DefaultQueue
	f.modelFlag()
	f.int(&o.port, "port", 0, 65535, "listen on port `N`; 0 for any free one")
	f.StringVar(&o.Key, "key", "", "ask every request for this `KEY`")
	f.Func("origins", "let web pages and apps of these origins ask, a `LIST` with commas; may be given again", func(list string) error {
		more, err := server.CleanOrigins(list)
		o.Origins = append(o.Origins, more...)
		return err
	})
	f.int(&o.Parallel, "parallel", 1, 256, "write up to `N` answers at once, fewer where memory for their contexts is short")
	f.int(&o.Queue, "queue", 1, 1<<16, "let `N` requests wait beyond that; more are answered with 429")
	f.engineFlags(&o.threads, &o.Session.KV)
	f.limit(&o.Session.Context, "context", 1<<24, "room for `N` tokens in each answer, prompt included; 0 for as many as the model was made for")
	if err := f.parseModel(args); err != nil {
		return nil, err
	}
	if !f.given("key") {
		o.Key = os.Getenv(keyVariable)
	}
	if strings.ContainsFunc(o.Key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, f.wrong("a key is letters, digits and signs without spaces")
	}
	return f, nil
}

// Serve answers other programs until ctx is done.
func Serve(ctx context.Context, s Streams, args []string) error {
	var o serveOptions
	f, err := o.parse(args)
	if err != nil {
		return err
	}
	var mu sync.Mutex // lines of requests that end at the same time
	o.Log = func(line string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(s.Err, line)
	}
	server := server.New(o.Options)
	defer server.Close()
	// The port first: a big model takes long to load in vain.
	url, err := server.Start(o.port)
	if err != nil {
		return portInUse(err, o.port)
	}
	e, load, err := openEngine(ctx, s, f.model, o.threads)
	if err != nil {
		return err
	}
	defer e.Close()
	if c := o.Session.Context; c > e.Model().ContextLen {
		return f.wrong("--context %d, and the model has %d", c, e.Model().ContextLen)
	}
	server.Use(e)
	o.Log(fmt.Sprintf("%s: %s, loaded in %.2f s; serving %s", e.Model().Name, e.Model().Summary(), load.Seconds(), endpoints(e)))
	if _, err := fmt.Fprintln(s.Out, url); err != nil {
		return fmt.Errorf("cannot write the result: %w", err)
	}
	<-ctx.Done()
	server.Close() // before the model is
	return nil
}

func portInUse(err error, port int) error {
	if !errors.Is(err, server.ErrPortInUse) {
		return err
	}
	return &hinted{fmt.Errorf("port %d is in use", port), "Choose another one with --port, or end the program that has it; --port 0 takes any free one."}
}

// endpoints says what the model answers to.
func endpoints(e *inference.Engine) string {
	if _, ok := e.ChatTemplate(); ok {
		return "completions and chats"
	}
	return "completions; a base model answers no chats"
}
