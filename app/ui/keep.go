package ui

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/say"
	"tern/app/settings"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// copies looks after a model that was opened: compact copies, corrections, notes.
type copies struct {
	*session
	do copiesActions

	jobs   Jobs
	models Models

	dialogs    *kit.Dialogs
	menu       *menu
	options    *options
	transcript *longtext.View

	notes     []string // of the open model, until the user has seen them
	offered   string   // the model that a compact copy was offered of,
	offeredIn string   // and the conversation that was shown then
}

// copiesActions are what copies needs of the other parts.
type copiesActions struct {
	applySettings func()
	chooseIn      func(what string, dir string, open func(dir string, done func(string, error)), done func(path string, err error))
	escape        func()
	load          func(path string)
	openedInstead func() bool
	quiet         func()
	recommend     func()
	tell          func(sentence string, actions ...kit.Action)
	tellLater     func(sentence string, actions ...kit.Action)
	tellProblem   func(p say.Problem)
	update        func() time.Duration
}

// advice is the strip of a file that seems to need to be read another way.
func (cop *copies) advice(a *chat.Advice) *kit.Notice {
	return &kit.Notice{Kind: kit.Limit, Sentence: kit.Translate(a.Sentence), Hint: kit.Translate(a.Hint),
		Actions: []kit.Action{{Label: kit.Tr("Correct it"), Do: func() { cop.models.Correct(cop.settings.Generation) }}},
		Dismiss: cop.models.DeclineAdvice}
}

// noteModel remembers a model that was opened.
func (cop *copies) noteModel(was, v chat.View) {
	if v.Model == nil || was.Model == v.Model || was.Model != nil && was.Model.Path == v.Model.Path &&
		was.Model.Name == v.Model.Name && was.Model.Reading == v.Model.Reading {
		return
	}
	cop.noteReading(was.Model, v.Model)
	if !cop.do.openedInstead() {
		path := v.Model.Path
		cop.settings.Model = &path
	}
	cop.settings.AddRecent(settings.Recent{Path: v.Model.Path, Name: v.Model.Name, Used: cop.cfg.Now(), Reading: v.Model.Reading, NoCopy: !cop.wantsCopy(v.Model), Noted: cop.noteNotes(v.Model)})
	cop.menu.setRecent(cop.settings.Recent, cop.do.load)
	cop.do.recommend()
	cop.options.show(cop.generation)
	cop.do.applySettings()
	cop.cfg.Save(cop.settings)
}

// noteReading says that a model is read another way from now on.
func (cop *copies) noteReading(was, now *chat.ModelInfo) {
	if was != nil && was.Path == now.Path && now.Reading != "" && now.Reading != chat.AsItSays && now.Reading != was.Reading {
		cop.do.tellLater(kit.Tr("It is read the right way from now on."),
			kit.Action{Label: kit.Tr("Undo"), Do: func() { cop.do.quiet(); cop.models.ReadAsItSays(cop.settings.Generation) }})
	}
}

// noteNotes shows what was passed over or assumed when m was opened, if it was not
// shown before; it reports whether it was.
func (cop *copies) noteNotes(m *chat.ModelInfo) (noted bool) {
	cop.notes = nil
	if r := cop.recent(m.Path); len(m.Notes) > 0 && (r == nil || !r.Noted) {
		cop.notes = m.Notes
	}
	return len(m.Notes) > 0 && cop.notes == nil
}

// notesMessage is the strip of what was passed over or assumed.
func (cop *copies) notesMessage() *kit.Notice {
	if len(cop.notes) == 0 {
		return nil
	}
	m := &kit.Notice{Sentence: cop.notes[0], Dismiss: cop.seenNotes}
	if n := len(cop.notes) - 1; n > 0 {
		m.Hint = kit.TrN(n, "And one more note about this model.", "And {{.N}} more notes about this model.")
		m.Actions = []kit.Action{{Label: kit.Tr("Show"), Do: func() {
			list := cop.notes
			cop.seenNotes()
			cop.dialogs.Detail(kit.Tr("What happened"), strings.Join(list, "\n"))
		}}}
	}
	return m
}

