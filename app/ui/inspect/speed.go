package inspect

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// published are figures of other programs, from one machine: two cores of an AMD
// EPYC (Zen 3, AVX2), random weights of bitnet_b1_58-large with its head as Q6_K,
// 128 tokens of prompt, two threads. Tern's own are measured where it runs.
var published = []struct {
	program     string
	read, write float64 // tokens per second
}{
	{"bitnet.cpp I2_S", 145, 64.8},
	{"bitnet.cpp TL2", 100, 63.0},
	{"llama.cpp TQ2_0", 107, 59.7},
	{"ik_llama.cpp IQ2_BN", 214, 52.3},
}

// SpeedTab shows how fast the open model is on this machine.
type SpeedTab struct {
	of      *chat.ModelInfo // that was measured
	speed   *chat.Speed
	running bool
	ended   int // counts measurements, to tell an old one
	read    *plot
	write   *plot
	plots   *fyne.Container // both, once there is something to draw
	verdict *kit.Note
	Window  *kit.Note // how quickly the window answers, in
	lag     *fyne.Container
	run     *kit.Button
	copy    *kit.Button
	box     *fyne.Container
}

func (p *Panel) newSpeedTab() *SpeedTab {
	t := &SpeedTab{read: newPlot(), write: newPlot()}
	t.verdict = kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading)
	t.Window = kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading)
	t.lag = container.New(kit.Flush{}, t.Window)
	t.lag.Hide()
	t.run = kit.NewButton("", p.Do.Escape, func() { p.measure() })
	t.copy = kit.NewButton(kit.Tr("Copy CSV"), p.Do.Escape, func() { p.Do.Copy(t.speed.CSV) })
	caption := func(text string) fyne.CanvasObject {
		return container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, kit.Muted(text)))
	}
	table := container.New(&kit.Stack{Gap: -8})
	for _, x := range published {
		row := kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, kit.Span{Text: x.program, Colour: theme.ColorNameForeground},
			kit.Muted(kit.Tr(" · reading {{.Read}} · writing {{.Write}}", "Read", kit.Count(int(x.read)), "Write", kit.Decimal(x.write))))
		table.Add(container.New(kit.Flush{}, row))
	}
	t.plots = container.New(&kit.Stack{Gap: 4},
		caption(kit.Tr("Reading a prompt, tokens per second")), t.read,
		caption(kit.Tr("Writing, tokens per second; dashed: the limit that memory sets")), t.write)
	t.plots.Hide()
	list := container.New(&kit.Stack{Gap: 4},
		container.New(kit.Flush{}, t.verdict), container.NewHBox(t.run, t.copy), t.plots, t.lag,
		caption(kit.Tr("Published for bitnet_b1_58-large on two cores of an AMD EPYC (Zen 3), another machine than this one:")), table)
	t.box = kit.NewColumn(list, func() float32 { return kit.Px(settings.MaxPanel) }, 12, 0)
	return t
}

// ShowSpeed brings the tab in step.
func (p *Panel) ShowSpeed() {
	t := p.Speed
	if p.view.Model != t.of && !t.running {
		t.of, t.speed = p.view.Model, nil
	}
	var points []chat.SpeedPoint
	verdict := kit.Tr("No measurements yet. Benchmark takes about a minute.")
	switch s := t.speed; {
	case p.distant():
		verdict = kit.Tr("Only for models running in Tern.")
	case t.running:
		verdict = "" // p.measure says how far it is
	case s != nil && len(s.Points) > 0:
		points = s.Points
		first := s.Points[0]
		verdict = kit.TrN(s.Threads, "{{.Rate}} = {{.Percent}}% of what {{.GB}} GB/s allow · {{.Kernel}} kernels · one thread",
			"{{.Rate}} = {{.Percent}}% of what {{.GB}} GB/s allow · {{.Kernel}} kernels · {{.N}} threads",
			"Rate", kit.Rate(first.Write), "Percent", kit.Count(int(100*first.Write/first.Limit+0.5)),
			"GB", kit.Decimal(s.MemoryGB), "Kernel", s.Kernel)
	}
	if verdict != "" {
		t.verdict.Set(kit.Muted(verdict))
	}
	arrange := kit.SetVisible(t.plots, len(points) > 0)
	if d := p.Do.Lag(); d > 0 {
		t.Window.Set(kit.Muted(kit.Tr("While Tern writes, this window answers within {{.Time}} (19 times in 20).", "Time", kit.Latency(d))))
		arrange = kit.SetVisible(t.lag, true) || arrange
	}
	if arrange {
		t.box.Layout.Layout(nil, t.box.Size())
	}
	label := kit.Tr("Benchmark this machine")
	if t.running {
		label = kit.Tr("Stop")
	}
	t.run.SetLabel(label)
	t.run.SetEnabled(t.running || p.view.State == chat.Ready && len(p.view.Answers) == 0 && p.view.Model != nil && !p.distant())
	t.copy.SetEnabled(t.speed != nil && !t.running)
	t.read.set(points, func(s chat.SpeedPoint) (float64, float64) { return s.Read, 0 })
	t.write.set(points, func(s chat.SpeedPoint) (float64, float64) { return s.Write, s.Limit })
}

