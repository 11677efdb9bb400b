package ui

import (
	"fmt"
	"path/filepath"
	"runtime"
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

// The colours of verdicts; the marks before them say the same.
const (
	colorFits   = theme.ColorNameSuccess
	colorTight  = theme.ColorNameWarning
	colorTooBig = theme.ColorNameError
)

const modelsWidth = 760

// models is the page of models: those on this computer, and those to be had.
type models struct {
	w     *window
	page  *screen
	body  *fyne.Container // the column
	list  *fyne.Container // rows, below each other
	strip *kit.Strip      // what can be undone

	id      *kit.LineEntry // of a repository
	idNote  *kit.Note      // what is wrong with it
	add     *kit.Button
	lookUp  *kit.Button
	pending bool // a scan is running,
	again   bool // and another one is to follow
	probing bool // this computer is being measured
	scanned bool

	found  library.Found
	free   int64
	known  bool // what is free
	shape  string
	coming map[string]*modelRow // downloads, by id
	active map[string]library.DownloadState
}

func newModels(w *window) *models {
	m := &models{w: w, coming: map[string]*modelRow{}, active: map[string]library.DownloadState{}}
	m.add = kit.NewButton(kit.Tr("Add folder…"), w.escape, w.addFolder)
	m.id = kit.NewLineEntry(w.escape, func(string) { m.note() }, func(string) {})
	m.id.SetPlaceHolder(kit.Tr("Repository id, OWNER/NAME"))
	m.id.OnSubmitted = func(string) { m.ask() }
	m.lookUp = kit.NewButton(kit.Tr("Look up"), w.escape, m.ask)
	m.idNote = kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading)
	m.strip = kit.NewStrip(w.escape)
	m.list = container.New(&kit.Stack{})
	m.body = kit.NewColumn(m.list, func() float32 { return kit.Px(modelsWidth) }, kit.PageMargin, 0)
	s := &screen{title: kit.Tr("Models"), key: fyne.KeyM, content: container.NewBorder(m.strip.Box, nil, nil, nil, m.body),
		first: m.add, open: m.open, show: m.show, restyle: m.relayout}
	if runtime.GOOS == "darwin" {
		s.mod = fyne.KeyModifierShift // Cmd+M is the system's
	}
	m.page = s
	return m
}

// open looks for models anew, in the background.
func (m *models) open() {
	m.scan()
	m.rebuild()
}

func (m *models) scan() {
	if m.again = m.pending; m.pending {
		return
	}
	m.pending = true
	w := m.w
	q := library.Query{Folders: w.modelFolders(), Recent: w.settings.Recent, Tools: w.shelf.tools}
	var found library.Found
	var free int64
	var known bool
	w.shelf.aside(func() {
		found = w.shelf.library.Scan(w.shelf.ctx, q)
		free, known = w.shelf.memory()
	}, func() {
		m.pending, m.scanned = false, true
		m.found, m.free, m.known = found, free, known
		w.shelf.downloads.Adopt(found.Unfinished)
		m.shape = ""
		switch {
		case m.again:
			m.scan()
		case w.screen == m.page:
			m.show(w.view)
			m.measure()
		}
	})
}

// measure finds out how fast this computer is, to say what to expect of a
// model. It needs all cores for a moment, so nothing else may be going on.
func (m *models) measure() {
	w, threads := m.w, m.w.generation.Threads
	resting := len(w.view.Answers) == 0 && (w.view.State == chat.Ready || w.view.State == chat.NoModel)
	if !w.shelf.measures || !resting || w.shelf.downloads.Busy() || m.probing || w.shelf.library.Measured(threads) {
		return
	}
	m.probing = true
	w.shelf.aside(func() {
		_ = w.shelf.library.Measure(w.shelf.ctx, threads) // without it, no speed is said
	}, func() {
		m.probing, m.shape = false, ""
		if w.screen == m.page {
			m.show(w.view)
		}
	})
}

// speedOf says how fast a model wrote here, or about how fast it will.
func (m *models) speedOf(written, expected float64) string {
	switch {
	case written > 0:
		return kit.Tr("{{.Rate}} here", "Rate", kit.Rate(written))
	case expected > 0:
		return kit.Tr("about {{.Rate}} here", "Rate", kit.Rate(expected))
	}
	return ""
}

// show brings the page in step: rows are made anew when there are others, and
// only their texts change while downloads run.
func (m *models) show(v chat.View) {
	m.strip.Show(m.w.info)
	list := m.w.shelf.downloads.View()
	shape := fmt.Sprint(m.scanned, len(m.found.Models), v.State == chat.Loading, m.w.generation.Context)
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
		m.scan() // it is a model on this computer now
	}
	if shape != m.shape {
		m.shape = shape
		m.rebuild()
		return
	}
	height := float32(0)
	for _, d := range list {
		if row := m.coming[d.ID]; row != nil {
			before := row.box.MinSize().Height
			share, line := m.progress(d)
			row.set(share, line...)
			height += row.box.MinSize().Height - before
		}
	}
	if height != 0 {
		m.relayout()
	}
}

