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
func (o *opener) openFirst(path string) {
	if path != "" {
		o.load(path)
		return
	}
	last := o.settings.LastModel()
	switch name := o.nameOf(last); {
	case last == "":
		o.load("")
	case o.settings.Opening == last:
		o.openInstead(instead{path: last, anyway: true,
			sentence: kit.Tr("Tern ended while it opened {{.Model}}.", "Model", name)})
	default:
		o.checkFirst(last)
	}
}

// checkFirst opens a model of the last time if it fits.
func (o *opener) checkFirst(path string) {
	o.asked++
	asked, room := o.asked, roomOf(o.settings, o.generation)
	fit := library.Fit{}
	o.shelf.Aside(func() {
		if library.Local(path) {
			if facts, err := o.shelf.Library.Peek(path); err == nil {
				free, known := o.shelf.Memory()
				fit = library.Judge(library.Need(facts, room), free, known)
			}
		}
	}, func() {
		if asked != o.asked {
			return // the user chose another one
		}
		if fit.Verdict == library.DoesNotFit {
			o.openInstead(instead{path: path, anyway: true,
				sentence: kit.Tr("{{.Name}} needs {{.Need}}; {{.Free}} are free.", "Name", o.nameOf(path), "Need", kit.Bytes(fit.Need), "Free", kit.Bytes(fit.Free))})
			return
		}
		o.first = path
		o.settings.Opening = path
		o.cfg.Save(o.settings)
		o.opening = true
		o.models.Load(path, o.settings.Generation)
	})
}

// openInstead opens the built-in model.
func (o *opener) openInstead(why instead) {
	o.instead = &why
	o.first = ""
	o.models.Load("", o.settings.Generation)
}

// followFirst sees to what becomes of the model that was opened first.
func (o *opener) followFirst(was, v chat.View) {
	if o.first == "" || v.State == chat.Loading {
		return
	}
	switch path := o.first; {
	case v.Model != nil:
		o.first = ""
	case v.Problem != nil:
		p := v.Problem
		o.loadFailed = false
		o.openInstead(instead{path: path, sentence: kit.Translate(p.Sentence), hint: kit.Translate(p.Hint), detail: p.Detail})
	case was.State == chat.Loading: // given up
		o.first = ""
	default:
		return
	}
	o.settings.Opening = ""
	o.cfg.Save(o.settings)
}

// openedInstead reports whether the model that is open stands in for another one.
func (o *opener) openedInstead() bool { return o.instead != nil }

// wrote says that the open model is used: what fails from now on is not its opening.
func (o *opener) wrote() { o.opening = false }

// failed reports whether the problem in the view comes from opening a model.
func (o *opener) failed() bool { return o.loadFailed }

// noteProblem tells the problem of an opening from others.
func (o *opener) noteProblem(was, v chat.View) {
	if v.Problem != was.Problem {
		o.loadFailed = v.Problem != nil && o.opening
	}
}

// insteadMessage is the strip that says why.
func (o *opener) insteadMessage() *kit.Notice {
	i, m := o.instead, o.view.Model
	if i == nil || m == nil {
		return nil
	}
	hint := kit.Tr("{{.Model}} is open instead.", "Model", m.Name)
	if i.hint != "" {
		hint = i.hint + " " + hint
	}
	s := &kit.Notice{Kind: kit.Failure, Sentence: i.sentence, Hint: hint, Dismiss: func() {
		o.instead = nil
		o.setLast(m.Path)
		o.do.update()
	}}
	if i.anyway {
		s.Actions = append(s.Actions, kit.Action{Label: kit.Tr("Open anyway"), Do: func() { o.loadAnyway(i.path) }})
	} else {
		s.Actions = append(s.Actions, kit.Action{Label: kit.Tr("Try again"), Do: func() { o.load(i.path) }})
	}
	s.Actions = append(s.Actions, kit.Action{Label: kit.Tr("Open another…"), Do: func() { o.do.choose(false) }})
	return s
}

// setLast remembers the model to open at the next start.
func (o *opener) setLast(path string) {
	o.settings.Model = &path
	o.cfg.Save(o.settings)
}

// nameOf is what a model was called when it was opened.
func (ses *session) nameOf(path string) string {
	if r := ses.recent(path); r != nil {
		return r.Name
	}
	return chat.NameOf(path)
}
