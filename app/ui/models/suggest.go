package models

import (
	"fmt"
	"path"
	"slices"

	"tern/app/chat"
	"tern/app/library"
	"tern/app/ui/kit"
)

// Suggestion is the one model that the first page offers: its row, or nothing. Key
// changes when there is another row to be shown, rather than another text in it.
type Suggestion struct {
	Key   string
	Title string // above the row
	Row   *Row
}

// Suggester finds what the first page offers.
type Suggester struct {
	page *Page
	now  Suggestion
}

// Follow brings in step what goes on while the page cannot be seen, too: a download that
// has come is a model of this computer, and is opened if the user waits for it.
func (s *Suggester) Follow(v chat.View) {
	m := s.page
	if len(v.Answers) > 0 || v.State == chat.Loading {
		m.stopMeasuring()
	}
	for _, d := range m.shelf.Downloads.View() {
		before, known := m.active[d.ID]
		m.active[d.ID] = d.State
		if d.State != library.Finished || known && before == d.State {
			continue
		}
		m.Scan()
		if m.wanted == d.ID {
			m.wanted = ""
			s.arrived(d)
		}
	}
}

// arrived opens a model that has come, where nothing else goes on.
func (s *Suggester) arrived(d library.Download) {
	m := s.page
	if m.do.Calm() && !m.shelf.Downloads.Busy() {
		m.do.Load(d.Path)
		return
	}
	m.do.Tell(kit.Tr("{{.Name}} has come.", "Name", d.Name), kit.Action{Label: kit.Tr("Open"), Do: func() { m.do.Load(d.Path) }})
}

// Suggest is what the first page offers beside the model that is open, which does not
// chat: what is coming, a model of this computer that chats, or the one to download.
func (s *Suggester) Suggest(v chat.View) Suggestion {
	m := s.page
	if !m.shelf.Suggests {
		return Suggestion{}
	}
	if !m.scanned {
		m.Scan()
	}
	if !m.scanned { // it goes on in the background
		return Suggestion{}
	}
	next := s.suggest()
	if next.Key != s.now.Key {
		s.now = next
	} else if d := s.download(); d != nil && s.now.Row != nil {
		share, line := m.progress(*d)
		s.now.Row.set(share, line...)
	}
	return s.now
}

// download is the download that the first page follows, nil for none: the one
// that the user asked for last, or one that is to be gone on with.
func (s *Suggester) download() *library.Download {
	m := s.page
	list := m.shelf.Downloads.View()
	open := func(d library.Download) bool { return d.State != library.Finished && d.State != library.Offered }
	i := slices.IndexFunc(list, func(d library.Download) bool { return d.ID == m.wanted && open(d) })
	if i < 0 {
		i = slices.IndexFunc(list, open)
	}
	if i < 0 {
		return nil
	}
	return &list[i]
}

func (s *Suggester) suggest() Suggestion {
	m := s.page
	if d := s.download(); d != nil {
		key := fmt.Sprint("download ", d.ID, d.State, d.Err)
		if key == s.now.Key {
			return s.now
		}
		title := kit.Tr("A model is coming")
		switch d.State {
		case library.Paused:
			title = kit.Tr("A download is paused")
		case library.Failed:
			title = kit.Tr("A download has stopped")
		}
		return Suggestion{key, title, m.downloadRow(*d)}
	}
	if e := s.chatHere(); e != nil {
		o := m.entryOffer(e)
		key := fmt.Sprint("here ", e.Path, o)
		if key == s.now.Key {
			return s.now
		}
		row := newModelRow(e.Name, prominent(kit.NewButton(kit.Tr("Open"), m.do.Escape, func() { m.do.Load(e.Path) })))
		row.set(-1, dotted([]kit.Span{kit.Muted(kit.Tr("Chats"))}, []kit.Span{kit.Muted(kit.Size(e.Disk))}, offered(o))...)
		return Suggestion{key, kit.Tr("A model on this computer can chat"), row}
	}
	m.measure()
	title := kit.Tr("Recommended here to chat with")
	if m.probing { // in a moment it is known; the page keeps its shape until then
		if s.now.Key == "probing" {
			return s.now
		}
		row := newModelRow(kit.Tr("One moment…"))
		row.set(-1, kit.Muted(kit.Tr("Tern is finding out how fast this computer is.")))
		return Suggestion{"probing", title, row}
	}
	p := library.Recommend(m.offer)
	if p == nil {
		return Suggestion{}
	}
	o := m.offer(p)
	key := fmt.Sprint("public ", p.ID, o)
	if key == s.now.Key {
		return s.now
	}
	id := p.ID
	row := newModelRow(path.Base(id), prominent(kit.NewButton(kit.Tr("Download and open"), m.do.Escape, func() { m.start(id) })))
	row.set(-1, m.publicLine(p, false)...)
	return Suggestion{key, title, row}
}

// chatHere is the model of this computer that was used last of those that chat and fit.
func (s *Suggester) chatHere() *library.Entry {
	m := s.page
	for i := range m.Found.Models {
		e := &m.Found.Models[i]
		if e.Facts != nil && e.Facts.Chat && m.entryOffer(e).Verdict != library.DoesNotFit {
			return e
		}
	}
	return nil
}
