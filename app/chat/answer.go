package chat

import (
	"strings"
	"unicode"
)

// finish leaves an answer so that it can be continued: without it where it has
// no text, without the beginning of a character that its last token began, and
// with ids that spell its text where a stop text was cut off it. A message that
// a stop text ended does not end in white space either: that belonged to what
// would have followed.
func (c *Controller) finish(j *job) {
	a, t := j.answer, j.talk
	c.change(func(*View) {
		stop := t.figures.Stop
		a.By.Stop, a.By.StopText = stop, t.figures.StopText
		text := a.Text()
		cut := strings.TrimSuffix(text, "\uFFFD")
		before := t.document.WithoutLast()
		if t.mode == ChatMode && stop == StoppedByText {
			cut = cut[:a.Lead] + strings.TrimRightFunc(cut[a.Lead:], unicode.IsSpace)
		}
		switch {
		case len(cut) == a.Lead:
			t.document = before
			return
		case cut != text:
			a = a.Cut(c.newID(), cut)
			t.document = before.With(a)
		case stop != StoppedByText:
			return
		}
		j.writes.Spell(a, t.mode == StoryMode && len(before.Segments) == 0)
	})
}
