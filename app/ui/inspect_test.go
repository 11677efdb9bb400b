package ui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
	"tern/app/ui/kit/kittest"
	"tern/app/ui/longtext"
)

// someTokens are words with figures; the n-th has a probability that gives it
// tint n%5, and stands at choice 1 to 3.
func someTokens(words ...string) []chat.Token {
	shares := []float64{0.5, 0.2, 0.05, 0.02, 0.005}
	var list []chat.Token
	for i, w := range words {
		t := chat.Token{Segment: 2, Index: i, Text: w, Prob: shares[i%5], Rank: i%3 + 1, Surprise: 1.5, Entropy: float64(i % 7)}
		for n := range 10 {
			t.Top = append(t.Top, chat.Alternative{ID: int32(100 + n), Text: fmt.Sprintf(" alt%d", n), Prob: 0.3 / float64(n+1)})
		}
		t.Top[t.Rank-1] = chat.Alternative{ID: 7, Text: w, Prob: t.Prob}
		t.Top[8].Text = ""       // the end of the text
		t.Top[9].Text = "\uFFFD" // a part of a character
		list = append(list, t)
	}
	return list
}

// inspectRig is a panel with a clock that a test lets run.
type inspectRig struct {
	*inspect
	calls   []string
	timers  []func()
	weights *chat.Weights
}

func newInspectRig(t *testing.T) (*inspectRig, fyne.Window) {
	t.Helper()
	a := test.NewTempApp(t)
	a.Settings().SetTheme(kit.NewTheme(kit.Light, 100))
	r := &inspectRig{}
	call := func(name string) func() { return func() { r.calls = append(r.calls, name) } }
	r.inspect = newInspect(true, inspectActions{
		tokens:  func(int) ([]chat.Token, bool) { return nil, false },
		examine: func(int) { call("examine")() },
		reshade: func() {},
		reveal:  func(int) {},
		branch: func(at chat.Token, id int32) {
			r.calls = append(r.calls, fmt.Sprint("branch ", at.Index, " ", id))
		},
		recipe:  call("recipe"),
		weights: func(done func(*chat.Weights)) { call("weights")(); done(r.weights) },
		tint:    func(on bool) { r.calls = append(r.calls, fmt.Sprint("tint ", on)) },
		lag:     func() time.Duration { return 0 },
		escape:  call("escape"),
		after:   func(d time.Duration, do func()) { r.timers = append(r.timers, do) },
	})
	r.side.content.Show()
	win := test.NewTempWindow(t, r.side.content)
	win.SetPadded(false)
	win.Resize(fyne.NewSize(settings.Default().PanelWidth, 640))
	return r, win
}

func (r *inspectRig) give(tokens []chat.Token, missing bool) {
	r.do.tokens = func(int) ([]chat.Token, bool) { return tokens, missing }
	m := builtin
	v := chat.View{State: chat.Ready}
	v.Model, v.Document = &m, []chat.Segment{{ID: 2, Author: chat.Model, Text: "x"}}
	r.show(v)
}

func (r *inspectRig) tick() {
	timers := r.timers
	r.timers = nil
	for _, f := range timers {
		f()
	}
}

// over is a place on token i.
func (t *tokenText) over(i int) fyne.Position {
	for _, p := range t.places {
		if p.token == i {
			return fyne.NewPos((p.from+p.to)/2, (float32(p.line)+0.5)*t.lineHeight())
		}
	}
	return fyne.NewPos(-1, -1)
}

