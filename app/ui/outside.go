package ui

import (
	"context"
	"sync"

	"tern/app/chat"
	"tern/app/server"
	"tern/app/settings"
)

// servers is what the window needs of servers: the one for other apps, and
// those of other programs. Functions that are nil do nothing.
type servers struct {
	// serve turns the server for other apps on or off and calls done on the
	// window's goroutine, with the address while it is on.
	serve func(v settings.Serving, done func(url string, err error))
	// ask asks a server for its models and calls done on the window's goroutine.
	ask func(base, key string, done func(models []string, err error))
	// setKey makes key the one that is sent to the server at base.
	setKey func(base, key string)
}

// outside is what stands behind them in the program.
type outside struct {
	post   func(func()) // onto the window's goroutine
	shared server.Switch
	keys   chat.Keys

	turns   chan func() // of the switch, one after the other: turning it off waits for answers to end
	turning sync.WaitGroup
}

func openOutside(known []settings.Server, post func(func())) *outside {
	o := &outside{post: post, turns: make(chan func(), 64)}
	for _, s := range known {
		o.keys.Set(s.Base, s.Key)
	}
	o.turning.Go(func() {
		for turn := range o.turns {
			turn()
		}
	})
	return o
}

func (o *outside) servers() servers { return servers{o.serve, o.ask, o.keys.Set} }

func (o *outside) serve(v settings.Serving, done func(url string, err error)) {
	o.turns <- func() {
		url, err := "", error(nil)
		if v.On {
			var origins []string
			if origins, err = server.CleanOrigins(v.Origins); err == nil {
				url, err = o.shared.On(v.Port, server.Options{Key: v.Key, Origins: origins})
			} else {
				o.shared.Off()
			}
		} else {
			o.shared.Off()
		}
		o.post(func() { done(url, err) })
	}
}

func (o *outside) ask(base, key string, done func(models []string, err error)) {
	go func() { // ends within chat.Ask's patience
		models, err := chat.Ask(context.Background(), base, key)
		o.post(func() { done(models, err) })
	}()
}

// close ends the server for other apps. serve must not be called after it.
func (o *outside) close() {
	close(o.turns)
	o.turning.Wait()
	o.shared.Off()
}
