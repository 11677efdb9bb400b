package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/explain"
	"tern/app/remote"
	"tern/app/settings"
)

// connect is the page that leads to a model in another program.
type connect struct {
	address *lineEntry
	key     *lineEntry
	find    *button
	state   *note              // asking, or what is wrong
	warning *note              // of a way that is not encrypted
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
	c.address = newLineEntry(escape, nil, func(string) {})
	c.address.OnSubmitted = func(string) { find() }
	c.address.SetPlaceHolder("localhost:8080")
	c.key = newLineEntry(escape, nil, func(string) {})
	c.key.OnSubmitted = func(string) { find() }
	c.key.Password = true
	c.key.SetPlaceHolder(tr("none"))
	c.find = newButton(tr("Show its models"), escape, find)
	c.state = newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading)
	c.warning = newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading)
	c.notes = [2]*fyne.Container{container.New(flush{}, c.state), container.New(flush{}, c.warning)}
	c.models = container.New(&stack{gap: 4})
	c.known = container.New(&stack{gap: 4})
	wide := func(e *lineEntry) fyne.CanvasObject {
		return container.New(layoutFunc{min: fyne.NewSize(300, e.MinSize().Height),
			do: func(o []fyne.CanvasObject, size fyne.Size) { o[0].Resize(size) }}, e)
	}
	body := container.New(&stack{gap: 8},
		container.New(flush{}, newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			muted(tr("Use a model that runs in another program, such as llama-server, vLLM, Ollama or another Tern, on this computer or on a bigger one.")))),
		newRow(tr("Address"), tr("Such as localhost:8080 or https://llm.example.org."), wide(c.address), nil, escape, nil).box,
		newRow(tr("Key"), tr("Only if the server asks for one. It is kept in your settings, and sent to this server alone."), wide(c.key), nil, escape, nil).box,
		container.NewHBox(c.find),
		c.notes[0],
		c.notes[1],
		c.models,
		c.known,
		gapOf(10),
		section(tr("Privacy")),
		container.New(flush{}, newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			muted(tr("What you write, and the conversation before it, goes to that server, which may keep it. Your settings, your other conversations and the list of them stay on this computer.")))),
	)
	c.body = newColumn(body, func() float32 { return px(prefsWidth) }, pageMargin, 0)
	return c
}

// screen is the page as the window opens it.
func (c *connect) screen(open func()) *screen {
	c.page = &screen{
		title: tr("Connect to a server"), content: c.body, first: c.address,
		open:    open,
		restyle: c.arrange,
	}
	return c.page
}

// arrange lays the page out again, after a text in it became longer or shorter.
func (c *connect) arrange() {
	for i, n := range []*note{c.state, c.warning} {
		setVisible(c.notes[i], n.text() != "")
	}
	c.body.Layout.Layout(c.body.Objects, c.body.Size())
}

// say shows a sentence above the models, and takes away those of before.
func (c *connect) say(s span) {
	c.state.set(s)
	c.warning.set()
	c.models.RemoveAll()
	c.arrange()
}

// openConnect brings the servers of before.
func (w *window) openConnect() {
	c := w.connect
	c.known.RemoveAll()
	if len(w.settings.Servers) > 0 {
		c.known.Add(section(tr("Used before")))
	}
	for _, s := range w.settings.Servers {
		c.known.Add(container.NewHBox(newQuietButton(remote.Host(s.Base), w.escape, func() {
			c.address.SetText(s.Base)
			c.key.SetText(s.Key)
			w.findModels()
		})))
	}
	c.arrange()
}

// findModels asks the server at the address for its models.
func (w *window) findModels() {
	c := w.connect
	if w.cfg.servers.ask == nil {
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
	c.say(muted(tr("Asking {{.Host}} …", "Host", remote.Host(base))))
	w.cfg.servers.ask(base, key, func(models []string, err error) {
		switch {
		case asked != c.asked:
			return // there is a newer question
		case err != nil:
			c.say(problemSpan(err, base))
			return
		case len(models) == 0:
			c.say(muted(tr("This server has no model open.")))
			return
		}
		c.say(muted(trn(len(models), "It has one model:", "It has {{.N}} models:")))
		if open {
			c.warning.set(span{text: "! " + tr("The way to this server is not encrypted: others on the same network can read what you write."), colour: theme.ColorNameWarning})
		}
		for _, m := range models {
			c.models.Add(container.NewHBox(newButton(m, w.escape, func() { w.useServer(settings.Server{Base: base, Key: key}, m) })))
		}
		c.arrange()
	})
}

// problemSpan says what is wrong with a server, and what to do.
func problemSpan(err error, at string) span {
	p := explain.Problem(err, at)
	return span{text: strings.TrimSuffix(say(p.Sentence), ".") + ". " + say(p.Hint), colour: theme.ColorNameError}
}

// useServer opens a model of a server.
func (w *window) useServer(s settings.Server, model string) {
	w.settings.AddServer(s)
	w.cfg.save(w.settings)
	if w.cfg.servers.setKey != nil {
		w.cfg.servers.setKey(s.Base, s.Key)
	}
	w.closeScreen()
	w.load(remote.Path(s.Base, model))
}
