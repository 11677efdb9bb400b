package longtext

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"tern/app/ui/kit"
	"tern/app/ui/kit/kittest"
)

// viewRig is a text view alone in a window.
type viewRig struct {
	*View
	t       testing.TB
	win     fyne.Window
	doc     Document
	clicked []int // paragraphs
	finder  *Finder
}

func newViewRig(t testing.TB, width, height float32) *viewRig {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(kit.NewTheme(kit.Light, 100))
	r := &viewRig{t: t, doc: Document{ID: "now"}}
	r.View = New(Actions{
		Row: func(Message) Buttons {
			b := kit.NewQuietButton("Copy", func() {}, func() {})
			return Buttons{container.NewHBox(b), b}
		},
		Clicked:  func(i, _ int, _ fyne.Position) { r.clicked = append(r.clicked, i) },
		Pointing: func() bool { return false },
		Pointed:  func(int, int) {},
		Menu:     func(int, fyne.Position) {},
		CopyText: func(s string) { fyne.CurrentApp().Clipboard().SetContent(s) },
		Escape:   func() {},
		Changed:  func(first int) { r.finder.Changed(first) },
		Shades:   func(i int) []Shade { return r.finder.Shades(i) },
	})
	r.finder = r.View.Find(func() {})
	r.win = test.NewTempWindow(t, r.View)
	r.win.SetPadded(false)
	r.win.Resize(fyne.NewSize(width, height))
	return r
}

// show shows the document after change altered it. It reports whether some waits.
func (r *viewRig) show(change ...func(*Document)) (waiting bool) {
	for _, f := range change {
		f(&r.doc)
	}
	return r.Update(r.doc)
}

// says makes the text those of the user and answers in turn.
func says(texts ...string) func(*Document) {
	return func(d *Document) {
		d.Parts = nil
		for i, t := range texts {
			d.Parts = append(d.Parts, Segment{ID: i + 1, Mine: i%2 == 0, Text: t})
		}
	}
}

func messages(d *Document) { d.Chat = true }

func growing(on bool) func(*Document) { return func(d *Document) { d.Writing = on } }

// label is the widget of a plain paragraph.
func (r *viewRig) label(i int) *Prose { return r.page.live[i].Block.(*Prose) }

// drag selects with the mouse from one place of a paragraph to another.
func (r *viewRig) drag(i int, from, to fyne.Position) {
	r.t.Helper()
	kittest.Select(r.t, r.label(i), from, to)
}

// longDocument has about 100,000 tokens.
func longDocument(d *Document) {
	d.Chat, d.Parts = true, nil
	for i, text := range kittest.LongConversation() {
		d.Parts = append(d.Parts, Segment{ID: i + 1, Mine: i%2 == 0, Text: text})
	}
}