func TestTokenTextLines(t *testing.T) {
	r, _ := newInspectRig(t)
	long := strings.Repeat("w", 200)
	words := []string{"Once", " upon", " a", " time", ".", "\n", "\n", "Then", " ", "…", "\n\nThe end", long, "é", ""}
	for range 30 {
		words = append(words, " more")
	}
	r.give(someTokens(words...), false)
	x := r.text
	if x.width <= 100 || len(x.lines) < 8 {
		t.Fatalf("%d lines at %g", len(x.lines), x.width)
	}
	seen := map[int]bool{}
	for i, p := range x.places {
		if p.to > x.width+0.01 || p.from < 0 || p.to <= p.from {
			t.Errorf("part %d of token %d is at %g to %g of %g", i, p.token, p.from, p.to, x.width)
		}
		seen[p.token] = true
		if got := x.at(fyne.NewPos((p.from+p.to)/2, (float32(p.line)+0.5)*x.lineHeight())); got != p.token {
			t.Errorf("token %d is found as %d", p.token, got)
		}
	}
	for i, w := range words {
		if strings.Trim(w, "\n ") != "" && !seen[i] {
			t.Errorf("token %d, %q, stands nowhere", i, w)
		}
	}
	if got, want := strings.Join(strings.Fields(strings.Join(x.lines, " ")), ""), strings.Join(strings.Fields(strings.Join(words, "")), ""); got != want {
		t.Errorf("the lines say %q, want %q", got, want)
	}
	// What grows is broken as it would be at once.
	lines, places := slices.Clone(x.lines), slices.Clone(x.places)
	r.give(nil, false)
	for i := range len(words) + 1 {
		r.give(someTokens(words[:i]...), false)
	}
	if !slices.Equal(x.lines, lines) || !slices.Equal(x.places, places) {
		t.Errorf("token by token the lines are %q, want %q", x.lines, lines)
	}
	if x.at(fyne.NewPos(1, 1e6)) != -1 || x.at(fyne.NewPos(1e6, 1)) != -1 {
		t.Error("there is a token where there is no text")
	}
}

func TestPointAndPin(t *testing.T) {
	r, win := newInspectRig(t)
	r.give(someTokens("One", " two", " three", " four"), false)
	x := r.text
	x.MouseIn(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: x.over(1)}})
	if x.shown() != -1 {
		t.Error("a token is shown at once")
	}
	x.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: x.over(2)}})
	r.tick() // the timer of token 1 too
	if x.shown() != 2 || !strings.Contains(r.headline.Text(), "three") || r.bars.id != 2 || r.spark.mark != 2 {
		t.Errorf("token %d is shown: %q", x.shown(), r.headline.Text())
	}
	if got, want := r.headline.Text(), "“three” · 5.0% · choice 3"; got != want {
		t.Errorf("headline %q, want %q", got, want)
	}
	if got, want := r.figures.Text(), "Surprise 1.5 bits · entropy 2.0 bits"; got != want {
		t.Errorf("figures %q, want %q", got, want)
	}
	x.MouseOut()
	if x.shown() != -1 || r.spark.mark != -1 {
		t.Error("the token is still shown")
	}
	x.Tapped(&fyne.PointEvent{Position: x.over(1)})
	if x.pinned != 1 || win.Canvas().Focused() != fyne.Focusable(x) {
		t.Errorf("pinned %d, focus %v", x.pinned, win.Canvas().Focused())
	}
	x.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: x.over(3)}})
	r.tick()
	if x.shown() != 3 {
		t.Error("pointing does not go before what is pinned")
	}
	x.MouseOut()
	for _, c := range []struct {
		key  fyne.KeyName
		want int
	}{{fyne.KeyRight, 2}, {fyne.KeyRight, 3}, {fyne.KeyRight, 3}, {fyne.KeyLeft, 2}, {fyne.KeyHome, 0}, {fyne.KeyLeft, 0}, {fyne.KeyEnd, 3}} {
		if x.TypedKey(&fyne.KeyEvent{Name: c.key}); x.shown() != c.want {
			t.Errorf("%s goes to %d, want %d", c.key, x.shown(), c.want)
		}
	}
	x.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if !slices.Equal(r.calls, []string{"escape"}) {
		t.Errorf("calls %q", r.calls)
	}
	// More text keeps what is pinned, another text does not.
	r.give(someTokens("One", " two", " three", " four", " five"), false)
	if x.pinned != 3 || len(x.tokens) != 5 {
		t.Errorf("pinned %d of %d", x.pinned, len(x.tokens))
	}
	r.give(someTokens("Other"), false)
	if x.pinned != -1 {
		t.Errorf("pinned %d of another text", x.pinned)
	}
	x.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	if x.pinned != 0 {
		t.Errorf("Left pins %d, want the last", x.pinned)
	}
}

