package shelf

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tern/app/explain"
	"tern/app/files"
	"tern/app/history"
	"tern/app/say"
)

// Import reads a conversation from a file and opens it.
func (s *Shelf) Import(path string) {
	s.later(func() {
		data, err := files.Read(path, 256<<20)
		var f *history.Conversation
		if err == nil {
			f, err = history.Import(data)
		}
		if err == nil {
			f.Messages = withoutPaths(f.Messages, true)
		}
		if err != nil {
			p := explain.Problem(err, path)
			if errors.Is(err, history.ErrDamaged) {
				p.Sentence, p.Hint = say.Say("{{.File}} is not a conversation", "File", filepath.Base(path)), say.Say("Choose a JSON file that Tern exported.")
			}
			s.shown.change(func(v *View) { v.Trouble = &p })
			return
		}
		s.files.add(f)
	})
}

// Export writes a conversation to a file: as Markdown, or as what Import reads
// if the name ends in ".json", with what models thought before their answers or without. you and model name the two in
// Markdown.
func (s *Shelf) Export(id, path, you, model string, thoughts bool) {
	s.later(func() {
		f, err := s.files.copyOf(id)
		if err != nil { // nothing is wrong with the place to write to
			s.shown.change(func(v *View) { v.Trouble = problem(err) })
			s.files.list()
			return
		}
		var data []byte
		f.Writer = 0
		f.Messages = withoutPaths(f.Messages, thoughts)
		if strings.EqualFold(filepath.Ext(path), ".json") {
			data, err = f.Bytes()
		} else {
			data = []byte(f.Markdown(you, model))
		}
		if err == nil {
			err = files.Write(path, data)
		}
		if err != nil {
			p := explain.Problem(err, path)
			switch {
			case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist), errors.As(err, new(*os.LinkError)):
				p.Sentence, p.Hint = say.Say("{{.File}} cannot be written there", "File", filepath.Base(path)), say.Say("Choose another folder.")
			}
			s.shown.change(func(v *View) { v.Trouble = &p })
			return
		}
		s.host.Notice(say.Say("Exported to {{.File}}.", "File", filepath.Base(path)))
	})
}

// withoutPaths returns messages that do not say where on a computer models are, and what these thought only if that is
// wanted.
func withoutPaths(list []history.Message, thoughts bool) []history.Message {
	list = slices.Clone(list)
	for i := range list {
		m := &list[i]
		m.Path = ""
		if !thoughts {
			m.Thoughts, m.ThoughtFor, m.Thinking = "", 0, false
		}
	}
	return list
}
