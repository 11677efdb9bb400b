//go:build cgo && !race

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/tokenizer/vocab"
)

// TestResident (not for the race detector, which keeps memory of its own): a command of the
// program with a window takes at most 64 MB beside the matrices of a model and its keys and
// values, with all that its start needed. The model has the width and the vocabulary of
// Ternary Bonsai 1.7B.
func TestResident(t *testing.T) {
	const variable, tokens, beside = "TERN_TEST_RESIDENT", 256, 64_000_000
	if path := os.Getenv(variable); path != "" { // this is the program
		os.Exit(Main([]string{"run", path, "--ids", strings.Repeat("7,", tokens-9) + "7", "-n", "8", "--ignore-eos", "--json", "--threads", "2"},
			strings.NewReader(""), os.Stdout, os.Stderr))
	}
	path := filepath.Join(t.TempDir(), "wide.gguf")
	writeWide(t, path)
	facts, err := checkpoint.Peek(path)
	if err != nil {
		t.Fatal(err)
	}
	weights := int64(0)
	for _, p := range facts.Memory {
		weights += p.Bytes
	}
	program := copied(t)
	cache := tokens * inference.KVBytesPerToken(&facts.Config, inference.KVF16)
	if weights < 100e6 {
		t.Fatal("another copy of the matrices would hide in what is allowed beside them")
	}
	var more int64
	for range 3 { // when garbage is collected makes some megabytes of difference
		child := exec.Command(program, "-test.run=^TestResident$")
		child.Env = append(os.Environ(), variable+"="+path)
		out, err := child.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		var last struct {
			Peak   int64 `json:"peak_rss_bytes"`
			Prompt int   `json:"prompt_tokens"`
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Peak == 0 || last.Prompt != tokens-8 {
			t.Fatalf("%v, %+v\n%s", err, last, out)
		}
		more = last.Peak - weights - cache
		t.Logf("%d MB at most, of matrices %d and keys and values %d: %d beside them", last.Peak/1e6, weights/1e6, cache/1e6, more/1e6)
		if more <= beside {
			return
		}
	}
	t.Errorf("%d MB are resident beside matrices, keys and values, want at most %d", more/1e6, int64(beside/1e6))
}

// TestForgetStart: the pages of the program's file become fewer, and what they hold does not
// change.
func TestForgetStart(t *testing.T) {
	resident := func() (kb int64) {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(status)) {
			fmt.Sscanf(line, "RssFile: %d kB", &kb)
		}
		return kb
	}
	words := help()
	before := resident()
	forgetStart()
	after := resident()
	t.Logf("%d kB before, %d after", before, after)
	if before == 0 || after > before*7/8 { // how much tests before this one touched again differs
		t.Errorf("%d kB of files were resident, %d are", before, after)
	}
	if help() != words {
		t.Error("words of the program changed")
	}
}

// copied is this program as an installation has it: of a file that the linker has just
// written the system maps two megabytes where a copy takes 64 kB.
func copied(t *testing.T) string {
	t.Helper()
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	path := filepath.Join(t.TempDir(), "tern")
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if e := to.Close(); err != nil || e != nil {
		t.Fatal(err, e)
	}
	return path
}

// writeWide writes two layers of Ternary Bonsai 1.7B with random weights, its embedding, and a
// vocabulary of its size: the bytes, and what they make when one is added at a time.
func writeWide(t *testing.T, path string) {
	t.Helper()
	c, _ := checkpoint.Shape("bonsai-1.7b")
	c.Layers = 2
	m, err := checkpoint.SyntheticConfig("wide", c, model.F16, 1)
	if err != nil {
		t.Fatal(err)
	}
	v := &vocab.GGUF{Model: "gpt2", Pre: "qwen2", BOS: -1, EOS: 1, EOT: -1, UNK: -1, PAD: -1}
	for b := range rune(256) {
		if b <= ' ' || b >= 0x7f && b <= 0xa0 || b == 0xad { // others have letters of their own
			b += 256
		}
		v.Tokens = append(v.Tokens, string(b))
	}
	for i := 0; len(v.Tokens) < c.VocabSize; i++ {
		left, right := v.Tokens[i/256], v.Tokens[i%256]
		v.Tokens, v.Merges = append(v.Tokens, left+right), append(v.Merges, left+" "+right)
	}
	v.Types = slices.Repeat([]int32{vocab.Normal}, len(v.Tokens))
	if err := export.GGUF(context.Background(), m, path, export.GGUFOptions{Portable: true, Vocab: v}); err != nil {
		t.Fatal(err)
	}
}