func TestChooseAlternative(t *testing.T) {
	r, _ := newInspectRig(t)
	tapRow := func(row int) {
		r.bars.Tapped(&fyne.PointEvent{Position: fyne.NewPos(20, (float32(row)+0.5)*kit.Px(barPitch))})
	}
	tapRow(0) // nothing is shown
	r.give(someTokens("One", " two", " three"), false)
	r.text.pin(1)
	tapRow(1) // the token that stands there
	tapRow(8) // the end of the text
	tapRow(9) // half a character
	tapRow(12)
	if len(r.calls) != 0 {
		t.Errorf("calls %q", r.calls)
	}
	tapRow(3)
	r.text.pin(2)
	r.bars.FocusGained()
	for _, k := range []fyne.KeyName{fyne.KeyDown, fyne.KeyUp, fyne.KeyUp, fyne.KeyEnter} {
		r.bars.TypedKey(&fyne.KeyEvent{Name: k})
	}
	if want := []string{"branch 1 103", "branch 2 100"}; !slices.Equal(r.calls, want) {
		t.Errorf("calls %q, want %q", r.calls, want)
	}
	r.text.pin(0)
	if r.bars.MinSize().Height != 140 || !strings.Contains(r.bars.AccessibilityLabel(), "alt1") {
		t.Errorf("bars %v, %q", r.bars.MinSize(), r.bars.AccessibilityLabel())
	}
}

// TestExamineOnce asks for missing figures once for each state of an answer.
func TestExamineOnce(t *testing.T) {
	r, _ := newInspectRig(t)
	if r.about.Visible() || !r.empty.Visible() {
		t.Error("there are figures of nothing")
	}
	r.give(nil, true)
	r.give(nil, true)
	if !slices.Equal(r.calls, []string{"examine"}) {
		t.Errorf("calls %q", r.calls)
	}
	r.give(someTokens("a"), false)
	if !r.about.Visible() || r.empty.Visible() {
		t.Error("there are no figures")
	}
	r.tint.SetChecked(false)
	test.Tap(r.recipe)
	if want := []string{"examine", "tint false", "recipe"}; !slices.Equal(r.calls, want) {
		t.Errorf("calls %q, want %q", r.calls, want)
	}
}

func TestTint(t *testing.T) {
	for p, want := range map[float64]int{1: 0, 0.3: 0, 0.29: 1, 0.1: 1, 0.09: 2, 0.03: 2, 0.02: 3, 0.01: 3, 0.009: 4, 0: 4} {
		if got := tint(p); got != want {
			t.Errorf("tint of %g is %d, want %d", p, got, want)
		}
	}
	for p, want := range map[float64]string{1: "100.0%", 0.99999: ">99.9%", 0.31: "31.0%", 0.0004: "<0.1%", 0: "0.0%"} {
		if got := kit.Percent(p); got != want {
			t.Errorf("percent of %g is %q, want %q", p, got, want)
		}
	}
	for s, want := range map[string]string{" a": " a", "\n": "↵", "  ": "␣␣", "": "end of the text"} {
		if got := visible(s); got != want {
			t.Errorf("visible of %q is %q, want %q", s, got, want)
		}
	}
}

