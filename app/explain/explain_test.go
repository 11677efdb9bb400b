package explain

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tern/app/hub"
	"tern/app/say"
	"tern/app/settings"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/tokenizer"
)

// TestProblem holds the words for errors of every kind.
func TestProblem(t *testing.T) {
	path := filepath.FromSlash("/home/someone/models/large.safetensors")
	wrap := func(text string, err error) error { return fmt.Errorf("model: %s: %w", text, err) }
	for _, c := range []struct {
		err            error
		path           string
		sentence, hint string
	}{
		{fmt.Errorf("model: %w: %w", &checkpoint.ArchitectureError{Key: "architecture", Name: "MambaForCausalLM"}, model.ErrUnsupported), path,
			`Tern cannot run "MambaForCausalLM" models yet`, "It runs BitNet b1.58 models and ternary ones of Llama (TriLM, Falcon3), Qwen3 and Qwen3.5 (Bonsai) and MiniCPM (BitCPM)."},
		{fmt.Errorf("model: %w: %w", &checkpoint.ArchitectureError{Key: "model type", Name: "mamba"}, model.ErrUnsupported), path,
			`Tern cannot run "mamba" models yet`, "It runs BitNet b1.58 models and ternary ones of Llama (TriLM, Falcon3), Qwen3 and Qwen3.5 (Bonsai) and MiniCPM (BitCPM)."},
		{wrap(`config.json: rope scaling "yarn" is not supported`, model.ErrUnsupported), path,
			`Tern cannot run this model yet: rope scaling "yarn" is not supported`, "It runs BitNet b1.58 models and ternary ones of Llama (TriLM, Falcon3), Qwen3 and Qwen3.5 (Bonsai) and MiniCPM (BitCPM)."},
		{wrap(path+" holds 3 tensors", model.ErrDamaged), path,
			"large.safetensors is damaged: large.safetensors holds 3 tensors", "Copy or download it again."},
		{wrap(filepath.Join(filepath.Dir(path), "other")+" is short", model.ErrDamaged), path,
			"large.safetensors is damaged: other is short", "Copy or download it again."},
		{fmt.Errorf("tokenizer: piece 3 has no score: %w", tokenizer.ErrDamaged), "",
			"The built-in model is damaged: piece 3 has no score", "Copy or download it again."},
		{fmt.Errorf(`tokenizer: normalizer "NFKC": %w`, tokenizer.ErrUnsupported), path,
			`Tern cannot read this model's tokenizer yet: normalizer "NFKC"`, "It reads SentencePiece and byte-level BPE tokenizers."},
		{fmt.Errorf("chat: the checkpoint has %w", tokenizer.ErrNone), path, "This model has no tokenizer", "Put tokenizer.json or tokenizer.model beside it."},
		{fmt.Errorf("inference: 256 tokens: %w", inference.ErrMemory), path, "Not enough memory", "Close other apps or choose a shorter context."},
		{fmt.Errorf("model: %w", syscall.ENOMEM), path, "Not enough memory", "Close other apps or choose a shorter context."},
		{fmt.Errorf("inference: %w: chat_template.jinja, line 3: roles must alternate", inference.ErrRefused), path,
			"This model does not take the conversation: chat_template.jinja, line 3: roles must alternate", "Undo the last message, or start a new conversation."},
		{fmt.Errorf("inference: %w: chat_template.jinja, line 3: unknown tag 'frob'", inference.ErrTemplate), path,
			"The chat template of this model cannot be used: chat_template.jinja, line 3: unknown tag 'frob'", "Look for a newer file of the model, or open another one."},
		{fmt.Errorf("inference: layer 3: %w", inference.ErrNonFinite), path, "The model produced invalid numbers", "The file may be damaged."},
		{fmt.Errorf("model: %w", &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}), path,
			"Tern is not allowed to read large.safetensors", "Change its permissions, or copy it to a folder of yours."},
		{fmt.Errorf("model: the file was cut: %w: %w", io.ErrUnexpectedEOF, model.ErrDamaged), path,
			"large.safetensors is damaged: it ends too early", "Copy or download it again."},
		{fmt.Errorf("model: %w", &fs.PathError{Op: "read", Path: path, Err: syscall.EIO}), path,
			"large.safetensors could not be read", "Check the disk, or copy the file again."},
		{fmt.Errorf("settings: settings.json: %w: unexpected end", settings.ErrDamaged), "",
			"Settings could not be read", "Defaults are in use; the old file was kept beside it."},
		{fmt.Errorf("settings: save: %w", &fs.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}), "",
			"Could not save: the disk is full", "Free some space; your text is kept in memory."},
		{errors.New("inference: no two are alike"), path,
			"Something went wrong: no two are alike", "Try again, or open another model."},
	} {
		got := Problem(c.err, c.path)
		if got.Sentence.String() != c.sentence || got.Hint.String() != c.hint || got.Detail != c.err.Error() {
			t.Errorf("%v\n got %s | %s\nwant %s | %s", c.err, got.Sentence, got.Hint, c.sentence, c.hint)
		}
		if unsupported := strings.HasPrefix(c.sentence, "Tern cannot "); unsupported != got.Unsupported {
			t.Errorf("%v: unsupported %v", c.err, got.Unsupported)
		}
	}
}

