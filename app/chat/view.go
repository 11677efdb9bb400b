// Package chat is conversations without a window. It imports no window toolkit, so all of its
// behaviour is tested without one.
//
// Each part has one owner:
//
//   - document: the text of a conversation, plain values (a package of its own, as all with a small letter)
//   - backend: opens models and has them write text, here or on a server
//   - shelf: conversations on disk, on the disk's goroutine
//   - jobs: copies, measurements, weights and recipes of the open model
//   - worker: the goroutines and signals that these are made of
//   - Models: loads, and how files are to be read
//   - Controller: what a user does with the conversation that is shown, as commands of one worker. The desk holds
//     the conversations in memory, the reader brings them there and takes them away, the writer has
//     the model answer in them; Tokens looks into answers; Kept has what the model knows of conversations on disk.
//
// One rule orders everything: commands run one after the other on the worker.
// A model is read beside them and comes in as one more command, and one answer
// is written beside them: its goroutine has the session, and adds to a segment
// of its own. A command that needs the session, or the document that the answer
// belongs to, ends it first. So documents and the model have one owner, and what
// the user typed is in the document before anything can fail.
//
// A window draws snapshots: View is made of the views of the parts.
package chat

import (
	"time"

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
	ReadAgain   bool       // more of the prompt is read than what is new in it: the model does not have the conversation in memory
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

// ConversationView is what a window shows of the conversation that is shown. It is never changed.
type ConversationView struct {
	ID         string // of its file
	Title      string // the user's, empty for none
	System     string // the system prompt
	Draft      string // words that were not sent, when the conversation was left
	Mode       Mode
	AsStory    bool                 // the user wants a model that chats to continue the text
	Generation *settings.Generation // of the conversation; nil if none was chosen
	Document   []Segment
	Figures    Figures
	CanRetry   bool // there is an answer to write again, and a model that can
	CanUndo    bool // Undo has something to take back or bring back
}

// View is a snapshot of everything a window shows. It is never changed after
// it was given out.
type View struct {
	Serial  int // grows with every change
	State   State
	Problem *say.Problem // nil: none
	Notice  say.Text     // one quiet sentence for the status line, such as "Cancelled. Tern Tales is still open."
	Answers []Answering  // the one that is being written, then those that wait for their turn

	ConversationView
	ModelView
	KeptView
	ShelfView
	JobsView
}

// state is what the controller is doing, given the answer of the conversation that is shown, nil for none.
func (v *View) state(j *job) State {
	switch {
	case j != nil:
		return j.stateNow()
	case v.loading:
		return Loading
	case v.Model == nil:
		return NoModel
	}
	return Ready
}
