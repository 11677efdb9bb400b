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
	"tern/app/settings"
)

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

// advice is the strip of a file that seems to need to be read another way.
func (w *window) advice(a *chat.Advice) *message {
	return &message{kind: messageLimit, sentence: say(a.Sentence), hint: say(a.Hint),
		actions: []action{{tr("Correct it"), func() { w.ctl.Correct(w.settings.Generation) }}},
		dismiss: w.ctl.DeclineAdvice}
}

// noteModel remembers a model that was opened.
func (w *window) noteModel(was, v chat.View) {
	if v.Model == nil || was.Model == v.Model || was.Model != nil && was.Model.Path == v.Model.Path &&
		was.Model.Name == v.Model.Name && was.Model.Reading == v.Model.Reading {
		return
	}
	w.noteReading(was.Model, v.Model)
	if w.instead == nil {
		path := v.Model.Path
		w.settings.Model = &path
	}
	w.settings.AddRecent(settings.Recent{Path: v.Model.Path, Name: v.Model.Name, Used: w.cfg.now(), Reading: v.Model.Reading, NoCopy: !w.wantsCopy(v.Model), Noted: w.noteNotes(v.Model)})
	w.menu.setRecent(w.settings.Recent, w.load)
	w.recommend()
	w.options.show(w.generation)
	w.applySettings()
	w.cfg.save(w.settings)
}

// noteReading says that a model is read another way from now on.
func (w *window) noteReading(was, now *chat.ModelInfo) {
	if was != nil && was.Path == now.Path && now.Reading != "" && now.Reading != chat.AsItSays && now.Reading != was.Reading {
		w.info = &message{sentence: tr("It is read the right way from now on."), dismiss: w.forget,
			actions: []action{{tr("Undo"), func() { w.info = nil; w.ctl.ReadAsItSays(w.settings.Generation) }}}}
		w.infoUntil = w.cfg.now().Add(infoFor)
	}
}

// noteNotes shows what was passed over or assumed when m was opened, if it was not
// shown before; it tells if it was.
func (w *window) noteNotes(m *chat.ModelInfo) (noted bool) {
	w.notes = nil
	if r := w.recent(m.Path); len(m.Notes) > 0 && (r == nil || !r.Noted) {
		w.notes = m.Notes
	}
	return len(m.Notes) > 0 && w.notes == nil
}

// notesMessage is the strip of what was passed over or assumed.
func (w *window) notesMessage() *message {
	m := &message{sentence: w.notes[0], dismiss: w.seenNotes}
	if n := len(w.notes) - 1; n > 0 {
		m.hint = trn(n, "And one more note about this model.", "And {{.N}} more notes about this model.")
		m.actions = []action{{tr("Show"), func() {
			list := w.notes
			w.seenNotes()
			w.detail(strings.Join(list, "\n"))
		}}}
	}
	return m
}

// seenNotes keeps that the notes of the open model were shown.
func (w *window) seenNotes() {
	w.notes = nil
	if m := w.view.Model; m != nil {
		w.settings.Recent = slices.Clone(w.settings.Recent)
		if r := w.recent(m.Path); r != nil {
			r.Noted = true
		}
		w.cfg.save(w.settings)
	}
	w.update()
}

// recent is what is remembered of a model, nil if it was not opened before.
func (w *window) recent(path string) *settings.Recent {
	for i := range w.settings.Recent {
		if r := &w.settings.Recent[i]; r.Path == path {
			return r
		}
	}
	return nil
}

// wantsCopy tells if a compact copy of a model is offered.
func (w *window) wantsCopy(m *chat.ModelInfo) bool {
	r := w.recent(m.Path)
	return r == nil || !r.NoCopy
}

// slowOpening is how long an opening takes at least that is worth a compact copy.
const slowOpening = 3 * time.Second

// offerCopy is the strip of a model whose weights are floats in its file, and which
// took long to open. It is offered in the conversation that was shown then, and in no
// other one.
func (w *window) offerCopy() *message {
	m := w.view.Model
	if m == nil || !m.Latent || m.OpenedIn < slowOpening || w.view.State != chat.Ready || w.view.Copy != nil || !w.wantsCopy(m) || !w.transcript.empty() {
		return nil
	}
	if w.offered != m.Path {
		w.offered, w.offeredIn = m.Path, w.view.ID
	}
	if w.offeredIn != w.view.ID {
		return nil
	}
	return &message{sentence: tr("A compact copy of this model would open in a moment."),
		hint:    tr("Its weights are made ternary at every opening."),
		actions: []action{{tr("Keep a compact copy…"), w.keepCopy}},
		dismiss: w.declineCopy}
}

func (w *window) declineCopy() {
	w.settings.Recent = slices.Clone(w.settings.Recent) // the old one may be being saved
	if m := w.view.Model; m != nil && w.recent(m.Path) != nil {
		w.recent(m.Path).NoCopy = true
		w.cfg.save(w.settings)
	}
	w.update()
}

