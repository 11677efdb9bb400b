package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// runJSON runs tern run --json and checks what holds of every such run.
func runJSON(t *testing.T, args ...string) doneLine {
	t.Helper()
	return parseRun(t, mustTern(t, append([]string{"run", "--json"}, args...)...))
}

func parseRun(t *testing.T, out string) (done doneLine) {
	t.Helper()
	ids, text := []int32{}, ""
	lines := bufio.NewScanner(strings.NewReader(out))
	for lines.Scan() {
		if done.Type != "" {
			t.Fatalf("a line after the done line: %s", lines.Text())
		}
		var kind struct{ Type string }
		if err := json.Unmarshal(lines.Bytes(), &kind); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		switch kind.Type {
		case "token":
			var line tokenLine
			decodeStrict(t, lines.Text(), &line)
			if !utf8.ValidString(line.Text) || strings.Contains(line.Text, "▁") {
				t.Errorf("token text %q", line.Text)
			}
			ids, text = append(ids, line.ID), text+line.Text
		case "done":
			decodeStrict(t, lines.Text(), &done)
			if got, want := keys(t, lines.Bytes()), []string{"accepted", "decode_tok_s", "drafted", "ids", "load_s", "peak_rss_bytes", "prefill_tok_s",
				"prompt_tokens", "seed", "stop", "text", "ttft_s", "type"}; !slices.Equal(got, want) {
				t.Errorf("the done line has the keys %q, want %q", got, want)
			}
		default:
			t.Errorf("a line of type %q", kind.Type)
		}
	}
	if done.Type == "" {
		t.Fatalf("no done line in %q", out)
	}
	if done.IDs == nil || !slices.Equal(done.IDs, ids) || done.Text != text {
		t.Errorf("done has %v and %q, the tokens make %v and %q", done.IDs, done.Text, ids, text)
	}
	if done.PromptTokens < 1 || done.Load <= 0 || done.PeakRSS < 0 || len(ids) > 1 && (done.FirstToken <= 0 || done.DecodeRate <= 0) {
		t.Errorf("figures of the done line: %+v", done)
	}
	return done
}

func TestRunGolden(t *testing.T) {
	eachGolden(t, func(t *testing.T, g *golden) {
		done := runJSON(t, g.dir, "--ids", list(g.Prompt), "--temp", "0", "--kv", "f32", "--ignore-eos", "-n", "16", "--threads", "2")
		if !slices.Equal(done.IDs, g.Greedy) {
			t.Errorf("ids %v, want %v", done.IDs, g.Greedy)
		}
		hasText := strings.HasPrefix(filepath.Base(g.dir), "gguf") // those with a tokenizer
		if done.Stop != "length" || (done.Text != "") != hasText || done.PromptTokens != len(g.Prompt) {
			t.Errorf("%+v", done)
		}
	}, safetensors, gguf)
}

// TestRunEnds checks that the id that ended the text is the last of ids, as
// references list it.
func TestRunEnds(t *testing.T) {
	done := runJSON(t, "-p", "Once upon a time", "--temp", "0", "-n", "0")
	if n := len(done.IDs); done.Stop != "eos" || n < 50 || done.IDs[n-1] != 2 || !strings.HasSuffix(done.Text, ".") {
		t.Errorf("%+v", done)
	}
}

// TestRunEndSentence: -n is a limit of tokens, --end-sentence lets the sentence end.
func TestRunEndSentence(t *testing.T) {
	args := []string{"-p", "Once upon a time", "--temp", "0", "-n", "5"}
	cut, whole := runJSON(t, args...), runJSON(t, append(args, "--end-sentence", "40")...)
	if len(cut.IDs) != 5 || whole.Stop != "length" || len(whole.IDs) <= 5 || !strings.HasPrefix(whole.Text, cut.Text) || !strings.HasSuffix(whole.Text, ".") {
		t.Errorf("%+v, and with --end-sentence %+v", cut, whole)
	}
}

func TestRunBuiltin(t *testing.T) {
	greedy := runJSON(t, "-p", "Once upon a time", "--temp", "0", "-n", "24")
	if !strings.HasPrefix(greedy.Text, ", there was a little girl named Lily.") || greedy.Stop != "length" || greedy.PromptTokens != 5 {
		t.Errorf("%+v", greedy)
	}
	for name, again := range map[string]doneLine{
		"--ids":         runJSON(t, "--ids", "1,419,436,261,396", "--temp", "0", "-n", "24"),
		"--threads":     runJSON(t, "-p", "Once upon a time", "--temp", "0", "-n", "24", "--threads", "3"),
		"standard in":   parseRun(t, stdinRun(t, "Once upon a time", "-p", "-")),
		"--prompt-file": parseRun(t, stdinRun(t, "Once upon a time", "--prompt-file", "-")),
	} {
		if again.Text != greedy.Text || !slices.Equal(again.IDs, greedy.IDs) {
			t.Errorf("%s: %q, want %q", name, again.Text, greedy.Text)
		}
	}
	if plain := mustTern(t, "run", "-p", "Once upon a time", "--temp", "0", "-n", "24"); plain != greedy.Text+"\n" {
		t.Errorf("plain text %q, want %q", plain, greedy.Text)
	}
}

