package models

import (
	"errors"
	"path"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tern/app/explain"
	"tern/app/hub"
	"tern/app/library"
	"tern/app/ui/kit"
)

// addDownloads makes the rows of what is coming.
func (m *Page) addDownloads() {
	clear(m.Coming)
	list := m.shelf.Downloads.View()
	for _, d := range list {
		row := m.downloadRow(d)
		m.Coming[d.ID] = row
		m.addRow(row)
	}
}

// downloadRow is a download with what can be done in its state.
func (m *Page) downloadRow(d library.Download) *Row {
	button := func(label string, do func()) *kit.Button { return kit.NewButton(label, m.do.Escape, do) }
	start := func() { m.start(d.ID) }
	var buttons []fyne.CanvasObject
	switch d.State {
	case library.Offered:
		buttons = append(buttons, prominent(button(kit.Tr("Download"), start)))
	case library.Running, library.Queued:
		buttons = append(buttons, button(kit.Tr("Pause"), func() { m.shelf.Downloads.Pause(d.ID) }))
	case library.Paused:
		buttons = append(buttons, button(kit.Tr("Resume"), start))
	case library.Failed:
		if errors.Is(d.Err, hub.ErrGated) || errors.Is(d.Err, hub.ErrNoToken) || errors.Is(d.Err, hub.ErrInsecure) || errors.Is(d.Err, hub.ErrAddress) {
			buttons = append(buttons, button(kit.Tr("Settings"), m.do.Settings))
		}
		label := kit.Tr("Retry")
		if errors.Is(d.Err, hub.ErrChecksum) {
			label = kit.Tr("Download again")
		}
		buttons = append(buttons, button(label, start))
	case library.Finished:
		buttons = append(buttons, prominent(button(kit.Tr("Open"), func() { m.do.Load(d.Path) })))
	}
	if d.State == library.Offered {
		buttons = append(buttons, m.pageButton(d.ID, d.Choices))
	}
	buttons = append(buttons, kit.NewIconButton(kit.Tr("Remove {{.Name}} from the list", "Name", d.Name), theme.CancelIcon(), m.do.Escape, func() { m.remove(d.ID) }))
	row := newModelRow(d.Name, buttons...)
	share, line := m.progress(d)
	row.set(share, line...)
	return row
}

// progress is the bar and the line of a download.
func (m *Page) progress(d library.Download) (share float32, line []kit.Span) {
	p := d.Progress
	share = -1
	switch {
	case p.Total == 0, d.State == library.Finished, d.State == library.Offered:
	case d.State == library.Failed && d.Percent() == 0: // an empty bar looks full there
	default:
		share = float32(float64(p.Done) / float64(p.Total))
	}
	owner := []kit.Span{kit.Muted(path.Dir(d.ID))}
	licence := []kit.Span{}
	if d.Licence != "" {
		licence = []kit.Span{kit.Muted(kit.Tr("licence {{.Licence}}", "Licence", licenceName(d.Licence)))}
	}
	switch d.State {
	case library.Asking:
		line = dotted(owner, []kit.Span{kit.Muted(kit.Tr("Asking the site…"))})
	case library.Offered:
		line = m.answered(d, owner, licence)
	case library.Queued:
		line = dotted(owner, []kit.Span{kit.Muted(kit.Tr("Waits for another download"))})
	case library.Paused:
		line = dotted(owner, []kit.Span{kit.Muted(kit.Tr("Paused at {{.Percent}}%", "Percent", d.Percent()))}, []kit.Span{kit.Muted(kit.BytesPair(p.Done, p.Total))})
	case library.Finished:
		line = dotted(owner, []kit.Span{{Text: kit.Tr("Ready"), Colour: theme.ColorNameSuccess}}, []kit.Span{kit.Muted(kit.Bytes(p.Total))}, licence)
	default:
		line = m.running(d, owner)
	}
	if d.Problem != nil {
		colour := theme.ColorNameWarning
		if d.State == library.Failed {
			colour = theme.ColorNameError
		}
		line = []kit.Span{{Text: kit.Translate(d.Problem.Sentence) + ".", Colour: colour}, kit.Muted(" " + kit.Translate(d.Problem.Hint))}
	}
	return share, line
}