// seenNotes keeps that the notes of the open model were shown.
func (cop *copies) seenNotes() {
	cop.notes = nil
	if m := cop.view.Model; m != nil {
		cop.settings.Recent = slices.Clone(cop.settings.Recent)
		if r := cop.recent(m.Path); r != nil {
			r.Noted = true
		}
		cop.cfg.Save(cop.settings)
	}
	cop.do.update()
}

// recent is what is remembered of a model, nil if it was not opened before.
func (ses *session) recent(path string) *settings.Recent {
	for i := range ses.settings.Recent {
		if r := &ses.settings.Recent[i]; r.Path == path {
			return r
		}
	}
	return nil
}

// wantsCopy reports whether a compact copy of a model is offered.
func (cop *copies) wantsCopy(m *chat.ModelInfo) bool {
	r := cop.recent(m.Path)
	return r == nil || !r.NoCopy
}

// slowOpening is how long an opening takes at least that is worth a compact copy.
const slowOpening = 3 * time.Second

// offerCopy is the strip of a model whose weights are floats in its file, and which
// took long to open. It is offered in the conversation that was shown then, and in no
// other one.
func (cop *copies) offerCopy() *kit.Notice {
	m := cop.view.Model
	if m == nil || !m.Latent || m.OpenedIn < slowOpening || cop.view.State != chat.Ready || cop.view.Copy != nil || !cop.wantsCopy(m) || !cop.transcript.Empty() {
		return nil
	}
	if cop.offered != m.Path {
		cop.offered, cop.offeredIn = m.Path, cop.view.ID
	}
	if cop.offeredIn != cop.view.ID {
		return nil
	}
	return &kit.Notice{Sentence: kit.Tr("A compact copy of this model would open in a moment."),
		Hint:    kit.Tr("Its weights are made ternary at every opening."),
		Actions: []kit.Action{{Label: kit.Tr("Keep a compact copy…"), Do: cop.keepCopy}},
		Dismiss: cop.declineCopy}
}

func (cop *copies) declineCopy() {
	cop.settings.Recent = slices.Clone(cop.settings.Recent) // the old one may be being saved
	if m := cop.view.Model; m != nil && cop.recent(m.Path) != nil {
		cop.recent(m.Path).NoCopy = true
		cop.cfg.Save(cop.settings)
	}
	cop.do.update()
}

// keepCopy lets the user choose the form of a compact copy.
func (cop *copies) keepCopy() {
	if cop.view.Model == nil || cop.view.Copy != nil && cop.view.Copy.Total > 0 && !cop.view.Copy.Done {
		return
	}
	offers, path := cop.jobs.CopyOffers()
	if len(offers) == 0 {
		cop.do.tell(kit.Tr("No compact copy can be made of this model."))
		return
	}
	cop.askForm(offers, path)
}

// askForm asks for the form of the copy that path names.
func (cop *copies) askForm(offers []chat.CopyOffer, path string) {
	list := container.New(&kit.Stack{})
	for _, o := range offers {
		name, about := copyForm(o.Form)
		b := kit.NewButton(name+" · "+kit.Bytes(o.Bytes), cop.do.escape, func() {
			cop.dialogs.Close()
			cop.jobs.MakeCopy(o.Form, path)
		})
		list.Add(container.NewHBox(b))
		list.Add(kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, kit.Muted(about)))
	}
	list.Add(kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading,
		kit.Muted(kit.Tr("{{.File}} in {{.Folder}}", "File", filepath.Base(path), "Folder", filepath.Dir(path)))))
	cop.dialogs.Open(kit.Tr("Keep a compact copy"), list, kit.DialogWidth, kit.Action{Label: kit.Tr("Cancel")},
		kit.Action{Label: kit.Tr("Another folder…"), Do: func() { cop.copyElsewhere(offers, path) }})
}