func someWeights() *chat.Weights {
	w := &chat.Weights{
		Memory:  []chat.MemoryPart{{Name: "packed layers", Bytes: 1_500_000}, {Name: "embedding", Bytes: 2_000_000}, {Name: "norms", Bytes: 27_000}},
		Tensors: []chat.Tensor{{Name: "model.embed_tokens.weight", Type: "F16", Shape: []int{4096, 256}}, {Name: "model.layers.0.self_attn.q_proj.weight", Type: "U8", Shape: []int{64, 256}}},
	}
	for range 3 {
		var l chat.LayerWeights
		for _, name := range []string{"q", "k", "v", "o", "gate", "up", "down"} {
			l.Parts = append(l.Parts, chat.Projection{Name: name, Rows: 10, Cols: 100, Neg: 290, Zero: 420, Pos: 290, Scale: 0.5, Bytes: 250})
		}
		w.Layers = append(w.Layers, l)
	}
	return w
}

func TestModelTab(t *testing.T) {
	r, _ := newInspectRig(t)
	r.weights = someWeights()
	test.Tap(r.tabs[1])
	if r.model.body.Visible() || len(r.calls) != 0 {
		t.Errorf("weights of no model, calls %q", r.calls)
	}
	r.give(nil, false)
	r.show(r.view) // the same model is asked about once
	m := r.model
	if !slices.Equal(r.calls, []string{"weights"}) || !m.body.Visible() || m.empty.Visible() {
		t.Fatalf("calls %q", r.calls)
	}
	if got, want := m.memory.Text(), "Memory: 4 MB · layers 2 MB · embedding 2 MB · norms 27 kB"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := m.layers.AccessibilityLabel(); !strings.HasPrefix(got, "Layer 1 29/42/29\n") {
		t.Errorf("%q", got)
	}
	for search, want := range map[string]string{"": "2 of 2 tensors", "Q_PROJ": "1 of 2 tensors", "layers u8": "1 of 2 tensors", "nothing": "0 of 2 tensors"} {
		m.search.SetText(search)
		if got := m.found.Text(); got != want {
			t.Errorf("searching %q finds %q, want %q", search, got, want)
		}
	}
	closed := m.layers.MinSize().Height
	m.layers.Tapped(&fyne.PointEvent{Position: fyne.NewPos(9, kit.Px(layerHead+layerPitch*1.5))})
	if m.layers.opened != 1 || m.layers.MinSize().Height != closed+7*kit.Px(partPitch) {
		t.Errorf("layer %d is open", m.layers.opened)
	}
	if m.layers.layerAt(kit.Px(layerHead+layerPitch*2+10)) != 1 || m.layers.layerAt(kit.Px(layerHead+layerPitch*2+7*partPitch+5)) != 2 || m.layers.layerAt(1) != -1 {
		t.Error("the rows are elsewhere")
	}
	m.layers.FocusGained()
	m.layers.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnter})
	if m.layers.opened != -1 {
		t.Error("Enter does not close the layer")
	}
	for _, k := range []fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeyEnter} {
		m.layers.TypedKey(&fyne.KeyEvent{Name: k})
	}
	if m.layers.opened != 2 {
		t.Errorf("layer %d is open, want the last", m.layers.opened)
	}
	r.show(chat.View{})
	if m.body.Visible() || !m.empty.Visible() {
		t.Error("weights of a model that was closed")
	}
	for _, c := range []struct {
		neg, zero, pos int
		want           string
	}{{1, 1, 1, "33/33/33"}, {0, 0, 0, "floats"}, {0, 5, 0, "0/100/0"}} {
		if got := shares(c.neg, c.zero, c.pos); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestInspectInWindow opens the panel in a window: answers are then written with
// figures, and a chosen word and a recipe reach the controller.
func TestInspectInWindow(t *testing.T) {
	r := newRig(t, 1100, 720)
	if r.fake.inspect {
		t.Error("figures are asked for while nobody looks")
	}
	r.fake.tokens = someTokens("One", " two")
	r.show(func(v *chat.View) {
		v.Document = []chat.Segment{{ID: 2, Author: chat.Model, Text: "One two"}}
	})
	r.togglePanel(r.inspect.side)
	if !r.fake.inspect || r.panelShown() != r.inspect.side || len(r.inspect.text.tokens) != 2 {
		t.Fatal("the panel does not look")
	}
	r.inspect.text.pin(1)
	r.inspect.bars.choose(r.inspect.bars.list[4])
	if !slices.Contains(r.fake.calls, "choose 2 1 104") {
		t.Errorf("calls %q", r.fake.calls)
	}
	r.copyRecipe()
	if r.message() == nil || !strings.Contains(r.message().Sentence, "no recipe") {
		t.Errorf("without a recipe: %+v", r.message())
	}
	r.fake.recipe = []byte("{}\n")
	r.copyRecipe()
	if got := fyne.CurrentApp().Clipboard().Content(); got != "{}\n" {
		t.Errorf("the clipboard has %q", got)
	}
	r.togglePanel(r.options.side)
	if r.fake.inspect {
		t.Error("figures are still asked for")
	}
}

// tokensOf cuts a segment into words with figures.
func tokensOf(s chat.Segment) []chat.Token {
	tokens := someTokens(strings.SplitAfter(s.Text[s.Lead:], " ")...)
	for i := range tokens {
		tokens[i].Segment = s.ID
	}
	return tokens
}

// While tokens are shown they are tinted in the text itself, which answers the
// mouse; nothing of that is there once they are not.
func TestTokensInTheText(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.inspect.text.after = func(time.Duration, func()) {}
	r.show(chatting, document("Hi", "\n\nOne two three", "\n\nAnd?", "\n\nA **fourth** and fifth of them and a sixth.\n\n```\ncode is text\n```"), func(v *chat.View) {
		v.Document[1].Lead, v.Document[3].Lead = 2, 2
		v.Figures.Stop = chat.EndedByItself
	})
	doc := r.fake.view.Document
	r.fake.tokens = tokensOf(doc[3])
	text, mouse := r.inspect.text, r.transcript.Places().Column().(desktop.Hoverable)
	shaded := func() (list []string) {
		for i := range len(r.transcript.Paragraphs()) {
			list = append(list, strings.Join(r.transcript.Places().Block(i).Shaded(), "|"))
		}
		return list
	}
	over := func(i, at int) fyne.Position {
		b := r.transcript.Places().Block(i)
		for y := float32(0); y < b.Size().Height; y++ {
			for x := float32(0); x < 400; x++ {
				if b.At(fyne.NewPos(x, y)) == at {
					return b.Position().AddXY(x+0.5, y+1)
				}
			}
		}
		t.Fatalf("byte %d of paragraph %d is nowhere", at, i)
		return fyne.Position{}
	}
	click := func(o fyne.CanvasObject, at fyne.Position) {
		t.Helper()
		d := fyne.CurrentApp().Driver()
		s := kittest.SelectionOf(t, o)
		m := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
		m.Position = at.Add(d.AbsolutePositionForObject(r.transcript.Places().Column())).Subtract(d.AbsolutePositionForObject(s))
		s.MouseDown(m)
		s.MouseUp(m)
	}
	none := []string{"", "", "", "", ""}
	if got := shaded(); !slices.Equal(got, none) {
		t.Fatalf("%q is tinted with Inspect closed", got)
	}
	mouse.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: over(3, 4)}})
	if text.hovered != -1 {
		t.Error("the mouse is followed with Inspect closed")
	}
	r.togglePanel(r.inspect.side)
	// The tint of each word is its number modulo 5, 0 for none.
	want := []string{"", "", "", "**fourth** |and |fifth |of |and |a |sixth.", "```\ncode |is "}
	if got := shaded(); !slices.Equal(got, want) {
		t.Fatalf("%q is tinted, want %q", got, want)
	}

	at := strings.Index(doc[3].Text, "fifth") - 2
	mouse.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: over(3, at)}})
	if text.hovered != 3 {
		t.Errorf("the mouse is over token %d", text.hovered)
	}
	text.point(text.hovered)
	if got := shaded()[3]; !strings.Contains(got, "fifth |fifth ") {
		t.Errorf("what the mouse is over is not marked: %q", got)
	}
	mouse.MouseOut()
	if got := shaded(); !slices.Equal(got, want) || text.hovered != -1 {
		t.Errorf("%q after the mouse has left", got)
	}
	test.TapAt(r.transcript.Places().Block(3).(*longtext.Rich), over(3, at).Subtract(r.transcript.Places().Block(3).Position()))
	if text.pinned != 3 || r.win.Canvas().Focused() != fyne.Focusable(text) || !strings.Contains(r.inspect.headline.Text(), "fifth") {
		t.Errorf("a click pins %d: %q", text.pinned, r.inspect.headline.Text())
	}
	r.key(fyne.KeyRight)
	if got := shaded()[3]; !strings.Contains(got, "of |of ") || strings.Contains(got, "fifth |fifth ") {
		t.Errorf("the arrow key marks %q", got)
	}
	code := r.transcript.Places().Block(4).(*longtext.Code)
	click(code, over(4, 4))
	if text.pinned != 8 {
		t.Errorf("a click on code pins %d", text.pinned)
	}
	r.inspect.bars.choose(r.inspect.bars.list[5])
	r.took("choose 4 8 105")

	// Another answer is looked at when it is clicked, and pinned when it is known.
	r.fake.tokens, r.fake.missing = nil, true
	click(r.label(1), over(1, 4))
	r.took("examine 2")
	if text.pinned != -1 {
		t.Errorf("token %d of another answer is pinned", text.pinned)
	}
	r.fake.tokens, r.fake.missing = tokensOf(doc[1]), false
	r.show()
	if got := shaded(); text.pinned != 1 || !slices.Equal(got, []string{"", "two |two |three", "", "", ""}) {
		t.Errorf("token %d of the other answer is pinned, %q is tinted", text.pinned, got)
	}
	// What the user wrote has no figures.
	click(r.label(2), over(2, 1))
	if r.inspect.chosen != 2 {
		t.Errorf("answer %d is looked at", r.inspect.chosen)
	}
	// A new answer is what is looked at next.
	r.show(func(v *chat.View) {
		v.Document = append(v.Document, chat.Segment{ID: 5, Author: chat.Model, Text: " More."})
	})
	if r.inspect.chosen != 0 {
		t.Errorf("answer %d is looked at while another is written", r.inspect.chosen)
	}
	r.togglePanel(r.inspect.side)
	for _, b := range r.transcript.Places().Blocks() {
		if got := b.Shaded(); len(got) > 0 {
			t.Errorf("%q is tinted after Inspect was closed", got)
		}
	}
}

// Neighbours of one tint are one run, but for the token that is looked at.
func TestShadesAreJoined(t *testing.T) {
	r, _ := newInspectRig(t)
	tokens := someTokens("One", " two", " three", " four", " five")
	for i, p := range []float64{0.2, 0.2, 0.9, 0.02, 0.02} {
		tokens[i].Prob = p
	}
	r.give(tokens, false)
	want := []longtext.Shade{{From: 0, To: 7, Fill: kit.ColorTint1}, {From: 13, To: 23, Fill: kit.ColorTint3}}
	if got := r.shades(0, 23); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	r.text.pin(3)
	want = []longtext.Shade{want[0], {From: 13, To: 18, Fill: kit.ColorTint3}, {From: 13, To: 18, Fill: theme.ColorNameSelection, Edge: true}, {From: 18, To: 20, Fill: kit.ColorTint3}}
	if got := r.shades(0, 20); !slices.Equal(got, want) { // of a paragraph that ends there
		t.Errorf("with a pin %+v, want %+v", got, want)
	}
}
