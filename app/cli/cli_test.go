package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var commands = map[string]func(context.Context, Streams, []string) error{
	"run": Run, "replay": Replay, "bench": Bench, "inspect": Inspect, "check": Check,
	"tokenize": Tokenize, "logits": Logits, "pack": Pack, "convert": Convert, "verify": Verify, "pull": Pull, "list": List,
}

// tern runs a command as the program does.
func tern(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	s := Streams{strings.NewReader(stdin), &out, &errs}
	code = Exit(s, commands[args[0]](t.Context(), s, args[1:]))
	return out.String(), errs.String(), code
}

// mustTern is tern for arguments that must work; it returns the output.
func mustTern(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, code := tern(t, "", args...)
	if code != 0 {
		t.Fatalf("tern %s: exit code %d\n%s", strings.Join(args, " "), code, errs)
	}
	return out
}

// decodeStrict stores the JSON object in text in v and fails where it has a key
// that v has not.
func decodeStrict(t *testing.T, text string, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
}

// keys are those of a JSON object.
func keys(t *testing.T, object json.RawMessage) []string {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(object, &m); err != nil {
		t.Fatalf("%v in %s", err, object)
	}
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}

const goldens = "../../inference/testdata/goldens"

// golden is what the tests need of a reference's golden.json.
type golden struct {
	dir    string
	Prompt []int32
	Greedy []int32
	Logits struct {
		File  string
		Shape []int
	}
	Weights []struct {
		Layer          int
		Proj           string
		MultiplierBits string `json:"multiplier_bits"`
		Neg            int    `json:"count_neg"`
		Zero           int    `json:"count_zero"`
		Pos            int    `json:"count_pos"`
		SHA256         string `json:"sha256_int8"`
	}
}

// Forms of golden checkpoints.
const (
	safetensors = "hf-*"
	gguf        = "gguf-*"
)

// eachGolden runs a test on every golden checkpoint of these forms.
func eachGolden(t *testing.T, test func(t *testing.T, g *golden), forms ...string) {
	var dirs []string
	for _, form := range forms {
		found, err := filepath.Glob(filepath.Join(goldens, form))
		if err != nil || len(found) < 7 {
			t.Fatalf("%d golden checkpoints %s (%v), want 7 or more", len(found), form, err)
		}
		dirs = append(dirs, found...)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, "golden.json"))
			if err != nil {
				t.Fatal(err)
			}
			g := &golden{dir: dir}
			if err := json.Unmarshal(raw, g); err != nil {
				t.Fatal(err)
			}
			test(t, g)
		})
	}
}