// keepCopy lets the user choose the form of a compact copy.
func (w *window) keepCopy() {
	if w.view.Model == nil || w.view.Copy != nil && w.view.Copy.Total > 0 && !w.view.Copy.Done {
		return
	}
	offers, path := w.ctl.CopyOffers()
	if len(offers) == 0 {
		w.tell(tr("No compact copy can be made of this model."))
		return
	}
	w.askForm(offers, path)
}

// askForm asks for the form of the copy that path names.
func (w *window) askForm(offers []chat.CopyOffer, path string) {
	list := container.New(&stack{})
	for _, o := range offers {
		name, about := copyForm(o.Form)
		b := newButton(name+" · "+bytesOf(o.Bytes), w.escape, func() {
			w.closeDialog()
			w.ctl.MakeCopy(o.Form, path)
		})
		list.Add(container.NewHBox(b))
		list.Add(newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, muted(about)))
	}
	list.Add(newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading,
		muted(tr("{{.File}} in {{.Folder}}", "File", filepath.Base(path), "Folder", filepath.Dir(path)))))
	w.openDialog(tr("Keep a compact copy"), list, dialogWidth, action{label: tr("Cancel")},
		action{tr("Another folder…"), func() { w.copyElsewhere(offers, path) }})
}

// copyElsewhere lets the user choose the folder of the copy.
func (w *window) copyElsewhere(offers []chat.CopyOffer, path string) {
	if w.choosing {
		return
	}
	w.choosing = true
	w.openDialog(tr("Choosing a folder…"), newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
		muted(tr("The file window is open. It may be behind this one."))), 320)
	w.cfg.choose(true, filepath.Dir(path), func(dir string, err error) {
		w.choosing = false
		w.closeDialog()
		if err == nil && dir != "" {
			path = filepath.Join(dir, filepath.Base(path))
		}
		w.askForm(offers, path)
	})
}

// copyForm is the name of a form and what it means.
func copyForm(f chat.CopyForm) (name, about string) {
	switch f {
	case chat.HalfCopy:
		return tr("Half-precision head"), tr("Smaller. What that costs is measured before anything is written.")
	case chat.ByteCopy:
		return tr("8-bit head"), tr("Smallest. What that costs is measured before anything is written.")
	case chat.PortableCopy:
		return tr("For llama.cpp"), tr("The same numbers here. Other programs round differently, by 2 to 5% of the largest logit.")
	}
	return tr("Same numbers"), tr("Everything that the model computes stays the same, bit for bit.")
}

// showCopy says what became of a copy, once.
func (w *window) showCopy(was *chat.Copy) {
	k := w.view.Copy
	if k == nil || k == was {
		return
	}
	switch {
	case k.Problem != nil:
		w.ctl.CancelCopy()
		w.tellProblem(*k.Problem)
	case k.Done:
		w.ctl.CancelCopy()
		w.declineCopy() // it has one
		w.tell(tr("{{.File}} is kept, {{.Size}}.", "File", filepath.Base(k.Path), "Size", bytesOf(k.Total)),
			action{tr("Open it"), func() { w.info = nil; w.load(k.Path) }})
	case k.Measuring && (was == nil || !was.Measuring):
		w.openDialog(tr("Measuring what the smaller head costs"), newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			muted(tr("The copy and the model continue the same paragraph."))), dialogWidth, action{tr("Cancel"), w.ctl.CancelCopy})
	case k.Price != nil && (was == nil || was.Price == nil):
		name, _ := copyForm(k.Form)
		w.openDialog(name, newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading, muted(priceOf(k.Price))), dialogWidth,
			action{tr("Cancel"), w.ctl.CancelCopy}, action{tr("Keep this copy"), w.ctl.KeepCopy})
	}
}

// priceOf says what was measured.
func priceOf(p *chat.Price) string {
	return tr("Logits differ by up to {{.Percent}}% of the largest. The most likely token is the same at {{.Same}} of {{.All}} positions. Perplexity {{.Before}} before, {{.After}} after.",
		"Percent", fmt.Sprintf("%.2g", 100*p.Logits), "Same", count(p.SameArgmax), "All", count(p.Positions),
		"Before", fmt.Sprintf("%.5g", p.Perplexity[0]), "After", fmt.Sprintf("%.5g", p.Perplexity[1]))
}

// copying is the status line while a copy is written.
func copying(k *chat.Copy) string {
	return tr("Keeping a compact copy · {{.Bytes}}", "Bytes", bytesPair(k.Written, k.Total))
}

// cancelWork is what Cancel in the status line does.
func (w *window) cancelWork() {
	if w.view.State == chat.Loading {
		w.ctl.CancelLoad()
		return
	}
	w.ctl.CancelCopy()
}
