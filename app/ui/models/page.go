package models

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/hub"
	"tern/app/library"
	"tern/app/settings"
	"tern/app/ui/kit"
	"tern/assets"
)

const modelsWidth = 760

// Page is the page of models: those on this computer, and those to be had.
type Page struct {
	canvas  fyne.Canvas
	shelf   *Shelf
	do      Actions
	Content fyne.CanvasObject
	body    *fyne.Container // the column
	List    *fyne.Container // rows, below each other
	Strip   *kit.Strip      // what can be undone

	ID      *kit.LineEntry // of a repository
	IDNote  *kit.Note      // what is wrong with it
	Add     *kit.Button
	LookUp  *kit.Button
	pending bool // a scan is running,
	again   bool // and another one is to follow
	probing bool // this computer is being measured
	scanned bool

	Found  library.Found
	free   int64
	known  bool // what is free
	shape  string
	Coming map[string]*Row // downloads, by id
	active map[string]library.DownloadState
}

// Actions are what the page needs of the window.
type Actions struct {
	State          func() State
	Folders        func() []string        // whose models are listed
	DownloadFolder func() (string, error) // where downloads go
	Downloading    func(folder string)    // a download into a folder has begun
	AddFolder      func()                 // lets the user pick one
	ForgetFolder   func(dir string)
	Forget         func(path string) (undo func()) // that a model was opened
	Load           func(path string)
	LoadAnyway     func(path string) // although it does not fit
	Settings       func()            // opens their page
	Tell           func(sentence string, actions ...kit.Action)
	Ask            func(question, keep string, other kit.Action)
	Redraw         func()
	Escape         func()
}

// State is what the page shows of the window.
type State struct {
	View             chat.View
	Context, Threads int // of the settings, 0 for automatic
	Recent           []settings.Recent
	Site             string // that downloads come from
	Notice           *kit.Notice
	Open             bool // the page can be seen
	Now              time.Time
}

func New(canvas fyne.Canvas, shelf *Shelf, do Actions) *Page {
	m := &Page{canvas: canvas, shelf: shelf, do: do, Coming: map[string]*Row{}, active: map[string]library.DownloadState{}}
	m.Add = kit.NewButton(kit.Tr("Add folder…"), do.Escape, do.AddFolder)
	m.ID = kit.NewLineEntry(do.Escape, func(string) { m.note() }, func(string) {})
	m.ID.SetPlaceHolder(kit.Tr("Repository id, OWNER/NAME"))
	m.ID.OnSubmitted = func(string) { m.ask() }
	m.LookUp = kit.NewButton(kit.Tr("Look up"), do.Escape, m.ask)
	m.IDNote = kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading)
	m.Strip = kit.NewStrip(do.Escape)
	m.List = container.New(&kit.Stack{})
	m.body = kit.NewColumn(m.List, func() float32 { return kit.Px(modelsWidth) }, kit.PageMargin, 0)
	m.Content = container.NewBorder(m.Strip.Box, nil, nil, nil, m.body)
	return m
}

// Open looks for models anew, in the background.
func (m *Page) Open() {
	m.Scan()
	m.rebuild()
}

func (m *Page) Scan() {
	if m.again = m.pending; m.pending {
		return
	}
	m.pending = true
	q := library.Query{Folders: m.do.Folders(), Recent: m.do.State().Recent, Tools: m.shelf.Tools}
	var found library.Found
	var free int64
	var known bool
	m.shelf.Aside(func() {
		found = m.shelf.Library.Scan(m.shelf.Context, q)
		free, known = m.shelf.Memory()
	}, func() {
		m.pending, m.scanned = false, true
		m.Found, m.free, m.known = found, free, known
		m.shelf.Downloads.Adopt(found.Unfinished)
		m.shape = ""
		switch {
		case m.again:
			m.Scan()
		case m.do.State().Open:
			m.Show(m.do.State().View)
			m.measure()
		}
	})
}

