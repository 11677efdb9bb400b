// Package chat is the conversation without a window: one Controller owns the
// engine, the one session and the worker goroutine, takes commands, and gives
// out immutable snapshots. It imports no window toolkit, so all of its
// behaviour is tested without one.
//
// One rule orders everything: commands run one after the other on the worker.
// A model is read beside them and comes in as one more command, and one answer
// is written beside them: its goroutine has the session, and adds to a segment
// of its own. A command that needs the session, or the document that the answer
// belongs to, ends it first. So documents and the model have one owner, and what
// the user typed is in the document before anything can fail.
package chat

import (
	"context"
	"time"

	"tern/app/chat/backend"
	"tern/app/chat/document"
	"tern/app/say"
	"tern/app/settings"
)

// State is what the controller is doing. See the table of states in the window.
type State uint8

// The states.
const (
	NoModel State = iota // nothing is open
	Loading              // a model is being read; the previous one stays open until it is ready
	Ready
	Prefilling // reading the prompt
	Generating
	Stopping // Stop was asked for; the current token is being finished
	Waiting  // for the answer that is being written in another conversation
)

// What a document is made of, by the names that a window uses.
type (
	// Segment is a run of the document by one author, as it is shown.
	Segment = document.View
	// Author tells who wrote a segment.
	Author = document.Author
	// Mode says how a model reads a document.
	Mode = document.Mode
	// StopReason says why an answer ended.
	StopReason = document.StopReason
	// Written is how a model wrote a segment.
	Written = document.Written
	// Token is one token of an answer and its probabilities.
	Token = document.Token
	// Alternative is a token that could have stood in the place of another.
	Alternative = document.Alternative
	// Passage is a piece of a story.
	Passage = document.Passage
)

// The values of these.
const (
	User  = document.User
	Model = document.Model

	StoryMode = document.StoryMode
	ChatMode  = document.ChatMode

	EndedByItself  = document.EndedByItself
	ReachedLength  = document.ReachedLength
	StoppedByText  = document.StoppedByText
	ContextFull    = document.ContextFull
	StoppedByUser  = document.StoppedByUser
	StoppedByError = document.StoppedByError
)

// What a model is, by the names that a window uses.
type (
	// ModelInfo is what the top bar shows of an open model.
	ModelInfo = backend.Info
	// Keys are the keys of servers, by their base URLs.
	Keys = backend.Keys
)

// AsItSays is the reading of a model whose user declined to correct it.
const AsItSays = backend.AsItSays

// BuiltinName is what the built-in model is called.
func BuiltinName() string { return backend.BuiltinName() }

// NameOf is what to call the model at path, which need not be there.
func NameOf(path string) string { return backend.NameOf(path) }

// Ask returns the models of the server at base, for choosing one. It may be
// called from any goroutine and waits for the answer.
func Ask(ctx context.Context, base, key string) ([]string, error) { return backend.Ask(ctx, base, key) }

// LoadProgress describes a model being read.
type LoadProgress struct {
	Name              string
	Layer, Layers     int
	Bytes, TotalBytes int64
	Left              time.Duration // estimate, 0 while there is none
}

// Figures are the numbers of the status line, of the answer that is being
// written or was written last.
type Figures struct {
	Rate        float64       // tokens per second; 0 while unknown
	FirstToken  time.Duration // 0 while unknown
	ContextUsed int
	Context     int
	Short       bool   // memory, not the model, has room for no more
	Seed        uint32 // the seed that this answer uses
	Generated   int
	MaxTokens   int
	PromptDone  int // while Prefilling: ids evaluated, of PromptTotal
	PromptTotal int
	PromptRate  float64
	Stop        StopReason // empty while it runs
	StopText    string     // for StoppedByText
}

// Answering is an answer that is being written in some conversation, or waits for
// its turn.
type Answering struct {
	ID    string  // of the conversation
	Name  string  // of that
	State State   // Prefilling, Generating, Stopping or Waiting
	Rate  float64 // tokens per second; 0 while unknown
}

// View is a snapshot of everything a window shows. It is never changed after
// it was given out.
type View struct {
	Serial   int // grows with every change
	State    State
	Mode     Mode       // of the conversation
	Model    *ModelInfo // nil: none is open
	Load     LoadProgress
	Document []Segment
	Figures  Figures
	Problem  *say.Problem // nil: none
	Trouble  *say.Problem // with files of conversations; nil: none
	Unsaved  bool         // there is text that could not be saved so far
	Advice   *Advice      // nil: none
	Copy     *Copy        // a compact copy being made or just made; nil: none
	Notice   say.Text     // one quiet sentence for the status line, such as "Cancelled. Tern Tales is still open."

	ID         string               // of the conversation
	Title      string               // the user's, empty for none
	System     string               // the system prompt
	Draft      string               // words that were not sent, when the conversation was left
	AsStory    bool                 // the user wants a model that chats to continue the text
	Generation *settings.Generation // of the conversation; nil if none was chosen

	Answers       []Answering // the one that is being written, then those that wait for their turn
	Conversations []Entry     // all that are kept, the newest first
	Found         *Found      // nil: nothing is searched for
	Recovered     *Recovered  // nil: no crash left anything

	Yields   bool // automatic threads are one fewer than there are cores, for the window's sake
	CanRetry bool // there is an answer to write again
	CanUndo  bool // Undo has something to take back or bring back
}
