//go:build cgo

package app

import (
	"context"
	"net/url"

	"tern/app/settings"
	"tern/app/ui"
	"tern/app/update"
)

// openUpdates is what stands behind ui.Updates in the program; open shows a page.
func openUpdates(open func(*url.URL), post func(func())) ui.Updates {
	home := update.Home()
	return ui.Updates{
		Home: home,
		Newest: func(done func(string, error)) {
			go func() { // ends within the patience of Newest
				version, err := update.Newest(context.Background(), home)
				post(func() { done(version, err) })
			}()
		},
		Open: func(page string) {
			if u, err := url.Parse(page); err == nil {
				open(u)
			}
		},
	}
}

// readings are how the models that were opened before are read.
func readings(recent []settings.Recent) map[string]string {
	m := map[string]string{}
	for _, r := range recent {
		if r.Reading != "" {
			m[r.Path] = r.Reading
		}
	}
	return m
}
