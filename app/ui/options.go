package ui

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
	"tern/inference/sampling"
)

// options is the panel of generation settings.
type options struct {
	g        settings.Generation
	changed  func(settings.Generation)
	named    func(settings.Generation) settings.Generation // with the name of its preset
	preset   *kit.Button
	presets  *kit.Row
	numbers  []*numberSetting
	seed     *kit.Row
	random   *kit.Check
	seedIn   *kit.LineEntry
	ending   *kit.Row
	whole    *kit.Check
	stop     *kit.Row
	stopIn   *kit.TextEntry
	system   *kit.Row // of the conversation
	systemIn *kit.TextEntry
	more     *kit.Button
	folded   *fyne.Container
	page     *fyne.Container
	box      *fyne.Container
	first    fyne.Focusable
	side     *panel
	thinking thinking
	own      settings.Preset // what the open model recommends,
	says     bool            // and not Tern, since the model says nothing
	limit    int             // context length of the model, 0 while none is open
	kv       int64           // bytes of its key/value cache for each token
}

// numberSetting binds a row to a field of the settings.
type numberSetting struct {
	*kit.Row
	get    func(settings.Generation) float64
	set    func(*settings.Generation, float64)
	locked bool // while something is being written
}

// newOptions builds the panel. changed gets every new set of values; presets
// opens the menu of presets at a button; folded is told when the lower half
// opens, system the instructions of the conversation.
func newOptions(th fyne.Theme, g settings.Generation, more bool, changed func(settings.Generation),
	presets func(at fyne.CanvasObject), resetAll, escape func(), folded func(open bool), system func(string)) *options {
	o := &options{changed: changed, named: func(g settings.Generation) settings.Generation { return g.Named(nil) },
		own: settings.RecommendedBy(nil)}
	o.preset = kit.NewButton("", escape, nil)
	o.preset.OnTapped = func() { presets(o.preset) }
	o.presets = kit.NewRow(kit.Tr("Preset"), presetSentence(false, false),
		o.preset, nil, escape, func() { o.use(o.g.With(o.own)) })

	above, below := []*numberSetting{}, []*numberSetting{}
	for i, f := range sampling.Fields {
		if i < unfolded {
			above = append(above, fieldSetting(f))
		} else {
			below = append(below, fieldSetting(f))
		}
	}
	above = append(above, o.maxTokens())
	machine := []*numberSetting{o.context(), o.threads()}
	for _, n := range slices.Concat(above, below, machine) {
		o.numberRow(th, n, escape)
	}
	o.buildThinking(th, escape)
	o.buildSeed(escape)
	o.buildEnding(escape)
	o.buildStop(escape)
	o.buildSystem(escape, system)

	o.more = kit.NewQuietButton("", escape, func() { o.fold(o.folded.Visible()); folded(o.folded.Visible()) })
	o.folded = container.New(&kit.Stack{Gap: 12})
	for _, r := range slices.Concat([]*kit.Row{o.system}, rowsOf(below), []*kit.Row{o.ending, o.seed, o.stop}, rowsOf(machine)) {
		o.folded.Add(r.Box)
	}
	all := kit.NewQuietButton(kit.Tr("Reset all"), escape, resetAll)
	title := kit.NewNote(theme.SizeNameSubHeadingText, kit.Span{Text: kit.Tr("Generation"), Colour: theme.ColorNameForeground, Bold: true})
	list := container.New(&kit.Stack{Gap: 12}, container.NewBorder(nil, nil, nil, all, container.New(kit.Flush{}, title)), o.presets.Box)
	for _, r := range append(rowsOf(above), o.thinking.row, o.thinking.budget.Row) {
		list.Add(r.Box)
	}
	list.Add(container.New(kit.Flush{}, container.NewHBox(o.more, layout.NewSpacer())))
	list.Add(o.folded)
	o.page = kit.NewColumn(list, func() float32 { return kit.Px(settings.MaxPanel) }, 12, 0)
	o.box = container.NewStack(kit.NewSurface(kit.ColorSidebar), o.page)
	o.first = o.preset
	o.fold(!more)
	o.show(g)
	return o
}

