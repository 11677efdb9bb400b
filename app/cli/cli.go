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

	"tern/app/explain"
	"tern/inference"
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
	if h, ok := errors.AsType[*hinted](err); ok {
		return h.hint
	}
	return explain.Hint(err)
}

// writeJSON writes v as one line. Text stays readable: <, > and & are kept.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
