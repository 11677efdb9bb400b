package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/ui/kit"
)

const answerWithCode = "\n\nRead **it** so:\n\n```go\nx := 1\n\ny := 2\n```\nThen `go`.\n- item"

func (r *rig) buttonNamed(in fyne.CanvasObject, name string) *kit.Button {
	r.t.Helper()
	var found *kit.Button
	walk(in, func(o fyne.CanvasObject) {
		if b, ok := o.(*kit.Button); ok && b.AccessibilityLabel() == name && b.Visible() {
			found = b
		}
	})
	if found == nil {
		r.t.Fatalf("no button %q", name)
	}
	return found
}

// Markdown: each block has its widget, code a button that copies it.
func TestMarkdown(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, document("How?", answerWithCode))
	p := r.transcript.page
	var kinds []string
	for i := range p.shown {
		kinds = append(kinds, fmt.Sprintf("%T", p.live[i].block))
	}
	if got, want := strings.Join(kinds, " "), "*ui.prose *ui.rich *ui.code *ui.rich *ui.rich"; got != want {
		t.Fatalf("blocks %s, want %s", got, want)
	}
	b := p.live[2].block.(*code)
	if b.text.Text != "x := 1\n\ny := 2" || b.lang.Text() != "go" {
		t.Errorf("code %q in %q", b.text.Text, b.lang.Text())
	}
	test.Tap(b.copy)
	if got := fyne.CurrentApp().Clipboard().Content(); got != "x := 1\n\ny := 2" {
		t.Errorf("copied %q", got)
	}
	if got := p.live[1].block.(*rich).String(); got != "Read it so:" {
		t.Errorf("formatted %q", got)
	}
	if got := p.live[4].block.(*rich).String(); !strings.Contains(got, "•") || !strings.Contains(got, "item") {
		t.Errorf("an item %q", got)
	}
	// The wheel over code moves the page.
	r.show(chatting, document("How?", answerWithCode+strings.Repeat("\nAnd so on.", 100)))
	r.transcript.scroll.ScrollToTop()
	r.transcript.scrolled()
	p.live[2].block.(*code).scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -50)})
	if r.transcript.scroll.Offset.Y != 50 {
		t.Errorf("the page is at %v", r.transcript.scroll.Offset.Y)
	}
	// A story is plain.
	r.show(func(v *chat.View) { v.Mode, v.Model = chat.StoryMode, &builtin })
	for _, b := range p.live {
		if b.kind != proseKind {
			t.Errorf("a story has a block of kind %d", b.kind)
		}
	}
}

// An answer can be shown as it was written, and with its formatting again; other
// answers are not concerned.
func TestPlainText(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, document("How?", answerWithCode, "\n\nAnd?", "\n\nIn **bold**."))
	p := r.transcript.page
	kinds := func() string {
		var list []string
		for i := range p.shown {
			list = append(list, fmt.Sprintf("%T", p.live[i].block))
		}
		return strings.Join(list, " ")
	}
	toggle := func(label string) {
		t.Helper()
		item := r.moreOf(p.infos[1])[0]
		if item.Label != label {
			t.Errorf("the menu says %q, want %q", item.Label, label)
		}
		item.Action()
	}
	before, height := kinds(), p.height
	toggle("Show as plain text")
	if got, want := kinds(), "*ui.prose *ui.prose *ui.prose *ui.prose *ui.prose *ui.prose *ui.rich"; got != want {
		t.Fatalf("blocks %s, want %s", got, want)
	}
	if got := p.label(2).Text; got != "```go\nx := 1\n\ny := 2\n```" {
		t.Errorf("code is shown as %q", got)
	}
	if got := p.label(1).Text; got != "Read **it** so:" {
		t.Errorf("%q", got)
	}
	toggle("Show with formatting")
	if got := kinds(); got != before || p.height != height {
		t.Errorf("blocks %s in %v, want %s in %v", got, p.height, before, height)
	}
}

