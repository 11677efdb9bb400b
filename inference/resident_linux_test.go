//go:build !race

package inference

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/ternary"
)

// residentBeyond is what an open model may take beside its matrices, in the form that
// they are computed with, and its keys and values: the vocabulary, buffers of a pass, the
// program.
const residentBeyond = 64_000_000

// TestGroupedResident (not for the race detector, which keeps memory of its own) opens a
// packed file with the width and the vocabulary of Ternary Bonsai 1.7B in a process of its
// own, reads a prompt and writes, and holds that no matrix is kept twice, not even while
// it is loaded.
func TestGroupedResident(t *testing.T) {
	if path := os.Getenv("TERN_GROUPED_RESIDENT"); path != "" {
		fmt.Println(residentParts(t, path)) // this is the process of its own
		return
	}
	path := filepath.Join(t.TempDir(), "wide.gguf")
	writeWide(t, path)
	child := exec.Command(os.Args[0], "-test.run=^TestGroupedResident$")
	child.Env = append(os.Environ(), "TERN_GROUPED_RESIDENT="+path)
	out, err := child.CombinedOutput()
	var weights, cache, peak, end int64
	if n, _ := fmt.Sscan(string(out), &weights, &cache, &peak, &end); err != nil || n != 4 {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("matrices %d MB, keys and values %d, at most %d resident, at the end %d", weights>>20, cache>>20, peak>>20, end>>20)
	if weights < 100<<20 {
		t.Fatalf("matrices of %d bytes would hide in what is allowed beside them", weights)
	}
	if limit := weights + cache + residentBeyond; peak > limit {
		t.Errorf("%d MB are resident at most, of matrices %d and keys and values %d: %d too many", peak>>20, weights>>20, cache>>20, (peak-limit)>>20)
	}
}

// residentParts opens the file, evaluates 256 tokens together and 8 one by one, and
// returns the bytes of matrices, of keys and values, at the peak and at the end.
func residentParts(t *testing.T, path string) (weights, cache, peak, end int64) {
	e, err := Open(context.Background(), path, Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s := session(t, e, SessionOptions{})
	ids := make([]int32, 256)
	for i := range ids {
		ids[i] = int32(i * 590)
	}
	if _, err := s.Sync(context.Background(), ids, nil); err != nil {
		t.Fatal(err)
	}
	for i := range int32(8) {
		if err := s.Eval(context.Background(), i); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range e.Model().MemoryParts() {
		weights += p.Bytes
	}
	cache = int64(len(ids)+8) * KVBytesPerToken(&e.Model().Config, KVF16)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "VmHWM: %d kB", &peak)
		fmt.Sscanf(line, "VmRSS: %d kB", &end)
	}
	return weights, cache, peak << 10, end << 10
}

// writeWide writes two layers of Ternary Bonsai 1.7B with random weights, its embedding,
// and a vocabulary of its size: the bytes, and what they make when one is added at a time.
func writeWide(t *testing.T, path string) {
	t.Helper()
	c, _ := checkpoint.Shape("bonsai-1.7b")
	c.Layers = 2
	m, err := checkpoint.SyntheticConfig("wide", c, model.F16, 1)
	if err != nil {
		t.Fatal(err)
	}
	var entries []gguf.Entry
	for _, s := range m.Slots(&model.GGUFNames) {
		var g *ternary.Grouped
		switch {
		case s.Linear != nil:
			g = s.Linear.Grouped
		case s.Dense != nil:
			g = s.Dense.Grouped
		}
		entry := gguf.Entry{Name: s.Name, Type: gguf.F32, Shape: s.Shape()}
		if g != nil {
			entry.Type = checkpoint.PQ2.Type
			entry.Data = func(w io.Writer) error { return checkpoint.PQ2.WriteGroups(w, g, checkpoint.InOrder) }
		} else {
			entry.Data = func(w io.Writer) error { return binary.Write(w, binary.LittleEndian, *s.Norm) }
		}
		entries = append(entries, entry)
	}
	var tokens, merges []string
	for b := range rune(256) {
		if b <= ' ' || b >= 0x7f && b <= 0xa0 || b == 0xad { // others have letters of their own
			b += 256
		}
		tokens = append(tokens, string(b))
	}
	for i := 0; len(tokens) < c.VocabSize; i++ {
		left, right := tokens[i/256], tokens[i%256]
		tokens, merges = append(tokens, left+right), append(merges, left+" "+right)
	}
	meta := []gguf.Pair{{Key: "general.architecture", Value: "qwen3"}}
	for name, value := range map[string]any{
		"block_count": uint32(c.Layers), "context_length": uint32(c.ContextLen),
		"embedding_length": uint32(c.Dim), "feed_forward_length": uint32(c.FFNDim),
		"attention.head_count": uint32(c.Heads), "attention.head_count_kv": uint32(c.KVHeads),
		"attention.key_length": uint32(c.HeadDim), "attention.value_length": uint32(c.HeadDim),
		"attention.layer_norm_rms_epsilon": float32(c.NormEps), "rope.freq_base": float32(c.RopeTheta),
	} {
		meta = append(meta, gguf.Pair{Key: "qwen3." + name, Value: value})
	}
	meta = append(meta, gguf.Pair{Key: "tokenizer.ggml.model", Value: "gpt2"}, gguf.Pair{Key: "tokenizer.ggml.pre", Value: "qwen2"},
		gguf.Pair{Key: "tokenizer.ggml.tokens", Value: tokens}, gguf.Pair{Key: "tokenizer.ggml.token_type", Value: slices.Repeat([]int32{1}, len(tokens))},
		gguf.Pair{Key: "tokenizer.ggml.merges", Value: merges}, gguf.Pair{Key: "tokenizer.ggml.eos_token_id", Value: uint32(1)})
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := gguf.Write(f, meta, entries); err != nil {
		t.Fatal(err)
	}
}
