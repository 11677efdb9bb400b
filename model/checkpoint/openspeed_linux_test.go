package checkpoint_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/model/gguf"
	"tern/model/ternary"
	"tern/tokenizer/vocab"
)

// BenchmarkOpenGrouped opens packed files of published shapes, with vocabularies of their
// sizes, from a warm page cache, in turns with two threads that read the same file into
// fresh memory: on huge pages, and on those that Go takes. Each time it is done in a
// process of its own, whose memory is fresh. Times of the processors say more than those
// of the clock where others use the machine.
func BenchmarkOpenGrouped(b *testing.B) {
	if path := os.Getenv("TERN_OPEN_SPEED"); path != "" {
		openAlone(b, path, os.Getenv("TERN_OPEN_SPEED_HOW"))
		return
	}
	bonsai := func(e *checkpoint.Encoding) func(b *testing.B, path string) {
		return func(b *testing.B, path string) { writeGrouped(b, path, "bonsai-1.7b", e) }
	}
	for _, c := range []struct {
		name  string
		write func(b *testing.B, path string)
	}{
		{"PQ2_0", bonsai(&checkpoint.PQ2)},
		{"Q2_0", bonsai(&checkpoint.Q2)},
		{"2B-4T,TQ2_0", func(b *testing.B, path string) { writeCopy(b, path, "2b-4t", export.GGUFOptions{Portable: true}) }},
		{"2B-4T,I2_S", func(b *testing.B, path string) { writeCopy(b, path, "2b-4t", export.GGUFOptions{}) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "model.gguf")
			c.write(b, path)
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			found := map[string]*times{}
			for b.Loop() {
				for _, how := range []string{"open", "huge", "small"} {
					alone(b, path, "huge") // its memory is what the next one takes, so that all find the same
					wall, cpu := alone(b, path, how)
					if found[how] == nil {
						found[how] = new(times)
					}
					found[how].wall, found[how].cpu = append(found[how].wall, wall), append(found[how].cpu, cpu)
				}
			}
			size, open, huge, small := info.Size(), found["open"], found["huge"], found["small"]
			b.ReportMetric(rate(size, open.wall), "GB/s")
			b.ReportMetric(rate(size, huge.wall), "read-GB/s")
			b.ReportMetric(100*rate(size, open.wall)/rate(size, huge.wall), "%-of-read")
			b.ReportMetric(100*rate(size, open.wall)/rate(size, small.wall), "%-small-pages")
			b.ReportMetric(100*float64(huge.wall[0])/float64(open.wall[0]), "%-best")
			b.ReportMetric(rate(size, open.cpu), "cpu-GB/s")
			b.ReportMetric(100*rate(size, open.cpu)/rate(size, huge.cpu), "cpu-%-of-read")
			b.ReportMetric(100*rate(size, open.cpu)/rate(size, small.cpu), "cpu-%-small-pages")
			b.ReportMetric(100*float64(huge.cpu[0])/float64(open.cpu[0]), "cpu-%-best")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// alone runs openAlone in a process of its own.
func alone(b *testing.B, path, how string) (wall, cpu int64) {
	child := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkOpenGrouped$", "-test.benchtime=1x")
	child.Env = append(os.Environ(), "TERN_OPEN_SPEED="+path, "TERN_OPEN_SPEED_HOW="+how)
	out, err := child.CombinedOutput()
	_, line, ok := strings.Cut(string(out), "took ")
	if n, _ := fmt.Sscan(line, &wall, &cpu); err != nil || !ok || n != 2 {
		b.Fatalf("%v\n%s", err, out)
	}
	return wall, cpu
}

// times are how long something took, by the clock and of the processors, in ns.
type times struct{ wall, cpu []int64 }

// openAlone does one of the three and prints how long that took.
func openAlone(b *testing.B, path, how string) {
	begin, before := time.Now(), cpuTime(b)
	switch how {
	case "open":
		if _, err := checkpoint.Open(context.Background(), path, nil); err != nil {
			b.Fatal(err)
		}
	case "huge":
		readWhole(b, path, func(n int) []byte { return ternary.NewArena(n).Bytes(n) })
	default:
		readWhole(b, path, func(n int) []byte { return make([]byte, n) })
	}
	fmt.Println("took", time.Since(begin).Nanoseconds(), cpuTime(b)-before)
}

func cpuTime(b *testing.B) int64 {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return r.Utime.Nano() + r.Stime.Nano()
}

// rate is the median, in GB/s.
func rate(size int64, list []int64) float64 {
	slices.Sort(list)
	return float64(size) / float64(list[len(list)/2])
}

// readWhole reads a file with two threads.
func readWhole(b *testing.B, path string, memory func(n int) []byte) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	const piece = 1 << 20
	buf := memory(int(info.Size()))
	var wait sync.WaitGroup
	for i := range 2 {
		wait.Go(func() {
			for at := i * len(buf) / 2; at < (i+1)*len(buf)/2; at += piece {
				if _, err := f.ReadAt(buf[at:min(at+piece, (i+1)*len(buf)/2)], int64(at)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	runtime.KeepAlive(buf)
}

// writeCopy writes a copy of a published shape with random weights and an invented
// vocabulary.
func writeCopy(t testing.TB, path, shape string, o export.GGUFOptions) {
	t.Helper()
	m, err := checkpoint.Synthetic(shape, model.F16, 1)
	if err != nil {
		t.Fatal(err)
	}
	tokens, merges := invented(m.VocabSize)
	o.Vocab = &vocab.GGUF{Model: "gpt2", Pre: "llama-bpe", Tokens: tokens, Merges: merges,
		Types: slices.Repeat([]int32{vocab.Normal}, len(tokens)), BOS: 1, EOS: 2, EOT: -1, UNK: -1, PAD: -1}
	if err := export.GGUF(t.Context(), m, path, o); err != nil {
		t.Fatal(err)
	}
}

// writeGrouped writes a file of a published shape with random weights and an invented
// vocabulary.
func writeGrouped(t testing.TB, path, shape string, e *checkpoint.Encoding) {
	t.Helper()
	m, err := checkpoint.Synthetic(shape, model.F16, 1)
	if err != nil {
		t.Fatal(err)
	}
	var entries []gguf.Entry
	for _, s := range m.Slots(&model.GGUFNames) {
		entry := gguf.Entry{Name: s.Name, Type: gguf.F32, Shape: s.Shape()}
		switch g := s.Grouped(); {
		case g != nil:
			entry.Type = e.Type
			entry.Data = func(w io.Writer) error { return e.WriteGroups(w, g, checkpoint.InOrder) }
		default:
			entry.Data = func(w io.Writer) error { return binary.Write(w, binary.LittleEndian, *s.Norm) }
		}
		entries = append(entries, entry)
	}
	c, p := &m.Config, "qwen3."
	tokens, merges := invented(c.VocabSize)
	types := slices.Repeat([]int32{1}, len(tokens))
	meta := []gguf.Pair{
		{Key: "general.architecture", Value: "qwen3"},
		{Key: p + "block_count", Value: uint32(c.Layers)},
		{Key: p + "context_length", Value: uint32(c.ContextLen)},
		{Key: p + "embedding_length", Value: uint32(c.Dim)},
		{Key: p + "feed_forward_length", Value: uint32(c.FFNDim)},
		{Key: p + "attention.head_count", Value: uint32(c.Heads)},
		{Key: p + "attention.head_count_kv", Value: uint32(c.KVHeads)},
		{Key: p + "attention.key_length", Value: uint32(c.HeadDim)},
		{Key: p + "attention.value_length", Value: uint32(c.HeadDim)},
		{Key: p + "attention.layer_norm_rms_epsilon", Value: float32(c.NormEps)},
		{Key: p + "rope.freq_base", Value: float32(c.RopeTheta)},
		{Key: p + "rope.scaling.type", Value: "yarn"},
		{Key: p + "rope.scaling.factor", Value: float32(c.RopeScaling.Factor)},
		{Key: p + "rope.scaling.original_context_length", Value: uint32(c.RopeScaling.Original)},
		{Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.pre", Value: "qwen2"},
		{Key: "tokenizer.ggml.tokens", Value: tokens},
		{Key: "tokenizer.ggml.token_type", Value: types},
		{Key: "tokenizer.ggml.merges", Value: merges},
		{Key: "tokenizer.ggml.eos_token_id", Value: uint32(1)},
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := gguf.Write(f, meta, entries); err != nil {
		t.Fatal(err)
	}
}

// invented is a byte-level vocabulary of n tokens: the bytes, and what they make when
// one is added at a time.
func invented(n int) (tokens, merges []string) {
	for b := range 256 {
		r := rune(b)
		if b <= ' ' || b >= 0x7f && b <= 0xa0 || b == 0xad { // others have letters of their own
			r += 256
		}
		tokens = append(tokens, string(r))
	}
	for i := 0; len(tokens) < n; i++ {
		left, right := tokens[i/256], tokens[i%256]
		tokens, merges = append(tokens, left+right), append(merges, left+" "+right)
	}
	return tokens, merges
}
