package tokenizer

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"tern/tokenizer/vocab"
)

func bytesOf(tok Tokenizer, ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		b.Write(tok.Bytes(id))
	}
	return b.String()
}

// checkRoundTrip encodes and decodes text: byte-level BPE gives it back byte
// by byte, SentencePiece as its characters with spaces for U+2581.
func checkRoundTrip(t testing.TB, tok Tokenizer, text string) {
	t.Helper()
	ids := tok.Encode(text)
	for _, id := range ids {
		if id < 0 || int(id) >= tok.VocabSize() {
			t.Fatalf("%q has id %d of %d", text, id, tok.VocabSize())
		}
	}
	if tok.Kind() == kindByteLevel {
		if got := bytesOf(tok, ids); got != text {
			t.Fatalf("%q comes back as %q", text, got)
		}
		return
	}
	want := strings.ReplaceAll(validUTF8(text), escapedSpace, " ")
	if got := Decode(tok, ids); got != want {
		t.Fatalf("%q comes back as %q, want %q", text, got, want)
	}
}

// goldenTokenizers returns the tokenizers of testdata in all their forms.
func goldenTokenizers(t testing.TB) map[string]Tokenizer {
	t.Helper()
	return map[string]Tokenizer{
		"spm model": mustNew(t, vocab.Files{SentencePiece: readFile(t, "testdata", "spm", "tokenizer.model")}),
		"spm json":  mustNew(t, vocab.Files{JSON: readFile(t, "testdata", "spm", "tokenizer.json")}),
		"bpe":       mustNew(t, vocab.Files{JSON: readFile(t, "testdata", "bpe", "tokenizer.json")}),
		"falcon":    mustNew(t, vocab.Files{JSON: edit(t, "bpe", "pre_tokenizer", falconSteps)}),
	}
}

func checkAllOfUnicode(t *testing.T, tok Tokenizer) {
	t.Helper()
	var chunk strings.Builder
	for r := range rune(unicode.MaxRune + 1) {
		if utf8.ValidRune(r) {
			chunk.WriteRune(r)
			if r%5 == 0 {
				chunk.WriteString(" x")
			}
		}
		if chunk.Len() > 512 || r == unicode.MaxRune {
			checkRoundTrip(t, tok, chunk.String())
			chunk.Reset()
		}
	}
}

func checkRandomTexts(t *testing.T, tok Tokenizer) {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		data := make([]byte, random.IntN(40))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		checkRoundTrip(t, tok, string(data))
	}
	for _, text := range randomTexts(5000) {
		checkRoundTrip(t, tok, text)
	}
}

func TestRoundTrip(t *testing.T) {
	for name, tok := range goldenTokenizers(t) {
		t.Run(name, func(t *testing.T) {
			checkRandomTexts(t, tok)
			if name != "falcon" { // other cuts of the same bytes
				checkAllOfUnicode(t, tok)
			}
		})
	}
}

func TestContinuation(t *testing.T) {
	for name, tok := range goldenTokenizers(t) {
		for _, text := range randomTexts(2000) {
			want := text
			if tok.Kind() == kindSentencePiece {
				want = strings.ReplaceAll(text, escapedSpace, " ")
			}
			if got := bytesOf(tok, tok.EncodeContinuation(text)); got != want {
				t.Fatalf("%s: continuation %q comes back as %q, want %q", name, text, got, want)
			}
		}
	}
}

// One tokenizer serves many goroutines; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	for name, tok := range goldenTokenizers(t) {
		text := prose(2000)
		want := tok.Encode(text)
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				if got := tok.Encode(text); !slices.Equal(got, want) || Decode(tok, got) != text {
					t.Errorf("%s: other ids in another goroutine", name)
				}
			})
		}
		wait.Wait()
	}
}

func FuzzEncodeDecode(f *testing.F) {
	for _, text := range []string{"", " ", "Hello world", "▁", "\xff\xe2\x96", "<s></s><unk>", "<|eot_id|>", "a\n\n b's 12345", "<0x41>"} {
		f.Add(text)
	}
	all := goldenTokenizers(f)
	f.Fuzz(func(t *testing.T, text string) {
		for name, tok := range all {
			checkRoundTrip(t, tok, text)
			if strings.ContainsAny(text, "<") {
				continue // may hold special tokens
			}
			if got, want := tok.EncodeSpecial(text), tok.Encode(text); bytesOf(tok, got) != bytesOf(tok, want) {
				t.Fatalf("%s: EncodeSpecial(%q) = %v, Encode = %v", name, text, got, want)
			}
		}
	})
}

