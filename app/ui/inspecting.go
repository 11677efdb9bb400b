package ui

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"tern/app/chat"
	"tern/app/ui/inspect"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// newInspectPanel makes the Inspect panel of the window.
func (w *window) newInspectPanel() {
	w.inspect = inspect.New(w.settings.Tint, inspect.Actions{
		Tokens:  w.ctl.Answer,
		Examine: w.ctl.Examine,
		Reshade: w.reshade,
		Reveal:  w.transcript.RevealAt,
		Branch: func(at chat.Token, id int32) {
			w.byModel(func() {
				w.info, w.opening = nil, false
				w.closeEditor(true)
				w.ctl.Choose(at, id, w.generation)
			})
		},
		Recipe: w.copyRecipe,
		Weights: func(done func(*chat.Weights)) {
			w.ctl.Weights(func(a *chat.Weights) { fyne.Do(func() { done(a) }) })
		},
		Measure: func(progress func(chat.SpeedProgress), done func(*chat.Speed)) {
			w.ctl.Measure(func(p chat.SpeedProgress) { fyne.Do(func() { progress(p) }) },
				func(s *chat.Speed) { fyne.Do(func() { done(s) }) })
		},
		Lag:  func() time.Duration { return w.cfg.lag.worst },
		Stop: w.ctl.Stop,
		Copy: func(text string) {
			w.copyText(text)
			w.tell(kit.Tr("The measurements were copied."))
		},
		Tint: func(on bool) {
			w.settings.Tint = on
			w.cfg.save(w.settings)
		},
		Escape: w.escape,
		After:  func(d time.Duration, do func()) { time.AfterFunc(d, func() { fyne.Do(do) }) },
	})
	w.inspectSide = &panel{
		id: "inspect", title: kit.Tr("Inspect"), icon: iconInspect, key: fyne.KeyI,
		content: w.inspect.Content, first: w.inspect.Tabs[0], show: w.inspect.Show, restyle: w.inspect.Restyle,
	}
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

// tokensShown tells if the tokens of an answer can be seen.
func (w *window) tokensShown() bool {
	return w.inspect != nil && w.inspect.Tab == 0 && w.panelShown() == w.inspectSide
}

// shades are what is drawn below a paragraph.
func (w *window) shades(i int) []longtext.Shade {
	list := w.finder.Shades(i)
	if w.tokensShown() {
		p := &w.transcript.Paragraphs()[i]
		list = append(w.inspect.Shades(p.From, len(p.Text)), list...)
		slices.SortStableFunc(list, func(a, b longtext.Shade) int { return a.From - b.From })
	}
	return list
}

// reshade draws the tokens in the text, or takes them away, where they are shown
// or were.
func (w *window) reshade() {
	if on := w.tokensShown(); on || w.shaded {
		w.shaded = on
		w.transcript.Reshade()
	}
}

// pointed is told of the byte of a paragraph that the mouse is over, -1 for none.
func (w *window) pointed(i, at int) {
	if at >= 0 {
		at += w.transcript.Paragraphs()[i].From
	}
	w.inspect.HoverAt(at)
}
