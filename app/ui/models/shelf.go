package models

import (
	"context"
	"time"

	"tern/app/hub"
	"tern/app/library"
)

// Shelf is what the window uses of the models on this computer and of
// downloads. Its zero value has none of either.
type Shelf struct {
	Library   *library.Library
	Downloads Downloads
	Tools     []library.Tool // other programs, whose models are listed
	Memory    func() (free int64, known bool)
	Reveal    func(path string) error // shows a model in the file manager
	Home      func() (string, error)  // where downloads go until the user says
	Context   context.Context         // ends when the window does
	// Measures says that the page of models measures this computer, once, and Rest how long
	// that waits for: a window that has just opened is to be used, not to compete with it.
	Measures bool
	Rest     time.Duration
	// Suggests says that the first page offers a model that chats, and that downloads are
	// looked for which an earlier run left.
	Suggests bool
	// Search looks for repositories on the site.
	Search func(ctx context.Context, words string) (*hub.Results, error)
	// Pause is how long nothing is typed before other words are looked for, Slow how
	// long a search may take before that is said; 0 for never.
	Pause, Slow time.Duration
	// Aside runs work on a goroutine of its own and then done on the window's.
	Aside func(work, done func())
}

// Downloads is what the window needs of *library.Downloads.
type Downloads interface {
	Ask(id, models string) error
	Start(id, models string) error
	Take(id, file, models string) error
	Pause(id string)
	Remove(id string) error
	Adopt(unfinished []library.Unfinished)
	View() []library.Download
	Busy() bool
}

var _ Downloads = (*library.Downloads)(nil)

// noDownloads is a downloads that has none.
type noDownloads struct{}

func (noDownloads) Ask(string, string) error { return hub.ErrNetwork }

func (noDownloads) Start(string, string) error { return hub.ErrNetwork }

func (noDownloads) Take(string, string, string) error { return hub.ErrNetwork }

func (noDownloads) Pause(string) {}

func (noDownloads) Remove(string) error { return nil }

func (noDownloads) Adopt([]library.Unfinished) {}

func (noDownloads) View() []library.Download { return nil }

func (noDownloads) Busy() bool { return false }

// Whole fills what is not set.
func (s Shelf) Whole() *Shelf {
	if s.Library == nil {
		s.Library = library.New()
	}
	if s.Downloads == nil {
		s.Downloads = noDownloads{}
	}
	if s.Memory == nil {
		s.Memory = func() (int64, bool) { return 0, false }
	}
	if s.Reveal == nil {
		s.Reveal = func(string) error { return nil }
	}
	if s.Home == nil {
		s.Home = library.DefaultFolder
	}
	if s.Context == nil {
		s.Context = context.Background()
	}
	if s.Search == nil {
		s.Search = func(context.Context, string) (*hub.Results, error) { return nil, hub.ErrNetwork }
	}
	if s.Aside == nil {
		s.Aside = func(work, done func()) { work(); done() }
	}
	return &s
}
