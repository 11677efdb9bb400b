package ui

import (
	"tern/app/chat"
	"tern/app/library"
	"tern/app/ui/kit"
)

// instead is why the built-in model is open rather than the one that Tern was
// closed with.
type instead struct {
	path           string
	sentence, hint string
	detail         string
	anyway         bool // opening it can be tried all the same
}

// openFirst opens the model that the program was started with, or the one it was
// closed with: where that cannot be, the built-in one, and says why.
func (w *window) openFirst(path string) {
	if path != "" {
		w.load(path)
		return
	}
	last := w.settings.LastModel()
	switch name := w.nameOf(last); {
	case last == "":
		w.load("")
	case w.settings.Opening == last:
		w.openInstead(instead{path: last, anyway: true,
			sentence: kit.Tr("Tern ended while it opened {{.Model}}.", "Model", name)})
	default:
		w.checkFirst(last)
	}
}

// checkFirst opens a model of the last time if it fits.
func (w *window) checkFirst(path string) {
	w.asked++
	asked, g := w.asked, w.generation
	fit := library.Fit{}
	w.shelf.Aside(func() {
		if library.Local(path) {
			if facts, err := w.shelf.Library.Peek(path); err == nil {
				free, known := w.shelf.Memory()
				fit = library.Judge(library.Need(facts, g.Context), free, known)
			}
		}
	}, func() {
		if asked != w.asked {
			return // the user chose another one
		}
		if fit.Verdict == library.DoesNotFit {
			w.openInstead(instead{path: path, anyway: true,
				sentence: kit.Tr("{{.Name}} needs {{.Need}}; {{.Free}} are free.", "Name", w.nameOf(path), "Need", kit.Bytes(fit.Need), "Free", kit.Bytes(fit.Free))})
			return
		}
		w.first = path
		w.settings.Opening = path
		w.cfg.save(w.settings)
		w.opening = true
		w.ctl.Load(path, w.settings.Generation)
	})
}

// openInstead opens the built-in model.
func (w *window) openInstead(why instead) {
	w.instead = &why
	w.first = ""
	w.ctl.Load("", w.settings.Generation)
}

// followFirst sees to what becomes of the model that was opened first.
func (w *window) followFirst(was, v chat.View) {
	if w.first == "" || v.State == chat.Loading {
		return
	}
	switch path := w.first; {
	case v.Model != nil:
		w.first = ""
	case v.Problem != nil:
		p := v.Problem
		w.loadFailed = false
		w.openInstead(instead{path: path, sentence: kit.Translate(p.Sentence), hint: kit.Translate(p.Hint), detail: p.Detail})
	case was.State == chat.Loading: // given up
		w.first = ""
	default:
		return
	}
	w.settings.Opening = ""
	w.cfg.save(w.settings)
}

// insteadMessage is the strip that says why.
func (w *window) insteadMessage() *kit.Notice {
	i, m := w.instead, w.view.Model
	if i == nil || m == nil {
		return nil
	}
	hint := kit.Tr("{{.Model}} is open instead.", "Model", m.Name)
	if i.hint != "" {
		hint = i.hint + " " + hint
	}
	s := &kit.Notice{Kind: kit.Failure, Sentence: i.sentence, Hint: hint, Dismiss: func() {
		w.instead = nil
		w.setLast(m.Path)
		w.update()
	}}
	if i.anyway {
		s.Actions = append(s.Actions, kit.Action{Label: kit.Tr("Open anyway"), Do: func() { w.loadAnyway(i.path) }})
	} else {
		s.Actions = append(s.Actions, kit.Action{Label: kit.Tr("Try again"), Do: func() { w.load(i.path) }})
	}
	s.Actions = append(s.Actions, kit.Action{Label: kit.Tr("Open another…"), Do: func() { w.choose(false) }})
	return s
}

// setLast remembers the model to open at the next start.
func (w *window) setLast(path string) {
	w.settings.Model = &path
	w.cfg.save(w.settings)
}

// nameOf is what a model was called when it was opened.
func (w *window) nameOf(path string) string {
	if r := w.recent(path); r != nil {
		return r.Name
	}
	return chat.NameOf(path)
}
