//go:build cgo

package app

import (
	"context"
	"sync"

	"tern/app/chat"
	"tern/app/server"
	"tern/app/settings"
	"tern/app/ui"
)

// outside is what stands behind ui.Servers in the program.
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

func (o *outside) servers() ui.Servers {
	return ui.Servers{Serve: o.serve, Ask: o.ask, SetKey: o.keys.Set}
}

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
