package ui

import (
	"errors"
	"path"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tern/app/explain"
	"tern/app/hub"
	"tern/app/library"
)

// addDownloads makes the rows of what is coming, then of what is to be had.
func (m *models) addDownloads() {
	clear(m.coming)
	list := m.w.shelf.downloads.View()
	for _, d := range list {
		row := m.downloadRow(d)
		m.coming[d.ID] = row
		m.addRow(row)
	}
	for i := range library.Publics {
		p := &library.Publics[i]
		listed := slices.ContainsFunc(list, func(d library.Download) bool { return d.ID == p.ID })
		if !listed && !m.here(p.ID) {
			m.addRow(m.publicRow(p))
		}
	}
}

// publicRow is a checkpoint that can be downloaded, with what is known of it
// before anybody is asked.
func (m *models) publicRow(p *library.Public) *modelRow {
	row := newModelRow(path.Base(p.ID), newButton(tr("Download"), m.w.escape, func() { m.w.startDownload(p.ID) }))
	kind := tr("base")
	if p.Chat {
		kind = tr("chat")
	}
	pieces := [][]span{{muted(path.Dir(p.ID))}, {muted(kind)}}
	var fit library.Fit
	if f := p.Facts(); f != nil {
		fit = library.Judge(library.Need(f, m.w.generation.Context), m.free, m.known)
		pieces = append(pieces, []span{muted(params(f.Params))})
	}
	pieces = append(pieces, []span{muted(tr("about {{.Size}}", "Size", bytesOf(p.Bytes)))},
		[]span{muted(tr("licence {{.Licence}}", "Licence", p.Licence))})
	if fit.Need > 0 && fit.Verdict != library.Tight && fit.Verdict != library.DoesNotFit {
		pieces = append(pieces, []span{muted(tr("needs {{.Need}} in memory", "Need", bytesOf(fit.Need)))})
	}
	expected := m.speedOf(0, m.w.shelf.library.Expect(p.Facts()))
	row.set(-1, dotted(append(pieces, verdict(fit), []span{muted(expected)})...)...)
	return row
}

// downloadRow is a download with what can be done in its state.
func (m *models) downloadRow(d library.Download) *modelRow {
	w := m.w
	button := func(label string, do func()) *button { return newButton(label, w.escape, do) }
	start := func() { w.startDownload(d.ID) }
	var buttons []fyne.CanvasObject
	switch d.State {
	case library.Offered:
		buttons = append(buttons, highlight(button(tr("Download"), start)))
	case library.Running, library.Queued:
		buttons = append(buttons, button(tr("Pause"), func() { w.shelf.downloads.Pause(d.ID) }))
	case library.Paused:
		buttons = append(buttons, button(tr("Resume"), start))
	case library.Failed:
		if errors.Is(d.Err, hub.ErrGated) || errors.Is(d.Err, hub.ErrNoToken) || errors.Is(d.Err, hub.ErrInsecure) || errors.Is(d.Err, hub.ErrAddress) {
			buttons = append(buttons, button(tr("Settings"), func() { w.openScreen(w.prefs.page) }))
		}
		label := tr("Retry")
		if errors.Is(d.Err, hub.ErrChecksum) {
			label = tr("Download again")
		}
		buttons = append(buttons, button(label, start))
	case library.Finished:
		buttons = append(buttons, highlight(button(tr("Open"), func() { w.load(d.Path) })))
	}
	buttons = append(buttons, newIconButton(tr("Remove {{.Name}} from the list", "Name", d.Name), theme.CancelIcon(), w.escape, func() { m.remove(d.ID) }))
	row := newModelRow(d.Name, buttons...)
	share, line := m.progress(d)
	row.set(share, line...)
	return row
}

