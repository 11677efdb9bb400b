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
	"tern/app/ui/kit"
)

// serving is the part of the settings page that lets other apps use the model.
type serving struct {
	on      *kit.Check
	port    *kit.LineEntry
	key     *kit.LineEntry
	origins *kit.LineEntry
	state   *kit.Note // where it serves, or why not
	copy    *kit.Button
	parts   []fyne.CanvasObject

	url string // while it serves
}

// newServing builds the part; changed is told of every change that is in range.
func newServing(escape func(), copyURL func(string), changed func(settings.Serving)) *serving {
	s := &serving{}
	tell := func() { changed(s.values()) }
	s.on = kit.NewCheck(kit.Tr("Serve other apps on this computer"), escape, func(bool) { tell() })
	s.port = kit.NewLineEntry(escape, nil, func(string) { tell() })
	s.key = kit.NewLineEntry(escape, nil, func(string) { tell() })
	s.key.Password = true
	s.key.SetPlaceHolder(kit.Tr("none"))
	s.origins = kit.NewLineEntry(escape, nil, func(string) { tell() })
	s.origins.SetPlaceHolder(kit.Tr("none"))
	s.state = kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading)
	s.copy = kit.NewQuietButton(kit.Tr("Copy the address"), escape, func() { copyURL(s.url) })
	s.copy.Hide()
	wide := func(e *kit.LineEntry) fyne.CanvasObject {
		return container.New(kit.LayoutFunc{Min: fyne.NewSize(180, e.MinSize().Height),
			Do: func(o []fyne.CanvasObject, size fyne.Size) { o[0].Resize(size) }}, e)
	}
	s.parts = []fyne.CanvasObject{
		kit.Section(kit.Tr("Server")),
		container.NewHBox(s.on),
		container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading,
			kit.Muted(kit.Tr("Programs that speak OpenAI’s interface can then use the open model. Other computers cannot, and web pages only if you list them.")))),
		kit.NewRow(kit.Tr("Port"), kit.Tr("Where they find it."), s.port, nil, escape, nil).Box,
		kit.NewRow(kit.Tr("Key"), kit.Tr("If there is one, every program has to send it."), wide(s.key), nil, escape, nil).Box,
		kit.NewRow(kit.Tr("Web pages"), kit.Tr("Pages and apps of these origins may ask, too; separate them by commas."), wide(s.origins), nil, escape, nil).Box,
		container.New(kit.Flush{}, s.state),
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
	for e, text := range map[*kit.LineEntry]string{s.port: strconv.Itoa(v.Port), s.key: v.Key, s.origins: v.Origins} {
		if !e.Focused && e.Text != text {
			e.SetText(text)
		}
	}
}

// say shows where it serves, or what is wrong.
func (s *serving) say(url string, problem string) {
	s.url = url
	switch {
	case problem != "":
		s.state.Set(kit.Span{Text: problem, Colour: theme.ColorNameError})
	case url != "":
		s.state.Set(kit.Muted(kit.Tr("Serving at {{.Address}}", "Address", url)))
	default:
		s.state.Set()
	}
	kit.SetVisible(s.copy, url != "")
}

// setServing takes a change of the settings page.
func (pre *preferences) setServing(v settings.Serving) {
	if v.Port == 0 {
		v.Port = pre.settings.Serving.Port
		pre.prefs.serving.say(pre.prefs.serving.url, kit.Tr("A port is a number from {{.Low}} to {{.High}}.", "Low", settings.MinPort, "High", settings.MaxPort))
		pre.prefs.arrange()
	}
	if origins, err := server.CleanOrigins(v.Origins); err != nil {
		pre.prefs.serving.say(pre.prefs.serving.url, kit.Tr("Write the origins like {{.Example}}, separated by commas.", "Example", "https://app.example"))
		pre.prefs.arrange()
		v.Origins = pre.settings.Serving.Origins
	} else {
		v.Origins = strings.Join(origins, ", ")
	}
	was := pre.settings.Serving
	pre.settings.Serving = v
	pre.prefs.serving.show(v)
	if v == was {
		return
	}
	pre.cfg.Save(pre.settings)
	if v.On || was.On {
		pre.serve()
	}
}

// serve turns the server on or off, as the settings say.
func (pre *preferences) serve() {
	if pre.cfg.Servers.Serve == nil {
		return
	}
	v := pre.settings.Serving
	pre.cfg.Servers.Serve(v, func(url string, err error) {
		if v != pre.settings.Serving {
			return // another change follows
		}
		problem := ""
		switch {
		case errors.Is(err, server.ErrPortInUse):
			problem = kit.Tr("Port {{.Port}} is in use. Choose another port.", "Port", v.Port)
		case err != nil:
			problem = kit.Tr("The server could not start: {{.What}}", "What", err)
		}
		pre.prefs.serving.say(url, problem)
		pre.prefs.arrange()
		if problem != "" && !pre.do.shows(pre.prefs.page) {
			pre.do.tell(problem, kit.Action{Label: kit.Tr("Settings"), Do: func() { pre.do.openScreen(pre.prefs.page) }})
		}
	})
}
