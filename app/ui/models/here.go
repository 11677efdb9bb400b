package models

import (
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tern/app/library"
	"tern/app/settings"
	"tern/app/ui/kit"
	"tern/assets"
)

// opener is the button that opens the model at path, or says that it is open.
func (m *Page) opener(path string, fit library.Fit) *kit.Button {
	v := m.do.State().View
	if v.Model != nil && samePath(v.Model.Path, path) && v.Model.Builtin == (path == "") {
		b := kit.NewButton(kit.Tr("In use"), m.do.Escape, nil)
		b.Disable()
		return b
	}
	label := kit.Tr("Open")
	if fit.Verdict == library.DoesNotFit {
		label = kit.Tr("Open anyway")
	}
	open := func() { m.do.Load(path) }
	if fit.Verdict == library.DoesNotFit { // the button has said so
		open = func() { m.do.LoadAnyway(path) }
	}
	return kit.NewButton(label, m.do.Escape, open)
}

// samePath reports whether two paths mean one model: a file of a folder means it.
func samePath(a, b string) bool {
	return a == b || a != "" && b != "" && !isGGUF(a) && !isGGUF(b) &&
		(filepath.Dir(a) == b || filepath.Dir(b) == a)
}

func isGGUF(path string) bool { return strings.EqualFold(filepath.Ext(path), ".gguf") }

// recent is what is remembered of a model.
func (m *Page) recent(path string) settings.Recent {
	for _, r := range m.do.State().Recent {
		if r.Path == path {
			return r
		}
	}
	return settings.Recent{}
}

func (m *Page) builtinRow() *Row {
	row := newModelRow(assets.About().Name, m.opener("", library.Fit{}))
	r := m.recent("")
	pieces := [][]kit.Span{{kit.Muted(kit.Tr("Built in"))}}
	if v := m.do.State().View.Model; v != nil && v.Builtin {
		pieces = append(pieces, []kit.Span{kit.Muted(kit.Params(v.Params))}, []kit.Span{kit.Muted(kit.Bytes(v.MemoryBytes))})
	}
	row.set(-1, dotted(append(pieces, offered(library.Offer{Fit: library.Fit{Verdict: library.Fits}}.Wrote(r.Rate)))...)...)
	return row
}

func (m *Page) entryRow(e *library.Entry) *Row {
	if e.Facts == nil {
		return m.brokenRow(e)
	}
	offer := m.entryOffer(e)
	more := m.moreButton(e)
	open := m.opener(e.Path, offer.Fit)
	if open.Disabled() && m.known { // it is in memory already: what is free is free beside it
		offer.Verdict = library.Fits
	}
	row := newModelRow(e.Name, open, more)
	kind := kit.Tr("Continues texts, does not chat")
	if e.Facts.Chat {
		kind = kit.Tr("Chats")
	}
	pieces := [][]kit.Span{
		{kit.Muted(e.Tool)}, {kit.Muted(e.Facts.Family)}, {kit.Muted(kind)}, {kit.Muted(kit.Params(e.Facts.Params))},
		{kit.Muted(kit.Tr("{{.Size}} on disk", "Size", kit.Bytes(e.Disk)))},
	}
	if offer.Verdict != library.Tight && offer.Verdict != library.DoesNotFit {
		pieces = append(pieces, []kit.Span{kit.Muted(kit.Tr("needs {{.Need}}", "Need", kit.Bytes(offer.Need)))})
	}
	row.set(-1, dotted(append(pieces, offered(offer), []kit.Span{kit.Muted(lastUsed(e.Used, m.do.State().Now))})...)...)
	return row
}

// entryOffer is how a model on this computer does here, or would.
func (m *Page) entryOffer(e *library.Entry) library.Offer {
	return m.shelf.Library.Offer(e.Facts, m.do.State().Room, m.free, m.known).Wrote(max(e.Rate, m.recent(e.Path).Rate))
}

// lastUsed says when a model was opened last.
func lastUsed(used, now time.Time) string {
	if used.IsZero() {
		return ""
	}
	used = used.In(now.Location())
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch days := int(midnight.Sub(used)/(24*time.Hour)) + 1; {
	case !used.Before(midnight):
		return kit.Tr("used today")
	case days == 1:
		return kit.Tr("used yesterday")
	case days < 30:
		return kit.TrN(days, "used {{.N}} day ago", "used {{.N}} days ago")
	default:
		return kit.Tr("used on {{.Date}}", "Date", used.Format("2006-01-02"))
	}
}

// brokenRow is a model that cannot be opened as it is.
func (m *Page) brokenRow(e *library.Entry) *Row {
	row := newModelRow(e.Name, m.moreButton(e))
	row.set(-1, kit.Span{Text: kit.Translate(e.Problem.Sentence), Colour: theme.ColorNameError}, kit.Muted("  "+kit.Translate(e.Problem.Hint)))
	return row
}

// moreButton opens the menu of what else can be done with a model.
func (m *Page) moreButton(e *library.Entry) *kit.Button {
	b := kit.NewIconButton(kit.Tr("More for {{.Name}}", "Name", e.Name), theme.MoreHorizontalIcon(), m.do.Escape, nil)
	b.OnTapped = func() { kit.PopUp(m.canvas, b, m.More(e)) }
	return b
}

func (m *Page) More(e *library.Entry) []*fyne.MenuItem {
	items := []*fyne.MenuItem{fyne.NewMenuItem(kit.Tr("Show in the file manager"), func() {
		if err := m.shelf.Reveal(e.Path); err != nil {
			m.do.Tell(kit.Tr("The file manager could not be opened."))
		}
	})}
	if e.Recent {
		items = append(items, fyne.NewMenuItem(kit.Tr("Forget that it was opened"), func() { m.forget(e) }))
	}
	if e.Folder != "" {
		items = append(items, fyne.NewMenuItem(kit.Tr("Forget this folder"), func() { m.do.ForgetFolder(e.Folder) }),
			fyne.NewMenuItemSeparator(), fyne.NewMenuItem(kit.Tr("Delete…"), func() { m.delete(e) }))
	}
	return items
}

// forget drops a model from those that were opened; it can be undone.
func (m *Page) forget(e *library.Entry) {
	undo := m.do.Forget(e.Path)
	m.Scan()
	m.do.Tell(kit.Tr("Forgot that {{.Name}} was opened; its files are untouched.", "Name", e.Name), kit.Action{Label: kit.Tr("Undo"), Do: func() {
		undo()
		m.Scan()
	}})
}

// delete removes the files of a model, after asking.
func (m *Page) delete(e *library.Entry) {
	m.do.Ask(kit.Tr("Delete {{.Name}} from this computer? {{.Size}} become free. This cannot be undone.", "Name", e.Name, "Size", kit.Bytes(e.Disk)),
		kit.Tr("Keep"), kit.Action{Label: kit.Tr("Delete files"), Do: func() {
			var err error
			m.shelf.Aside(func() { err = library.Delete(*e) }, func() {
				if err != nil {
					m.do.Tell(kit.Tr("{{.Name}} could not be deleted.", "Name", e.Name))
				} else {
					m.do.Forget(e.Path)
				}
				m.Scan()
			})
		}})
}
