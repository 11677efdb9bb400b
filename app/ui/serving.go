package ui

import (
	"errors"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/server"
	"tern/app/settings"
)

// serving is the part of the settings page that lets other apps use the model.
type serving struct {
	on      *check
	port    *lineEntry
	key     *lineEntry
	origins *lineEntry
	state   *note // where it serves, or why not
	copy    *button
	parts   []fyne.CanvasObject

	url string // while it serves
}

// newServing builds the part; changed is told of every change that is in range.
func newServing(escape func(), copyURL func(string), changed func(settings.Serving)) *serving {
	s := &serving{}
	tell := func() { changed(s.values()) }
	s.on = newCheck(tr("Serve other apps on this computer"), escape, func(bool) { tell() })
	s.port = newLineEntry(escape, nil, func(string) { tell() })
	s.key = newLineEntry(escape, nil, func(string) { tell() })
	s.key.Password = true
	s.key.SetPlaceHolder(tr("none"))
	s.origins = newLineEntry(escape, nil, func(string) { tell() })
	s.origins.SetPlaceHolder(tr("none"))
	s.state = newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading)
	s.copy = newQuietButton(tr("Copy the address"), escape, func() { copyURL(s.url) })
	s.copy.Hide()
	wide := func(e *lineEntry) fyne.CanvasObject {
		return container.New(layoutFunc{min: fyne.NewSize(180, e.MinSize().Height),
			do: func(o []fyne.CanvasObject, size fyne.Size) { o[0].Resize(size) }}, e)
	}
	s.parts = []fyne.CanvasObject{
		section(tr("Server")),
		container.NewHBox(s.on),
		container.New(flush{}, newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading,
			muted(tr("Programs that speak OpenAI’s interface can then use the open model. Other computers cannot, and web pages only if you list them.")))),
		newRow(tr("Port"), tr("Where they find it."), s.port, nil, escape, nil).box,
		newRow(tr("Key"), tr("If there is one, every program has to send it."), wide(s.key), nil, escape, nil).box,
		newRow(tr("Web pages"), tr("Pages and apps of these origins may ask, too; separate them by commas."), wide(s.origins), nil, escape, nil).box,
		container.New(flush{}, s.state),
		container.NewHBox(s.copy),
	}
	return s
}

// values are what the controls say. A port that is none stays the one before.
func (s *serving) values() settings.Serving {
	port, err := strconv.Atoi(strings.TrimSpace(s.port.Text))
	if err != nil || port < settings.MinPort || port > settings.MaxPort {
		port = 0
	}
	return settings.Serving{On: s.on.Checked, Port: port, Key: settings.CleanKey(s.key.Text), Origins: strings.TrimSpace(s.origins.Text)}
}

// show brings the controls in step.
func (s *serving) show(v settings.Serving) {
	if s.on.Checked != v.On {
		s.on.SetChecked(v.On)
	}
	for e, text := range map[*lineEntry]string{s.port: strconv.Itoa(v.Port), s.key: v.Key, s.origins: v.Origins} {
		if !e.focused && e.Text != text {
			e.SetText(text)
		}
	}
}

// say shows where it serves, or what is wrong.
func (s *serving) say(url string, problem string) {
	s.url = url
	switch {
	case problem != "":
		s.state.set(span{text: problem, colour: theme.ColorNameError})
	case url != "":
		s.state.set(muted(tr("Serving at {{.Address}}", "Address", url)))
	default:
		s.state.set()
	}
	setVisible(s.copy, url != "")
}

// setServing takes a change of the settings page.
func (w *window) setServing(v settings.Serving) {
	if v.Port == 0 {
		v.Port = w.settings.Serving.Port
		w.prefs.serving.say(w.prefs.serving.url, tr("A port is a number from {{.Low}} to {{.High}}.", "Low", settings.MinPort, "High", settings.MaxPort))
		w.prefs.arrange()
	}
	if origins, err := server.CleanOrigins(v.Origins); err != nil {
		w.prefs.serving.say(w.prefs.serving.url, tr("Write the origins like {{.Example}}, separated by commas.", "Example", "https://app.example"))
		w.prefs.arrange()
		v.Origins = w.settings.Serving.Origins
	} else {
		v.Origins = strings.Join(origins, ", ")
	}
	was := w.settings.Serving
	w.settings.Serving = v
	w.prefs.serving.show(v)
	if v == was {
		return
	}
	w.cfg.save(w.settings)
	if v.On || was.On {
		w.serve()
	}
}

// serve turns the server on or off, as the settings say.
func (w *window) serve() {
	if w.cfg.servers.serve == nil {
		return
	}
	v := w.settings.Serving
	w.cfg.servers.serve(v, func(url string, err error) {
		if v != w.settings.Serving {
			return // another change follows
		}
		problem := ""
		switch {
		case errors.Is(err, server.ErrPortInUse):
			problem = tr("Port {{.Port}} is in use. Choose another port.", "Port", v.Port)
		case err != nil:
			problem = tr("The server could not start: {{.What}}", "What", err)
		}
		w.prefs.serving.say(url, problem)
		w.prefs.arrange()
		if problem != "" && w.screen != w.prefs.page {
			w.tell(problem, action{tr("Settings"), func() { w.openScreen(w.prefs.page) }})
		}
	})
}