// TestFamilies holds every architecture against the sentences that say what runs.
func TestFamilies(t *testing.T) {
	said := []string{Hint(model.ErrUnsupported), Problem(model.ErrUnsupported, "").Hint.String(), Download(hub.ErrNoModel, "a/b").Hint.String()}
	for _, a := range checkpoint.Architectures() {
		for _, s := range said {
			if !strings.Contains(strings.ToLower(s), strings.ReplaceAll(strings.TrimSuffix(a.ModelType, "_text"), "_", ".")) { // the text part of a model that also sees
				t.Errorf("%s: %q does not name it", a.ModelType, s)
			}
		}
	}
}

// TestOneTable finds words for what commands, the server and downloads are told.
func TestOneTable(t *testing.T) {
	hints := map[string]error{
		"Choose a folder on another disk, or make room.":                    fmt.Errorf("export: %w", export.ErrNoSpace),
		"Close other programs, or give a shorter prompt.":                   fmt.Errorf("inference: %w: %w", inference.ErrMemory, inference.ErrContextFull),
		"Put tokenizer.json or tokenizer.model beside it.":                  fmt.Errorf("this checkpoint has %w", tokenizer.ErrNone),
		"The file may be incomplete or changed: copy or download it again.": fmt.Errorf("tokenizer: %w", tokenizer.ErrDamaged),
		"": errors.New("history: not one of the history's errors"),
	}
	for want, err := range hints {
		if got := Hint(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	// The beginning of a text says nothing of where an error is from.
	if got := Problem(errors.New("history: x"), "").Sentence.Key; got != "Something went wrong: {{.What}}" {
		t.Error(got)
	}
	for code, err := range map[string]error{
		"failed_inside": &inference.Panic{}, "model_closed": inference.ErrClosed,
		"insufficient_memory": fmt.Errorf("%w: %w", inference.ErrContextFull, inference.ErrMemory), "invalid_numbers": inference.ErrNonFinite,
	} {
		if c, ok := ForClient(fmt.Errorf("session: %w", err)); !ok || c.Code != code || c.Status < 500 || c.Message == "" {
			t.Errorf("%v: %+v", err, c)
		}
	}
	if c, ok := ForClient(io.ErrClosedPipe); ok {
		t.Errorf("%+v", c)
	}
	// Files of a download are to be written, those of a model are to be read.
	full := &fs.PathError{Op: "write", Path: "/m/x.partial", Err: syscall.ENOSPC}
	denied := &fs.PathError{Op: "open", Path: "/m/x", Err: fs.ErrPermission}
	for want, got := range map[string]say.Problem{
		"The disk is full":                              Download(full, "a/b"),
		"Could not save: the disk is full":              Problem(full, "/m/x"),
		"Tern is not allowed to write into this folder": Download(denied, "a/b"),
		"Tern is not allowed to read x":                 Problem(denied, "/m/x"),
		"There is no a/b, or it is private":             Download(fmt.Errorf("hub: %w", hub.ErrNotFound), "a/b"),
		"Something went wrong":                          Download(io.ErrClosedPipe, "a/b"),
	} {
		if got.Sentence.String() != want {
			t.Errorf("%q, want %q", got.Sentence, want)
		}
	}
}
