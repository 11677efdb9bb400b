package ui

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"tern/app/ui/kit/kittest"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	saying "tern/app/say"
	"tern/app/ui/longtext"
)

// TestAnything does what users do in any order, and holds after each step that
// the page shows the text of the open conversation and nothing else, that no line
// or button lies on another, that the page ends with its text, and that an editor
// says what the document says and saves that there. It takes fixed seeds, which
// find what they found before, and one that is another each time.
func TestAnything(t *testing.T) {
	steps := 1200
	if testing.Short() {
		steps = 300
	}
	for _, seed := range []uint64{7, 1795934906896953474, uint64(time.Now().UnixNano())} {
		t.Run("", func(t *testing.T) {
			t.Logf("seed %d, %d steps", seed, steps)
			u := newUser(t, seed)
			for range steps {
				u.step()
				if t.Failed() {
					t.Fatalf("with seed %d, after these steps:\n%s", seed, strings.Join(u.done[max(0, len(u.done)-25):], "\n"))
				}
			}
			if u.clicks < steps/100 || u.saves < steps/300 || u.held < steps/300 {
				t.Errorf("seed %d: %d clicks opened an editor, %d saved, text was held back %d times: the test does too little", seed, u.clicks, u.saves, u.held)
			}
			t.Logf("%d editors opened, %d saved, text held back %d times", u.clicks, u.saves, u.held)
		})
	}
}

// user does anything.
type user struct {
	*rig
	t      *testing.T
	book   *book
	rng    *rand.Rand
	done   []string         // the steps
	edit   *longtext.Editor // that is open
	clicks int
	saves  int
	held   int
}

func newUser(t *testing.T, seed uint64) *user {
	u := &user{rig: newRig(t, 1100, 720), t: t, rng: rand.New(rand.NewPCG(seed, 1))}
	u.book = newBook(u.fake)
	u.ctl = parts(u.book)
	u.wire()
	u.book.saving = func(_ *book, at chat.Passage, by string) {
		u.saves++
		// What is on screen when an editor closes is what it was opened on.
		all := text(u.view.Document)
		if at.ID != u.view.ID || at.From+len(at.Text) > len(all) || all[at.From:at.From+len(at.Text)] != at.Text {
			u.t.Errorf("an editor saves to %q at %d, which is not what is there", at.ID, at.From)
		}
		e := u.edit
		if e == nil || e.Message != nil || at.From != e.From || at.Text != e.Old || !strings.HasPrefix(e.Entry.Text, by) {
			u.t.Errorf("%q is saved at %d, which is not what was edited", by, at.From)
		}
	}
	u.book.changed = func(_ *book, segment int, by string) {
		u.saves++
		if e := u.edit; e == nil || e.Message == nil || e.Message.Segment != segment || e.Entry.Text != by {
			u.t.Errorf("%q is saved as message %d, which is not what was edited", by, segment)
		}
	}
	u.show(func(v *chat.View) { v.Conversations = nil })
	return u
}

// words are what models write.
var words = []string{
	"One day", " a little tern", " flew.", " It saw a ship.\n\n", "\n", "\n\n", " “Hello!”", "\n- an item", "\n1. the first", " and **bold** words",
	" and `code`", "\n```go\nx := 1\n", "y := 2\n", "\n```\n", "\n# A heading\n", "\n> quoted", " 海鸥飞过大海。", "   ", "\n \n", " é̂", "\n\n\n",
	strings.Repeat(" The bird flew over the sea and the ship.", 6), strings.Repeat(" wide", 60),
	strings.Repeat(" A sentence without an end of its line.", 60), strings.Repeat("鸟", 1100), strings.Repeat("x", 300),
	strings.Repeat("One line of a poem.\n", 14), "\n\n" + strings.Repeat("A paragraph of some words that fills about a line and a half of the page, or two.\n\n", 9),
}

func (u *user) word() string { return words[u.rng.IntN(len(words))] }

// sentence is what a user types.
func (u *user) sentence() string {
	list := []string{"So?", "Tell me.", strings.Repeat("Why is that so? ", 20), "Two lines\nof words", "A list:\n\n- one\n- two\n\nand more\n\nand more"}
	return list[u.rng.IntN(len(list))]
}

// step does one thing, and looks.
func (u *user) step() {
	u.edit = u.transcript.Editor()
	what := u.act()
	u.done = append(u.done, what)
	if u.rng.IntN(3) > 0 {
		u.book.turn()
		u.rig.show()
		u.check()
	}
	// Between what a user asks for and what the window shows of it, the page is
	// what it was.
}