// The button of a block of code copies all of it, also where it is so long that
// several widgets show it, and while it is written.
func TestCopyCode(t *testing.T) {
	r := newRig(t, 1100, 720)
	var lines []string
	for i := range 600 {
		lines = append(lines, fmt.Sprintf("line(%d)", i))
	}
	code600 := strings.Join(lines, "\n")
	r.show(chatting, document("How?", "\n\n```go\nx\n```\n```\n"+code600+"\n```\nSo."))
	p := r.transcript.page
	copied := func(i int) string {
		b, ok := p.live[i].block.(*code)
		if !ok {
			t.Fatalf("paragraph %d is no code", i)
		}
		fyne.CurrentApp().Clipboard().SetContent("")
		test.Tap(b.copy)
		return fyne.CurrentApp().Clipboard().Content()
	}
	last := p.shown - 2 // of the block, which is at the end of the text
	if !p.paras[last].cont {
		t.Fatal("the code is one paragraph: the test does not work")
	}
	if got := copied(last); got != code600 {
		t.Errorf("copied %d bytes of %d: %.30q … %q", len(got), len(code600), got, got[max(0, len(got)-30):])
	}
	r.transcript.scroll.ScrollToTop()
	r.transcript.scrolled()
	if got := copied(1); got != "x" {
		t.Errorf("copied %q", got)
	}
	if got := copied(2); got != code600 {
		t.Errorf("copied %d bytes of %d from the beginning", len(got), len(code600))
	}
	r.show(state(chat.Generating), document("How?", "\n\n```go\nx := 1\ny"))
	if got := copied(1); got != "x := 1\ny" {
		t.Errorf("while it is written %q is copied", got)
	}
}

// A block of code takes the room that there is, and its button stays in sight when
// a panel takes some of that.
func TestCodeFitsBesideThePanel(t *testing.T) {
	r := newRig(t, 1100, 720)
	if r.panelShown() != nil {
		r.togglePanel(r.panelShown())
	}
	r.show(chatting, document("How?", answerWithCode))
	p := r.transcript.page
	wide := p.live[2].Size().Width
	r.togglePanel(r.options.side)
	b := p.live[2].block.(*code)
	if right := b.Position().X + b.Size().Width; right > p.width || b.Size().Width >= wide {
		t.Errorf("the code ends at %v of %v, %v wide before the panel and %v now", right, p.width, wide, b.Size().Width)
	}
}

// However an answer arrives, its blocks are those of the whole text, and an open
// block of code ends with its message.
func TestMarkdownGrows(t *testing.T) {
	var whole typesetter
	whole.setChat(true)
	doc := []chat.Segment{{ID: 1, Text: "How?"}, {ID: 2, Author: chat.Model, Text: answerWithCode + "\n```\nopen"}, {ID: 3, Text: "\n\nAnd ```?"}, {ID: 4, Author: chat.Model, Text: "\n\nYes."}}
	whole.update(doc)
	for step := 1; step < 7; step++ {
		var ts typesetter
		ts.setChat(true)
		for i := range doc {
			for n := 0; n < len(doc[i].Text); {
				n = min(len(doc[i].Text), n+step)
				part := append([]chat.Segment{}, doc[:i+1]...)
				part[i].Text = doc[i].Text[:n]
				ts.update(part)
			}
		}
		if fmt.Sprint(ts.paras) != fmt.Sprint(whole.paras) {
			t.Errorf("by %d:\n%+v\nwhole:\n%+v", step, ts.paras, whole.paras)
		}
	}
	last := whole.paras[len(whole.paras)-1]
	if last.code || last.message != 3 || last.text != "Yes." {
		t.Errorf("the last message is %+v", last)
	}
}

// The buttons below messages: of the last answer always, of others under the pointer.
func TestMessageButtons(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, document("Hi", "\n\nHo", "\n\nSo?", "\n\nSo."), func(v *chat.View) {
		v.Document[1].Version, v.Document[1].Versions = 2, 3
		v.Figures.Stop = chat.EndedByItself
	})
	p := r.transcript.page
	if len(p.rows) != 2 {
		t.Fatalf("%d rows of buttons, want those of the last answer and of the one with versions", len(p.rows))
	}
	test.Tap(r.buttonNamed(p.rows[1].CanvasObject, "Previous version"))
	test.Tap(r.buttonNamed(p.rows[1].CanvasObject, "Retry"))
	test.Tap(r.buttonNamed(p.rows[3].CanvasObject, "Retry"))
	r.took("step 2 -1", "retry at 2", "retry")
	test.Tap(r.buttonNamed(p.rows[1].CanvasObject, "Copy"))
	if got := fyne.CurrentApp().Clipboard().Content(); got != "Ho" {
		t.Errorf("copied %q", got)
	}
	p.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, p.tops[2]+5)}})
	if len(p.rows) != 3 {
		t.Fatal("no buttons under the pointer")
	}
	test.Tap(r.buttonNamed(p.rows[2].CanvasObject, "Edit"))
	e := p.edit
	if e == nil || e.entry.Text != "So?" || r.win.Canvas().Focused() != e.entry {
		t.Fatal("Edit opens no entry with the message")
	}
	if p.tops[3] < p.tops[2]+e.box.Size().Height {
		t.Error("the editor lies over the answer")
	}
	e.entry.SetText("Then?")
	test.Tap(r.buttonNamed(e.row, "Send"))
	r.took("edit 3 Then? true")
	if p.edit != nil || r.win.Canvas().Focused() != r.composer.entry {
		t.Error("the editor stays")
	}
	r.press(fyne.KeyE)
	p.edit.entry.SetText("Now?")
	r.press(fyne.KeyReturn)
	r.took("edit 3 Now? true")
	r.press(fyne.KeyE)
	p.edit.entry.SetText("x")
	r.key(fyne.KeyEscape)
	r.took()
	r.show(state(chat.Generating))
	r.press(fyne.KeyE)
	if p.edit != nil {
		t.Error("a message can be edited while an answer is written")
	}
}