func stdinRun(t *testing.T, stdin string, args ...string) string {
	out, errs, code := tern(t, stdin, append([]string{"run", "--json", "--temp", "0", "-n", "24"}, args...)...)
	if code != 0 {
		t.Fatal(errs)
	}
	return out
}

func TestRunSampling(t *testing.T) {
	args := []string{"-p", "One day", "-n", "12", "--temp", "1.5", "--top-k", "0", "--top-p", "1", "--min-p", "0"}
	one := runJSON(t, append(args, "--seed", "7")...)
	if two := runJSON(t, append(args, "--seed", "7")...); one.Text != two.Text || one.Seed != 7 {
		t.Errorf("seed 7 gives %q and then %q", one.Text, two.Text)
	}
	if other := runJSON(t, append(args, "--seed", "8")...); one.Text == other.Text {
		t.Errorf("seeds 7 and 8 both give %q", one.Text)
	}
	if a, b := runJSON(t, args...), runJSON(t, args...); a.Seed == b.Seed {
		t.Errorf("two runs without --seed drew the same one, %d", a.Seed)
	}
	greedy := runJSON(t, "-p", "One day", "-n", "12", "--temp", "0")
	if k1 := runJSON(t, "-p", "One day", "-n", "12", "--temp", "1.5", "--top-k", "1"); k1.Text != greedy.Text {
		t.Errorf("--top-k 1 gives %q, want the greedy %q", k1.Text, greedy.Text)
	}
	if p := runJSON(t, "-p", "One day", "-n", "48", "--temp", "0", "--repeat-penalty", "1.5"); strings.HasPrefix(p.Text, greedy.Text) &&
		p.Text == runJSON(t, "-p", "One day", "-n", "48", "--temp", "0").Text {
		t.Errorf("--repeat-penalty changes nothing in %q", p.Text)
	}
}

func TestRunStops(t *testing.T) {
	done := runJSON(t, "-p", "Once upon a time", "--temp", "0", "--stop", "zebra", "--stop", "named Li")
	if done.Stop != "stop" || done.Text != ", there was a little girl " {
		t.Errorf("--stop: %+v", done)
	}
	done = runJSON(t, "-p", "Once upon a time", "--temp", "0", "-n", "0", "--context", "20")
	if done.Stop != "context" || len(done.IDs)+done.PromptTokens < 20 || len(done.IDs)+done.PromptTokens > 21 {
		t.Errorf("--context 20: %+v", done)
	}
	if done = runJSON(t, "-p", "", "-n", "4"); done.PromptTokens != 1 || len(done.IDs) != 4 {
		t.Errorf("empty prompt: %+v", done)
	}
	ended := runJSON(t, "-p", "The end.", "--temp", "0", "-n", "0")
	if ended.Stop != "eos" && ended.Stop != "context" {
		t.Errorf("no limit: %+v", ended)
	}
}

// cancelAfter cancels once it has been written to n times.
type cancelAfter struct {
	bytes.Buffer
	n      int
	cancel func()
}

func (c *cancelAfter) Write(p []byte) (int, error) {
	if c.n--; c.n == 0 {
		c.cancel()
	}
	return c.Buffer.Write(p)
}

func TestRunCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &cancelAfter{n: 3, cancel: cancel}
	var errs bytes.Buffer
	s := Streams{nil, out, &errs}
	if code := Exit(s, Run(ctx, s, []string{"--json", "-p", "Once", "--temp", "0"})); code != 0 {
		t.Fatalf("exit code %d\n%s", code, errs.String())
	}
	if done := parseRun(t, out.String()); done.Stop != "cancelled" || len(done.IDs) < 3 || len(done.IDs) > 4 {
		t.Errorf("%+v", done)
	}
	// Before anything was loaded there is nothing to report.
	out = &cancelAfter{}
	s.Out = out
	if code := Exit(s, Run(ctx, s, []string{"--json", "-p", "Once"})); code != 1 || out.Len() > 0 || !strings.HasSuffix(errs.String(), "tern: cancelled.\n") {
		t.Errorf("exit code %d, output %q, errors %q", code, out.String(), errs.String())
	}
}

// failing refuses to be written to, as a full disk does.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, bytes.ErrTooLarge }

func TestRunCannotWrite(t *testing.T) {
	var errs bytes.Buffer
	s := Streams{nil, failing{}, &errs}
	if code := Exit(s, Run(t.Context(), s, []string{"-p", "Once"})); code != 1 || !strings.Contains(errs.String(), "cannot write the result") {
		t.Errorf("exit code %d\n%s", code, errs.String())
	}
}

