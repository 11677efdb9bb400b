package ui

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// placedText is a rectangle of the page that is drawn on.
type placedText struct {
	name                     string
	left, top, right, bottom float32
	box                      fyne.CanvasObject // the block of code that it is the ground of, or lies on
}

// texts are the lines of text that o is drawn as.
func (u *user) texts(o fyne.CanvasObject, at fyne.Position) (list []placedText) {
	at = at.Add(o.Position())
	if !o.Visible() {
		return nil
	}
	switch o := o.(type) {
	case *canvas.Text:
		if s := o.MinSize(); strings.TrimSpace(o.Text) != "" {
			list = append(list, placedText{o.Text, at.X, at.Y, at.X + s.Width, at.Y + s.Height, nil})
		}
	case *fyne.Container:
		for _, c := range o.Objects {
			list = append(list, u.texts(c, at)...)
		}
	case fyne.Widget:
		for _, c := range test.WidgetRenderer(o).Objects() {
			list = append(list, u.texts(c, at)...)
		}
	}
	return list
}

// drawn is the text that o is drawn as.
func (u *user) drawn(o fyne.CanvasObject) string {
	var all strings.Builder
	for _, d := range u.texts(o, fyne.Position{}) {
		all.WriteString(d.name)
	}
	return all.String()
}

// letters is a text without what formatting and wrapping change.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r >= 0x2E80 {
			return r
		}
		return -1
	}, s)
}

// check looks at the page.
func (u *user) check() {
	tr := u.transcript
	u.t.Helper()
	if u.view.State == chat.Ready || u.view.State == chat.Generating {
		u.checkText(tr)
	}
	if tr.Hidden || u.arrangement.screen != nil {
		return
	}
	u.checkPlaces(tr)
}

// checkText holds that the page has the text of the open conversation.
func (u *user) checkText(tr *longtext.View) {
	all, at := text(u.view.Document), 0
	for i, x := range u.transcript.Paragraphs() {
		if x.From < at || x.From > len(all) || strings.TrimSpace(all[at:x.From]) != "" {
			u.t.Errorf("paragraph %d begins at %d, and %d is where the one before ends", i, x.From, at)
			return
		}
		if !strings.HasPrefix(all[x.From:], x.Text) {
			u.t.Errorf("paragraph %d is %.60q, the document says %.60q", i, x.Text, all[x.From:])
			return
		}
		at = x.From + len(x.Text)
	}
	if rest := all[at:]; strings.TrimSpace(rest) != "" {
		// Only what was appended to the answer may wait, and only where its end is
		// selected.
		b := u.transcript.Places().Block(len(u.transcript.Paragraphs()) - 1)
		if b == nil || b.SelectedText() == "" {
			u.t.Errorf("%.60q is not on the page", rest)
		}
		u.held++
	}
	for i, b := range tr.Places().Blocks() {
		if tr.Places().Hides(i) {
			u.t.Errorf("paragraph %d lies below its editor", i)
			continue
		}
		want := u.transcript.Paragraphs()[i].Text
		if c, ok := b.(*longtext.Code); ok {
			want, _ = u.transcript.Paragraphs()[i].CodeText()
			if got := letters(u.drawn(c.Text)); got != letters(want) {
				u.t.Errorf("code %d is drawn as %.60q, it is %.60q", i, got, want)
			}
			continue
		}
		if got := letters(strings.TrimSuffix(u.drawn(b), longtext.Caret)); got != letters(want) {
			u.t.Errorf("paragraph %d is drawn as %.60q, it is %.60q", i, got, want)
		}
		if got := b.SelectedText(); !strings.Contains(want+longtext.Caret, got) {
			u.t.Errorf("%q is selected in %q", got, want)
		}
	}
	if e := u.transcript.Editor(); e != nil && (e.To > len(all) || e.Message == nil && all[e.From:e.To] != e.Old || e.ID != u.view.ID) {
		u.t.Errorf("an editor of %s stands for %q, which is not there", e.ID, e.Old)
	}
}

// checkPlaces holds that nothing lies on anything else, and that the page ends
// where its text does.
func (u *user) checkPlaces(tr *longtext.View) {
	var list []placedText
	end, last := float32(0), false
	for _, o := range test.WidgetRenderer(tr.Places().Column()).Objects() {
		switch o := o.(type) {
		case longtext.Block:
			lines := u.texts(o, fyne.Position{})
			last = last || u.transcript.Places().Block(len(u.transcript.Paragraphs())-1) != nil && u.transcript.Places().Block(len(u.transcript.Paragraphs())-1) == o
			if c, ok := o.(*longtext.Code); ok {
				at, s := c.Position(), c.Size()
				lines = append(lines, placedText{"code", at.X, at.Y, at.X + s.Width, at.Y + s.Height, nil})
				for i := range lines {
					lines[i].box = c
				}
			}
			list = append(list, lines...)
			for _, d := range lines {
				end = max(end, d.bottom)
			}
		case *kit.Surface, *longtext.Reader:
		default: // buttons, and the editor
			if o.Visible() {
				at, s := o.Position(), o.Size()
				list = append(list, placedText{fmt.Sprintf("%T", o), at.X, at.Y, at.X + s.Width, at.Y + s.Height, nil})
				if e := u.transcript.Editor(); e != nil && o == fyne.CanvasObject(e.Box) {
					end, last = max(end, at.Y+s.Height), last || tr.Places().Hides(len(u.transcript.Paragraphs())-1)
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b placedText) int { return int(a.top*8) - int(b.top*8) })
	const slack = 1.5
	for i, a := range list {
		for _, b := range list[i+1:] {
			if b.top > a.bottom-slack {
				break
			}
			if (a.box == nil || a.box != b.box || a.name != "code" && b.name != "code") && a.left < b.right-slack && b.left < a.right-slack {
				u.t.Errorf("%.30q at %v to %v lies on %.30q at %v to %v", b.name, b.top, b.bottom, a.name, a.top, a.bottom)
			}
		}
	}
	view := tr.Size().Height
	if y := tr.Offset(); y < 0 || y > max(0, tr.Places().Height()-view)+slack {
		u.t.Errorf("the page is scrolled to %v, it is %v high and %v of it can be seen", y, tr.Places().Height(), view)
	}
	if got := tr.Places().Column().Size().Height; got < tr.Places().Height()-slack || got > max(tr.Places().Height(), view)+slack {
		u.t.Errorf("%v can be scrolled, the page is %v high", got, tr.Places().Height())
	}
	if len(u.transcript.Paragraphs()) == 0 {
		return
	}
	for i := range len(u.transcript.Paragraphs()) {
		top, bottom := tr.Places().Span(i)
		if bottom > tr.Offset() && top < tr.Offset()+view && u.transcript.Places().Block(i) == nil && !tr.Places().Hides(i) {
			u.t.Errorf("paragraph %d of %d can be seen and has no widget", i, len(u.transcript.Paragraphs()))
		}
	}
	if last {
		if rest := tr.Places().Height() - end; rest < 0 || rest > 40+kit.PageMargin+12 {
			u.t.Errorf("the page ends at %v, its text at %v; the last paragraphs: %.300q", tr.Places().Height(), end, fmt.Sprint(u.transcript.Paragraphs()[max(0, len(u.transcript.Paragraphs())-3):len(u.transcript.Paragraphs())]))
		}
	}
}
