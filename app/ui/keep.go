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
	"tern/app/ui/kit"
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
func (w *window) advice(a *chat.Advice) *kit.Notice {
	return &kit.Notice{Kind: kit.Limit, Sentence: kit.Translate(a.Sentence), Hint: kit.Translate(a.Hint),
		Actions: []kit.Action{{Label: kit.Tr("Correct it"), Do: func() { w.ctl.Correct(w.settings.Generation) }}},
		Dismiss: w.ctl.DeclineAdvice}
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
		w.info = &kit.Notice{Sentence: kit.Tr("It is read the right way from now on."), Dismiss: w.forget,
			Actions: []kit.Action{{Label: kit.Tr("Undo"), Do: func() { w.info = nil; w.ctl.ReadAsItSays(w.settings.Generation) }}}}
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
func (w *window) notesMessage() *kit.Notice {
	m := &kit.Notice{Sentence: w.notes[0], Dismiss: w.seenNotes}
	if n := len(w.notes) - 1; n > 0 {
		m.Hint = kit.TrN(n, "And one more note about this model.", "And {{.N}} more notes about this model.")
		m.Actions = []kit.Action{{Label: kit.Tr("Show"), Do: func() {
			list := w.notes
			w.seenNotes()
			w.dialogs.Detail(kit.Tr("What happened"), strings.Join(list, "\n"))
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
func (w *window) offerCopy() *kit.Notice {
	m := w.view.Model
	if m == nil || !m.Latent || m.OpenedIn < slowOpening || w.view.State != chat.Ready || w.view.Copy != nil || !w.wantsCopy(m) || !w.transcript.Empty() {
		return nil
	}
	if w.offered != m.Path {
		w.offered, w.offeredIn = m.Path, w.view.ID
	}
	if w.offeredIn != w.view.ID {
		return nil
	}
	return &kit.Notice{Sentence: kit.Tr("A compact copy of this model would open in a moment."),
		Hint:    kit.Tr("Its weights are made ternary at every opening."),
		Actions: []kit.Action{{Label: kit.Tr("Keep a compact copy…"), Do: w.keepCopy}},
		Dismiss: w.declineCopy}
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
		w.tell(kit.Tr("No compact copy can be made of this model."))
		return
	}
	w.askForm(offers, path)
}

// askForm asks for the form of the copy that path names.
func (w *window) askForm(offers []chat.CopyOffer, path string) {
	list := container.New(&kit.Stack{})
	for _, o := range offers {
		name, about := copyForm(o.Form)
		b := kit.NewButton(name+" · "+kit.Bytes(o.Bytes), w.escape, func() {
			w.dialogs.Close()
			w.ctl.MakeCopy(o.Form, path)
		})
		list.Add(container.NewHBox(b))
		list.Add(kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, kit.Muted(about)))
	}
	list.Add(kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading,
		kit.Muted(kit.Tr("{{.File}} in {{.Folder}}", "File", filepath.Base(path), "Folder", filepath.Dir(path)))))
	w.dialogs.Open(kit.Tr("Keep a compact copy"), list, kit.DialogWidth, kit.Action{Label: kit.Tr("Cancel")},
		kit.Action{Label: kit.Tr("Another folder…"), Do: func() { w.copyElsewhere(offers, path) }})
}

// copyElsewhere lets the user choose the folder of the copy.
func (w *window) copyElsewhere(offers []chat.CopyOffer, path string) {
	if w.choosing {
		return
	}
	w.choosing = true
	w.dialogs.Open(kit.Tr("Choosing a folder…"), kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
		kit.Muted(kit.Tr("The file window is open. It may be behind this one."))), 320)
	w.cfg.choose(true, filepath.Dir(path), func(dir string, err error) {
		w.choosing = false
		w.dialogs.Close()
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
		return kit.Tr("Half-precision head"), kit.Tr("Smaller. What that costs is measured before anything is written.")
	case chat.ByteCopy:
		return kit.Tr("8-bit head"), kit.Tr("Smallest. What that costs is measured before anything is written.")
	case chat.PortableCopy:
		return kit.Tr("For llama.cpp"), kit.Tr("The same numbers here. Other programs round differently, by 2 to 5% of the largest logit.")
	}
	return kit.Tr("Same numbers"), kit.Tr("Everything that the model computes stays the same, bit for bit.")
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
		w.tell(kit.Tr("{{.File}} is kept, {{.Size}}.", "File", filepath.Base(k.Path), "Size", kit.Bytes(k.Total)),
			kit.Action{Label: kit.Tr("Open it"), Do: func() { w.info = nil; w.load(k.Path) }})
	case k.Measuring && (was == nil || !was.Measuring):
		w.dialogs.Open(kit.Tr("Measuring what the smaller head costs"), kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			kit.Muted(kit.Tr("The copy and the model continue the same paragraph."))), kit.DialogWidth, kit.Action{Label: kit.Tr("Cancel"), Do: w.ctl.CancelCopy})
	case k.Price != nil && (was == nil || was.Price == nil):
		name, _ := copyForm(k.Form)
		w.dialogs.Open(name, kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading, kit.Muted(priceOf(k.Price))), kit.DialogWidth,
			kit.Action{Label: kit.Tr("Cancel"), Do: w.ctl.CancelCopy}, kit.Action{Label: kit.Tr("Keep this copy"), Do: w.ctl.KeepCopy})
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
func (w *window) cancelWork() {
	if w.view.State == chat.Loading {
		w.ctl.CancelLoad()
		return
	}
	w.ctl.CancelCopy()
}