// numberRow makes the row of a number.
func (o *options) numberRow(th fyne.Theme, n *numberSetting, escape func()) {
	spec := n.Row.Spec
	spec.Initial = n.get(settings.DefaultGeneration())
	spec.Changed = func(v float64) {
		g := o.g
		n.set(&g, v)
		o.use(g)
	}
	n.Row = kit.NewNumberRow(th, spec, escape)
	o.numbers = append(o.numbers, n)
}

// panel is the panel as the window shows it; writing reports whether an answer is being
// made, while which some rows are locked.
func (o *options) panel(writing func() bool) *panel {
	o.side = &panel{
		id: "generation", title: kit.Tr("Generation"), icon: iconSliders, key: fyne.KeyG, content: o.box, first: o.first,
		show: func(v chat.View) {
			o.showThreads(v.CoreReserved)
			o.model(v.Model, writing())
			o.showThinking(v)
			o.showSystem(v)
		},
		restyle: func() { o.page.Layout.Layout(o.page.Objects, o.page.Size()) },
	}
	return o.side
}

func rowsOf(n []*numberSetting) []*kit.Row {
	rows := make([]*kit.Row, len(n))
	for i := range n {
		rows[i] = n[i].Row
	}
	return rows
}

func (o *options) fold(closed bool) {
	if closed {
		o.more.SetLabel(kit.Tr("▸ More settings"))
		o.folded.Hide()
	} else {
		o.more.SetLabel(kit.Tr("▾ More settings"))
		o.folded.Show()
	}
	if o.page != nil {
		o.page.Layout.Layout(nil, o.page.Size())
	}
}

// use takes values from the user.
func (o *options) use(g settings.Generation) {
	o.show(g)
	o.changed(o.g)
}

// show brings every row in step with g.
func (o *options) show(g settings.Generation) {
	g = o.named(g)
	o.g = g
	o.showCost()
	o.preset.SetLabel(presetName(g.Preset) + " ▾")
	o.showPreset()
	for _, n := range o.numbers {
		n.Row.Set(n.get(g))
	}
	if o.random.Checked != g.RandomSeed {
		o.random.SetChecked(g.RandomSeed)
	}
	o.showLevel()
	o.showSeed()
	o.showEnding()
	if !o.stopIn.Focused {
		o.stopIn.SetText(strings.Join(g.Stop, "\n"))
	}
	o.stop.ShowReset(len(g.Stop) > 0)
}

// defaults are the settings that a reset goes back to.
func (o *options) defaults() settings.Generation { return settings.DefaultGeneration().With(o.own) }

// recommend takes what the open model recommends; says reports whether it does recommend something.
func (o *options) recommend(own settings.Preset, says bool) {
	o.own, o.says = own, says
	o.showPreset()
	for _, n := range o.numbers {
		n.Row.Spec.Initial = n.get(o.defaults())
	}
}

// model tells the panel what is open and whether something is being written.
func (o *options) model(m *chat.ModelInfo, busy bool) {
	limit := 0
	if m != nil {
		limit = m.ContextLen
	}
	kv := int64(0)
	if m != nil {
		kv = m.KVBytes
	}
	if kv != o.kv {
		o.kv = kv
		o.showCost()
	}
	if limit != o.limit {
		o.limit = limit
		for _, n := range o.numbers {
			switch n.Spec.Title {
			case titleContext():
				n.Bound(settings.MinContext, float64(max(limit, settings.MinContext+1)))
				n.Spec.Initial = float64(limit)
			case titleMaxTokens():
				n.Bound(1, float64(max(limit, 2)))
			}
		}
		o.show(o.g)
	}
	why := ""
	if busy {
		why = kit.Tr("Stop first.")
	}
	for _, n := range o.numbers {
		if n.locked {
			n.Lock(why)
		}
	}
}

// showCost says what the context length in use takes when it is full.
func (o *options) showCost() {
	for _, n := range o.numbers {
		if n.Spec.Title != titleContext() {
			continue
		}
		text := kit.Tr("How much text the model can see; longer needs more memory.")
		if o.kv > 0 {
			text = kit.Tr("How much text the model can see; longer needs more memory: {{.Size}} when it is full.", "Size", kit.Size(o.kv*int64(n.get(o.g))))
		}
		n.Row.Spec.Sentence = text
		if !n.Row.Entry.Disabled() {
			n.Row.Sentence.Set(kit.Muted(text))
		}
	}
}

