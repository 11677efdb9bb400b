package ui

import (
	"runtime"
	"slices"

	"fyne.io/fyne/v2"

	"tern/app/ui/kit"
	"tern/app/ui/models"
)

// newModelsPage makes the page of models.
func (w *window) newModelsPage() {
	w.models = models.New(w.win.Canvas(), w.shelf, models.Actions{
		State: func() models.State {
			return models.State{View: w.view, Room: roomOf(w.settings, w.generation), Threads: w.generation.Threads, Recent: w.settings.Recent,
				Site: w.settings.Site, Notice: w.notices.notice(), Open: w.arrangement.shows(w.modelsPage), Now: w.cfg.Now()}
		},
		Folders:        w.chooser.modelFolders,
		DownloadFolder: w.chooser.downloadFolder,
		Downloading: func(folder string) {
			if len(w.settings.Models) == 0 { // so that it is found there
				w.settings.Models = []string{folder}
				w.preferences.applySettings()
				w.cfg.Save(w.settings)
			}
			w.update()
		},
		AddFolder:    w.chooser.addFolder,
		ForgetFolder: w.chooser.forgetFolder,
		Forget: func(path string) (undo func()) {
			before := slices.Clone(w.settings.Recent)
			w.settings.Forget(path)
			w.chooser.recentChanged()
			return func() {
				w.settings.Recent = before
				w.chooser.recentChanged()
				w.notices.forget()
			}
		},
		Load:       w.opener.load,
		LoadAnyway: w.opener.loadAnyway,
		OpenPage:   w.cfg.Updates.Open,
		Calm: func() bool {
			return !w.writing() && len(w.view.Answers) == 0 && w.transcript.Empty() && w.dialogs.Shown == nil &&
				(w.arrangement.screen == nil || w.arrangement.screen == w.modelsPage)
		},
		Settings: func() { w.arrangement.openScreen(w.prefs.page) },
		Tell:     w.notices.tell,
		Ask:      w.dialogs.Ask,
		Redraw:   func() { w.update() },
		Escape:   w.escape,
	})
	w.modelsPage = &screen{title: kit.Tr("Models"), key: fyne.KeyM, content: w.models.Content,
		first: w.models.Add, open: w.models.Open, show: w.models.Show, restyle: w.models.Relayout}
	if runtime.GOOS == "darwin" {
		w.modelsPage.mod = fyne.KeyModifierShift // Cmd+M is the system's
	}
}
