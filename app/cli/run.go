package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/natefinch/atomic"

	"tern/app/measure"
	"tern/app/recipe"
	"tern/inference"
	"tern/tokenizer"
)

// runOptions are the arguments of Run beside MODEL.
type runOptions struct {
	text    string
	ids     []int32
	special bool // recognise special tokens in text
	chat    bool // text is a message to answer
	system  string
	think   string // level of thinking, "" for the template's own
	json    bool
	recipe  string // file to write, "" for none
	threads int
	session inference.SessionOptions
	inference.GenerateOptions
}

func (o *runOptions) parse(s Streams, args []string) (*flags, error) {
	f := newFlags("run", "[MODEL] [flags]", `
Continue a text. The text streams to standard output as it is written; only the
continuation, not the prompt. Loading, speed and the reason why it stopped go to
standard error. With --chat the text is a message: it goes into the model's chat
template, and what streams is the answer. Names of special tokens in it stay text.
What the model thinks before it answers goes to standard error; --think off, on, or
an effort such as low has it think less or more, where its template has a switch.

Settings of the sampler that are not given are as the model's makers recommend, or
else --temp 0.8 --top-k 40 --top-p 0.95 --min-p 0.05; --temp 0 is that alone.

With --json every line is an object: {"type":"token","id":…,"text":…} for each
token, then {"type":"done","stop":…,"ids":[…],"text":…, …}. stop is "eos" (the
model ended the text), "length" (-n), "stop" (--stop), "context" (no position is
left) or "cancelled" (an interrupt). The done line also has prompt_tokens, seed,
prefill_tok_s and decode_tok_s (tokens per second), ttft_s and load_s (seconds),
peak_rss_bytes, and how many tokens were drafted ahead and accepted. With "eos",
the id that ended the text is the last of ids.

With --logprobs N a token line also has logprob, the natural logarithm of the
token's probability, and top, the N most likely tokens as
{"id":…,"text":…,"logprob":…}: at temperature 1, before any other setting.

--recipe writes one JSON object that holds all it takes to compute the text
again: tern replay does that.`, `
tern run -p "Once upon a time" -n 100 --temp 0.7
tern run ~/models/bitnet_b1_58-large -p "The sea" --temp 0 --json
tern run ~/models/bitnet-b1.58-2B-4T --chat --system "Be brief." -p "Why is the sky blue?"`)
	o.Sampling = inference.DefaultSampling
	o.MaxTokens = 256
	promptFile := ""
	f.modelFlag()
	f.StringVar(&o.text, "p", "", "the prompt `TEXT`; - reads it from standard input")
	f.StringVar(&promptFile, "prompt-file", "", "a `FILE` that holds the prompt, every byte of it; - is standard input")
	f.BoolVar(&o.special, "special", false, "recognise the names of special tokens in the prompt, such as <|eot_id|>")
	f.BoolVar(&o.chat, "chat", false, "answer the prompt, by the model's chat template")
	f.StringVar(&o.system, "system", "", "with --chat, the instructions `TEXT` that the model reads first")
	f.StringVar(&o.think, "think", "", "with --chat, the `LEVEL` of thinking: off, on, or an effort")
	f.limit(&o.Thinking.Budget, "think-budget", 1<<24, "with --chat, close the thoughts after `N` tokens, 0 for not")
	f.idsFlag(&o.ids)
	f.limit(&o.MaxTokens, "n", 1<<24, "`N` tokens at most, thoughts of --chat not counted, 0 for as many as the context holds")
	f.int(&o.EndSentence, "end-sentence", 0, inference.MaxEndSentence, "where -n tokens end in the middle of a sentence, go on to its end for `N` tokens at most, 0 for not")
	f.samplingFlags(&o.Sampling)
	var draw bool
	f.seedFlag(&o.Sampling.Seed, &draw)
	f.Func("stop", "end the text where `TEXT` would appear; may be given again", func(text string) error {
		if text != "" {
			o.Stop = append(o.Stop, text)
		}
		return nil
	})
	f.BoolVar(&o.IgnoreEOS, "ignore-eos", false, "go on where the model would end the text")
	f.engineFlags(&o.threads, &o.session.KV)
	f.speculateFlag(&o.Speculate)
	f.limit(&o.session.Context, "context", 1<<24, "room for `N` tokens, prompt included; 0 for as many as the model was made for")
	f.BoolVar(&o.json, "json", false, "write JSON lines")
	f.int(&o.Alternatives, "logprobs", 0, inference.MaxAlternatives, "with --json, probabilities of each token and of the `N` most likely ones")
	f.StringVar(&o.recipe, "recipe", "", "write a recipe of the text to `FILE`, for tern replay")
	if err := f.parseModel(args); err != nil {
		return nil, err
	}
	if n := count(f.given("p"), f.given("prompt-file"), f.given("ids")); n > 1 {
		return nil, f.wrong("-p, --prompt-file and --ids exclude each other")
	}
	switch {
	case o.Alternatives > 0 && !o.json:
		return nil, f.wrong("--logprobs needs --json")
	case f.given("recipe") && o.recipe == "":
		return nil, f.wrong("the file for --recipe has no name")
	case f.given("system") && !o.chat:
		return nil, f.wrong("--system needs --chat")
	case (f.given("think") || f.given("think-budget")) && !o.chat:
		return nil, f.wrong("--think and --think-budget need --chat")
	case f.given("think-budget") && f.given("recipe"):
		return nil, f.wrong("--think-budget and --recipe exclude each other: a recipe has what the model writes by itself")
	case o.chat && (f.given("ids") || o.special):
		return nil, f.wrong("--chat takes its prompt from -p or --prompt-file, without --special")
	}
	if draw {
		o.Sampling.Seed = uint64(rand.Uint32()) // short enough to be typed again
	}
	if o.text == "-" {
		promptFile = "-"
	}
	if promptFile == "" {
		return f, nil
	}
	raw, err := readInput(s, promptFile)
	o.text = string(raw)
	return f, err
}