// measure finds out how fast this computer is, to say what to expect of a
// model. It needs all cores for a moment, so nothing else may be going on.
func (m *Page) measure() {
	s := m.do.State()
	v, threads := s.View, s.Threads
	resting := len(v.Answers) == 0 && (v.State == chat.Ready || v.State == chat.NoModel)
	if !m.shelf.Measures || !resting || m.shelf.Downloads.Busy() || m.probing || m.shelf.Library.Measured(threads) {
		return
	}
	m.probing = true
	m.shelf.Aside(func() {
		_ = m.shelf.Library.Measure(m.shelf.Context, threads) // without it, no speed is said
	}, func() {
		m.probing, m.shape = false, ""
		if s := m.do.State(); s.Open {
			m.Show(s.View)
		}
	})
}

// speedOf says how fast a model wrote here, or about how fast it will.
func (m *Page) speedOf(written, expected float64) string {
	switch {
	case written > 0:
		return kit.Tr("{{.Rate}} here", "Rate", kit.Rate(written))
	case expected > 0:
		return kit.Tr("about {{.Rate}} here", "Rate", kit.Rate(expected))
	}
	return ""
}

// Show brings the page in step: rows are made anew when there are others, and
// only their texts change while downloads run.
func (m *Page) Show(v chat.View) {
	s := m.do.State()
	m.Strip.Show(s.Notice)
	list := m.shelf.Downloads.View()
	shape := fmt.Sprint(m.scanned, len(m.Found.Models), v.State == chat.Loading, s.Context)
	if v.Model != nil {
		shape += v.Model.Path + v.Model.Name
	}
	finished := false
	for _, d := range list {
		shape += fmt.Sprint(d.ID, d.State, d.Err)
		finished = finished || d.State == library.Finished && m.active[d.ID] != d.State
		m.active[d.ID] = d.State
	}
	if finished {
		m.Scan() // it is a model on this computer now
	}
	if shape != m.shape {
		m.shape = shape
		m.rebuild()
		return
	}
	height := float32(0)
	for _, d := range list {
		if row := m.Coming[d.ID]; row != nil {
			before := row.box.MinSize().Height
			share, line := m.progress(d)
			row.set(share, line...)
			height += row.box.MinSize().Height - before
		}
	}
	if height != 0 {
		m.Relayout()
	}
}

// Relayout places the rows again.
func (m *Page) Relayout() {
	m.body.Layout.Layout(m.body.Objects, m.body.Size())
	m.List.Layout.Layout(m.List.Objects, m.List.Size())
	m.body.Refresh()
}

// rebuild makes the rows. A button that has the focus gives it to the one in
// its place.
func (m *Page) rebuild() {
	name, place := m.focused()
	defer func() { m.refocus(name, place) }()
	m.List.RemoveAll()
	m.List.Add(container.NewBorder(nil, nil, nil, m.Add, kit.Section(kit.Tr("On this computer"))))
	m.List.Add(kit.Gap(4))
	m.addRow(m.builtinRow())
	for i := range m.Found.Models {
		m.addRow(m.entryRow(&m.Found.Models[i]))
	}
	if m.scanned && len(m.Found.Models) == 0 {
		m.List.Add(container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			kit.Muted(kit.Tr("No other models yet. Add a folder or download one below.")))))
	}
	if n := m.Found.Unsupported; n > 0 {
		m.List.Add(container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading,
			kit.Muted(kit.TrN(n, "{{.N}} more model is of a kind that Tern does not run.", "{{.N}} more models are of kinds that Tern does not run.")))))
	}
	m.List.Add(kit.Gap(20))
	m.List.Add(kit.Section(m.From()))
	m.List.Add(kit.Gap(4))
	m.List.Add(container.NewBorder(nil, nil, nil, m.LookUp, m.ID))
	if m.IDNote.Text() != "" {
		m.List.Add(container.New(kit.Flush{}, m.IDNote))
	}
	m.List.Add(kit.Gap(6))
	m.addDownloads()
	m.List.Add(kit.Gap(8))
	m.List.Add(container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading,
		kit.Muted(kit.Tr("Nothing is asked of the site before you press a button here. Licences are as last seen; the model’s page has the last word.")))))
	m.Relayout()
}

