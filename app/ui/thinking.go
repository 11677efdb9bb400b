package ui

import (
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// endedThinking reports whether the last answer ended before its thoughts did, so that there is no answer yet.
func endedThinking(v chat.View) bool {
	n := len(v.Document)
	return n > 0 && v.State == chat.Ready && v.Document[n-1].Thinking
}

// thinkingNotice says why there is no answer, and offers to go on.
func (n *notices) thinkingNotice() *kit.Notice {
	v := n.view
	m := &kit.Notice{Kind: kit.Limit, Sentence: kit.Tr("The answer ended while the model was thinking."),
		Dismiss: func() { n.limitSeen = answerID(n.view); n.do.update() }}
	if n.canWrite() {
		m.Actions = []kit.Action{{Label: kit.Tr("Continue"), Do: func() { n.do.goOn(func() { n.do.begin("") }) }}}
	}
	if v.Figures.Stop == chat.ReachedLength {
		m.Sentence = kit.Tr("The model was still thinking when it reached {{.Tokens}} tokens.", "Tokens", kit.Count(v.Figures.MaxTokens))
		m.Actions = append(m.Actions, kit.Action{Label: kit.Tr("Raise limit"), Do: n.do.raiseLimit})
	}
	return m
}

// messageThoughts is what was thought for a message, empty for nothing.
func messageThoughts(doc []chat.Segment, m longtext.Message) string {
	i := slices.IndexFunc(doc, func(s chat.Segment) bool { return s.ID == m.Segment })
	if i < 0 || !m.Chat || m.Mine {
		return ""
	}
	var all strings.Builder
	for ; i < len(doc) && doc[i].Author == chat.Model; i++ {
		all.WriteString(doc[i].Thoughts)
	}
	return strings.TrimSpace(all.String())
}

// thoughtItems copy what was thought for a message, which no other copy has.
func (mes *messages) thoughtItems(m longtext.Message) []*fyne.MenuItem {
	if messageThoughts(mes.view.Document, m) == "" {
		return nil
	}
	return []*fyne.MenuItem{fyne.NewMenuItem(kit.Tr("Copy with thoughts"), func() {
		mes.copyText(strings.TrimSpace(chat.Quoted(messageThoughts(mes.view.Document, m)) + "\n\n" + mes.messageText(m)))
	})}
}

// thinking is the rows of the panel that say how much the model thinks. They are shown where it does.
type thinking struct {
	row    *kit.Row
	level  *kit.Button
	budget *numberSetting
	of     *chat.Thinks // the open model; nil where it does not
}

// levelName is a level of thinking as it is said. Templates have few words for it.
func levelName(level string) string {
	switch level {
	case "off", "none":
		return kit.Tr("Off")
	case "on":
		return kit.Tr("On")
	case "minimal":
		return kit.Tr("Minimal")
	case "low":
		return kit.Tr("Low")
	case "medium":
		return kit.Tr("Medium")
	case "high":
		return kit.Tr("High")
	case "xhigh", "max":
		return kit.Tr("Highest")
	}
	return level
}

const maxBudget = 8192

// buildThinking makes the rows of the switch and of the budget.
func (o *options) buildThinking(th fyne.Theme, escape func()) {
	t := &o.thinking
	t.level = kit.NewButton("", escape, nil)
	t.level.OnTapped = func() {
		kit.PopUp(fyne.CurrentApp().Driver().CanvasForObject(t.level), t.level, o.levelItems())
	}
	t.row = kit.NewRow(kit.Tr("Thinking"), kit.Tr("How much the model thinks before it answers. Its thoughts stand above the answer and are no part of it."),
		t.level, nil, escape, func() { o.useLevel("") })
	t.budget = number(kit.Tr("Thinking budget"), kit.Tr("After this many tokens of thoughts the model has to answer. Max tokens does not count them."), 0, maxBudget, 1, 0,
		func(g settings.Generation) float64 { return float64(g.ThinkingBudget) },
		func(g *settings.Generation, v float64) { g.ThinkingBudget = int(v) })
	parse := t.budget.Spec.Parse
	t.budget.Spec.Format = func(v float64) string {
		if v == 0 {
			return kit.Tr("none")
		}
		return strconv.Itoa(int(v))
	}
	t.budget.Spec.Parse = func(s string) (float64, error) {
		if s = strings.TrimSpace(s); s == "" || strings.EqualFold(s, kit.Tr("none")) {
			return 0, nil
		}
		return parse(s)
	}
	o.numberRow(th, t.budget, escape)
	t.row.Box.Hide()
	t.budget.Box.Hide()
}

func (o *options) useLevel(level string) {
	g := o.g
	g.Thinking = level
	o.use(g)
}

// levelItems are the levels to choose from. The usual one follows the model.
func (o *options) levelItems() (items []*fyne.MenuItem) {
	t, now := o.thinking.of, o.level()
	if t == nil {
		return nil
	}
	for _, l := range t.Levels {
		i := fyne.NewMenuItem(levelName(l), func() {
			if l == t.Usual {
				l = ""
			}
			o.useLevel(l)
		})
		i.Checked = l == now
		items = append(items, i)
	}
	return items
}

// level is the one in use: the one that was chosen, or what comes nearest to it. It is empty where it is not known.
func (o *options) level() string {
	switch t := o.thinking.of; {
	case t == nil:
		return ""
	case o.g.Thinking != "":
		return t.Nearest(o.g.Thinking)
	default:
		return t.Usual
	}
}

func (o *options) showLevel() {
	label := kit.Tr("As usual")
	if l := o.level(); l != "" {
		label = levelName(l)
	}
	o.thinking.level.SetLabel(label + " ▾")
	o.thinking.row.ShowReset(o.g.Thinking != "")
}

// elsewhere are the levels that most servers know.
var thinksElsewhere = &chat.Thinks{Levels: []string{"off", "on"}}

// showThinking shows the rows while the model thinks. A server seldom reports whether its model does: then it is known once
// that has thought.
func (o *options) showThinking(v chat.View) {
	t := &o.thinking
	t.of = nil
	if m := v.Model; m != nil && v.Mode == chat.ChatMode {
		if t.of = m.Thinks; t.of == nil && m.Host != "" && slices.ContainsFunc(v.Document, func(s chat.Segment) bool { return s.Thoughts != "" }) {
			t.of = thinksElsewhere
		}
	}
	o.showLevel()
	changed := kit.SetVisible(t.row.Box, t.of != nil)
	if kit.SetVisible(t.budget.Box, t.of != nil) || changed {
		o.page.Layout.Layout(o.page.Objects, o.page.Size())
		o.page.Refresh()
	}
}