// clickText clicks a paragraph of a story at a place in it.
func (r *rig) clickText(i int, at fyne.Position) {
	r.t.Helper()
	s := selectionOf(r.t, r.transcript.page.label(i))
	m := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary}
	s.MouseDown(m)
	s.MouseUp(m)
}

// A clicked paragraph of a story becomes an entry, which leaves its words there.
func TestStoryEditing(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(document("Once upon a time\nthere was a tern.", "\nIt flew."))
	p := r.transcript.page
	r.clickText(1, fyne.NewPos(10000, 15))
	e := p.edit
	if e == nil || e.entry.Text != "there was a tern." || r.win.Canvas().Focused() != e.entry {
		t.Fatal("a click opens no entry")
	}
	if got := e.entry.before(); got != "there was a tern." {
		t.Errorf("the caret is behind %q", got)
	}
	if r.composer.main.Text != "Continue here" {
		t.Errorf("the button says %q", r.composer.main.Text)
	}
	test.Type(e.entry, " Big")
	r.key(fyne.KeyReturn)
	test.Type(e.entry, "and white.")
	r.key(fyne.KeyEscape)
	r.took("splice 17 34 there was a tern. Big\nand white.")
	if p.edit != nil || r.composer.main.Text != "Continue" {
		t.Error("Esc does not leave the entry")
	}

	r.clickText(1, fyne.NewPos(0, 15))
	r.key(fyne.KeyBackspace)
	if got := p.edit.entry.Text; got != "Once upon a timethere was a tern." || p.edit.first != 0 {
		t.Errorf("joined: %q", got)
	}
	test.Type(p.edit.entry, ", ")
	r.key(fyne.KeyEscape)
	r.took("splice 0 34 Once upon a time, there was a tern.")

	r.clickText(1, fyne.NewPos(0, 15))
	for range 5 {
		r.key(fyne.KeyRight)
	}
	test.Tap(r.composer.main)
	r.took("continue at 17 there")
	if p.edit != nil {
		t.Error("the entry stays while the story goes on")
	}

	r.clickText(0, fyne.NewPos(0, 15))
	test.Type(p.edit.entry, "Y")
	r.press(fyne.KeyR) // what was typed is kept before anything else is done
	r.took("splice 0 16 YOnce upon a time", "retry")

	r.clickText(0, fyne.NewPos(0, 15))
	test.Type(p.edit.entry, "X")
	r.win.Canvas().Focus(r.composer.entry)
	r.took("splice 0 16 XOnce upon a time")
	r.show(state(chat.Generating))
	r.clickText(0, fyne.NewPos(0, 15))
	if p.edit != nil {
		t.Error("the text can be edited while it is written")
	}
}