// Run continues a text.
func Run(ctx context.Context, s Streams, args []string) error {
	var o runOptions
	f, err := o.parse(s, args)
	if err != nil {
		return err
	}
	f.model.onlyIDs = f.given("ids")
	e, load, err := openEngine(ctx, s, f.model, o.threads)
	if err != nil {
		return err
	}
	defer e.Close()
	fmt.Fprintf(s.Err, "%s: %s, loaded in %.2f s\n", e.Model().Name, e.Model().Summary(), load.Seconds())
	f.recommend(s, &o.Sampling, e.Model().Recommended)
	ids, err := o.prompt(e)
	if err != nil {
		return err
	}
	session, err := newSession(e, o.session, len(ids))
	if err != nil {
		return err
	}
	done, err := o.generate(ctx, s, e, session, ids, load)
	if err != nil || o.recipe == "" {
		return err
	}
	o.session.Context = session.Room()
	return o.writeRecipe(ctx, e, ids, done, f.model.exact)
}

// writeRecipe writes the recipe of a text that is complete.
func (o *runOptions) writeRecipe(ctx context.Context, e *inference.Engine, ids []int32, done *doneLine, exact bool) error {
	// An interrupt ends the text, not the recipe of it.
	hash, err := e.Model().Hash(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	r := recipe.New(recipe.Answer{
		Model: e.Model().Name, Hash: hash, Session: o.session, Prompt: ids,
		Options: o.GenerateOptions, IDs: done.IDs, Stop: done.Stop, Text: done.Text, Exact: exact,
	})
	if err := atomic.WriteFile(o.recipe, bytes.NewReader(r.JSON())); err != nil {
		return fmt.Errorf("cannot write the recipe: %w", err)
	}
	return nil
}

// prompt returns the ids to begin with. For a chat it also adds what ends an
// answer to the stops.
func (o *runOptions) prompt(e *inference.Engine) ([]int32, error) {
	if !o.chat {
		return prompt(e, o.ids, o.text, o.special)
	}
	var messages []inference.Message
	if o.system != "" {
		messages = append(messages, inference.Message{Role: inference.RoleSystem, Content: o.system})
	}
	messages = append(messages, inference.Message{Role: inference.RoleUser, Content: o.text})
	variables, err := o.level(e)
	if err != nil {
		return nil, err
	}
	budget := o.Thinking.Budget
	ids, thinking, err := e.ChatPrompt(messages, inference.ChatOptions{GenerationPrompt: true, Variables: variables})
	if o.Thinking, o.Thinking.Budget, o.Thinking.Apart = thinking, budget, true; o.think == "off" && variables == nil {
		o.Thinking.Budget = -1
	}
	if errors.Is(err, inference.ErrNoTemplate) {
		return nil, &hinted{fmt.Errorf("%s is a base model: it continues a text and answers no messages", e.Model().Name),
			"Leave --chat out to continue the text."}
	}
	stops, texts := e.ChatStops()
	if !o.IgnoreEOS {
		o.StopIDs = stops
	}
	o.Stop = append(o.Stop, texts...)
	return ids, err
}

// tokenLine is one line of --json.
type tokenLine struct {
	Type string `json:"type"` // "token"
	ID   int32  `json:"id"`
	Text string `json:"text"`
	*ChoiceFields
}

// ChoiceFields are what --logprobs adds to it.
type ChoiceFields struct {
	LogProb float64           `json:"logprob"`
	Top     []alternativeLine `json:"top"`
}

type alternativeLine struct {
	ID      int32   `json:"id"`
	Text    string  `json:"text"` // of this token alone; U+FFFD for a part of a character
	LogProb float64 `json:"logprob"`
}

// choice is what --logprobs says of a token, nil without it.
func (o *runOptions) choice(tok tokenizer.Tokenizer, c inference.TokenLogprobs) *ChoiceFields {
	if o.Alternatives == 0 {
		return nil
	}
	fields := &ChoiceFields{LogProb: c.LogProb, Top: make([]alternativeLine, len(c.Top))}
	for i, a := range c.Top {
		fields.Top[i] = alternativeLine{ID: a.ID, LogProb: a.LogProb}
		if tok != nil {
			fields.Top[i].Text = tokenizer.Text(tok, a.ID)
		}
	}
	return fields
}

// doneLine is the last line of --json.
type doneLine struct {
	Type         string               `json:"type"` // "done"
	Stop         inference.StopReason `json:"stop"`
	IDs          []int32              `json:"ids"` // the generated part, the id that ended it included
	Text         string               `json:"text"`
	PromptTokens int                  `json:"prompt_tokens"`
	Seed         uint64               `json:"seed"`
	PrefillRate  float64              `json:"prefill_tok_s"`
	DecodeRate   float64              `json:"decode_tok_s"`
	FirstToken   float64              `json:"ttft_s"`
	Load         float64              `json:"load_s"`
	PeakRSS      int64                `json:"peak_rss_bytes"`
	Drafted      int                  `json:"drafted"`  // tokens evaluated ahead,
	Accepted     int                  `json:"accepted"` // and of them, in the text
}

// generate writes the text and returns what the done line says of it.
func (o *runOptions) generate(ctx context.Context, s Streams, e *inference.Engine, session *inference.Session, ids []int32, load time.Duration) (*doneLine, error) {
	var done doneLine
	progress := newMeter(s.Err)
	defer progress.clear()
	generated := []int32{} // [] and not null where nothing was generated
	var text strings.Builder
	show := o.newShown(s, e)
	options := o.GenerateOptions
	if o.recipe != "" {
		options.Thinking = inference.Thinking{} // which a recipe does not have
	}
	for event, err := range session.Generate(ctx, ids, options) {
		if err != nil {
			return nil, err
		}
		switch event.Kind {
		case inference.EventPrefill:
			progress.show("reading the prompt: %d of %d tokens", event.Done, event.Total)
		case inference.EventToken:
			progress.clear()
			generated = append(generated, event.ID)
			text.WriteString(event.Text)
			if o.json {
				err = writeJSON(s.Out, tokenLine{"token", event.ID, event.Text, o.choice(e.Tokenizer(), event.Logprobs)})
			} else {
				err = show.token(event.ID, event.Text)
			}
		case inference.EventDone:
			progress.clear()
			if event.Stop == inference.StopEOS {
				// The id that ended the text was generated too, as the
				// references list it; it adds nothing to the text.
				generated = append(generated, event.StopID)
				if o.json {
					err = writeJSON(s.Out, tokenLine{"token", event.StopID, "", o.choice(e.Tokenizer(), event.Logprobs)})
				}
			}
			done = doneLine{
				Type: "done", Stop: event.Stop, IDs: generated, Text: text.String(),
				PromptTokens: event.Stats.PromptTokens, Seed: o.Sampling.Seed,
				PrefillRate: event.Stats.PrefillRate(), DecodeRate: event.Stats.DecodeRate(),
				FirstToken: event.Stats.FirstToken.Seconds(), Load: load.Seconds(), PeakRSS: measure.PeakRSS(),
				Drafted: event.Stats.Drafted, Accepted: event.Stats.Accepted,
			}
			if !o.json {
				err = show.close()
			}
			err = errors.Join(err, o.done(s, event, done, show.thinking()))
		}
		if err != nil {
			return nil, fmt.Errorf("cannot write the result: %w", err)
		}
	}
	return &done, nil
}

func (o *runOptions) done(s Streams, event inference.Event, line doneLine, thinking bool) error {
	if o.json {
		return writeJSON(s.Out, line)
	}
	if _, err := fmt.Fprintln(s.Out); err != nil {
		return err
	}
	why := map[inference.StopReason]string{
		inference.StopEOS:       "ended by itself",
		inference.StopLength:    "reached " + strconv.Itoa(event.Stats.Generated) + " tokens",
		inference.StopString:    "found the stop text " + strconv.Quote(event.StopText),
		inference.StopContext:   "context full",
		inference.StopCancelled: "cancelled",
		inference.StopComplete:  "complete",
	}[event.Stop]
	if thinking {
		why += ", and the model was still thinking: a larger -n or a --think-budget lets it answer"
	}
	ahead := ""
	if line.Accepted > 0 {
		ahead = fmt.Sprintf(" (%d of them evaluated ahead)", line.Accepted)
	}
	fmt.Fprintf(s.Err, "%d tokens at %.1f tok/s%s · first token %.0f ms · prompt %d tokens at %.1f tok/s · seed %d · peak %s · %s\n",
		event.Stats.Generated, line.DecodeRate, ahead, line.FirstToken*1e3, line.PromptTokens, line.PrefillRate, line.Seed,
		formatBytes(line.PeakRSS), why)
	return nil
}

// readInput reads a whole file, or standard input for "-".
func readInput(s Streams, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(s.In)
	}
	return os.ReadFile(name)
}

func count(bs ...bool) (n int) {
	for _, b := range bs {
		if b {
			n++
		}
	}
	return n
}