// relayout places the rows again.
func (m *models) relayout() {
	m.body.Layout.Layout(m.body.Objects, m.body.Size())
	m.list.Layout.Layout(m.list.Objects, m.list.Size())
	m.body.Refresh()
}

// rebuild makes the rows. A button that has the focus gives it to the one in
// its place.
func (m *models) rebuild() {
	name, place := m.focused()
	defer func() { m.refocus(name, place) }()
	m.list.RemoveAll()
	m.list.Add(container.NewBorder(nil, nil, nil, m.add, kit.Section(kit.Tr("On this computer"))))
	m.list.Add(gapOf(4))
	m.addRow(m.builtinRow())
	for i := range m.found.Models {
		m.addRow(m.entryRow(&m.found.Models[i]))
	}
	if m.scanned && len(m.found.Models) == 0 {
		m.list.Add(container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			kit.Muted(kit.Tr("No other models yet. Add a folder or download one below.")))))
	}
	if n := m.found.Unsupported; n > 0 {
		m.list.Add(container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading,
			kit.Muted(kit.TrN(n, "{{.N}} more model is of a kind that Tern does not run.", "{{.N}} more models are of kinds that Tern does not run.")))))
	}
	m.list.Add(gapOf(20))
	m.list.Add(kit.Section(m.from()))
	m.list.Add(gapOf(4))
	m.list.Add(container.NewBorder(nil, nil, nil, m.lookUp, m.id))
	if m.idNote.Text() != "" {
		m.list.Add(container.New(kit.Flush{}, m.idNote))
	}
	m.list.Add(gapOf(6))
	m.addDownloads()
	m.list.Add(gapOf(8))
	m.list.Add(container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading,
		kit.Muted(kit.Tr("Nothing is asked of the site before you press a button here. Licences are as last seen; the model’s page has the last word.")))))
	m.relayout()
}

// row is the row of an object of the list, nil for other objects.
func (m *models) row(o fyne.CanvasObject) *modelRow {
	if c, ok := o.(*fyne.Container); ok {
		row, _ := c.Layout.(*modelRow)
		return row
	}
	return nil
}

// focused is the row and the place in it of the button that has the focus.
func (m *models) focused() (name string, place int) {
	has := m.w.win.Canvas().Focused()
	for _, o := range m.list.Objects {
		if row := m.row(o); row != nil && has != nil {
			for i, b := range row.buttons.Objects {
				if f, ok := b.(fyne.Focusable); ok && f == has {
					return row.title.Text(), i
				}
			}
		}
	}
	return "", 0
}

func (m *models) refocus(name string, place int) {
	for _, o := range m.list.Objects {
		row := m.row(o)
		if name == "" || row == nil || row.title.Text() != name || len(row.buttons.Objects) == 0 {
			continue
		}
		if b, ok := row.buttons.Objects[min(place, len(row.buttons.Objects)-1)].(*kit.Button); ok && !b.Disabled() {
			m.w.win.Canvas().Focus(b)
			return
		}
	}
}

func (m *models) addRow(r *modelRow) { m.list.Add(r.box) }

// from says where downloads come from.
func (m *models) from() string {
	site := hub.Site(m.w.settings.Site)
	if site == hub.DefaultBase {
		return kit.Tr("Download from Hugging Face")
	}
	_, host, _ := strings.Cut(site, "://")
	return kit.Tr("Download from {{.Site}}", "Site", host)
}

// opener is the button that opens the model at path, or says that it is open.
func (m *models) opener(path string, fit library.Fit) *kit.Button {
	v := m.w.view
	if v.Model != nil && samePath(v.Model.Path, path) && v.Model.Builtin == (path == "") {
		b := kit.NewButton(kit.Tr("In use"), m.w.escape, nil)
		b.Disable()
		return b
	}
	label := kit.Tr("Open")
	if fit.Verdict == library.DoesNotFit {
		label = kit.Tr("Open anyway")
	}
	open := func() { m.w.load(path) }
	if fit.Verdict == library.DoesNotFit { // the button has said so
		open = func() { m.w.loadAnyway(path) }
	}
	return kit.NewButton(label, m.w.escape, open)
}

// samePath tells if two paths mean one model: a file of a folder means it.
func samePath(a, b string) bool {
	return a == b || a != "" && b != "" && !isGGUF(a) && !isGGUF(b) &&
		(filepath.Dir(a) == b || filepath.Dir(b) == a)
}

func isGGUF(path string) bool { return strings.EqualFold(filepath.Ext(path), ".gguf") }

