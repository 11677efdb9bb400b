// Package inference runs a loaded model: an Engine, immutable and shared, holds
// the weights, the tokenizer and the workers; a Session, with one owner, holds a
// sequence of tokens and its KV cache; a pass, the run state, evaluates rows of one
// sequence or of several.
//
// forward.go is the page to read first: the forward pass from top to bottom, as
// every worker of the pool runs it. Ternary projections are exact integer sums
// of int8 activations, everything else is float32. Work is split by rows, heads
// and positions and never inside a sum, so logits are the same bit for bit for
// any number of workers and for any way of cutting a sequence into prefill
// chunks, decode steps and reused prefixes.
//
// Two departures from the usual design: generation is an iterator of events
// instead of a channel, so that leaving the loop is all it takes to stop; and
// greedy and top-k sampling scan the head in codes of four bits before they compute
// the few rows that can win (scan.go), which changes no result.
package inference

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"slices"

	"tern/inference/chattemplate"
	"tern/inference/kernel"
	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
)

// ErrContextFull is returned when a sequence has no room left in the session's
// context.
var ErrContextFull = errors.New("context full")

// ErrMemory is returned when the system has no memory left for what a sequence
// takes. Together with ErrContextFull it says that a shorter one has room.
var ErrMemory = errors.New("not enough memory")

// ErrClosed is returned by a session whose engine was closed.
var ErrClosed = errors.New("engine closed")

// ErrBadToken is returned for an id that the vocabulary does not have.
var ErrBadToken = errors.New("no such token")

// Options says how to open a model.
type Options struct {
	// Threads is the number of workers, 0 for DefaultThreads. The results do not
	// depend on it.
	Threads int
	// Progress, if set, is called while the checkpoint is read, from one
	// goroutine, at least once per layer.
	Progress func(model.Progress)
	// I2S is the layout of I2_S tensors in GGUF files; see checkpoint.Options.
	I2S checkpoint.I2SLayout
	// Template, if it is not empty, is the name of a built-in chat template that
	// takes the place of the checkpoint's own, or of none.
	Template string
	// OnlyIDs says that no text is asked for: a tokenizer that cannot be used
	// gives an engine without one, whose TokenizerError says why.
	OnlyIDs bool
	// Input, if it is not nil, is what ternary projections multiply with; see
	// checkpoint.Options.
	Input *model.Input
	// Exact computes matrices with a scale per group with 24 bits per activation
	// instead of 16. It has no effect on others, which are exact.
	Exact bool
	// Free, if set, tells how much memory may still be taken. Sessions ask before
	// their cache grows, from their own goroutines; what it does not leave is an
	// error, where taking it could end the program.
	Free func() (bytes int64, known bool)
	// Early, if it is not nil, is what was made while the model was read.
	Early *Early
}

// Engine is a loaded model, its tokenizer and its workers. It is immutable and
// may serve any number of sessions from any number of goroutines; they take
// turns on the workers, one forward pass at a time.
type Engine struct {
	model *model.Model
	tok   tokenizer.Tokenizer // nil when the checkpoint has none, or
	noTok error               // one that cannot be used (Options.OnlyIDs)
	pool  *pool

	chat *chattemplate.Template // nil for a base model

	scale    float32       // HeadDim^-1/2 of attention
	ownNorms bool          // some linear has a norm of its own (use_rms_norm)
	kvLayer  []int         // of a layer: its place in the KV cache
	conv     [][]float32   // of a layer of linear attention: its convolution, see convolutions
	planes   kernel.Planes // precision of the activations of matrices with groups
	grammars *grammars     // of GenerateOptions.Grammar
	scan     *headScan     // codes of the head, nil where they do not pay
	free     func() (bytes int64, known bool)
	print    *fingerprint
	clocks   *clocks // of TimePhases
}

// Open reads the checkpoint at path: a folder, or any file in it.
// Errors wrap model.ErrNotFound, ErrUnsupported, ErrDamaged or the context's.
func Open(ctx context.Context, path string, o Options) (*Engine, error) {
	o.Early = new(Early)
	m, err := checkpoint.OpenWith(ctx, path, o.Early.Reading(checkpoint.Options{Progress: o.Progress, I2S: o.I2S, Input: o.Input}))
	if err != nil {
		return nil, err
	}
	return New(m, o)
}

// OpenFS is Open within fsys; its files must implement io.ReaderAt.
func OpenFS(ctx context.Context, fsys fs.FS, name string, o Options) (*Engine, error) {
	m, err := checkpoint.OpenFS(ctx, fsys, name, o.Progress)
	if err != nil {
		return nil, err
	}
	return New(m, o)
}

