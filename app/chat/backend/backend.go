// Package backend opens models and has them write: those in this process (Local) and those of a
// server (remote.go). What both are asked and what both answer is text; token ids, their figures and
// recipes are details that only a local model has.
//
// Files in reading order: backend.go, local.go, engine.go, encode.go, examine.go, record.go, remote.go,
// reading.go (how files are to be read), name.go.
package backend

import (
	"context"
	"errors"
	"iter"
	"time"

	"tern/app/chat/document"
	"tern/app/settings"
	"tern/inference"
	"tern/model"
)

// Info is what the top bar shows of an open model.
type Info struct {
	Name        string // "Tern Tales", "bitnet_b1_58-large"
	Path        string // empty for the built-in model
	Family      string
	Params      int64
	MemoryBytes int64         // weights as held
	ContextLen  int           // the model's own
	KVBytes     int64         // of the key/value cache for each token
	OpenedIn    time.Duration // how long it took
	Summary     string        // "266 tensors, 728M parameters, 427 MB in memory"
	Template    string        // what renders its chats; empty for a base model, which continues texts
	Builtin     bool
	Host        string   // where it runs, if that is another program; else empty
	Examples    []string // prompts that suit it; empty for most models
	Notes       []string // what was passed over or assumed when it was read, a sentence each

	// Recommended is that of model.Model: sampling settings.
	Recommended map[string]float64
	Thinks      *Thinks // nil where it does not, or where only its server knows
	Reading     string  // how it is read: "" and AsItSays, as its file says; else its corrections
	Latent      bool    // its weights are floats in the file, made ternary at each opening
	Float       bool    // its matrices take float activations, not int8 ones
	EitherInput bool    // there are models of either kind of its architecture, so that the user may choose
}

// ErrNothing is the failure to continue an empty document with a vocabulary
// that has no token to start from.
var ErrNothing = errors.New("backend: the document is empty and the vocabulary has no token that starts a text")

// ErrNoChat is the failure to answer messages with a model that continues texts.
var ErrNoChat = errors.New("backend: the model has no chat template")

// Opener opens the model at path, the built-in one for "".
type Opener func(ctx context.Context, path string, g settings.Generation, progress func(model.Progress)) (*Model, error)

// Model is an open model. One goroutine uses it at a time.
type Model struct {
	Info Info
	Writer
	Local *Local // the same model, with what only one in this process can do; nil for one of a server
}

// Writer writes answers.
type Writer interface {
	// Prepare makes room for the context of g, on the threads of g, and returns how many
	// positions that is; 0 where only a server knows.
	Prepare(g settings.Generation) (context int, err error)
	// Positions is how many positions of the context a prompt takes, 0 where that is not known.
	Positions(p Prompt) int
	// Begin begins an answer after Prepare.
	Begin(p Prompt, o Options) (Answer, error)
	// Forget drops what is kept of earlier prompts: it may be wrong.
	Forget()
	Close()
}

// Prompt is what a model is asked: to continue a document, or to answer its last message.
type Prompt struct {
	Document document.Document
	Mode     document.Mode
	System   string // instructions before the messages

	Thinking string // how much the model is to think, one of Thinks.Levels; empty for as much as usual
	Budget   int    // tokens of thoughts after which it has to answer; 0 for any number
}

// Options are how an answer is written.
type Options struct {
	Generation settings.Generation
	Seed       uint32   // also where Generation asks for a random one
	Figures    bool     // of each token, where the model can
	Kept       Restorer // what is on disk of the conversation; nil for nothing
}

// Answer is one that was begun.
type Answer interface {
	// Size is what is known before the first event.
	Size() Size
	// Vocab is that of the ids of the events; nil if they have none.
	Vocab() *document.Vocab
	// Events are computed one by one on the goroutine that asks for them. Leaving the loop ends the answer.
	Events(ctx context.Context) iter.Seq2[Event, error]
	// Room is how much of Size.Context memory had room for, known when the events ended.
	Room() int
	// Spell makes the ids of a segment spell its text after that was cut. first says that the
	// segment starts the document. Another goroutine than that of Events may call it.
	Spell(s *document.Segment, first bool)
}

// Size is how large a prompt is, in positions; all are 0 where only a server knows.
type Size struct {
	Context int // that the model has room for
	Used    int // that the prompt takes
	Unread  int // of these, that are not in the model's cache yet
}

// Kind tells what an event says.
type Kind uint8

// The kinds.
const (
	Reading  Kind = iota // a part of the prompt was read
	Thinking             // what the model thinks before its answer grew
	Writing              // the answer grew
	Ended
)

// Event is a step of an answer.
type Event struct {
	Kind  Kind
	Stats inference.Stats

	Done, Total int // Reading: positions

	Text  string          // Thinking, Writing: what was added; empty for part of a character
	IDs   []int32         // Thinking, Writing: that spell it; nil for a server's text
	Token *document.Token // Writing: figures; nil unless they were asked for

	Known  bool // Thinking: IDs spell Text and nothing else
	Closed bool // Thinking: the block has ended

	Stop     document.StopReason // Ended
	StopText string              // Ended: for document.StoppedByText
	Record   any                 // Ended: document.Segment.Made
}
