package ui

import (
	"tern/app/chat"
	"tern/app/library"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// loadFitting opens the model at path, after asking if it does not fit into the
// free memory. What is wrong with it is for the controller to say.
func (o *opener) loadFitting(path string, open func()) {
	o.asked++ // whatever was being looked at, this is what is wanted now
	if !library.Local(path) {
		open()
		return
	}
	asked, room := o.asked, roomOf(o.settings, o.generation)
	name, fit := "", library.Fit{}
	o.shelf.Aside(func() {
		if facts, err := o.shelf.Library.Peek(path); err == nil {
			free, known := o.shelf.Memory()
			name, fit = facts.Name, library.Judge(library.Need(facts, room), free, known)
		}
	}, func() {
		if asked != o.asked {
			return
		}
		if fit.Verdict != library.DoesNotFit {
			open()
			return
		}
		if m := o.view.Model; m != nil && o.view.State == chat.Ready && fit.Need <= fit.Free+m.MemoryBytes {
			o.models.Unload() // both do not fit; the new one alone does
			open()
			return
		}
		o.dialogs.AskOr(kit.Tr("{{.Name}} needs {{.Need}}; {{.Free}} are free. The computer may slow down.",
			"Name", name, "Need", kit.Bytes(fit.Need), "Free", kit.Bytes(fit.Free)),
			kit.Action{Label: kit.Tr("Choose another"), Do: func() { o.do.openScreen(o.modelsPage) }}, kit.Action{Label: kit.Tr("Open anyway"), Do: open})
	})
}

// roomOf is what a conversation of a generation may take.
func roomOf(s settings.Settings, g settings.Generation) library.Room {
	s.Generation = g
	return library.RoomOf(&s)
}

// noteRate remembers how fast a model wrote, once an answer of some length is
// done.
func (cop *copies) noteRate(was, v chat.View) {
	const enough = 16 // tokens; the speed of fewer says little
	ended := was.ID == v.ID && (was.State == chat.Generating || was.State == chat.Stopping) && v.State == chat.Ready
	if ended && v.Model != nil && v.Figures.Rate > 0 && v.Figures.ContextUsed >= enough {
		rate := v.Figures.Rate
		for _, r := range cop.settings.Recent {
			if r.Path == v.Model.Path { // a slow minute says that something else was going on
				rate = max(rate, 0.9*r.Rate+0.1*rate)
			}
		}
		cop.settings.SetRate(v.Model.Path, rate)
		cop.cfg.Save(cop.settings)
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