// progress is the bar and the line of a download.
func (m *models) progress(d library.Download) (share float32, line []span) {
	p := d.Progress
	share = -1
	switch {
	case p.Total == 0, d.State == library.Finished, d.State == library.Offered:
	case d.State == library.Failed && d.Percent() == 0: // an empty bar looks full there
	default:
		share = float32(float64(p.Done) / float64(p.Total))
	}
	owner := []span{muted(path.Dir(d.ID))}
	licence := []span{}
	if d.Licence != "" {
		licence = []span{muted(tr("licence {{.Licence}}", "Licence", licenceName(d.Licence)))}
	}
	switch d.State {
	case library.Asking:
		line = dotted(owner, []span{muted(tr("Asking the site…"))})
	case library.Offered:
		line = dotted(owner, []span{muted(bytesOf(p.Total))}, licence)
	case library.Queued:
		line = dotted(owner, []span{muted(tr("Waits for another download"))})
	case library.Paused:
		line = dotted(owner, []span{muted(tr("Paused at {{.Percent}}%", "Percent", d.Percent()))}, []span{muted(bytesPair(p.Done, p.Total))})
	case library.Finished:
		line = dotted(owner, []span{{text: tr("Ready"), colour: theme.ColorNameSuccess}}, []span{muted(bytesOf(p.Total))}, licence)
	default:
		line = m.running(d, owner)
	}
	if d.Problem != nil {
		colour := theme.ColorNameWarning
		if d.State == library.Failed {
			colour = theme.ColorNameError
		}
		line = []span{{text: say(d.Problem.Sentence) + ".", colour: colour}, muted(" " + say(d.Problem.Hint))}
	}
	return share, line
}

// running is the line of a download at work.
func (m *models) running(d library.Download, owner []span) []span {
	p := d.Progress
	switch {
	case p.Total == 0:
		return dotted(owner, []span{muted(tr("Asking the site…"))})
	case p.State == hub.Checking:
		return dotted(owner, []span{muted(tr("Checking…"))})
	}
	pieces := [][]span{{muted(bytesPair(p.Done, p.Total))}}
	if p.Rate > 0 {
		pieces = append(pieces, []span{muted(speed(p.Rate))}, []span{muted(tr("{{.Left}} left", "Left", remaining(p.Left)))})
	}
	return dotted(pieces...)
}

// speed writes bytes a second.
func speed(perSecond float64) string {
	if perSecond >= 1e6 {
		return tr("{{.MB}} MB/s", "MB", decimal(perSecond/1e6))
	}
	return tr("{{.KB}} kB/s", "KB", count(int(perSecond/1e3+0.5)))
}

// licenceName writes the names that the site uses as people do.
func licenceName(name string) string {
	switch name {
	case "mit", "bsd-3-clause":
		return strings.ToUpper(name)
	case "apache-2.0":
		return "Apache 2.0"
	}
	return name
}

// ask looks a repository up.
func (m *models) ask() {
	text := strings.TrimSpace(m.id.Text)
	if text == "" {
		m.w.win.Canvas().Focus(m.id)
		return
	}
	models, err := m.w.downloadFolder()
	if err == nil {
		err = m.w.shelf.downloads.Ask(text, models)
	}
	if err != nil {
		p := explain.Download(err, text)
		m.note(span{text: say(p.Sentence) + ".", colour: theme.ColorNameError}, muted(" "+say(p.Hint)))
		return
	}
	m.id.SetText("")
	m.show(m.w.view)
}

// note says what is wrong with the id, or nothing.
func (m *models) note(spans ...span) {
	if len(spans) == 0 && m.idNote.text() == "" {
		return
	}
	m.idNote.set(spans...)
	m.rebuild()
}

// startDownload starts a download, or goes on with it.
func (w *window) startDownload(id string) {
	models, err := w.downloadFolder()
	if err == nil {
		err = w.shelf.downloads.Start(id, models)
	}
	if err != nil {
		p := explain.Download(err, id)
		w.tell(say(p.Sentence) + ". " + say(p.Hint))
		return
	}
	if len(w.settings.Models) == 0 { // so that it is found there
		w.settings.Models = []string{models}
		w.applySettings()
		w.cfg.save(w.settings)
	}
	w.update()
}

// remove takes a download off the list, after asking where that deletes much.
func (m *models) remove(id string) {
	for _, d := range m.w.shelf.downloads.View() {
		if d.ID != id {
			continue
		}
		remove := func() {
			if err := m.w.shelf.downloads.Remove(id); err != nil {
				m.w.tell(tr("Some files of {{.Name}} could not be deleted.", "Name", d.Name))
			}
			m.w.update()
		}
		if d.State == library.Finished || d.Progress.Done < askAbove {
			remove()
			return
		}
		m.w.ask(tr("Give up this download? {{.Size}} that came are deleted.", "Size", bytesOf(d.Progress.Done)),
			tr("Keep"), action{tr("Delete"), remove})
		return
	}
}

// askAbove is how many bytes are worth a question: some seconds of most
// networks.
const askAbove = 10_000_000