// row is the row of an object of the list, nil for other objects.
func (m *Page) row(o fyne.CanvasObject) *Row {
	if c, ok := o.(*fyne.Container); ok {
		row, _ := c.Layout.(*Row)
		return row
	}
	return nil
}

// focused is the row and the place in it of the button that has the focus.
func (m *Page) focused() (name string, place int) {
	has := m.canvas.Focused()
	for _, o := range m.List.Objects {
		if row := m.row(o); row != nil && has != nil {
			for i, b := range row.Buttons.Objects {
				if f, ok := b.(fyne.Focusable); ok && f == has {
					return row.Title.Text(), i
				}
			}
		}
	}
	return "", 0
}

func (m *Page) refocus(name string, place int) {
	for _, o := range m.List.Objects {
		row := m.row(o)
		if name == "" || row == nil || row.Title.Text() != name || len(row.Buttons.Objects) == 0 {
			continue
		}
		if b, ok := row.Buttons.Objects[min(place, len(row.Buttons.Objects)-1)].(*kit.Button); ok && !b.Disabled() {
			m.canvas.Focus(b)
			return
		}
	}
}

func (m *Page) addRow(r *Row) { m.List.Add(r.box) }

// From says where downloads come from.
func (m *Page) From() string {
	site := hub.Site(m.do.State().Site)
	if site == hub.DefaultBase {
		return kit.Tr("Download from Hugging Face")
	}
	_, host, _ := strings.Cut(site, "://")
	return kit.Tr("Download from {{.Site}}", "Site", host)
}

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

// samePath tells if two paths mean one model: a file of a folder means it.
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
	row.set(-1, dotted(append(pieces, []kit.Span{kit.Muted(m.speedOf(r.Rate, 0))}, verdict(library.Fit{Verdict: library.Fits}))...)...)
	return row
}

func (m *Page) entryRow(e *library.Entry) *Row {
	if e.Facts == nil {
		return m.brokenRow(e)
	}
	fit := library.Judge(library.Need(e.Facts, m.do.State().Context), m.free, m.known)
	more := m.moreButton(e)
	open := m.opener(e.Path, fit)
	if open.Disabled() && m.known { // it is in memory already: what is free is free beside it
		fit.Verdict = library.Fits
	}
	row := newModelRow(e.Name, open, more)
	kind := kit.Tr("base")
	if e.Facts.Chat {
		kind = kit.Tr("chat")
	}
	pieces := [][]kit.Span{
		{kit.Muted(e.Tool)}, {kit.Muted(e.Facts.Family)}, {kit.Muted(kind)}, {kit.Muted(kit.Params(e.Facts.Params))},
		{kit.Muted(kit.Tr("{{.Size}} on disk", "Size", kit.Bytes(e.Disk)))},
	}
	if fit.Verdict != library.Tight && fit.Verdict != library.DoesNotFit {
		pieces = append(pieces, []kit.Span{kit.Muted(kit.Tr("needs {{.Need}}", "Need", kit.Bytes(fit.Need)))})
	}
	r := m.recent(e.Path)
	row.set(-1, dotted(append(pieces, verdict(fit), []kit.Span{kit.Muted(m.speedOf(max(e.Rate, r.Rate), m.shelf.Library.Expect(e.Facts)))}, []kit.Span{kit.Muted(lastUsed(e.Used, m.do.State().Now))})...)...)
	return row
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

// prominent makes a button the prominent one of its row.
func prominent(b *kit.Button) *kit.Button {
	b.Importance = widget.HighImportance
	return b
}

// here tells if a public model is in one of the folders already.
func (m *Page) here(id string) bool {
	return slices.ContainsFunc(m.Found.Models, func(e library.Entry) bool {
		for _, folder := range m.do.Folders() {
			if dir := hub.Folder(folder, id); e.Path == dir || filepath.Dir(e.Path) == dir {
				return true
			}
		}
		return false
	})
}