// TestRunChat compares an answer with the continuation of the ids that
// ../shared/formats.md §5 gives for the conversation.
func TestRunChat(t *testing.T) {
	dir := withTokenizer(t, "hf-2b4t-packed", "bpe")
	const (
		hi        = "71,72"
		user      = "52,82,261,25,220,"           // User·:·space
		assistant = "32,82,82,268,83,380,25,220," // Assistant·:·space
		system    = "50,88,355,68,76,25,220,"     // System·:·space
	)
	same := []string{dir, "--temp", "0", "-n", "8"}
	for _, c := range []struct {
		args []string
		ids  string
	}{
		{[]string{"--chat", "-p", " hi\n"}, "406," + user + hi + ",413," + assistant},
		{[]string{"--chat", "--system", "hi", "-p", "hi"}, "406," + system + hi + ",413," + user + hi + ",413," + assistant},
		{[]string{"--chat", "-p", "hi<|eot_id|>"}, "406," + user + hi + ",27,91,68,312,62,72,67,91,29,413," + assistant},
	} {
		got := runJSON(t, append(same, c.args...)...)
		want := runJSON(t, append(same, "--ids", strings.TrimSuffix(c.ids, ","))...)
		if got.PromptTokens != want.PromptTokens || !slices.Equal(got.IDs, want.IDs) {
			t.Errorf("%q: %d prompt tokens, then %v, want %d and %v", c.args, got.PromptTokens, got.IDs, want.PromptTokens, want.IDs)
		}
	}
}

// TestRunNeverRenders: without --chat a model with a template gets the bare text.
func TestRunNeverRenders(t *testing.T) {
	dir := withTokenizer(t, "hf-2b4t-packed", "bpe")
	if done := runJSON(t, dir, "-p", "hi", "-n", "1"); done.PromptTokens != 3 { // BOS, h, i
		t.Errorf("%d prompt tokens, want 3", done.PromptTokens)
	}
}

// TestRunChatRefused: the built-in model is a base model.
func TestRunChatRefused(t *testing.T) {
	_, stderr, code := tern(t, "", "run", "--chat", "-p", "hi")
	if code != 1 || !strings.Contains(stderr, "is a base model: it continues a text and answers no messages.\nHint: Leave --chat out") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// TestRunChatTemplate: the checkpoint's own template renders, whatever it is made
// of; one that cannot be used is an error with its words and line, and another
// layout is the user's choice.
func TestRunChatTemplate(t *testing.T) {
	dir := withTokenizer(t, "hf-llama3-packed", "bpe")
	for _, c := range []struct {
		source string
		args   []string
		tokens int
		stderr string
	}{
		{"{% macro turn(c) %}{{ c }}{% endmacro %}{% for m in messages %}{{ turn(m.content) }}{% endfor %}", nil, 3, ""}, // BOS, h, i
		{"{# 1 #}\n{% for m in messages %}{{ m.content|frob }}{% endfor %}", nil, 0,
			"the chat template cannot be used: chat_template.jinja, line 2: no filter named 'frob'.\nHint: Another layout is taken with --correct template-llama-3"},
		{"{{ raise_exception('only about birds') }}", nil, 0, "the chat template refuses the conversation: chat_template.jinja, line 1: only about birds.\nHint: Without --chat"},
		{"{% frob %}", []string{"--correct", "template-llama-3"}, 19, ""}, // markers, "user" and "assistant" in 3 and 6 pieces,
	} {
		if err := os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte(c.source), 0o666); err != nil {
			t.Fatal(err)
		}
		args := append([]string{"run", "-m", dir, "--chat", "-p", "hi", "-n", "1", "--json"}, c.args...)
		stdout, stderr, code := tern(t, "", args...)
		if c.stderr != "" {
			if code != 1 || !strings.Contains(stderr, c.stderr) {
				t.Errorf("%s: exit code %d, %q", c.source, code, stderr)
			}
			continue
		}
		if want := fmt.Sprintf(`"prompt_tokens":%d`, c.tokens); code != 0 || !strings.Contains(stdout, want) {
			t.Errorf("%s: exit code %d, %s, want %s; %s", c.source, code, stdout, want, stderr)
		}
	}
}

// TestRunAsOthers: -1 means no limit, draws the seed and switches off, as in other
// programs, and an empty stop is none.
func TestRunAsOthers(t *testing.T) {
	unlimited := runJSON(t, "-p", "One day", "-n", "-1", "--context", "40", "--ignore-eos", "--top-k", "-1", "--stop", "", "--threads", "-1")
	if unlimited.Stop != "context" || unlimited.PromptTokens+len(unlimited.IDs) < 40 {
		t.Errorf("-n -1: %d tokens, ended by %s", len(unlimited.IDs), unlimited.Stop)
	}
	args := []string{"-p", "One day", "-n", "20", "--temp", "1.5"}
	one, two := runJSON(t, append(args, "--seed", "-1")...), runJSON(t, append(args, "--seed", "-1")...)
	if one.Seed == two.Seed || one.Text == two.Text {
		t.Errorf("--seed -1 draws %d and %d", one.Seed, two.Seed)
	}
	if again := runJSON(t, append(args, "--seed", fmt.Sprint(one.Seed))...); again.Text != one.Text {
		t.Error("the seed that was drawn does not repeat the text")
	}
	if other := runJSON(t, append(args, "--seed", "-2")...); other.Seed != math.MaxUint64-1 {
		t.Errorf("--seed -2 is %d", other.Seed)
	}
}
