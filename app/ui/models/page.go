package models

import (
	"context"
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
	unknown bool // how fast it is, since that could not be measured
	scanned bool

	finder *finder
	First  *Suggester // what the first page offers
	wanted string     // the download that the user asked for last: it is opened when it is there

	stopMeasuring func() // ends what measures this computer

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
	LoadAnyway     func(path string)    // although it does not fit
	OpenPage       func(address string) // in the browser
	Calm           func() bool          // nothing would be lost or covered by opening a model
	Settings       func()               // opens their page
	Tell           func(sentence string, actions ...kit.Action)
	Ask            func(question, keep string, other kit.Action)
	Redraw         func()
	Escape         func()
}

// State is what the page shows of the window.
type State struct {
	View    chat.View
	Room    library.Room // of the settings
	Threads int          // of them, 0 for automatic
	Recent  []settings.Recent
	Site    string // that downloads come from
	Notice  *kit.Notice
	Open    bool // the page can be seen
	Now     time.Time
}

func New(canvas fyne.Canvas, shelf *Shelf, do Actions) *Page {
	m := &Page{canvas: canvas, shelf: shelf, do: do, Coming: map[string]*Row{}, active: map[string]library.DownloadState{}, stopMeasuring: func() {}}
	m.finder, m.First = &finder{page: m}, &Suggester{page: m}
	m.Add = kit.NewButton(kit.Tr("Add folder…"), do.Escape, do.AddFolder)
	m.ID = kit.NewLineEntry(do.Escape, m.finder.typed, func(string) {})
	m.ID.SetPlaceHolder(kit.Tr("Words, or OWNER/NAME"))
	m.ID.OnSubmitted = func(string) { m.finder.ask() }
	m.LookUp = kit.NewButton(kit.Tr("Search"), do.Escape, m.finder.ask)
	m.IDNote = kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading)
	m.Strip = kit.NewStrip(do.Escape)
	m.List = container.New(&kit.Stack{})
	m.body = kit.NewColumn(m.List, func() float32 { return kit.Px(modelsWidth) }, kit.PageMargin, 0)
	m.Content = container.NewBorder(m.Strip.Box, nil, nil, nil, m.body)
	return m
}

// Open looks for models again, in the background.
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
		default:
			m.do.Redraw()
		}
	})
}

// measure finds out how fast this computer is, to say what to expect of a
// model. It needs all cores for a moment, so nothing else may be going on.
func (m *Page) measure() {
	s := m.do.State()
	v, threads := s.View, s.Threads
	resting := len(v.Answers) == 0 && (v.State == chat.Ready || v.State == chat.NoModel)
	if !m.shelf.Measures || !resting || m.shelf.Downloads.Busy() || m.probing || m.unknown || m.shelf.Library.Measured(threads) {
		return
	}
	m.probing = true
	ctx, stop := context.WithCancel(m.shelf.Context)
	m.stopMeasuring = stop
	var err error
	m.shelf.Aside(func() {
		if !m.shelf.Library.Kept(threads) {
			select {
			case <-time.After(m.shelf.Rest):
			case <-ctx.Done():
			}
		}
		err = m.shelf.Library.Measure(ctx, threads)
	}, func() {
		m.unknown = err != nil && ctx.Err() == nil // no speed is said then
		stop()
		m.probing, m.shape = false, ""
		m.do.Redraw()
	})
}

// Show brings the page in step: rows are made again when there are others, and
// only their texts change while downloads run.
func (m *Page) Show(v chat.View) {
	s := m.do.State()
	m.Strip.Show(s.Notice)
	list := m.shelf.Downloads.View()
	shape := fmt.Sprint(m.scanned, len(m.Found.Models), v.State == chat.Loading, s.Room)
	if v.Model != nil {
		shape += v.Model.Path + v.Model.Name
	}
	for _, d := range list {
		shape += fmt.Sprint(d.ID, d.State, d.Err)
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
	if m.finder.now != nil {
		m.finder.add()
	} else {
		m.addCatalogue()
	}
	m.List.Add(kit.Gap(8))
	m.List.Add(container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading,
		kit.Muted(kit.Tr("Nothing is asked of the site before you search or press a button here. Licences are as last seen; the model’s page has the last word.")))))
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
func (m *Page) From() string { return kit.Tr("Download from {{.Site}}", "Site", m.host()) }

// host is the name of the site.
func (m *Page) host() string {
	site := hub.Site(m.do.State().Site)
	if site == hub.DefaultBase {
		return "Hugging Face"
	}
	_, host, _ := strings.Cut(site, "://")
	return host
}

// prominent makes a button the prominent one of its row.
func prominent(b *kit.Button) *kit.Button {
	b.Importance = widget.HighImportance
	return b
}

// here reports whether a public model is in one of the folders already.
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
