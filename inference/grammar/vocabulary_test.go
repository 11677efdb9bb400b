package grammar

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tern/tokenizer"
	"tern/tokenizer/vocab"
)

// qwen3 is a tokenizer of 151,669 tokens, of the reference data.
func qwen3(t testing.TB) tokenizer.Tokenizer {
	t.Helper()
	root := os.Getenv("TERN_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(root, "tokenizers", "qwen3-151669.tokenizer.json.gz"))
	if err != nil {
		if strings.Contains(os.Getenv("TERN_REQUIRE"), "shared") {
			t.Fatalf("TERN_REQUIRE=shared: %v", err)
		}
		t.Skipf("needs the shared folder: %v", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.New(vocab.Files{JSON: raw})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// document is a text of an order, as a model writes it.
const document = `{
  "customer": {"name": "Zoë \"Z\" Müller", "email": "zoe@example.org", "languages": ["Deutsch", "日本語", "English"]},
  "items": [
    {"title": "A book about birds and the sea, 2nd edition", "price": 12.95, "count": 2, "gift": false},
    {"title": "Pencil", "price": 0.5, "count": 12, "gift": true}
  ],
  "note": null
}`

// TestQwen3 follows a text in a real vocabulary and writes what it costs.
func TestQwen3(t *testing.T) {
	tok := qwen3(t)
	begin := time.Now()
	v := NewVocabulary(tok, 151936)
	t.Logf("%d tokens, %d nodes, %d deep, in %v", tok.VocabSize(), len(v.nodes), v.depth, time.Since(begin))
	m := NewMachine(JSON(), v)
	ids := tok.EncodeContinuation(document)
	run := func() (worst time.Duration) {
		mt := m.Matcher()
		for i, id := range ids {
			at := time.Now()
			set, n := mt.Allowed()
			took := time.Since(at)
			worst = max(worst, took)
			if !has(set, id) || !mt.Accept(id) {
				t.Fatalf("%q is not among the %d tokens after %q", tok.Bytes(id), n, tokenizer.Decode(tok, ids[:i]))
			}
		}
		if !mt.Complete() {
			t.Fatal("the text is not complete")
		}
		return worst
	}
	begin = time.Now()
	worst := run()
	cold := time.Since(begin)
	begin = time.Now()
	run()
	t.Logf("%d tokens, %d states, %d sets: cold %v in all, %v at most; warm %v in all", len(ids), len(m.states), m.masks, cold, worst, time.Since(begin))

	// Each token of the vocabulary, in a string: as Accept says.
	mt := m.Matcher()
	for _, id := range tok.EncodeContinuation(`{"a": "日`) {
		mt.Accept(id)
	}
	set, _ := mt.Allowed()
	for id := range int32(151936) {
		try := *mt
		if got := try.Accept(id); got != has(set, id) {
			t.Fatalf("%d: in the set %v, accepted %v", id, has(set, id), got)
		}
	}
}

// BenchmarkWarm is what a token of 151,669 costs once its state is known.
func BenchmarkWarm(b *testing.B) {
	tok := qwen3(b)
	m := NewMachine(JSON(), NewVocabulary(tok, 151936))
	ids := tok.EncodeContinuation(document)
	b.ReportAllocs()
	for b.Loop() {
		mt := m.Matcher()
		for _, id := range ids {
			mt.Allowed()
			mt.Accept(id)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ids)), "ns/token")
}

// BenchmarkCold is a whole text of a schema that nobody has asked for before.
func BenchmarkCold(b *testing.B) {
	tok := qwen3(b)
	v := NewVocabulary(tok, 151936)
	ids := tok.EncodeContinuation(`{"name": "Ada", "born": 1815, "tags": ["mathematics", "engines"]}`)
	schema := json.RawMessage(`{"type": "object", "properties": {"name": {"type": "string"}, "born": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}}}`)
	for b.Loop() {
		g, err := Schema(schema)
		if err != nil {
			b.Fatal(err)
		}
		mt := NewMachine(g, v).Matcher()
		for _, id := range ids {
			mt.Allowed()
			if !mt.Accept(id) {
				b.Fatal("stopped")
			}
		}
	}
}
