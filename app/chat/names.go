package chat

import (
	"context"

	"tern/app/chat/backend"
	"tern/app/chat/document"
	"tern/app/chat/jobs"
	"tern/app/chat/shelf"
	"tern/app/history"
	"tern/inference"
)

// The values that views are made of, by the names that a window uses: it needs to import
// one package of chat to show all of them, and the package of a part to show that part alone.

// What a document is made of.
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

// SessionMemory is what a conversation takes in memory beside the weights of the open model.
type SessionMemory = inference.SessionMemory

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

// What a model is.
type (
	// ModelInfo is what the top bar shows of an open model.
	ModelInfo = backend.Info
	// Thinks is how a model thinks before it answers.
	Thinks = backend.Thinks
	// Keys are the keys of servers, by their base URLs.
	Keys = backend.Keys
)

// Quoted is a text as a quotation in Markdown.
func Quoted(text string) string { return history.Quoted(text) }

// AsItSays is the reading of a model whose user declined to correct it.
const AsItSays = backend.AsItSays

// BuiltinName is what the built-in model is called.
func BuiltinName() string { return backend.BuiltinName() }

// NameOf is what to call the model at path, which need not be there.
func NameOf(path string) string { return backend.NameOf(path) }

// Ask returns the models of the server at base, for choosing one. It may be
// called from any goroutine and waits for the answer.
func Ask(ctx context.Context, base, key string) ([]string, error) { return backend.Ask(ctx, base, key) }

// What the shelf has.
type (
	// ShelfView is what a window shows of the shelf.
	ShelfView = shelf.View
	// Entry is a conversation in the list of them.
	Entry = shelf.Entry
	// Found is the outcome of a search.
	Found = shelf.Found
	// Recovered is a conversation that a crash interrupted.
	Recovered = shelf.Recovered
)

// Named reports whether a word of a name begins with a text, whatever the case.
func Named(name, text string) bool { return shelf.Named(name, text) }

// What jobs make.
type (
	// JobsView is what a window shows of jobs.
	JobsView = jobs.View
	// Copy is a compact copy of the open model, being made or just made.
	Copy = jobs.Copy
	// CopyForm is a form that a compact copy may have.
	CopyForm = jobs.CopyForm
	// CopyOffer is a form that a copy of the open model can have, and its size.
	CopyOffer = jobs.CopyOffer
	// Price is what a smaller head costs.
	Price = jobs.Price
	// Weights is what a model is made of.
	Weights = jobs.Weights
	// LayerWeights are the projections of one layer.
	LayerWeights = jobs.LayerWeights
	// Projection is one matrix of a layer.
	Projection = jobs.Projection
	// MemoryPart is a share of a model's memory.
	MemoryPart = jobs.MemoryPart
	// Tensor is one tensor of a checkpoint.
	Tensor = jobs.Tensor
	// Speed is how fast this machine runs the open model.
	Speed = jobs.Speed
	// SpeedPoint is one length of the text before.
	SpeedPoint = jobs.SpeedPoint
	// SpeedProgress says how far a measurement is.
	SpeedProgress = jobs.SpeedProgress
)

// The forms of a copy.
const (
	ExactCopy    = jobs.ExactCopy
	HalfCopy     = jobs.HalfCopy
	ByteCopy     = jobs.ByteCopy
	PortableCopy = jobs.PortableCopy
)
