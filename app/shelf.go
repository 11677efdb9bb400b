//go:build cgo

package app

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"tern/app/cli"
	"tern/app/hub"
	"tern/app/library"
	"tern/app/settings"
	"tern/app/ui/models"
)

// liveShelf is the shelf of the program.
type liveShelf struct {
	models.Shelf
	site    atomic.Pointer[hub.Options] // as the settings have it now
	running sync.WaitGroup
	end     context.CancelFunc
}

// openShelf makes the shelf. changed is called when a download has come
// further; post runs a function on the window's goroutine.
func openShelf(s settings.Settings, changed func(), post func(func())) *liveShelf {
	l := &liveShelf{}
	l.follow(s)
	l.Context, l.end = context.WithCancel(context.Background())
	l.Library, l.Measures = cli.NewLibrary(), true
	l.Rest = 2 * time.Second
	l.Tools = library.Tools()
	l.Memory = library.FreeMemory
	l.Reveal = library.Reveal
	l.Suggests, l.Pause, l.Slow = true, 500*time.Millisecond, 5*time.Second
	client := func() (*hub.Client, error) {
		o := *l.site.Load()
		o.Token = hub.Token(o.Token, o.Base)
		return hub.New(o)
	}
	l.Downloads = library.NewDownloads(client, changed)
	l.Search = func(ctx context.Context, words string) (*hub.Results, error) {
		c, err := client()
		if err != nil {
			return nil, err
		}
		defer c.Close()
		return c.Search(ctx, words)
	}
	l.Aside = func(work, done func()) {
		l.running.Go(func() {
			work()
			if l.Context.Err() == nil {
				post(done)
			}
		})
	}
	return l
}

// follow takes the site and the token of the settings.
func (l *liveShelf) follow(s settings.Settings) {
	l.site.Store(&hub.Options{Base: hub.Site(s.Site), Token: s.Token, Free: library.FreeSpace})
}

// close stops downloads, which go on another time, and waits for what runs.
func (l *liveShelf) close() {
	l.end()
	l.Downloads.(*library.Downloads).Close()
	l.running.Wait()
}
