package inspect

import (
	"fmt"
	"slices"
	"strings"
	"tern/app/ui/inspect/inspecttest"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// inspectRig is a panel with a clock that a test lets run.
type inspectRig struct {
	*Panel
	calls   []string
	timers  []func()
	weights *chat.Weights
	done    func(*chat.Speed) // ends a measurement
	copied  string
}

func newInspectRig(t *testing.T) (*inspectRig, fyne.Window) {
	t.Helper()
	a := test.NewTempApp(t)
	a.Settings().SetTheme(kit.NewTheme(kit.Light, 100))
	r := &inspectRig{}
	call := func(name string) func() { return func() { r.calls = append(r.calls, name) } }
	r.Panel = New(true, Actions{
		Tokens:  func(int) ([]chat.Token, bool) { return nil, false },
		Examine: func(int) { call("examine")() },
		Reshade: func() {},
		Reveal:  func(int) {},
		Branch: func(at chat.Token, id int32) {
			r.calls = append(r.calls, fmt.Sprint("branch ", at.Index, " ", id))
		},
		Recipe:  call("recipe"),
		Weights: func(done func(*chat.Weights)) { call("weights")(); done(r.weights) },
		Measure: func(_ func(chat.SpeedProgress), done func(*chat.Speed)) {
			call("measure")()
			r.done = done
		},
		Stop:   call("stop"),
		Copy:   func(text string) { r.copied = text },
		Tint:   func(on bool) { r.calls = append(r.calls, fmt.Sprint("tint ", on)) },
		Input:  func(float bool) { r.calls = append(r.calls, fmt.Sprint("input ", float)) },
		Lag:    func() time.Duration { return 0 },
		Escape: call("escape"),
		After:  func(d time.Duration, do func()) { r.timers = append(r.timers, do) },
	})
	r.Content.Show()
	win := test.NewTempWindow(t, r.Content)
	win.SetPadded(false)
	win.Resize(fyne.NewSize(settings.Default().PanelWidth, 640))
	return r, win
}

func (r *inspectRig) give(tokens []chat.Token, missing bool) {
	r.Do.Tokens = func(int) ([]chat.Token, bool) { return tokens, missing }
	m := chat.ModelInfo{Name: "Tern Tales", Builtin: true}
	v := chat.View{State: chat.Ready}
	v.Model, v.Document = &m, []chat.Segment{{ID: 2, Author: chat.Model, Text: "x"}}
	r.Show(v)
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
	r.give(inspecttest.Tokens(words...), false)
	x := r.Text
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
		r.give(inspecttest.Tokens(words[:i]...), false)
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
	r.give(inspecttest.Tokens("One", " two", " three", " four"), false)
	x := r.Text
	x.MouseIn(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: x.over(1)}})
	if x.shown() != -1 {
		t.Error("a token is shown at once")
	}
	x.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: x.over(2)}})
	r.tick() // the timer of token 1 too
	if x.shown() != 2 || !strings.Contains(r.Headline.Text(), "three") || r.Bars.id != 2 || r.spark.mark != 2 {
		t.Errorf("token %d is shown: %q", x.shown(), r.Headline.Text())
	}
	if got, want := r.Headline.Text(), "“three” · 5.0% · choice 3"; got != want {
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
	if x.Pinned != 1 || win.Canvas().Focused() != fyne.Focusable(x) {
		t.Errorf("pinned %d, focus %v", x.Pinned, win.Canvas().Focused())
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
	r.give(inspecttest.Tokens("One", " two", " three", " four", " five"), false)
	if x.Pinned != 3 || len(x.Tokens) != 5 {
		t.Errorf("pinned %d of %d", x.Pinned, len(x.Tokens))
	}
	r.give(inspecttest.Tokens("Other"), false)
	if x.Pinned != -1 {
		t.Errorf("pinned %d of another text", x.Pinned)
	}
	x.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	if x.Pinned != 0 {
		t.Errorf("Left pins %d, want the last", x.Pinned)
	}
}

func TestChooseAlternative(t *testing.T) {
	r, _ := newInspectRig(t)
	tapRow := func(row int) {
		r.Bars.Tapped(&fyne.PointEvent{Position: fyne.NewPos(20, (float32(row)+0.5)*kit.Px(barPitch))})
	}
	tapRow(0) // nothing is shown
	r.give(inspecttest.Tokens("One", " two", " three"), false)
	r.Text.Pin(1)
	tapRow(1) // the token that stands there
	tapRow(8) // the end of the text
	tapRow(9) // half a character
	tapRow(12)
	if len(r.calls) != 0 {
		t.Errorf("calls %q", r.calls)
	}
	tapRow(3)
	r.Text.Pin(2)
	r.Bars.FocusGained()
	for _, k := range []fyne.KeyName{fyne.KeyDown, fyne.KeyUp, fyne.KeyUp, fyne.KeyEnter} {
		r.Bars.TypedKey(&fyne.KeyEvent{Name: k})
	}
	if want := []string{"branch 1 103", "branch 2 100"}; !slices.Equal(r.calls, want) {
		t.Errorf("calls %q, want %q", r.calls, want)
	}
	r.Text.Pin(0)
	if r.Bars.MinSize().Height != 140 || !strings.Contains(r.Bars.AccessibilityLabel(), "alt1") {
		t.Errorf("bars %v, %q", r.Bars.MinSize(), r.Bars.AccessibilityLabel())
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
	r.give(inspecttest.Tokens("a"), false)
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
	test.Tap(r.Tabs[1])
	if r.Model.body.Visible() || len(r.calls) != 0 {
		t.Errorf("weights of no model, calls %q", r.calls)
	}
	r.give(nil, false)
	r.Show(r.view) // the same model is asked about once
	m := r.Model
	if !slices.Equal(r.calls, []string{"weights"}) || !m.body.Visible() || m.empty.Visible() {
		t.Fatalf("calls %q", r.calls)
	}
	if got, want := m.memory.Text(), "Memory: 4 MB · layers 2 MB · embedding 2 MB · norms 27 kB"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	r.view.Memory = chat.SessionMemory{KV: 12e6, State: 20e6, Snapshots: 40e6, Kept: 2}
	r.Show(r.view)
	if got, want := m.memory.Text(), "Memory: 4 MB · layers 2 MB · embedding 2 MB · norms 27 kB\nConversation: 72 MB · keys and values 12 MB · state 20 MB · 2 copies of it 40 MB"; got != want {
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
	r.Show(chat.View{})
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

// Neighbours of one tint are one run, but for the token that is looked at.
func TestShadesAreJoined(t *testing.T) {
	r, _ := newInspectRig(t)
	tokens := inspecttest.Tokens("One", " two", " three", " four", " five")
	for i, p := range []float64{0.2, 0.2, 0.9, 0.02, 0.02} {
		tokens[i].Prob = p
	}
	r.give(tokens, false)
	want := []longtext.Shade{{From: 0, To: 7, Fill: kit.ColorTint1}, {From: 13, To: 23, Fill: kit.ColorTint3}}
	if got := r.Shades(0, 23); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	r.Text.Pin(3)
	want = []longtext.Shade{want[0], {From: 13, To: 18, Fill: kit.ColorTint3}, {From: 13, To: 18, Fill: theme.ColorNameSelection, Edge: true}, {From: 18, To: 20, Fill: kit.ColorTint3}}
	if got := r.Shades(0, 20); !slices.Equal(got, want) { // of a paragraph that ends there
		t.Errorf("with a pin %+v, want %+v", got, want)
	}
}

// TestInput: the activations can be chosen where files of the architecture do not
// say theirs, and only there.
func TestInput(t *testing.T) {
	r, _ := newInspectRig(t)
	r.Open(1)
	r.Show(chat.View{ModelView: chat.ModelView{Model: &chat.ModelInfo{Name: "a"}}})
	if r.Model.input.Visible() {
		t.Error("a choice for a model whose file says it")
	}
	r.weights = &chat.Weights{}
	r.Show(chat.View{ModelView: chat.ModelView{Model: &chat.ModelInfo{Name: "b", EitherInput: true, Float: true}}})
	if !r.Model.input.Visible() || r.Model.Input.Box.Position().X < 0 {
		t.Fatal("no choice")
	}
	r.calls = nil
	test.Tap(r.Model.Input.Buttons[0])
	if !slices.Equal(r.calls, []string{"input false"}) {
		t.Errorf("asked for %q", r.calls)
	}
}