// A conversation of 100,000 tokens has widgets for what is near the view alone,
// wherever that is, and nothing overlaps there.
func TestLongConversation(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, longConversation)
	p := r.transcript.page
	if p.shown < 2000 {
		t.Fatalf("%d paragraphs", p.shown)
	}
	check := func(when string) {
		t.Helper()
		if n := len(p.live); n < 5 || n > 120 {
			t.Errorf("%s: %d widgets", when, n)
		}
		seen := 0
		for i := p.at(p.top); i < p.shown-1 && p.tops[i] < p.bottom; i++ {
			if p.live[i] == nil {
				t.Fatalf("%s: paragraph %d is in view and has no widget", when, i)
			}
			if end := p.tops[i] + p.live[i].MinSize().Height; end > p.tops[i+1]+2*kit.Inset()+1 {
				t.Errorf("%s: paragraph %d ends at %v, the next begins at %v", when, i, end, p.tops[i+1])
			}
			seen++
		}
		if seen < 3 {
			t.Errorf("%s: %d paragraphs in view", when, seen)
		}
	}
	check("at the end")
	if r.transcript.below() > 1 {
		t.Errorf("%v are below the view", r.transcript.below())
	}
	s := r.transcript.scroll
	for _, share := range []float32{0.5, 0.1, 0, 0.9} {
		s.ScrollToOffset(fyne.NewPos(0, share*p.height))
		r.transcript.scrolled()
		check(fmt.Sprint(share))
	}
	at := s.Offset.Y
	for range 40 { // upwards, where heights turn out other than they were thought to be
		before := p.anchor(s.Offset.Y)
		s.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 100)})
		if after := p.anchor(s.Offset.Y); after.para > before.para || before.para-after.para > 8 {
			t.Fatalf("100 px up lead from paragraph %d to %d", before.para, after.para)
		}
	}
	check("after turning the wheel")
	if s.Offset.Y >= at {
		t.Error("the page did not move")
	}
}

// longConversation has about 100,000 tokens.
func longConversation(v *chat.View) {
	v.Document = nil
	for i := range 400 {
		s := chat.Segment{ID: i + 1, Author: chat.Author(i % 2), Text: fmt.Sprintf("\n\nQuestion %d?", i)}
		if i%2 == 1 {
			s.Text = "\n\n" + strings.TrimSpace(strings.Repeat(story(1)[:200+i%7*10]+"\n\n", 8)) + "\n- with `code`\n```go\nx\n```\nThe end."
		}
		v.Document = append(v.Document, s)
	}
}

// BenchmarkStream grows an answer at the end of a long conversation, as a window
// does 30 times a second, with its tokens shown and without, and while words are
// looked for.
func BenchmarkStream(b *testing.B) {
	for name, open := range map[string]func(*rig){
		"plain":   func(*rig) {},
		"inspect": func(r *rig) { r.togglePanel(r.inspect.side) },
		"find":    func(r *rig) { r.find(); r.finder.look("word") },
	} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, 1100, 720)
			r.show(chatting, longConversation, state(chat.Generating))
			last := &r.fake.view.Document[len(r.fake.view.Document)-1]
			last.Text = ""
			open(r)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				words := someTokens(" word")
				if n++; n%60 == 0 {
					words[0].Text += "\n\n"
				}
				words[0].Segment, words[0].Index, words[0].Prob = last.ID, n, float64(n%40)/40
				last.Text += words[0].Text
				r.fake.tokens = append(r.fake.tokens, words...)
				r.show()
			}
		})
	}
}

// BenchmarkScroll turns the wheel in a long conversation.
func BenchmarkScroll(b *testing.B) {
	r := newRig(b, 1100, 720)
	r.show(chatting, longConversation)
	b.ReportAllocs()
	up := float32(60)
	for b.Loop() {
		s := r.transcript.scroll
		if s.Offset.Y < 100 || r.transcript.below() < 100 {
			up = -up
		}
		s.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, up)})
	}
}

// BenchmarkOpenLong shows a long conversation from nothing.
func BenchmarkOpenLong(b *testing.B) {
	r := newRig(b, 1100, 720)
	var full chat.View
	longConversation(&full)
	for b.Loop() {
		r.show(chatting, func(v *chat.View) { v.Document = nil })
		begin := time.Now()
		r.show(chatting, func(v *chat.View) { v.Document = full.Document })
		b.ReportMetric(float64(time.Since(begin).Microseconds())/1000, "ms/open")
	}
}

// TestRemoveMessage: a message can be deleted from the menus, and is undone from the
// strip rather than asked about.
func TestRemoveMessage(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, document("Hi", "\n\nHo"), func(v *chat.View) { v.CanUndo = true })
	p := r.transcript.page
	for _, m := range p.infos {
		r.removal(m).Action()
		r.took(fmt.Sprint("remove ", m.segment))
		r.stripIs("The message was deleted. [Undo]")
		r.tapStrip("Undo")
		r.took("undo")
	}
	r.show(state(chat.Generating))
	r.removal(p.infos[0]).Action()
	r.took()
}
