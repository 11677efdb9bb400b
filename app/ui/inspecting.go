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

// inspecting joins the Inspect panel to the text.
type inspecting struct {
	*session
	do inspectingActions

	jobs   Jobs
	models Models

	finder      *longtext.Finder
	inspect     *inspect.Panel
	inspectSide *panel
	transcript  *longtext.View

	shaded bool // tokens are drawn in the text
}

// inspectingActions are what inspecting needs of the other parts.
type inspectingActions struct {
	copyText   func(text string)
	panelShown func() *panel
	showPanel  func()
	tell       func(sentence string, actions ...kit.Action)
}

// newInspectPanel makes the Inspect panel of the window.
func (w *window) newInspectPanel() {
	w.inspect = inspect.New(w.settings.Tint, inspect.Actions{
		Tokens:  w.ctl.Tokens.Answer,
		Examine: w.ctl.Tokens.Examine,
		Reshade: w.inspecting.reshade,
		Reveal:  w.transcript.RevealAt,
		Branch: func(at chat.Token, id int32) {
			w.answering.byModel(func() {
				w.notices.quiet()
				w.opener.wrote()
				w.editing.closeEditor(true)
				w.ctl.Tokens.Choose(at, id, w.generation)
			})
		},
		Recipe: w.inspecting.copyRecipe,
		Weights: func(done func(*chat.Weights)) {
			w.ctl.Jobs.Weights(func(a *chat.Weights) { w.cfg.Post(func() { done(a) }) })
		},
		Measure: func(progress func(chat.SpeedProgress), done func(*chat.Speed)) {
			w.ctl.Jobs.Measure(func(p chat.SpeedProgress) { w.cfg.Post(func() { progress(p) }) },
				func(s *chat.Speed) { w.cfg.Post(func() { done(s) }) })
		},
		Input: func(float bool) {
			w.notices.quiet()
			w.ctl.Models.ReadInput(float, w.generation)
		},
		Lag:  func() time.Duration { return w.cfg.lag.worst },
		Stop: w.ctl.Conversation.Stop,
		Copy: func(text string) {
			w.messages.copyText(text)
			w.notices.tell(kit.Tr("The measurements were copied."))
		},
		Tint: func(on bool) {
			w.settings.Tint = on
			w.cfg.Save(w.settings)
		},
		Escape: w.escape,
		After:  func(d time.Duration, do func()) { time.AfterFunc(d, func() { w.cfg.Post(do) }) },
	})
	w.inspectSide = &panel{
		id: "inspect", title: kit.Tr("Inspect"), icon: iconInspect, key: fyne.KeyI,
		content: w.inspect.Content, first: w.inspect.Tabs[0], show: w.inspect.Show, restyle: w.inspect.Restyle,
	}
}

// copyRecipe puts the recipe of the last answer on the clipboard.
func (ins *inspecting) copyRecipe() {
	ins.jobs.Recipe(func(recipe []byte) {
		ins.cfg.Post(func() {
			if recipe == nil {
				ins.do.tell(kit.Tr("There is no recipe of this answer: the open model did not write it since it was opened."))
				return
			}
			ins.do.copyText(string(recipe))
			ins.do.tell(kit.Tr("The recipe was copied. “tern replay FILE” computes the answer again."))
		})
	})
}

// tokensShown reports whether the tokens of an answer can be seen.
func (ins *inspecting) tokensShown() bool {
	return ins.inspect != nil && ins.inspect.Tab == 0 && ins.do.panelShown() == ins.inspectSide
}

// shades are what is drawn below a paragraph.
func (ins *inspecting) shades(i int) []longtext.Shade {
	list := ins.finder.Shades(i)
	if ins.tokensShown() && ins.transcript.Paragraphs()[i].Words() {
		p := &ins.transcript.Paragraphs()[i]
		list = append(ins.inspect.Shades(p.From, len(p.Text)), list...)
		slices.SortStableFunc(list, func(a, b longtext.Shade) int { return a.From - b.From })
	}
	return list
}

// reshade draws the tokens in the text, or takes them away, where they are shown
// or were.
func (ins *inspecting) reshade() {
	if on := ins.tokensShown(); on || ins.shaded {
		ins.shaded = on
		ins.transcript.Reshade()
	}
}

// pointed is told of the byte of a paragraph that the mouse is over, -1 for none.
func (ins *inspecting) pointed(i, at int) {
	if p := ins.transcript.Paragraphs(); at >= 0 && p[i].Words() {
		at += p[i].From
	} else {
		at = -1
	}
	ins.inspect.HoverAt(at)
}
