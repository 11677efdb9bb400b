package ui

import (
	"slices"
	"strings"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// book is a controller with conversations: what is asked of it is done when the
// worker comes to it, in the order in which it was asked for, and the view shows
// it then.
type book struct {
	*fakeController
	texts   map[string][]chat.Segment
	ids     []string // of conversations
	id      string   // of the one that is open
	last    int      // the last id of a segment
	work    []func()
	saving  func(b *book, at chat.Passage, text string) // is told what an editor saves of a story
	changed func(b *book, segment int, text string)     // and of a message
}

func newBook(f *fakeController) *book {
	b := &book{fakeController: f, texts: map[string][]chat.Segment{}}
	b.open("first")
	b.show()
	return b
}

func (b *book) segment(by chat.Author, text string) chat.Segment {
	b.last++
	return chat.Segment{ID: b.last, Author: by, Text: text}
}

func (b *book) open(id string) {
	if !slices.Contains(b.ids, id) {
		b.ids = append(b.ids, id)
	}
	b.id = id
}

// text is all that a conversation says.
func text(doc []chat.Segment) string {
	var all strings.Builder
	for _, s := range doc {
		all.WriteString(s.Text)
	}
	return all.String()
}

// do has the worker do something.
func (b *book) do(f func()) { b.work = append(b.work, f) }

// turn lets the worker do all that it was asked for.
func (b *book) turn() {
	for _, f := range b.work {
		f()
	}
	b.work = nil
	b.show()
}

func (b *book) show() {
	b.view.ID, b.view.Document = b.id, slices.Clone(b.texts[b.id])
	b.view.CanRetry, b.view.CanUndo = len(b.view.Document) > 0, len(b.view.Document) > 0
}

// end ends the answer that is being written: each command does.
func (b *book) end() {
	if b.view.State == chat.Generating {
		b.view.State = chat.Ready
	}
}

func (b *book) command(f func(doc []chat.Segment) []chat.Segment) {
	b.do(func() {
		b.end()
		b.texts[b.id] = f(slices.Clone(b.texts[b.id]))
	})
}

func (b *book) New()           { b.do(func() { b.end(); b.open("n" + kit.Count(len(b.ids))) }) }
func (b *book) Open(id string) { b.do(func() { b.end(); b.open(id) }) }
func (b *book) Stop()          { b.do(b.end) }

func (b *book) Undo() {
	b.command(func(doc []chat.Segment) []chat.Segment { return doc[:max(0, len(doc)-1)] })
}

func (b *book) Generate(words string, _ settings.Generation) {
	b.command(func(doc []chat.Segment) []chat.Segment {
		lead := ""
		if b.view.Mode == chat.ChatMode && len(doc) > 0 {
			lead = "\n\n"
		}
		if words != "" {
			doc = append(doc, b.segment(chat.User, lead+words))
		}
		b.view.State = chat.Generating
		return append(doc, b.segment(chat.Model, lead))
	})
}

func (b *book) DropOldest() {
	b.command(func(doc []chat.Segment) []chat.Segment {
		if len(doc) == 1 {
			return nil
		}
		return doc[len(doc)/2:]
	})
}

// Retry writes the last answer again, which may begin as the old one did.
func (b *book) Retry(settings.Generation) {
	b.command(func(doc []chat.Segment) []chat.Segment {
		n := len(doc) - 1
		if n < 0 || doc[n].Author == chat.User {
			return doc
		}
		b.view.State = chat.Generating
		old := doc[n].Text
		s := b.segment(chat.Model, old[:max(strings.IndexByte(old, '\n')+1, len(old)/3/4*4)])
		s.Version, s.Versions = doc[n].Version+1, doc[n].Version+1
		s.Text = strings.ToValidUTF8(s.Text, "")
		return append(doc[:n], s)
	})
}

// Step shows a version that says other words, or the same.
func (b *book) Step(segment, by int) {
	b.command(func(doc []chat.Segment) []chat.Segment {
		for i, s := range doc {
			if s.ID == segment {
				t := b.segment(s.Author, s.Text)
				t.Version, t.Versions = max(1, s.Version+by), s.Versions
				if by < 0 {
					t.Text += " Again.\n\nAnd again."
				}
				doc[i] = t
			}
		}
		return doc
	})
}

func (b *book) Splice(at chat.Passage, text string) {
	b.saving(b, at, text)
	b.splice(at, text, false)
}

func (b *book) ContinueAt(at chat.Passage, text string, _ settings.Generation) {
	b.saving(b, at, text)
	b.splice(at, text, true)
}

func (b *book) splice(at chat.Passage, by string, on bool) {
	b.command(func(doc []chat.Segment) []chat.Segment {
		all := text(doc)
		if b.id != at.ID || at.From > len(all) || !strings.HasPrefix(all[at.From:], at.Text) {
			return doc
		}
		head, tail := all[:at.From]+by, all[at.From+len(at.Text):]
		if on {
			b.view.State = chat.Generating
			return []chat.Segment{b.segment(chat.User, head), b.segment(chat.Model, "")}
		}
		return []chat.Segment{b.segment(chat.User, head+tail)}
	})
}

func (b *book) Edit(segment int, text string, answer bool, _ settings.Generation) {
	b.changed(b, segment, text)
	b.command(func(doc []chat.Segment) []chat.Segment {
		i := slices.IndexFunc(doc, func(s chat.Segment) bool { return s.ID == segment })
		if i < 0 || strings.TrimSpace(text) == "" {
			return doc
		}
		end := i + 1
		for end < len(doc) && doc[end].Author == doc[i].Author {
			end++
		}
		lead := ""
		if i > 0 {
			lead = "\n\n"
		}
		edited := append(slices.Clone(doc[:i]), b.segment(doc[i].Author, lead+strings.TrimSpace(text)))
		if answer {
			b.view.State = chat.Generating
			return append(edited, b.segment(chat.Model, "\n\n"))
		}
		return append(edited, doc[end:]...)
	})
}

// grow adds words to the answer that is being written.
func (b *book) grow(words string) {
	if doc := b.texts[b.id]; b.view.State == chat.Generating && len(doc) > 0 {
		doc = slices.Clone(doc)
		doc[len(doc)-1].Text += words
		b.texts[b.id] = doc
	}
}
