package longtext

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tern/app/ui/kit"
)

const answerWithCode = "\n\nRead **it** so:\n\n```go\nx := 1\n\ny := 2\n```\nThen `go`.\n- item"

// Markdown: each block has its widget, code a button that copies it.
func TestMarkdown(t *testing.T) {
	r := newViewRig(t, 1100, 720)
	r.show(messages, says("How?", answerWithCode))
	p := r.page
	var kinds []string
	for i := range p.content.shown {
		kinds = append(kinds, fmt.Sprintf("%T", p.live[i].Block))
	}
	if got, want := strings.Join(kinds, " "), "*longtext.Prose *longtext.Rich *longtext.Code *longtext.Rich *longtext.Rich"; got != want {
		t.Fatalf("blocks %s, want %s", got, want)
	}
	b := p.live[2].Block.(*Code)
	if b.Text.Text != "x := 1\n\ny := 2" || b.lang.Text() != "go" {
		t.Errorf("code %q in %q", b.Text.Text, b.lang.Text())
	}
	test.Tap(b.Copy)
	if got := fyne.CurrentApp().Clipboard().Content(); got != "x := 1\n\ny := 2" {
		t.Errorf("copied %q", got)
	}
	if got := p.live[1].Block.(*Rich).String(); got != "Read it so:" {
		t.Errorf("formatted %q", got)
	}
	if got := p.live[4].Block.(*Rich).String(); !strings.Contains(got, "•") || !strings.Contains(got, "item") {
		t.Errorf("an item %q", got)
	}
	// The wheel over code moves the page.
	r.show(messages, says("How?", answerWithCode+strings.Repeat("\nAnd so on.", 100)))
	r.scroll.ScrollToTop()
	r.scrolled()
	p.live[2].Block.(*Code).scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -50)})
	if r.scroll.Offset.Y != 50 {
		t.Errorf("the page is at %v", r.scroll.Offset.Y)
	}
	// A story is plain.
	r.show(func(d *Document) { d.Chat = false })
	for _, b := range p.live {
		if b.kind != proseKind {
			t.Errorf("a story has a block of kind %d", b.kind)
		}
	}
}

// An answer can be shown as it was written, and with its formatting again; other
// answers are not concerned.
func TestPlainText(t *testing.T) {
	r := newViewRig(t, 1100, 720)
	r.show(messages, says("How?", answerWithCode, "\n\nAnd?", "\n\nIn **bold**."))
	p := r.page
	kinds := func() string {
		var list []string
		for i := range p.content.shown {
			list = append(list, fmt.Sprintf("%T", p.live[i].Block))
		}
		return strings.Join(list, " ")
	}
	before, height := kinds(), p.height
	r.ShowPlain(p.content.infos[1], true)
	if got, want := kinds(), "*longtext.Prose *longtext.Prose *longtext.Prose *longtext.Prose *longtext.Prose *longtext.Prose *longtext.Rich"; got != want {
		t.Fatalf("blocks %s, want %s", got, want)
	}
	if got := r.label(2).Text; got != "```go\nx := 1\n\ny := 2\n```" {
		t.Errorf("code is shown as %q", got)
	}
	if got := r.label(1).Text; got != "Read **it** so:" {
		t.Errorf("%q", got)
	}
	r.ShowPlain(p.content.infos[1], false)
	if got := kinds(); got != before || p.height != height {
		t.Errorf("blocks %s in %v, want %s in %v", got, p.height, before, height)
	}
}

// The button of a block of code copies all of it, also where it is so long that
// several widgets show it, and while it is written.
func TestCopyCode(t *testing.T) {
	r := newViewRig(t, 1100, 720)
	var lines []string
	for i := range 600 {
		lines = append(lines, fmt.Sprintf("line(%d)", i))
	}
	code600 := strings.Join(lines, "\n")
	r.show(messages, says("How?", "\n\n```go\nx\n```\n```\n"+code600+"\n```\nSo."))
	p := r.page
	copied := func(i int) string {
		b, ok := p.live[i].Block.(*Code)
		if !ok {
			t.Fatalf("paragraph %d is no code", i)
		}
		fyne.CurrentApp().Clipboard().SetContent("")
		test.Tap(b.Copy)
		return fyne.CurrentApp().Clipboard().Content()
	}
	last := p.content.shown - 2 // of the block, which is at the end of the text
	if !p.content.paras[last].cont {
		t.Fatal("the code is one paragraph: the test does not work")
	}
	if got := copied(last); got != code600 {
		t.Errorf("copied %d bytes of %d: %.30q … %q", len(got), len(code600), got, got[max(0, len(got)-30):])
	}
	r.scroll.ScrollToTop()
	r.scrolled()
	if got := copied(1); got != "x" {
		t.Errorf("copied %q", got)
	}
	if got := copied(2); got != code600 {
		t.Errorf("copied %d bytes of %d from the beginning", len(got), len(code600))
	}
	r.show(growing(true), says("How?", "\n\n```go\nx := 1\ny"))
	if got := copied(1); got != "x := 1\ny" {
		t.Errorf("while it is written %q is copied", got)
	}
}

// A block of code takes the room that there is, and its button stays in sight when
// a panel takes some of that.
func TestCodeFitsBesideThePanel(t *testing.T) {
	r := newViewRig(t, 1100, 720)
	r.show(messages, says("How?", answerWithCode))
	p := r.page
	wide := p.live[2].Size().Width
	r.win.Resize(fyne.NewSize(760, 720))
	b := p.live[2].Block.(*Code)
	if right := b.Position().X + b.Size().Width; right > p.width || b.Size().Width >= wide {
		t.Errorf("the code ends at %v of %v, %v wide before the panel and %v now", right, p.width, wide, b.Size().Width)
	}
}

// A conversation of 100,000 tokens has widgets for what is near the view alone,
// wherever that is, and nothing overlaps there.
func TestLongConversation(t *testing.T) {
	r := newViewRig(t, 1100, 720)
	r.show(longDocument)
	p := r.page
	if p.content.shown < 2000 {
		t.Fatalf("%d paragraphs", p.content.shown)
	}
	check := func(when string) {
		t.Helper()
		if n := len(p.live); n < 5 || n > 120 {
			t.Errorf("%s: %d widgets", when, n)
		}
		seen := 0
		for i := p.at(p.top); i < p.content.shown-1 && p.tops[i] < p.bottom; i++ {
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
	if r.Below() > 1 {
		t.Errorf("%v are below the view", r.Below())
	}
	s := r.scroll
	for _, share := range []float32{0.5, 0.1, 0, 0.9} {
		s.ScrollToOffset(fyne.NewPos(0, share*p.height))
		r.scrolled()
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

// BenchmarkScroll turns the wheel in a long conversation.
func BenchmarkScroll(b *testing.B) {
	r := newViewRig(b, 1100, 720)
	r.show(longDocument)
	b.ReportAllocs()
	up := float32(60)
	for b.Loop() {
		s := r.scroll
		if s.Offset.Y < 100 || r.Below() < 100 {
			up = -up
		}
		s.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, up)})
	}
}

// BenchmarkOpenLong shows a long conversation from nothing.
func BenchmarkOpenLong(b *testing.B) {
	r := newViewRig(b, 1100, 720)
	var full Document
	longDocument(&full)
	for b.Loop() {
		r.show(messages, func(d *Document) { d.Parts = nil })
		begin := time.Now()
		r.show(messages, func(d *Document) { d.Parts = full.Parts })
		b.ReportMetric(float64(time.Since(begin).Microseconds())/1000, "ms/open")
	}
}
