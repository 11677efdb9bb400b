package ui

import (
	"time"

	"fyne.io/fyne/v2"

	"tern/app/say"
	"tern/app/settings"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// preferences changes settings and brings the parts in step with them.
type preferences struct {
	*session
	do preferencesActions

	conversation Conversation

	composer   *composer
	dialogs    *kit.Dialogs
	options    *options
	prefs      *prefs
	start      *start
	status     *status
	th         *kit.Theme
	topbar     *topbar
	transcript *longtext.View
	win        fyne.Window
}

// preferencesActions are what preferences needs of the other parts.
type preferencesActions struct {
	openScreen   func(s *screen)
	quiet        func()
	relayout     func()
	restyleParts func()
	showMenu     func()
	shows        func(s *screen) bool
	tell         func(sentence string, actions ...kit.Action)
	tellProblem  func(p say.Problem)
	update       func() time.Duration
}

func (pre *preferences) setGeneration(g settings.Generation) {
	pre.generation, pre.settings.Generation = g, g // the next conversation begins with those used last
	pre.conversation.SetGeneration(pre.known, g)
	pre.applySettings()
	pre.cfg.Save(pre.settings)
}

// resetGeneration brings every default back; it can be undone.
func (pre *preferences) resetGeneration() {
	old := pre.generation
	pre.options.use(pre.options.defaults())
	pre.do.tell(kit.Tr("Settings reset."), kit.Action{Label: kit.Tr("Undo"), Do: func() {
		pre.do.quiet()
		pre.options.use(old)
		pre.do.update()
	}})
}

// applySettings brings the parts in step with what does not depend on the view.
func (pre *preferences) applySettings() {
	pre.composer.entry.enterSends = pre.settings.EnterSends
	pre.composer.preset.SetLabel(presetName(pre.named(pre.generation).Preset) + " ▾")
	pre.prefs.show(pre.settings)
}
