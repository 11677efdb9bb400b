package ui

import (
	"context"

	"tern/app/chat"
	"tern/app/hub"
	"tern/app/library"
	"tern/app/ui/kit"
)

// shelf is what the window uses of the models on this computer and of
// downloads. Its zero value has none of either.
type shelf struct {
	library   *library.Library
	downloads downloads
	tools     []library.Tool // other programs, whose models are listed
	memory    func() (free int64, known bool)
	reveal    func(path string) error // shows a model in the file manager
	home      func() (string, error)  // where downloads go until the user says
	ctx       context.Context         // ends when the window does
	// measures says that the page of models measures this computer, once.
	measures bool
	// aside runs work on a goroutine of its own and then done on the window's.
	aside func(work, done func())
}

// downloads is what the window needs of *library.Downloads.
type downloads interface {
	Ask(id, models string) error
	Start(id, models string) error
	Pause(id string)
	Remove(id string) error
	Adopt(unfinished []library.Unfinished)
	View() []library.Download
	Busy() bool
}

var _ downloads = (*library.Downloads)(nil)

// noDownloads is a downloads that has none.
type noDownloads struct{}

func (noDownloads) Ask(string, string) error   { return hub.ErrNetwork }
func (noDownloads) Start(string, string) error { return hub.ErrNetwork }
func (noDownloads) Pause(string)               {}
func (noDownloads) Remove(string) error        { return nil }
func (noDownloads) Adopt([]library.Unfinished) {}
func (noDownloads) View() []library.Download   { return nil }
func (noDownloads) Busy() bool                 { return false }

// whole fills what is not set.
func (s shelf) whole() shelf {
	if s.library == nil {
		s.library = library.New()
	}
	if s.downloads == nil {
		s.downloads = noDownloads{}
	}
	if s.memory == nil {
		s.memory = func() (int64, bool) { return 0, false }
	}
	if s.reveal == nil {
		s.reveal = func(string) error { return nil }
	}
	if s.home == nil {
		s.home = library.DefaultFolder
	}
	if s.ctx == nil {
		s.ctx = context.Background()
	}
	if s.aside == nil {
		s.aside = func(work, done func()) { work(); done() }
	}
	return s
}

// loadFitting opens the model at path, after asking if it does not fit into the
// free memory. What is wrong with it is for the controller to say.
func (w *window) loadFitting(path string, open func()) {
	w.asked++ // whatever was being looked at, this is what is wanted now
	if !library.Local(path) {
		open()
		return
	}
	asked, g := w.asked, w.generation
	name, fit := "", library.Fit{}
	w.shelf.aside(func() {
		if facts, err := w.shelf.library.Peek(path); err == nil {
			free, known := w.shelf.memory()
			name, fit = facts.Name, library.Judge(library.Need(facts, g.Context), free, known)
		}
	}, func() {
		if asked != w.asked {
			return
		}
		if fit.Verdict != library.DoesNotFit {
			open()
			return
		}
		if m := w.view.Model; m != nil && w.view.State == chat.Ready && fit.Need <= fit.Free+m.MemoryBytes {
			w.ctl.Unload() // both do not fit; the new one alone does
			open()
			return
		}
		w.dialogs.AskOr(kit.Tr("{{.Name}} needs {{.Need}}; {{.Free}} are free. The computer may slow down.",
			"Name", name, "Need", kit.Bytes(fit.Need), "Free", kit.Bytes(fit.Free)),
			kit.Action{Label: kit.Tr("Choose another"), Do: func() { w.openScreen(w.models.page) }}, kit.Action{Label: kit.Tr("Open anyway"), Do: open})
	})
}

// verdict says how a need fits, with a mark so that colour is not all that
// tells.
func verdict(f library.Fit) []kit.Span {
	switch f.Verdict {
	case library.Fits:
		return []kit.Span{{Text: "✓ " + kit.Tr("Fits"), Colour: colorFits}}
	case library.Tight:
		return []kit.Span{{Text: "! " + kit.Tr("Tight: needs {{.Need}}, {{.Free}} free", "Need", kit.Bytes(f.Need), "Free", kit.Bytes(f.Free)), Colour: colorTight}}
	case library.DoesNotFit:
		return []kit.Span{{Text: "× " + kit.Tr("Does not fit: needs {{.Need}}, {{.Free}} free", "Need", kit.Bytes(f.Need), "Free", kit.Bytes(f.Free)), Colour: colorTooBig}}
	}
	return nil
}

// noteRate remembers how fast a model wrote, once an answer of some length is
// done.
func (w *window) noteRate(was, v chat.View) {
	const enough = 16 // tokens; the speed of fewer says little
	ended := was.ID == v.ID && (was.State == chat.Generating || was.State == chat.Stopping) && v.State == chat.Ready
	if ended && v.Model != nil && v.Figures.Rate > 0 && v.Figures.ContextUsed >= enough {
		rate := v.Figures.Rate
		for _, r := range w.settings.Recent {
			if r.Path == v.Model.Path { // a slow minute says that something else was going on
				rate = max(rate, 0.9*r.Rate+0.1*rate)
			}
		}
		w.settings.SetRate(v.Model.Path, rate)
		w.cfg.save(w.settings)
	}
}

// runningDownload is the one that is running, nil for none.
func runningDownload(list []library.Download) *library.Download {
	for i := range list {
		if list[i].State == library.Running {
			return &list[i]
		}
	}
	return nil
}

// downloading is the status line while a model comes and nothing else happens.
func downloading(d *library.Download) string {
	switch {
	case d.Problem != nil:
		return kit.Tr("Downloading {{.Name}} · {{.Problem}}", "Name", d.Name, "Problem", d.Problem.Sentence)
	case d.Progress.Left > 0:
		return kit.Tr("Downloading {{.Name}} · {{.Percent}}% · {{.Left}} left", "Name", d.Name, "Percent", d.Percent(), "Left", kit.Remaining(d.Progress.Left))
	}
	return kit.Tr("Downloading {{.Name}} · {{.Percent}}%", "Name", d.Name, "Percent", d.Percent())
}