// measure begins a measurement, or ends it.
func (p *Panel) measure() {
	t := p.Speed
	if t.running {
		p.Do.Stop()
		return
	}
	t.running, t.speed = true, nil
	t.ended++
	this := t.ended
	t.verdict.Set(kit.Muted(kit.Tr("Measuring…")))
	p.Do.Measure(func(s chat.SpeedProgress) {
		if this == t.ended && t.running {
			t.verdict.Set(kit.Muted(measuring(s)))
		}
	}, func(s *chat.Speed) {
		if this == t.ended {
			t.running, t.speed, t.of = false, s, p.view.Model
			p.ShowSpeed()
		}
	})
	p.ShowSpeed()
}

func measuring(s chat.SpeedProgress) string {
	switch s.Phase {
	case "memory":
		return kit.Tr("Measuring memory…")
	case "decode":
		return kit.Tr("Measuring: writing {{.Done}} of {{.Total}}", "Done", kit.Count(s.Done), "Total", kit.Count(s.Total))
	}
	return kit.Tr("Measuring: reading {{.Done}} of {{.Total}}", "Done", kit.Count(s.Done), "Total", kit.Count(s.Total))
}

const plotHeight = 120

// plot draws tokens per second over the length of the text before: a line, and
// a dashed one for a limit.
type plot struct {
	widget.BaseWidget
	points []plotPoint
}

type plotPoint struct{ x, y, limit float64 }

func newPlot() *plot {
	p := &plot{}
	p.ExtendBaseWidget(p)
	return p
}

func (p *plot) set(points []chat.SpeedPoint, of func(chat.SpeedPoint) (y, limit float64)) {
	if len(points) == 0 && len(p.points) == 0 {
		return
	}
	p.points = p.points[:0]
	for _, s := range points {
		y, limit := of(s)
		p.points = append(p.points, plotPoint{float64(s.Context), y, limit})
	}
	p.Refresh()
}

func (p *plot) MinSize() fyne.Size { return fyne.NewSize(120, kit.Px(plotHeight)) }

func (p *plot) CreateRenderer() fyne.WidgetRenderer { return kit.NewDrawing(p, p.draw) }

// AccessibilityLabel says the points.
func (p *plot) AccessibilityLabel() string {
	s := ""
	for _, q := range p.points {
		s += kit.Count(int(q.x)) + ": " + kit.Rate(q.y) + "\n"
	}
	return s
}

// AccessibilityRole is fyne.AccessibleRoleText.
func (p *plot) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

func (p *plot) draw(d *kit.Drawing, size fyne.Size) {
	left, foot, head := kit.Px(46), kit.Px(18), kit.Px(8)
	w, h := size.Width-left-8, size.Height-foot-head
	d.Rect(theme.ColorNameSeparator, left, head+h, w, 1)
	if len(p.points) == 0 {
		return
	}
	top, far := 0.0, 1.0
	for _, q := range p.points {
		top, far = max(top, q.y, q.limit), max(far, q.x)
	}
	if top <= 0 {
		return
	}
	x := func(v float64) float32 { return left + w*float32(v/far) }
	y := func(v float64) float32 { return head + h*(1-float32(v/top)) }
	for i := range 3 { // ticks of both axes
		v := top * float64(i) / 2
		d.Text(tickLabel(v), theme.ColorNamePlaceHolder, theme.SizeNameCaptionText, fyne.TextAlignTrailing, false, 0, y(v)-kit.Px(8), left-6, kit.Px(16))
		at := far * float64(i) / 2
		align, from := fyne.TextAlignCenter, x(at)-kit.Px(30)
		switch i {
		case 0:
			align, from = fyne.TextAlignLeading, left
		case 2:
			align, from = fyne.TextAlignTrailing, left+w-kit.Px(60)
		}
		d.Text(kit.Count(int(at)), theme.ColorNamePlaceHolder, theme.SizeNameCaptionText, align, false, from, head+h+2, kit.Px(60), foot-2)
	}
	for i := 1; i < len(p.points); i++ {
		a, b := p.points[i-1], p.points[i]
		if a.limit > 0 {
			d.Dashed(theme.ColorNamePlaceHolder, x(a.x), y(a.limit), x(b.x), y(b.limit))
		}
		d.Line(theme.ColorNamePrimary, 2, x(a.x), y(a.y), x(b.x), y(b.y))
	}
}

// tickLabel is a number on an axis.
func tickLabel(v float64) string {
	if v > 0 && v < 10 {
		return kit.Decimal(v)
	}
	return kit.Count(int(v + 0.5))
}
