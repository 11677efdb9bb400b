package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
	"tern/tokenizer/vocab"
)

// Tokenize shows the ids of a text.
func Tokenize(ctx context.Context, s Streams, args []string) error {
	f := newFlags("tokenize", "[MODEL] [flags] TEXT", `
Show the token ids of a text, one token a line: the id and how the vocabulary
spells it. MODEL may also be a tokenizer.model or tokenizer.json alone; weights
are not read, except those of a .gguf file. Names of special tokens in the text, such as </s>, are treated as
the vocabulary's reference does: SentencePiece takes them as text, byte-level BPE
recognises them. --special and --special=false decide otherwise.

With --json the result is one object: {"ids":[…],"decoded":…}.`, `
tern tokenize --json "Once upon a time"
tern tokenize -m tokenizer.json -f story.txt`)
	var file string
	var noBOS, special, asJSON bool
	f.modelFlag()
	f.StringVar(&file, "f", "", "a `FILE` that holds the text, every byte of it; - is standard input")
	f.BoolVar(&noBOS, "no-bos", false, "leave out the token that begins a text")
	f.BoolVar(&special, "special", false, "recognise the names of special tokens in the text; =false takes them as text")
	f.BoolVar(&asJSON, "json", false, "write one JSON object")
	bare, err := f.parse(args)
	if err != nil {
		return err
	}
	// The text comes last, so that a lone argument is the text.
	text := ""
	if !f.given("f") {
		if len(bare) == 0 {
			return f.wrong("TEXT is missing")
		}
		text, bare = bare[len(bare)-1], bare[:len(bare)-1]
	}
	if f.model.path == "" && len(bare) > 0 {
		f.model.path, bare = bare[0], bare[1:]
	}
	if len(bare) > 0 {
		return f.wrong("%q is one argument too many", bare[0])
	}
	if f.given("f") {
		raw, err := readInput(s, file)
		if err != nil {
			return err
		}
		text = string(raw)
	}
	t, err := openTokenizer(ctx, s, f.model.path)
	if err != nil {
		return err
	}
	if !f.given("special") {
		special = t.Kind() == "byte-level BPE"
	}
	encode := t.Encode
	if special {
		encode = t.EncodeSpecial
	}
	ids := []int32{} // [] and not null where there is no token
	if bos, add := t.BOS(); add && !noBOS {
		ids = append(ids, bos)
	}
	ids = append(ids, encode(text)...)
	if asJSON {
		return writeJSON(s.Out, struct {
			IDs     []int32 `json:"ids"`
			Decoded string  `json:"decoded"`
		}{ids, tokenizer.Decode(t, ids)})
	}
	var b bytes.Buffer
	for _, id := range ids {
		fmt.Fprintf(&b, "%d\t%s\n", id, t.Literal(id))
	}
	_, err = s.Out.Write(b.Bytes())
	return err
}

// openTokenizer opens the tokenizer of the built-in model for "", of the GGUF
// file or the folder at path, of the folder with the weights at path, or the
// one file at path.
func openTokenizer(ctx context.Context, s Streams, path string) (tokenizer.Tokenizer, error) {
	if path == "" || strings.EqualFold(filepath.Ext(path), ".gguf") {
		e, _, err := openEngine(ctx, s, source{path: path}, 1)
		if err != nil {
			return nil, err
		}
		e.Close()
		if e.Tokenizer() == nil {
			return nil, noTokenizer(path)
		}
		return e.Tokenizer(), nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, model.ErrNotFound)
	} else if err != nil {
		return nil, err
	}
	var files vocab.Files
	switch name := strings.ToLower(filepath.Base(path)); {
	case info.IsDir():
		var dir string
		if dir, err = checkpoint.Folder(path); err == nil {
			files, err = tokenizerFiles(dir)
		}
	case strings.HasSuffix(name, ".safetensors"), strings.HasSuffix(name, ".safetensors.index.json"), name == "config.json":
		files, err = tokenizerFiles(filepath.Dir(path))
	default:
		files, err = tokenizerFile(path)
	}
	if err != nil {
		return nil, err
	}
	for _, f := range files.All() {
		if err := checkpoint.StandIn(f.Name, *f.Data); err != nil {
			return nil, err
		}
	}
	t, err := tokenizer.New(files)
	if errors.Is(err, tokenizer.ErrNone) {
		return nil, noTokenizer(path)
	}
	return t, err
}

func noTokenizer(path string) error {
	return &hinted{fmt.Errorf("there is no tokenizer in %s", path), "It needs tokenizer.json or tokenizer.model."}
}

// tokenizerFiles reads what a checkpoint's folder has of a tokenizer.
func tokenizerFiles(dir string) (files vocab.Files, err error) {
	for _, f := range files.All() {
		*f.Data, err = readRegular(filepath.Join(dir, f.Name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return files, err
		}
	}
	return files, nil
}

// tokenizerFile reads a vocabulary that stands alone: JSON, or else the
// protocol buffer of SentencePiece.
func tokenizerFile(path string) (files vocab.Files, err error) {
	raw, err := readRegular(path)
	if err != nil {
		return files, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		files.JSON = raw
	} else {
		files.SentencePiece = raw
	}
	return files, nil
}

// readRegular reads a file of at most 256 MB; the largest known vocabulary has
// 33 MB, so anything larger was picked by mistake.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > 256<<20 {
		return nil, fmt.Errorf("%s is not a file of at most 256 MB", path)
	}
	return os.ReadFile(path)
}
