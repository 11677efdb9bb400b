package ui

import (
	"time"

	"fyne.io/fyne/v2"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// newInspectPanel makes the Inspect panel of the window.
func (w *window) newInspectPanel() *inspect {
	return newInspect(w.settings.Tint, inspectActions{
		tokens:  w.ctl.Answer,
		examine: w.ctl.Examine,
		reshade: w.reshade,
		reveal:  w.transcript.RevealAt,
		branch: func(at chat.Token, id int32) {
			w.byModel(func() {
				w.info, w.opening = nil, false
				w.closeEditor(true)
				w.ctl.Choose(at, id, w.generation)
			})
		},
		recipe: w.copyRecipe,
		weights: func(done func(*chat.Weights)) {
			w.ctl.Weights(func(a *chat.Weights) { fyne.Do(func() { done(a) }) })
		},
		measure: func(progress func(chat.SpeedProgress), done func(*chat.Speed)) {
			w.ctl.Measure(func(p chat.SpeedProgress) { fyne.Do(func() { progress(p) }) },
				func(s *chat.Speed) { fyne.Do(func() { done(s) }) })
		},
		lag:  func() time.Duration { return w.cfg.lag.worst },
		stop: w.ctl.Stop,
		copy: func(text string) {
			w.copyText(text)
			w.tell(kit.Tr("The measurements were copied."))
		},
		tint: func(on bool) {
			w.settings.Tint = on
			w.cfg.save(w.settings)
		},
		escape: w.escape,
		after:  func(d time.Duration, do func()) { time.AfterFunc(d, func() { fyne.Do(do) }) },
	})
}

// copyRecipe puts the recipe of the last answer on the clipboard.
func (w *window) copyRecipe() {
	w.ctl.Recipe(func(recipe []byte) {
		fyne.Do(func() {
			if recipe == nil {
				w.tell(kit.Tr("There is no recipe of this answer: the open model did not write it since it was opened."))
				return
			}
			w.copyText(string(recipe))
			w.tell(kit.Tr("The recipe was copied. “tern replay FILE” computes the answer again."))
		})
	})
}