// A vocabulary with a token across words is encoded as a whole, else word by
// word: the same ids.
func TestWordsApart(t *testing.T) {
	model := readFile(t, "testdata", "spm", "tokenizer.model")
	for _, c := range []struct {
		name  string
		whole vocab.Files
	}{
		{"spm model", vocab.Files{SentencePiece: append(slices.Clone(model), pieceField("\uE000▁", -1e9, pieceNormal)...)}},
		{"spm json", vocab.Files{JSON: edit(t, "spm", "model.vocab.\uE000▁", "400")}},
	} {
		apart, whole := goldenTokenizers(t)[c.name], mustNew(t, c.whole)
		texts := append(randomTexts(3000), prose(20000), strings.Repeat(" ", 100), "▁ ▁a▁ b", "a▁▁")
		for _, text := range texts {
			var one, other merger
			want := whole.(*tokenizer).encodePiece(nil, &one, nil, text, atStart)
			got := apart.(*tokenizer).encodePiece(nil, &other, nil, text, atStart)
			if !slices.Equal(got, want) {
				t.Fatalf("%s: %q in words is %v, as a whole %v", c.name, text, got, want)
			}
			if len(text) == 20000 && len(one.symbols) <= len(other.symbols) {
				t.Errorf("%s: not cut into words: %d symbols, as a whole %d", c.name, len(other.symbols), len(one.symbols))
			}
		}
	}
}

// withoutSpaces are texts whose pre-tokens are as long as they are.
func withoutSpaces(size int) map[string]string {
	random := rand.New(rand.NewPCG(7, 8))
	letters := make([]byte, size)
	for i := range letters {
		letters[i] = "etaoinshrdlu"[random.IntN(12)]
	}
	return map[string]string{
		"letters":    string(letters),
		"spaces":     strings.Repeat(" ", size),
		"characters": strings.Repeat("中", size/3),
	}
}

// The cost of encoding grows with the length of the text, up to the logarithm
// of the heap: 16 times the text takes little more than 16·20/16 times the
// look-ups and heap steps, and 16 times the memory but for growing slices.
func TestEncodeNearLinear(t *testing.T) {
	const small, large = 64 << 10, 1 << 20
	short, long := withoutSpaces(small), withoutSpaces(large)
	all := goldenTokenizers(t)
	for _, name := range []string{"spm model", "bpe"} { // the others merge as bpe does
		tok := all[name]
		for kind := range short {
			costOf := func(text string) (steps, bytes int) {
				var m merger
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				tok.(*tokenizer).encode(nil, &m, text, atStart)
				runtime.ReadMemStats(&after)
				return m.cost, int(after.TotalAlloc - before.TotalAlloc)
			}
			steps1, bytes1 := costOf(short[kind])
			steps16, bytes16 := costOf(long[kind])
			if steps1 < small/8 {
				t.Errorf("%s, %s: only %d steps for %d bytes", name, kind, steps1, small)
			}
			if limit := steps1 * 21; steps16 > limit {
				t.Errorf("%s, %s: %d steps for 64 KB, %d for 1 MB, limit %d", name, kind, steps1, steps16, limit)
			}
			if limit := bytes1 * 24; bytes16 > limit {
				t.Errorf("%s, %s: %d bytes for 64 KB, %d for 1 MB, limit %d", name, kind, bytes1, bytes16, limit)
			}
			t.Logf("%s, %s: %d -> %d steps, %d -> %d bytes allocated", name, kind, steps1, steps16, bytes1, bytes16)
		}
	}
}

// prose is English text with numbers, lines and a few other scripts.
func prose(size int) string {
	const page = "Once upon a time, in 1847, a little girl didn't want to go home.\n" +
		"\"It's 3:45 already,\" said the fox — naïve as ever; \"we'll be late!\"\n\n" +
		"    for i := 0; i < 10; i++ { fmt.Println(i) }\nПривет, мир! 你好，世界。\n"
	return strings.Repeat(page, size/len(page)+1)[:size]
}

func benchmarkEncode(b *testing.B, tok Tokenizer, text string) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		tok.Encode(text)
	}
}

func BenchmarkEncode(b *testing.B) {
	dir := sharedFolder(b)
	for _, c := range []struct {
		name  string
		files vocab.Files
	}{
		{"LLaMA-32000", vocab.Files{SentencePiece: readFile(b, dir, "tokenizers", "llama-32000.tokenizer.model")}},
		{"LLaMA-32000-json", vocab.Files{JSON: readFile(b, dir, "tokenizers", "llama-32000.tokenizer.json")}},
		{"Llama3-128256", vocab.Files{JSON: readFile(b, dir, "tokenizers", "llama3-128256.tokenizer.json")}},
	} {
		tok := mustNew(b, c.files)
		b.Run(c.name+"/prose", func(b *testing.B) { benchmarkEncode(b, tok, prose(1<<20)) })
		b.Run(c.name+"/chat", func(b *testing.B) { benchmarkEncode(b, tok, prose(400)) })
		b.Run(c.name+"/nospaces", func(b *testing.B) { benchmarkEncode(b, tok, withoutSpaces(1 << 20)["letters"]) })
	}
}

func BenchmarkNew(b *testing.B) {
	dir := sharedFolder(b)
	for _, name := range []string{"llama-32000.tokenizer.json", "llama3-128256.tokenizer.json", "llama-32000.tokenizer.model"} {
		data := readFile(b, dir, "tokenizers", name)
		files := vocab.Files{JSON: data}
		if strings.HasSuffix(name, ".model") {
			files = vocab.Files{SentencePiece: data}
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				mustNew(b, files)
			}
		})
	}
}
