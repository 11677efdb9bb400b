package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/explain"
	"tern/app/remote"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// connecting finds and opens models in other programs.
type connecting struct {
	*session
	do connectingActions

	connect *connect
}

// connectingActions are what connecting needs of the other parts.
type connectingActions struct {
	closeScreen func()
	escape      func()
	load        func(path string)
}

// connect is the page that leads to a model in another program.
type connect struct {
	address *kit.LineEntry
	key     *kit.LineEntry
	find    *kit.Button
	state   *kit.Note          // asking, or what is wrong
	warning *kit.Note          // of a way that is not encrypted
	notes   [2]*fyne.Container // around these two, hidden while they are empty
	models  *fyne.Container    // to choose from
	known   *fyne.Container    // servers of before
	body    *fyne.Container
	page    *screen
	escape  func()
	asked   int // tells an answer from those of questions before
}

func newConnect(escape func(), find func()) *connect {
	c := &connect{escape: escape}
	c.address = kit.NewLineEntry(escape, nil, func(string) {})
	c.address.OnSubmitted = func(string) { find() }
	c.address.SetPlaceHolder("localhost:8080")
	c.key = kit.NewLineEntry(escape, nil, func(string) {})
	c.key.OnSubmitted = func(string) { find() }
	c.key.Password = true
	c.key.SetPlaceHolder(kit.Tr("none"))
	c.find = kit.NewButton(kit.Tr("Show its models"), escape, find)
	c.state = kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading)
	c.warning = kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading)
	c.notes = [2]*fyne.Container{container.New(kit.Flush{}, c.state), container.New(kit.Flush{}, c.warning)}
	c.models = container.New(&kit.Stack{Gap: 4})
	c.known = container.New(&kit.Stack{Gap: 4})
	wide := func(e *kit.LineEntry) fyne.CanvasObject {
		return container.New(kit.LayoutFunc{Min: fyne.NewSize(300, e.MinSize().Height),
			Do: func(o []fyne.CanvasObject, size fyne.Size) { o[0].Resize(size) }}, e)
	}
	body := container.New(&kit.Stack{Gap: 8},
		container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			kit.Muted(kit.Tr("Use a model that runs in another program, such as llama-server, vLLM, Ollama or another Tern, on this computer or on a bigger one.")))),
		kit.NewRow(kit.Tr("Address"), kit.Tr("Such as localhost:8080 or https://llm.example.org."), wide(c.address), nil, escape, nil).Box,
		kit.NewRow(kit.Tr("Key"), kit.Tr("Only if the server asks for one. It is kept in your settings, and sent to this server alone."), wide(c.key), nil, escape, nil).Box,
		container.NewHBox(c.find),
		c.notes[0],
		c.notes[1],
		c.models,
		c.known,
		kit.Gap(10),
		kit.Section(kit.Tr("Privacy")),
		container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			kit.Muted(kit.Tr("What you write, and the conversation before it, goes to that server, which may keep it. Your settings, your other conversations and the list of them stay on this computer.")))),
	)
	c.body = kit.NewColumn(body, func() float32 { return kit.Px(prefsWidth) }, kit.PageMargin, 0)
	return c
}

// screen is the page as the window opens it.
func (c *connect) screen(open func()) *screen {
	c.page = &screen{
		title: kit.Tr("Connect to a server"), content: c.body, first: c.address,
		open:    open,
		restyle: c.arrange,
	}
	return c.page
}

// arrange lays the page out again, after a text in it became longer or shorter.
func (c *connect) arrange() {
	for i, n := range []*kit.Note{c.state, c.warning} {
		kit.SetVisible(c.notes[i], n.Text() != "")
	}
	c.body.Layout.Layout(c.body.Objects, c.body.Size())
}

// say shows a sentence above the models, and takes away those of before.
func (c *connect) say(s kit.Span) {
	c.state.Set(s)
	c.warning.Set()
	c.models.RemoveAll()
	c.arrange()
}

// openConnect brings the servers of before.
func (lnk *connecting) openConnect() {
	c := lnk.connect
	c.known.RemoveAll()
	if len(lnk.settings.Servers) > 0 {
		c.known.Add(kit.Section(kit.Tr("Used before")))
	}
	for _, s := range lnk.settings.Servers {
		c.known.Add(container.NewHBox(kit.NewQuietButton(remote.Host(s.Base), lnk.do.escape, func() {
			c.address.SetText(s.Base)
			c.key.SetText(s.Key)
			lnk.findModels()
		})))
	}
	c.arrange()
}

// findModels asks the server at the address for its models.
func (lnk *connecting) findModels() {
	c := lnk.connect
	if lnk.cfg.Servers.Ask == nil {
		return
	}
	base, open, err := remote.Parse(c.address.Text)
	if err != nil {
		c.say(problemSpan(err, c.address.Text))
		return
	}
	key := settings.CleanKey(c.key.Text)
	c.asked++
	asked := c.asked
	c.say(kit.Muted(kit.Tr("Asking {{.Host}} …", "Host", remote.Host(base))))
	lnk.cfg.Servers.Ask(base, key, func(models []string, err error) {
		switch {
		case asked != c.asked:
			return // there is a newer question
		case err != nil:
			c.say(problemSpan(err, base))
			return
		case len(models) == 0:
			c.say(kit.Muted(kit.Tr("This server has no model open.")))
			return
		}
		c.say(kit.Muted(kit.TrN(len(models), "It has one model:", "It has {{.N}} models:")))
		if open {
			c.warning.Set(kit.Span{Text: "! " + kit.Tr("The way to this server is not encrypted: others on the same network can read what you write."), Colour: theme.ColorNameWarning})
		}
		for _, m := range models {
			c.models.Add(container.NewHBox(kit.NewButton(m, lnk.do.escape, func() { lnk.useServer(settings.Server{Base: base, Key: key}, m) })))
		}
		c.arrange()
	})
}

// problemSpan says what is wrong with a server, and what to do.
func problemSpan(err error, at string) kit.Span {
	p := explain.Problem(err, at)
	return kit.Span{Text: strings.TrimSuffix(kit.Translate(p.Sentence), ".") + ". " + kit.Translate(p.Hint), Colour: theme.ColorNameError}
}

// useServer opens a model of a server.
func (lnk *connecting) useServer(s settings.Server, model string) {
	lnk.settings.AddServer(s)
	lnk.cfg.Save(lnk.settings)
	if lnk.cfg.Servers.SetKey != nil {
		lnk.cfg.Servers.SetKey(s.Base, s.Key)
	}
	lnk.do.closeScreen()
	lnk.do.load(remote.Path(s.Base, model))
}