func (u *user) act() string {
	tr := u.transcript
	pick := func(n int) int { return u.rng.IntN(max(1, n)) }
	writing := u.book.view.State == chat.Generating
	if len(text(u.view.Document)) > 7000 {
		u.editing.closeEditor(true)
		u.book.DropOldest()
		return "drop the oldest turns"
	}
	n := u.rng.IntN(100)
	if u.transcript.Editor() != nil && u.rng.IntN(3) == 0 {
		n = 67 + pick(9) // type, or leave
	}
	switch {
	case n < 30 && writing:
		for range 1 + pick(4) {
			u.book.grow(u.word())
		}
		return "the answer grows"
	case n < 36:
		if u.arrangement.screen == nil {
			u.answering.begin(u.sentence())
		}
		return "send"
	case n < 39:
		u.answering.stop()
		return "stop"
	case n < 45:
		if u.rng.IntN(4) == 0 && len(u.book.ids) < 6 {
			u.conversations.fresh()
			return "a new conversation"
		}
		id := u.book.ids[pick(len(u.book.ids))]
		u.conversations.openConversation(id)
		return "open " + id
	case n < 49:
		size := fyne.NewSize(560+float32(pick(900)), 420+float32(pick(600)))
		u.win.Resize(size)
		return fmt.Sprint("the window is ", size)
	case n < 50:
		if u.rng.IntN(4) == 0 {
			u.preferences.setTextSize([]int{80, 100, 150}[pick(3)])
		}
		return "another size of letters"
	case n < 51:
		u.arrangement.togglePanel(u.arrangement.panels[pick(len(u.arrangement.panels))])
		return "a panel"
	case n < 59:
		return u.selects()
	case n < 67:
		return u.clicksText()
	case n < 72:
		if e := u.transcript.Editor(); e != nil {
			if u.rng.IntN(4) == 0 {
				e.Entry.CursorRow, e.Entry.CursorColumn = 0, 0
				e.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
				return "backspace at the beginning"
			}
			test.Type(e.Entry, []string{"x", " and so", "Y"}[pick(3)])
			if u.rng.IntN(3) == 0 {
				e.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
			}
			return "type"
		}
		return "nothing to type in"
	case n < 76:
		switch e := u.transcript.Editor(); {
		case e == nil:
			u.editing.editLast()
			return "edit the last"
		case u.rng.IntN(2) == 0:
			u.editing.closeEditor(true)
			return "save"
		case e.Message == nil && u.rng.IntN(3) == 0:
			u.editing.continueHere()
			return "continue here"
		}
		u.escape()
		return "Esc"
	case n < 80:
		if u.rng.IntN(3) > 0 { // it cannot be opened
			problem := &saying.Problem{Sentence: saying.Say("no"), Hint: saying.Say("no")}
			u.book.do(func() { u.book.view.Problem = problem })
			return "a model cannot be opened"
		}
		u.book.do(func() {
			u.book.end()
			u.book.view.Mode, u.book.view.Problem = 1-u.book.view.Mode, nil
		})
		return "a model of the other kind"
	case n < 86:
		switch pick(4) {
		case 0:
			tr.ToEnd()
		case 1:
			tr.ScrollTop()
		default:
			tr.ScrollBy(float32(pick(2400) - 1000))
		}
		return "scroll"
	case n < 89:
		if tr.Chat() && len(u.transcript.Messages()) > 0 {
			u.editing.editMessage(u.transcript.Messages()[pick(len(u.transcript.Messages()))])
		}
		return "edit a message"
	case n < 90:
		if u.rng.IntN(2) == 0 {
			u.answering.retry()
			return "retry"
		}
		if len(u.transcript.Messages()) > 0 && !u.writing() {
			m := u.transcript.Messages()[pick(len(u.transcript.Messages()))]
			u.editing.closeEditor(true)
			u.book.Step(m.Segment, pick(3)-1)
		}
		return "another version"
	case n < 92:
		if len(u.transcript.Messages()) > 0 {
			m := u.transcript.Messages()[pick(len(u.transcript.Messages()))]
			tr.ShowPlain(m, !tr.Plain(m))
		}
		return "plain or not"
	case n < 93:
		if u.finder.Open() {
			u.reading.closeFind()
		} else {
			u.reading.find()
			u.finder.Entry.SetText("the")
		}
		return "find"
	case n < 94:
		u.answering.undo()
		return "undo"
	case n < 95:
		if u.arrangement.screen == nil {
			u.arrangement.openScreen(u.arrangement.screens[pick(len(u.arrangement.screens))])
		} else {
			u.arrangement.closeScreen()
		}
		return "a screen"
	case n < 97:
		tr.Places().Column().(desktop.Hoverable).MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, tr.Offset()+float32(pick(500)))}})
		return "move the mouse"
	case n < 98:
		u.reading.readBy(2*pick(2) - 1)
		return "go up or down"
	case n < 99:
		u.pass(time.Second)
		return "time passes"
	}
	u.minute()
	return "a minute without drawing"
}

