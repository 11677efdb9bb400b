package ui

import (
	"tern/app/chat"
	"tern/app/settings"
)

// Controller is what the window needs of conversations and models, by the parts of chat.Controller that
// have it. All their methods return at once. A part of the window takes the one that it needs.
type Controller struct {
	Conversation Conversation
	Models       Models
	Shelf        Shelf
	Jobs         Jobs
	Tokens       Tokens
	Kept         Kept
}

// Conversation is what a user does with the conversation that is shown: *chat.Controller.
type Conversation interface {
	Generate(text string, g settings.Generation)
	Retry(g settings.Generation)
	RetryAt(segment int, g settings.Generation)
	Stop()
	StopIn(id string)
	Edit(segment int, text string, answer bool, g settings.Generation)
	Remove(segment int)
	Splice(at chat.Passage, text string)
	ContinueAt(at chat.Passage, text string, g settings.Generation)
	Step(segment, by int)
	Undo()
	DropOldest()
	New()
	Open(id string)
	Branch(segment int)
	SetStory(on bool)
	SetSystem(id, text string)
	SetDraft(id, text string)
	SetGeneration(id string, g settings.Generation)
	DismissProblem()
	View() chat.View
}

// Models opens models: *chat.Models.
type Models interface {
	Load(path string, g settings.Generation)
	CancelLoad()
	Unload()
	Correct(g settings.Generation)
	ReadAsItSays(g settings.Generation)
	ReadInput(float bool, g settings.Generation)
	DeclineAdvice()
	ReserveCore()
}

// Shelf has the conversations that are kept: *shelf.Shelf of chat.
type Shelf interface {
	Search(query string)
	Rename(id, title string)
	Duplicate(id string)
	Delete(id string)
	Restore(id string)
	Import(path string)
	Export(id, path, you, model string, thoughts bool)
	DiscardRecovered()
}

// Jobs is what is done with a model beside conversations: *jobs.Jobs of chat.
type Jobs interface {
	CopyOffers() (list []chat.CopyOffer, path string)
	MakeCopy(form chat.CopyForm, path string)
	KeepCopy()
	CancelCopy()
	Recipe(done func([]byte))
	Weights(done func(*chat.Weights))
	Measure(progress func(chat.SpeedProgress), done func(*chat.Speed))
}

// Kept has on disk what models know of conversations: *chat.Kept.
type Kept interface {
	Clear()
}

// Tokens looks into answers: *chat.Tokens.
type Tokens interface {
	SetInspect(on bool)
	Answer(segment int) (tokens []chat.Token, missing bool)
	Examine(segment int)
	Choose(at chat.Token, id int32, g settings.Generation)
	Written(segment int) []chat.Written
}

// Servers is what the window needs of servers: the one for other apps, and
// those of other programs. Functions that are nil do nothing.
type Servers struct {
	// serve turns the server for other apps on or off and calls done on the
	// window's goroutine, with the address while it is on.
	Serve func(v settings.Serving, done func(url string, err error))
	// ask asks a server for its models and calls done on the window's goroutine.
	Ask func(base, key string, done func(models []string, err error))
	// SetKey makes key the one that is sent to the server at base.
	SetKey func(base, key string)
}