func titleContext() string   { return kit.Tr("Context length") }
func titleMaxTokens() string { return kit.Tr("Max tokens") }
func titleThreads() string   { return kit.Tr("Threads") }

func threadsSentence(yields bool) string {
	if yields {
		return kit.Tr("Processor threads used for writing. Automatically one fewer than there are cores, because this window became slow.")
	}
	return kit.Tr("Processor threads used for writing. The text does not depend on it.")
}

// showThreads reports whether the automatic number leaves a core to the window.
func (o *options) showThreads(yields bool) {
	for _, n := range o.numbers {
		if text := threadsSentence(yields); n.Spec.Title == titleThreads() && n.Spec.Sentence != text {
			n.Row.Spec.Sentence = text
			o.page.Layout.Layout(o.page.Objects, o.page.Size())
		}
	}
}

func number(title, sentence string, low, high, step float64, decimals int,
	get func(settings.Generation) float64, set func(*settings.Generation, float64)) *numberSetting {
	return &numberSetting{get: get, set: set, Row: &kit.Row{Spec: kit.NumberSpec{
		Title: title, Sentence: sentence, Min: low, Max: high, Step: step,
		Format: func(v float64) string { return kit.Pointed(strconv.FormatFloat(v, 'f', decimals, 64)) },
		Parse:  parseNumber(decimals),
	}}}
}

// parseNumber reads a number, with a comma or a point, rounded to what is shown.
func parseNumber(decimals int) func(string) (float64, error) {
	scale := math.Pow10(decimals)
	return func(s string) (float64, error) {
		v, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(s), ",", ".", 1), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("ui: %q is not a number", s)
		}
		return math.Round(v*scale) / scale, nil
	}
}

// unfolded is how many of sampling.Fields are shown above the fold.
const unfolded = 2

// fieldSetting is the row of a setting of the sampler.
func fieldSetting(f sampling.Field) *numberSetting {
	step, decimals := 0.01, 2
	if f.Whole() {
		step, decimals = 1, 0
	}
	return number(kit.TrKey(f.Title), kit.TrKey(f.Hint), f.Panel.Min, f.Panel.Max, step, decimals,
		func(g settings.Generation) float64 { return f.Get(g.Params) },
		func(g *settings.Generation, v float64) { f.Set(&g.Params, v) })
}

func (o *options) maxTokens() *numberSetting {
	return number(titleMaxTokens(), kit.Tr("Stops after this many tokens; a token is about three quarters of a word."),
		1, 4096, 1, 0,
		func(g settings.Generation) float64 { return float64(g.MaxTokens) },
		func(g *settings.Generation, v float64) { g.MaxTokens = int(v) })
}

// context shows the model's own length where the setting is 0.
func (o *options) context() *numberSetting {
	n := number(titleContext(), kit.Tr("How much text the model can see; longer needs more memory."),
		settings.MinContext, 4096, 1, 0,
		func(g settings.Generation) float64 {
			if g.Context == 0 || o.limit > 0 && g.Context > o.limit {
				return float64(o.limit)
			}
			return float64(g.Context)
		},
		func(g *settings.Generation, v float64) {
			g.Context = int(v)
			if g.Context >= o.limit {
				g.Context = 0
			}
		})
	n.locked = true
	n.Spec.Format = automatic
	return n
}

func (o *options) threads() *numberSetting {
	n := number(titleThreads(), threadsSentence(false),
		0, float64(runtime.NumCPU()), 1, 0,
		func(g settings.Generation) float64 { return float64(g.Threads) },
		func(g *settings.Generation, v float64) { g.Threads = int(v) })
	n.locked = true
	number := n.Spec.Parse
	n.Spec.Format = automatic
	n.Spec.Parse = func(s string) (float64, error) {
		if s = strings.ToLower(strings.TrimSpace(s)); strings.HasPrefix(s, "auto") || s == strings.ToLower(kit.Tr("auto")) {
			return 0, nil
		}
		return number(s)
	}
	return n
}

// automatic writes a whole number; 0 is what Tern chooses itself.
func automatic(v float64) string {
	if v == 0 {
		return kit.Tr("auto")
	}
	return strconv.Itoa(int(v))
}
