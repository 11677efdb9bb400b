package ui

import (
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"

	"tern/app/ui/kit"
	"tern/app/ui/models"
)

// opener opens models, the one of the last time among them.
type opener struct {
	*session
	do openerActions

	models Models

	connect    *connect
	dialogs    *kit.Dialogs
	modelsPage *screen
	shelf      *models.Shelf
	win        fyne.Window

	asked      int      // counts the models that were asked for
	first      string   // the model that is being opened because Tern was closed with it
	instead    *instead // nil: that is open, or the user saw why not
	loadFailed bool     // the problem in the view comes from that
	opening    bool     // a model was asked for, and nothing was written since
}

// openerActions are what opener needs of the other parts.
type openerActions struct {
	choose      func(folder bool)
	closeScreen func()
	focusPrompt func()
	openScreen  func(s *screen)
	update      func() time.Duration
}

func (o *opener) unload() {
	if o.view.Model != nil {
		o.setLast("")
		o.models.Unload()
	}
}

// load opens a model, after asking if that stops an answer, and if the model
// does not fit.
func (o *opener) load(path string) {
	o.loadBy(path, func(open func()) { o.loadFitting(path, open) })
}

// LoadAnyway is load for a model that was said not to fit.
func (o *opener) loadAnyway(path string) { o.loadBy(path, func(open func()) { open() }) }

func (o *opener) loadBy(path string, check func(open func())) {
	open := func() {
		check(func() {
			o.do.closeScreen()
			o.opening, o.first, o.instead = true, "", nil
			o.models.Load(path, o.settings.Generation)
			o.do.focusPrompt()
		})
	}
	if o.writing() || len(o.view.Answers) > 0 {
		o.dialogs.Ask(kit.Tr("Opening another model stops this answer. What is written is kept."), kit.Tr("Keep writing"), kit.Action{Label: kit.Tr("Stop and open"), Do: open})
		return
	}
	open()
}

// arrive comes to the front, and opens what another start of the program was
// asked to open.
func (o *opener) arrive(path string) {
	o.win.Show() // takes it out of the task bar
	o.win.RequestFocus()
	if path != "" {
		o.load(path)
	}
}

// dropped opens the first file or folder that was dropped on the window.
func (o *opener) dropped(files []fyne.URI) {
	if len(files) > 0 {
		o.load(filepath.Clean(files[0].Path()))
	}
}