// recent is what is remembered of a model.
func (m *models) recent(path string) settings.Recent {
	for _, r := range m.w.settings.Recent {
		if r.Path == path {
			return r
		}
	}
	return settings.Recent{}
}

func (m *models) builtinRow() *modelRow {
	row := newModelRow(assets.About().Name, m.opener("", library.Fit{}))
	r := m.recent("")
	pieces := [][]kit.Span{{kit.Muted(kit.Tr("Built in"))}}
	if v := m.w.view.Model; v != nil && v.Builtin {
		pieces = append(pieces, []kit.Span{kit.Muted(kit.Params(v.Params))}, []kit.Span{kit.Muted(kit.Bytes(v.MemoryBytes))})
	}
	row.set(-1, dotted(append(pieces, []kit.Span{kit.Muted(m.speedOf(r.Rate, 0))}, verdict(library.Fit{Verdict: library.Fits}))...)...)
	return row
}

func (m *models) entryRow(e *library.Entry) *modelRow {
	if e.Facts == nil {
		return m.brokenRow(e)
	}
	fit := library.Judge(library.Need(e.Facts, m.w.generation.Context), m.free, m.known)
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
	row.set(-1, dotted(append(pieces, verdict(fit), []kit.Span{kit.Muted(m.speedOf(max(e.Rate, r.Rate), m.w.shelf.library.Expect(e.Facts)))}, []kit.Span{kit.Muted(lastUsed(e.Used, m.w.cfg.now()))})...)...)
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
func (m *models) brokenRow(e *library.Entry) *modelRow {
	row := newModelRow(e.Name, m.moreButton(e))
	row.set(-1, kit.Span{Text: kit.Translate(e.Problem.Sentence), Colour: theme.ColorNameError}, kit.Muted("  "+kit.Translate(e.Problem.Hint)))
	return row
}

// moreButton opens the menu of what else can be done with a model.
func (m *models) moreButton(e *library.Entry) *kit.Button {
	b := kit.NewIconButton(kit.Tr("More for {{.Name}}", "Name", e.Name), theme.MoreHorizontalIcon(), m.w.escape, nil)
	b.OnTapped = func() { kit.PopUp(m.w.win.Canvas(), b, m.more(e)) }
	return b
}

func (m *models) more(e *library.Entry) []*fyne.MenuItem {
	w := m.w
	items := []*fyne.MenuItem{fyne.NewMenuItem(kit.Tr("Show in the file manager"), func() {
		if err := w.shelf.reveal(e.Path); err != nil {
			w.tell(kit.Tr("The file manager could not be opened."))
		}
	})}
	if e.Recent {
		items = append(items, fyne.NewMenuItem(kit.Tr("Forget that it was opened"), func() { m.forget(e) }))
	}
	if e.Folder != "" {
		items = append(items, fyne.NewMenuItem(kit.Tr("Forget this folder"), func() { w.forgetFolder(e.Folder) }),
			fyne.NewMenuItemSeparator(), fyne.NewMenuItem(kit.Tr("Delete…"), func() { m.delete(e) }))
	}
	return items
}

// forget drops a model from those that were opened; it can be undone.
func (m *models) forget(e *library.Entry) {
	w, before := m.w, m.w.settings.Recent
	w.settings.Forget(e.Path)
	w.recentChanged()
	m.scan()
	w.tell(kit.Tr("Forgot that {{.Name}} was opened; its files are untouched.", "Name", e.Name), kit.Action{Label: kit.Tr("Undo"), Do: func() {
		w.settings.Recent = before
		w.recentChanged()
		w.forget()
		m.scan()
	}})
}

// delete removes the files of a model, after asking.
func (m *models) delete(e *library.Entry) {
	w := m.w
	w.dialogs.Ask(kit.Tr("Delete {{.Name}} from this computer? {{.Size}} become free. This cannot be undone.", "Name", e.Name, "Size", kit.Bytes(e.Disk)),
		kit.Tr("Keep"), kit.Action{Label: kit.Tr("Delete files"), Do: func() {
			var err error
			w.shelf.aside(func() { err = library.Delete(*e) }, func() {
				if err != nil {
					w.tell(kit.Tr("{{.Name}} could not be deleted.", "Name", e.Name))
				} else {
					w.settings.Forget(e.Path)
					w.recentChanged()
				}
				m.scan()
			})
		}})
}

// highlight makes a button the prominent one of its row.
func highlight(b *kit.Button) *kit.Button {
	b.Importance = widget.HighImportance
	return b
}

// here tells if a public model is in one of the folders already.
func (m *models) here(id string) bool {
	return slices.ContainsFunc(m.found.Models, func(e library.Entry) bool {
		for _, folder := range m.w.modelFolders() {
			if dir := hub.Folder(folder, id); e.Path == dir || filepath.Dir(e.Path) == dir {
				return true
			}
		}
		return false
	})
}
