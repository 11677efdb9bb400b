package ui

import (
	"tern/app/chat"
	"tern/app/settings"
)

// session is what the parts of the window share: the conversation that is shown,
// the settings, and who is asked. It has no widgets. view, settings and generation
// change on the window's goroutine alone.
type session struct {
	ctl      Controller
	cfg      Config
	settings settings.Settings
	view     chat.View

	known      string              // conversation that prompt and settings belong to
	generation settings.Generation // of it
}