// New starts an engine on a model already in memory, whose head it may keep in another
// form from then on (model.Dense.Narrowed). A checkpoint without
// tokenizer files gives an engine whose Tokenizer is nil; one with files that
// cannot be used is an error but for Options.OnlyIDs.
func New(m *model.Model, o Options) (*Engine, error) {
	tok, noTok := o.Early.tokenizer(m)
	if errors.Is(noTok, tokenizer.ErrNone) {
		noTok = nil
	}
	if noTok != nil && !o.OnlyIDs {
		return nil, noTok
	}
	threads := o.Threads
	if threads <= 0 {
		threads = DefaultThreads()
	}
	e := &Engine{
		model:    m,
		tok:      tok,
		noTok:    noTok,
		chat:     chooseTemplate(m, tok, o.Template),
		pool:     newPool(threads),
		planes:   kernel.Fixed16,
		scan:     newHeadScan(m.Head),
		free:     o.Free,
		grammars: &grammars{},
	}
	if o.Exact {
		e.planes = kernel.Fixed24
	}
	e.derive()
	boundGarbage(m)
	return e, nil
}

// derive computes the constants that follow from the model's configuration and
// weights.
func (e *Engine) derive() {
	m := e.model
	e.conv = convolutions(m)
	e.print = new(fingerprint)
	e.scale = float32(1 / math.Sqrt(float64(m.HeadDim)))
	e.ownNorms = false
	e.kvLayer = make([]int, m.Config.Layers)
	n := 0
	for l := range e.kvLayer {
		if e.kvLayer[l] = n; !m.IsRecurrent(l) {
			n++
		}
	}
	for i := range m.Weights.Layers {
		e.ownNorms = e.ownNorms || hasOwnNorms(&m.Weights.Layers[i])
	}
}

// Variant returns an engine for the same model with other constants or
// multipliers, which shares the workers of e and lives as long as e does; it is
// not closed itself. The embedding, the head and the tokenizer must be those of e.
func (e *Engine) Variant(m *model.Model) *Engine {
	v := *e
	v.model = m
	v.derive()
	return &v
}

// Close stops the workers after the forward pass that is running, if any.
// Sessions of a closed engine answer ErrClosed.
func (e *Engine) Close() {
	e.pool.close()
	e.scan.release()
}

// Model returns what was loaded. The caller must not change it.
func (e *Engine) Model() *model.Model { return e.model }

// Tokenizer returns the checkpoint's tokenizer, nil where it has none.
func (e *Engine) Tokenizer() tokenizer.Tokenizer { return e.tok }

// Notes says what was passed over or assumed when m was read, in its settings
// and in its tokenizer, one sentence each.
func Notes(m *model.Model) []string {
	tok, err := newTokenizer(m)
	if err != nil {
		return m.Notes // the error is another's to say
	}
	return slices.Concat(m.Notes, tokenizer.Notes(tok))
}

// Notes is the function of this name, of the engine's model.
func (e *Engine) Notes() []string { return slices.Concat(e.model.Notes, tokenizer.Notes(e.tok)) }

// TokenizerError says why the checkpoint's tokenizer cannot be used, nil where
// it can, or where there is none.
func (e *Engine) TokenizerError() error { return e.noTok }

// Threads is the number of workers. Passes that write have fewer for a while where
// another program has the processor of some.
func (e *Engine) Threads() int { return int(e.pool.asked.Load()) }

// SetThreads lets the passes from now on have n workers, at least 1 and at most
// those that the engine was made with. It waits for a pass that is running.
func (e *Engine) SetThreads(n int) { e.pool.resize(n) }

// Prompt returns the ids of a text that starts a sequence: BOS where the
// vocabulary wants it, then the text with special tokens left as text.
// It returns nil for an engine without tokenizer.
func (e *Engine) Prompt(text string) []int32 {
	if e.tok == nil {
		return nil
	}
	ids := e.tok.Encode(text)
	if bos, add := e.tok.BOS(); add {
		ids = append([]int32{bos}, ids...)
	}
	return ids
}

// newTokenizer makes the tokenizer of a model.
func newTokenizer(m *model.Model) (tokenizer.Tokenizer, error) {
	files := m.Tokenizer
	files.Rows = m.VocabSize
	return tokenizer.New(files)
}

func hasOwnNorms(l *model.Layer) bool {
	for _, lin := range l.Projections() {
		if lin.Norm != nil {
			return true
		}
	}
	return false
}
