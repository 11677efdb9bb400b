// Package cli holds the front ends that need no window: one exported function
// per command, which parses its arguments, works, and writes its result to
// Streams.Out and everything else to Streams.Err. Other programs rely on these
// results; a key of a JSON object is never renamed.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/tokenizer"
)

// Streams are what a command reads and writes.
type Streams struct {
	In  io.Reader
	Out io.Writer // results
	Err io.Writer // progress and errors
}

// usageError is a mistake in the arguments of a command.
type usageError struct{ command, text string }

func (e *usageError) Error() string { return e.command + ": " + e.text }

// helpRequest carries the help text that was asked for.
type helpRequest struct{ text string }

func (h *helpRequest) Error() string { return h.text }

// hinted is an error together with what the user can do about it.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// Exit reports how a command ended and returns the program's exit code: 0 for
// nil and for help that was asked for, 2 for wrong usage, 1 for the rest.
func Exit(s Streams, err error) int {
	var help *helpRequest
	var usage *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &help):
		fmt.Fprint(s.Out, help.text)
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(s.Err, "tern: %v.\nHint: tern %s --help describes the arguments.\n", err, usage.command)
		return 2
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(s.Err, "tern: cancelled.")
		return 1
	}
	fmt.Fprintf(s.Err, "tern: %v.\n", err)
	var inside *inference.Panic
	if errors.As(err, &inside) {
		_, _ = s.Err.Write(inside.Stack) // for a report
	}
	if h := hint(err); h != "" {
		fmt.Fprintln(s.Err, "Hint:", h)
	}
	return 1
}

// hint says what to do about an error, "" where nobody knows.
func hint(err error) string {
	var h *hinted
	switch {
	case errors.As(err, &h):
		return h.hint
	case errors.Is(err, model.ErrNotFound):
		return "MODEL is a folder with config.json and .safetensors files, one of these files, or a .gguf file."
	case errors.Is(err, model.ErrUnsupported):
		return "Tern runs BitNet b1.58 checkpoints of 1bitLLM and Microsoft, and ternary Llama ones, as safetensors or GGUF."
	case errors.Is(err, tokenizer.ErrUnsupported):
		return "SentencePiece BPE and byte-level BPE vocabularies are supported; run, logits and bench work without any: tern run --ids 1,2,3."
	case errors.Is(err, tokenizer.ErrOther):
		return "Put the model's own tokenizer files beside it."
	case errors.Is(err, checkpoint.ErrStandIn):
		return "Fetch the file itself: a model of the hub has it under Files, a clone after git lfs pull."
	case errors.Is(err, model.ErrDamaged), errors.Is(err, tokenizer.ErrDamaged):
		return "The file may be incomplete or changed: copy or download it again."
	case errors.Is(err, export.ErrNoSpace):
		return "Choose a folder on another disk, or make room."
	case errors.Is(err, inference.ErrRefused):
		return "Without --chat the model continues the text as it is."
	case errors.Is(err, inference.ErrTemplate):
		return "Another layout is taken with --correct template-llama-3, template-2b-4t or template-falcon3 (tern check MODEL advises); without --chat the model continues the text as it is."
	case errors.Is(err, inference.ErrNonFinite):
		return "The file may be damaged: tern check MODEL looks for the cause."
	case errors.Is(err, inference.ErrMemory):
		return "Close other programs, or give a shorter prompt."
	case errors.Is(err, inference.ErrContextFull):
		return "Give a shorter prompt, or a larger --context if the model has room."
	}
	return ""
}

// writeJSON writes v as one line. Text stays readable: <, > and & are kept.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