// answered is the line of what the site has told of a repository.
func (m *Page) answered(d library.Download, owner, licence []kit.Span) []kit.Span {
	pieces := [][]kit.Span{owner, {kit.Muted(kit.Size(d.Progress.Total))}}
	if d.Repo != nil {
		pieces = append(pieces, offered(m.shelf.Library.OfferRepo(d.Repo, m.do.State().Room, m.free, m.known)))
	}
	pieces = append(pieces, licence)
	if len(d.Choices) > 1 && d.Repo != nil {
		form := hub.FormOf(library.ModelIn("", d.Repo))
		if about := kit.Translate(library.AboutForm(form)); about != "" {
			pieces = append(pieces, []kit.Span{kit.Muted(string(form) + ": " + about)})
		}
	}
	return dotted(pieces...)
}

// running is the line of a download at work.
func (m *Page) running(d library.Download, owner []kit.Span) []kit.Span {
	p := d.Progress
	switch {
	case p.Total == 0:
		return dotted(owner, []kit.Span{kit.Muted(kit.Tr("Asking the site…"))})
	case p.State == hub.Checking:
		return dotted(owner, []kit.Span{kit.Muted(kit.Tr("Checking…"))})
	}
	pieces := [][]kit.Span{{kit.Muted(kit.BytesPair(p.Done, p.Total))}}
	if p.Rate > 0 {
		pieces = append(pieces, []kit.Span{kit.Muted(speed(p.Rate))}, []kit.Span{kit.Muted(kit.Tr("{{.Left}} left", "Left", kit.Remaining(p.Left)))})
	}
	return dotted(pieces...)
}

// speed writes bytes a second.
func speed(perSecond float64) string {
	if perSecond >= 1e6 {
		return kit.Tr("{{.MB}} MB/s", "MB", kit.Decimal(perSecond/1e6))
	}
	return kit.Tr("{{.KB}} kB/s", "KB", kit.Count(int(perSecond/1e3+0.5)))
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

// lookUp asks what is in a repository.
func (m *Page) lookUp(text string) {
	models, err := m.do.DownloadFolder()
	if err == nil {
		err = m.shelf.Downloads.Ask(text, models)
	}
	if err != nil {
		p := explain.Download(err, text)
		m.note(kit.Span{Text: kit.Translate(p.Sentence) + ".", Colour: theme.ColorNameError}, kit.Muted(" "+kit.Translate(p.Hint)))
		return
	}
	m.finder.end()
	m.ID.SetText("")
	m.Show(m.do.State().View)
}

// note says what is wrong with the id, or nothing.
func (m *Page) note(spans ...kit.Span) {
	if len(spans) == 0 && m.IDNote.Text() == "" {
		return
	}
	m.IDNote.Set(spans...)
	m.rebuild()
}

// start starts a download, or goes on with it. It is opened when it is there, if
// nothing else goes on then.
func (m *Page) start(id string) { m.begin(id, m.shelf.Downloads.Start) }

// take is start for one of several files.
func (m *Page) take(id, file string) {
	m.begin(id, func(id, models string) error { return m.shelf.Downloads.Take(id, file, models) })
}

func (m *Page) begin(id string, how func(id, models string) error) {
	folder, err := m.do.DownloadFolder()
	if err == nil {
		err = how(id, folder)
	}
	if err != nil {
		p := explain.Download(err, id)
		m.do.Tell(kit.Translate(p.Sentence) + ". " + kit.Translate(p.Hint))
		return
	}
	m.wanted = id
	m.do.Downloading(folder)
}

// remove takes a download off the list, after asking where that deletes much.
func (m *Page) remove(id string) {
	for _, d := range m.shelf.Downloads.View() {
		if d.ID != id {
			continue
		}
		remove := func() {
			if err := m.shelf.Downloads.Remove(id); err != nil {
				m.do.Tell(kit.Tr("Some files of {{.Name}} could not be deleted.", "Name", d.Name))
			}
			m.do.Redraw()
		}
		if d.State == library.Finished || d.Progress.Done < askAbove {
			remove()
			return
		}
		m.do.Ask(kit.Tr("Give up this download? {{.Size}} that came are deleted.", "Size", kit.Bytes(d.Progress.Done)),
			kit.Tr("Keep"), kit.Action{Label: kit.Tr("Delete"), Do: remove})
		return
	}
}

// askAbove is how many bytes are worth a question: some seconds of most
// networks.
const askAbove = 10_000_000
