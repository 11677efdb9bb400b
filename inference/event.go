package inference

import (
	"time"

	"tern/inference/grammar"
)

// EventKind tells what an Event reports.
type EventKind uint8

// The kinds of events, in the order in which a generation yields them.
const (
	EventPrefill EventKind = iota // a chunk of the prompt was evaluated: Done, Total
	EventToken                    // a token was generated: ID, Text
	EventDone                     // the last event: Stop, Stats
)

// StopReason says why a generation ended.
type StopReason string

// The reasons for which a generation ends.
const (
	StopEOS       StopReason = "eos"       // the model ended the text
	StopLength    StopReason = "length"    // MaxTokens were generated
	StopString    StopReason = "stop"      // a stop string appeared
	StopContext   StopReason = "context"   // no position is left, or no memory for one
	StopCancelled StopReason = "cancelled" // the context was cancelled
	StopComplete  StopReason = "complete"  // the text is all that the grammar describes
)

// Stats are the figures of a generation; they may be read at any event.
type Stats struct {
	PromptTokens int           // ids given
	Reused       int           // of them, found in the cache
	Generated    int           // tokens generated, the stop token not counted
	Thoughts     int           // of them, in a block of thoughts
	Prefill      time.Duration // evaluating the prompt
	FirstToken   time.Duration // from the call to the first token
	Decode       time.Duration // from the first token to the last
	ContextUsed  int           // positions taken now
	Drafted      int           // tokens evaluated ahead of being chosen
	Accepted     int           // of them, chosen then
}

// PrefillRate is prompt tokens evaluated per second, 0 before there is one.
func (s Stats) PrefillRate() float64 { return rate(s.PromptTokens-s.Reused, s.Prefill) }

// DecodeRate is tokens generated per second after the first one, 0 before
// there are two: the first token's time belongs to the prompt.
func (s Stats) DecodeRate() float64 { return rate(s.Generated-1, s.Decode) }

func rate(n int, d time.Duration) float64 {
	if n <= 0 || d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// Event is one step of a generation.
type Event struct {
	Kind        EventKind
	Done, Total int           // EventPrefill: prompt ids evaluated so far and in all
	ID          int32         // EventToken
	Text        string        // EventToken: what it adds to the text, whole characters; may be empty
	Logprobs    TokenLogprobs // of ID, or of StopID; the zero value without Alternatives
	Stop        StopReason
	StopID      int32  // the id that ended the text, for StopEOS
	StopText    string // the stop string that was found, for StopString
	Stats       Stats
}

// GenerateOptions says how to continue a text.
type GenerateOptions struct {
	Sampling  Sampling
	MaxTokens int      // 0 for as many as the context holds
	Stop      []string // strings that end the text; they are not part of it
	IgnoreEOS bool     // go on after a stop id, which is then generated like any other
	// EndSentence is how many tokens more than MaxTokens may be generated to reach
	// the end of a sentence; 0 stops at MaxTokens. It needs a tokenizer.
	EndSentence int
	// StopIDs are ids that end the text beside the model's own.
	StopIDs []int32
	// Alternatives is how many of the most likely tokens each event lists beside
	// the probability of the token chosen, at most MaxAlternatives; 0 for no
	// such figures. They change no token, but they need the logits of the whole
	// vocabulary, where greedy and top-k sampling can do with a few, and then two
	// passes over them: each token of a model with a large head takes longer.
	Alternatives int
	// Speculate says when to evaluate tokens ahead, which may be faster and
	// changes nothing else.
	Speculate Speculation
	// Grammar is the form of the answer, nil for any: see Engine.Grammar. Only tokens
	// that fit are drawn, and the answer ends with StopComplete where nothing may
	// follow. A block of thoughts before it is free. Nothing is evaluated ahead.
	Grammar *grammar.Machine
	// Thinking says how the model marks its thoughts. Stop strings end only what
	// comes after them.
	Thinking Thinking
}