// minute is what a minute does to widgets that are not drawn: Fyne throws their
// renderers away.
func (u *user) minute() {
	var gone []fyne.Widget
	add := func(b longtext.Block) {
		kittest.Walk(b, func(o fyne.CanvasObject) {
			if w, ok := o.(fyne.Widget); ok {
				gone = append(gone, w)
			}
		})
	}
	for _, b := range u.transcript.Places().Blocks() {
		add(b)
	}
	u.t.Run("minute", func(t *testing.T) {
		for _, w := range gone {
			test.TempWidgetRenderer(t, w)
		}
	})
}

// inView is a plain paragraph that can be seen, with its number, -1 for none.
func (u *user) inView() (*longtext.Prose, int) {
	tr := u.transcript
	var list []int
	for i, b := range tr.Places().Blocks() {
		top, bottom := tr.Places().Span(i)
		if _, ok := b.(*longtext.Prose); ok && top < tr.Offset()+tr.Size().Height && bottom > tr.Offset() && !tr.Places().Hides(i) {
			list = append(list, i)
		}
	}
	if len(list) == 0 || u.transcript.Hidden || u.arrangement.screen != nil {
		return nil, -1
	}
	slices.Sort(list)
	i := list[u.rng.IntN(len(list))]
	if u.rng.IntN(2) == 0 {
		i = list[len(list)-1]
	}
	return u.label(i), i
}

// selects drags over some words.
func (u *user) selects() string {
	l, i := u.inView()
	if i < 0 {
		return "nothing to select"
	}
	size := l.Size()
	at := func() fyne.Position {
		return fyne.NewPos(u.rng.Float32()*size.Width, u.rng.Float32()*size.Height)
	}
	s := kittest.SelectionOf(u.t, l)
	from, to := at(), at()
	left := desktop.MouseButtonPrimary
	s.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: from}, Button: left})
	s.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: to}, Dragged: fyne.NewDelta(to.X-from.X, to.Y-from.Y)})
	s.MouseUp(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: to}, Button: left})
	s.DragEnd()
	return fmt.Sprintf("select %.20q in %d", l.SelectedText(), i)
}

// clicksText clicks a paragraph: one of a story is edited.
func (u *user) clicksText() string {
	l, i := u.inView()
	if i < 0 {
		return "nothing to click"
	}
	if u.writing() && u.rng.IntN(3) > 0 {
		u.answering.stop()
		u.book.turn()
		u.rig.show()
		if l, i = u.inView(); i < 0 {
			return "stop"
		}
	}
	// Where text was held back the click shows it, and paragraphs may begin elsewhere.
	before, words := u.transcript.Editor(), u.transcript.Paragraphs()[i]
	drawn := letters(u.drawn(l))
	m := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(u.rng.Float32()*l.Size().Width, u.rng.Float32()*l.Size().Height)}, Button: desktop.MouseButtonPrimary}
	s := kittest.SelectionOf(u.t, l)
	s.MouseDown(m)
	s.MouseUp(m)
	e := u.transcript.Editor()
	if e == nil || e == before {
		return fmt.Sprint("click ", i)
	}
	u.clicks++
	all := text(u.view.Document)
	switch now := e.Entry.Text; {
	case e.From != words.From && !u.begins(e.From) || e.To > len(all) || all[e.From:e.To] != now || e.Old != now:
		u.t.Errorf("the editor of paragraph %d says %.60q, the document at %d to %d something else", i, now, e.From, e.To)
	case !strings.HasPrefix(letters(now), strings.TrimSuffix(drawn, longtext.Caret)):
		u.t.Errorf("%.60q was clicked, the editor says %.60q", drawn, now)
	case e.ID != u.view.ID:
		u.t.Errorf("the editor is one of %s, and not of %s", e.ID, u.view.ID)
	}
	return fmt.Sprintf("click %d, edit %.20q", i, e.Old)
}

// begins reports whether a paragraph begins at a byte of the document.
func (u *user) begins(at int) bool {
	for _, p := range u.transcript.Paragraphs() {
		if p.From == at {
			return true
		}
	}
	return false
}