// list writes ids as --ids wants them.
func list(ids []int32) string {
	raw, _ := json.Marshal(ids)
	return strings.Trim(string(raw), "[]")
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args string // separated by single spaces
		code int
		say  string // part of what goes to standard error
	}{
		{"run --nonsense", 2, "nonsense"},
		{"run -n", 2, "flag needs an argument"},
		{"run --system x", 2, "--system needs --chat"},
		{"run --chat --ids 1", 2, "--chat takes its prompt from -p"},
		{"run --chat --special -p x", 2, "--chat takes its prompt from -p"},
		{"run -n many", 2, "want a number from 0"},
		{"run -n -2", 2, "want a number from 0"},
		{"run --temp NaN", 2, "want a number from 0 to 100"},
		{"run --temp -0.5", 2, "want a number"},
		{"run --top-p 1.5", 2, "want a number from 0 to 1"},
		{"run --min-p inf", 2, "want a number"},
		{"run --top-k 1.5", 2, "want a number"},
		{"run --seed 1.5", 2, "want a whole number"},
		{"run --seed 18446744073709551616", 2, "want a whole number"},
		{"run --kv f64", 2, "want f16, q8 or f32"},
		{"run --threads 2000", 2, "want a number from 0 to 1024"},
		{"run --ids 1,x", 2, `"x" is not a token id`},
		{"run --ids 1,-2", 2, `"-2" is not a token id`},
		{"run --ids ", 2, "not a token id"},
		{"run --ids 1 -p a", 2, "exclude each other"},
		{"run --prompt-file a -p a", 2, "exclude each other"},
		{"run -m ", 2, "the path is empty"},
		{"run ", 2, "the path of the model is empty"},
		{"run a b", 2, `"b" is one argument too many`},
		{"run -m a b", 2, `"b" is one argument too many`},
		{"run -- a -n", 2, `"-n" is one argument too many`},
		{"run " + dir + "/absent", 1, "no model found"},
		{"run " + dir, 1, "no model found"},
		{"run --prompt-file " + dir + "/absent", 1, "no such file"},
		{"run --ids 4096", 1, "id 4096 is not in the vocabulary of 0 to 4095"},
		{"run --context 3 -p a,b,c,d,e,f", 1, "context"},
		{"logits", 2, "--ids is missing"},
		{"logits --ids 1", 2, "--out is missing"},
		{"logits --ids 1 --out " + dir + "/absent/x", 1, "no such file"},
		{"tokenize", 2, "TEXT is missing"},
		{"tokenize a b c", 2, "one argument too many"},
		{"tokenize -m a b c", 2, "one argument too many"},
		{"tokenize -m a -f b c", 2, "one argument too many"},
		{"tokenize -m " + dir + " a", 1, "there is no tokenizer"},
		{"tokenize -m " + dir + "/absent a", 1, "no model found"},
		{"inspect a b", 2, "one argument too many"},
		{"inspect --json=maybe", 2, "maybe"},
		{"check a b", 2, "one argument too many"},
		{"bench --synthetic huge", 2, `no shape "huge"`},
		{"bench --synthetic large -m a", 2, "exclude each other"},
		{"bench --synthetic large a", 2, "exclude each other"},
		{"bench --head f16", 2, "--head is for --synthetic"},
		{"bench --head int8 --synthetic large", 2, "want f16, f32 or bf16"},
		{"bench --threads 0", 2, "not a number from 1 to 1024"},
		{"bench --threads 1,,2", 2, "not a number from 1 to 1024"},
		{"bench --json --csv -", 2, "exclude each other"},
		{"bench --decode 0", 2, "want a number from 1"},
		{"bench --prefill 513", 1, "a context of 513 tokens"},
		{"pack a", 2, "a MODEL and a FOLDER"},
		{"pack a b c", 2, "a MODEL and a FOLDER"},
		{"pack " + dir + "/absent " + dir + "/new", 1, "no model found"},
	} {
		t.Run(c.args, func(t *testing.T) {
			out, errs, code := tern(t, "", strings.Split(c.args, " ")...)
			if code != c.code || !strings.Contains(errs, c.say) {
				t.Errorf("exit code %d, want %d and %q in\n%s", code, c.code, c.say, errs)
			}
			if out != "" {
				t.Errorf("standard output has %q", out)
			}
			if i := strings.LastIndex(errs, "tern: "); i < 0 || strings.Count(errs[i:], "\n") > 2 {
				t.Errorf("want one sentence and a hint at the end of\n%s", errs)
			}
			if code == 2 && !strings.HasSuffix(errs, "--help describes the arguments.\n") {
				t.Errorf("no hint after\n%s", errs)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for name := range commands {
		for _, flag := range []string{"--help", "-h", "-help"} {
			out, errs, code := tern(t, "", name, flag)
			if code != 0 || errs != "" || !strings.HasPrefix(out, "Usage: tern "+name+" ") || !strings.Contains(out, "\nExample:\n  tern "+name) {
				t.Errorf("tern %s %s: exit code %d, %q\n%s", name, flag, code, errs, out)
			}
		}
	}
	// A flag anywhere asks for help, not only the first.
	if out, _, code := tern(t, "", "run", "model", "--json", "--help"); code != 0 || !strings.Contains(out, "--repeat-penalty R") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestExit(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		say  string
	}{
		{nil, 0, ""},
		{context.Canceled, 1, "tern: cancelled.\n"},
		{errors.New("it broke"), 1, "tern: it broke.\n"},
		{&hinted{errors.New("it broke"), "Mend it."}, 1, "tern: it broke.\nHint: Mend it.\n"},
		{&usageError{"run", "no"}, 2, "tern: run: no.\nHint: tern run --help describes the arguments.\n"},
	} {
		var errs bytes.Buffer
		if code := Exit(Streams{nil, io.Discard, &errs}, c.err); code != c.code || errs.String() != c.say {
			t.Errorf("%v: exit code %d and %q, want %d and %q", c.err, code, errs.String(), c.code, c.say)
		}
	}
}

// TestFlagsAnywhere: flags may come before or after a bare MODEL.
func TestFlagsAnywhere(t *testing.T) {
	for _, args := range [][]string{
		{"-m", "dir", "--json", "-n", "3"}, {"dir", "--json", "-n", "3"}, {"--json", "-n", "3", "dir"},
		{"--json", "dir", "-n", "3"}, {"--json", "-n=3", "--", "dir"},
	} {
		var o runOptions
		f, err := o.parse(Streams{}, args)
		if err != nil || f.model.path != "dir" || !o.json || o.MaxTokens != 3 {
			t.Errorf("%q: model %q, json %v, n %d, error %v", args, f.model.path, o.json, o.MaxTokens, err)
		}
	}
}

func TestFormatBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 kB", 512: "1 kB", 27e3: "27 kB", 4_194_304: "4.2 MB", 427e6: "427 MB", 999.6e6: "1.00 GB", 2.9e9: "2.90 GB", 12.34e9: "12.3 GB",
	} {
		if got := formatBytes(n); got != want {
			t.Errorf("formatBytes(%d) = %q, want %q", n, got, want)
		}
	}
}
