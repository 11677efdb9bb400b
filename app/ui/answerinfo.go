package ui

import (
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
	"tern/inference/sampling"
)

// aboutAnswer shows how an answer was written.
func (mes *messages) aboutAnswer(m longtext.Message) {
	list := mes.tokens.Written(m.Segment)
	var all []string
	for _, a := range list {
		all = append(all, answerWords(a))
	}
	text := strings.Join(all, "\n\n")
	if text == "" {
		text = kit.Tr("Nothing is known of it: no model wrote it.")
	}
	l := widget.NewLabel(text)
	l.Wrapping, l.Selectable = fyne.TextWrapWord, true
	mes.dialogs.Open(kit.Tr("How this was written"), l, kit.DialogWidth, kit.Action{Label: kit.Tr("Close")},
		kit.Action{Label: kit.Tr("Copy"), Do: func() { mes.copyText(text) }})
}

// answerWords are lines about an answer: who and when, how fast, and with what.
func answerWords(a chat.Written) string {
	who := a.Model
	if who == "" {
		who = kit.Tr("A model that is not known")
	}
	if !a.At.IsZero() {
		who += " · " + dateTime(a.At)
	}
	lines := []string{who}
	add := func(parts ...string) {
		var kept []string
		for _, p := range parts {
			if p != "" {
				kept = append(kept, p)
			}
		}
		if len(kept) > 0 {
			lines = append(lines, strings.Join(kept, " · "))
		}
	}
	speed, first, tokens, seed := "", "", "", ""
	if a.Rate > 0 {
		speed = kit.Rate(a.Rate)
	}
	if a.FirstToken > 0 {
		first = kit.Tr("first token {{.Time}}", "Time", kit.Latency(a.FirstToken))
	}
	if a.Tokens > 0 {
		tokens = kit.TrN(a.Tokens, "one token", "{{.N}} tokens")
	}
	f := chat.Figures{Stop: a.Stop, StopText: a.StopText}
	if a.Generation != nil {
		f.MaxTokens = a.Generation.MaxTokens
	}
	ended := ""
	if a.Stop != chat.ReachedLength || f.MaxTokens > 0 {
		ended = reason(f)
	}
	add(speed, first, tokens, ended)
	if a.Seed > 0 || a.Generation != nil {
		seed = kit.Tr("seed {{.Seed}}", "Seed", strconv.FormatUint(uint64(a.Seed), 10))
	}
	add(seed)
	if g := a.Generation; g != nil {
		add(settingsWords(*g)...)
	}
	if a.Edited {
		add(kit.Tr("Changed by you since"))
	}
	return strings.Join(lines, "\n")
}

// settingsWords are the settings of an answer.
func settingsWords(g settings.Generation) []string {
	two := func(v float64) string { return kit.Pointed(strconv.FormatFloat(v, 'f', -1, 64)) }
	words := []string{presetName(g.Preset)}
	for _, f := range sampling.Fields {
		words = append(words, kit.TrKey(f.Title)+" "+two(f.Get(g.Params)))
	}
	words = append(words, kit.Tr("at most {{.N}} tokens", "N", kit.Count(g.MaxTokens)))
	if g.Context > 0 {
		words = append(words, kit.Tr("context {{.N}}", "N", kit.Count(g.Context)))
	}
	for _, s := range g.Stop {
		words = append(words, kit.Tr("stop text “{{.Text}}”", "Text", s))
	}
	return words
}

// dateTime is a moment in numbers that every language reads alike.
func dateTime(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }
