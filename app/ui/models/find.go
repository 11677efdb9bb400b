package models

import (
	"context"
	"path"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/explain"
	"tern/app/hub"
	"tern/app/library"
	"tern/app/ui/kit"
)

// search is what is looked for on the site: the first time when the user says so, and
// from then on whenever the words change.
type search struct {
	words   string
	running bool
	slow    bool // it takes long
	results *hub.Results
	err     error
	cancel  context.CancelFunc
}

// finder looks for models on the site.
type finder struct {
	page *Page
	now  *search // nil while nothing is looked for
}

// ask looks up what the field holds: a repository, or words.
func (f *finder) ask() {
	m := f.page
	text := strings.TrimSpace(m.ID.Text)
	switch {
	case text == "":
		m.canvas.Focus(m.ID)
	case strings.Contains(text, "/"):
		m.lookUp(text)
	default:
		f.look(text, 0)
	}
}

// typed follows the field.
func (f *finder) typed(text string) {
	m := f.page
	m.note()
	if f.now == nil {
		return
	}
	switch text = strings.TrimSpace(text); {
	case text == "":
		f.end()
	case text != f.now.words && !strings.Contains(text, "/"):
		f.look(text, m.shelf.Pause)
	}
}

// look looks for words after a pause, in which others may follow.
func (f *finder) look(words string, pause time.Duration) {
	m := f.page
	if f.now != nil {
		f.now.cancel()
	}
	ctx, cancel := context.WithCancel(m.shelf.Context)
	s := &search{words: words, running: true, cancel: cancel}
	if f.now != nil && pause > 0 {
		s.results = f.now.results // what was found stays until there is more
	}
	f.now = s
	m.rebuild()
	if m.shelf.Slow > 0 {
		m.shelf.Aside(func() { _ = hub.Pause(ctx, pause+m.shelf.Slow) }, func() {
			if f.now == s && s.running {
				s.slow = true
				m.rebuild()
			}
		})
	}
	var results *hub.Results
	var err error
	m.shelf.Aside(func() {
		if err = hub.Pause(ctx, pause); err == nil {
			results, err = m.shelf.Search(ctx, words)
		}
	}, func() {
		cancel()
		if f.now != s {
			return // other words are looked for, or none
		}
		s.running, s.slow, s.results, s.err = false, false, results, err
		m.rebuild()
	})
}

// end shows the catalogue again.
func (f *finder) end() {
	m := f.page
	if f.now == nil {
		return
	}
	f.now.cancel()
	f.now = nil
	m.ID.SetText("")
	m.rebuild()
}

// add makes the rows of what was found, or says why there are none.
func (f *finder) add() {
	m := f.page
	s := f.now
	button := func(label string, do func()) *kit.Button { return kit.NewButton(label, m.do.Escape, do) }
	side := button(kit.Tr("Close"), f.end)
	if s.running {
		side = button(kit.Tr("Cancel"), f.end)
	}
	m.List.Add(container.NewBorder(nil, nil, nil, side, kit.Section(kit.Tr("Found for “{{.Words}}”", "Words", s.words))))
	m.List.Add(kit.Gap(4))
	say := func(spans ...kit.Span) {
		m.List.Add(container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading, spans...)))
	}
	site := m.host()
	switch r := s.results; {
	case s.slow:
		say(kit.Muted(kit.Tr("{{.Site}} takes long to answer…", "Site", site)))
	case s.running:
		say(kit.Muted(kit.Tr("Asking {{.Site}}…", "Site", site)))
	case s.err != nil:
		p := explain.Search(s.err)
		say(kit.Span{Text: kit.Translate(p.Sentence) + ".", Colour: theme.ColorNameError}, kit.Muted(" "+kit.Translate(p.Hint)))
		m.List.Add(container.NewHBox(button(kit.Tr("Try again"), func() { f.look(s.words, 0) })))
	case len(r.Ternary) == 0 && r.Others == 0:
		say(kit.Muted(kit.Tr("No model’s name there holds “{{.Words}}”.", "Words", s.words)))
	case len(r.Ternary) == 0:
		say(kit.Muted(kit.TrN(r.Others, "One model’s name there holds “{{.Words}}”; it is not ternary.", "{{.N}} models’ names there hold “{{.Words}}”; none of them is ternary.", "Words", s.words)))
	}
	if s.results == nil {
		return
	}
	for i := range s.results.Ternary {
		if r := &s.results.Ternary[i]; m.Coming[r.ID] == nil {
			m.addRow(f.row(r))
		}
	}
	foot := ""
	if n := s.results.Others; n > 0 && len(s.results.Ternary) > 0 {
		foot = kit.TrN(n, "One more is not ternary and not shown.", "{{.N}} more are not ternary and not shown.")
	}
	if s.results.More {
		foot = strings.TrimSpace(foot + " " + kit.Tr("There are more of that name: another word narrows them down."))
	}
	if foot != "" {
		m.List.Add(kit.Gap(4))
		m.List.Add(container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, kit.Muted(foot))))
	}
}

// row is a repository that was found.
func (f *finder) row(r *hub.Found) *Row {
	m := f.page
	download := kit.NewButton(kit.Tr("Download"), m.do.Escape, func() { m.start(r.ID) })
	if m.here(r.ID) {
		download.SetLabel(kit.Tr("Is here"))
		download.Disable()
	}
	row := newModelRow(path.Base(r.ID), download, m.pageButton(r.ID, r.Choices))
	row.set(-1, f.line(r)...)
	return row
}

// line is what the site and the catalogue say of it.
func (f *finder) line(r *hub.Found) []kit.Span {
	m := f.page
	muted := func(text string) []kit.Span { return []kit.Span{kit.Muted(text)} }
	pieces := [][]kit.Span{muted(path.Dir(r.ID))}
	if p := library.Known(r.ID); p != nil {
		pieces = append(pieces, muted(kit.Translate(p.Sentences(library.Offer{})[0])))
	}
	if r.Sized() {
		pieces = append(pieces, muted(kit.Size(r.Size())))
	}
	pieces = append(pieces, offered(m.shelf.Library.OfferRepo(&r.Repo, m.do.State().Room, m.free, m.known)))
	if r.Licence != "" {
		pieces = append(pieces, muted(kit.Tr("licence {{.Licence}}", "Licence", licenceName(r.Licence))))
	}
	if r.Gated {
		pieces = append(pieces, []kit.Span{{Text: kit.Tr("needs permission"), Colour: theme.ColorNameWarning}})
	}
	if !r.Changed.IsZero() {
		pieces = append(pieces, muted(kit.Tr("of {{.Date}}", "Date", r.Changed.Format("2006-01-02"))))
	}
	return dotted(pieces...)
}