// copyElsewhere lets the user choose the folder of the copy.
func (cop *copies) copyElsewhere(offers []chat.CopyOffer, path string) {
	open := func(dir string, done func(string, error)) { cop.cfg.choose(true, dir, done) }
	cop.do.chooseIn(kit.Tr("Choosing a folder…"), filepath.Dir(path), open, func(dir string, err error) {
		if err == nil && dir != "" {
			path = filepath.Join(dir, filepath.Base(path))
		}
		cop.askForm(offers, path)
	})
}

// copyForm is the name of a form and what it means.
func copyForm(f chat.CopyForm) (name, about string) {
	switch f {
	case chat.HalfCopy:
		return kit.Tr("Half-precision head"), kit.Tr("Smaller. What that costs is measured before anything is written.")
	case chat.ByteCopy:
		return kit.Tr("8-bit head"), kit.Tr("Smallest. What that costs is measured before anything is written.")
	case chat.PortableCopy:
		return kit.Tr("For llama.cpp"), kit.Tr("The same numbers here. Other programs round differently, by 2 to 5% of the largest logit.")
	}
	return kit.Tr("Same numbers"), kit.Tr("Everything that the model computes stays the same, bit for bit.")
}

// showCopy says what became of a copy, once.
func (cop *copies) showCopy(was *chat.Copy) {
	k := cop.view.Copy
	if k == nil || k == was {
		return
	}
	switch {
	case k.Problem != nil:
		cop.jobs.CancelCopy()
		cop.do.tellProblem(*k.Problem)
	case k.Done:
		cop.jobs.CancelCopy()
		cop.declineCopy() // it has one
		cop.do.tell(kit.Tr("{{.File}} is kept, {{.Size}}.", "File", filepath.Base(k.Path), "Size", kit.Bytes(k.Total)),
			kit.Action{Label: kit.Tr("Open it"), Do: func() { cop.do.quiet(); cop.do.load(k.Path) }})
	case k.Measuring && (was == nil || !was.Measuring):
		cop.dialogs.Open(kit.Tr("Measuring what the smaller head costs"), kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			kit.Muted(kit.Tr("The copy and the model continue the same paragraph."))), kit.DialogWidth, kit.Action{Label: kit.Tr("Cancel"), Do: cop.jobs.CancelCopy})
	case k.Price != nil && (was == nil || was.Price == nil):
		name, _ := copyForm(k.Form)
		cop.dialogs.Open(name, kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading, kit.Muted(priceOf(k.Price))), kit.DialogWidth,
			kit.Action{Label: kit.Tr("Cancel"), Do: cop.jobs.CancelCopy}, kit.Action{Label: kit.Tr("Keep this copy"), Do: cop.jobs.KeepCopy})
	}
}

// priceOf says what was measured.
func priceOf(p *chat.Price) string {
	return kit.Tr("Logits differ by up to {{.Percent}}% of the largest. The most likely token is the same at {{.Same}} of {{.All}} positions. Perplexity {{.Before}} before, {{.After}} after.",
		"Percent", fmt.Sprintf("%.2g", 100*p.Logits), "Same", kit.Count(p.SameArgmax), "All", kit.Count(p.Positions),
		"Before", fmt.Sprintf("%.5g", p.Perplexity[0]), "After", fmt.Sprintf("%.5g", p.Perplexity[1]))
}

// copying is the status line while a copy is written.
func copying(k *chat.Copy) string {
	return kit.Tr("Keeping a compact copy · {{.Bytes}}", "Bytes", kit.BytesPair(k.Written, k.Total))
}

// cancelWork is what Cancel in the status line does.
func (cop *copies) cancelWork() {
	if cop.view.State == chat.Loading {
		cop.models.CancelLoad()
		return
	}
	cop.jobs.CancelCopy()
}
