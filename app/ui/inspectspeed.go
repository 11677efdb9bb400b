package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/settings"
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

// speedTab shows how fast the open model is on this machine.
type speedTab struct {
	of      *chat.ModelInfo // that was measured
	speed   *chat.Speed
	running bool
	ended   int // counts measurements, to tell an old one
	read    *plot
	write   *plot
	verdict *note
	window  *note // how quickly the window answers, in
	lag     *fyne.Container
	run     *button
	copy    *button
	box     *fyne.Container
}

func (p *inspect) newSpeedTab() *speedTab {
	t := &speedTab{read: newPlot(), write: newPlot()}
	t.verdict = newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading)
	t.window = newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading)
	t.lag = container.New(flush{}, t.window)
	t.lag.Hide()
	t.run = newButton("", p.do.escape, func() { p.measure() })
	t.copy = newButton(tr("Copy CSV"), p.do.escape, func() { p.do.copy(t.speed.CSV) })
	caption := func(text string) fyne.CanvasObject {
		return container.New(flush{}, newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, muted(text)))
	}
	table := container.New(&stack{gap: -8})
	for _, x := range published {
		row := newNote(theme.SizeNameCaptionText, span{text: x.program, colour: theme.ColorNameForeground},
			muted(tr(" · reading {{.Read}} · writing {{.Write}}", "Read", count(int(x.read)), "Write", decimal(x.write))))
		table.Add(container.New(flush{}, row))
	}
	list := container.New(&stack{gap: 4},
		caption(tr("Reading a prompt, tokens per second")), t.read,
		caption(tr("Writing, tokens per second; dashed: the limit that memory sets")), t.write,
		container.New(flush{}, t.verdict), container.NewHBox(t.run, t.copy), t.lag,
		caption(tr("Published for bitnet_b1_58-large on two cores of an AMD EPYC (Zen 3), another machine than this one:")), table)
	t.box = newColumn(list, func() float32 { return px(settings.MaxPanel) }, 12, 0)
	return t
}

// showSpeed brings the tab in step.
func (p *inspect) showSpeed() {
	t := p.speed
	if p.view.Model != t.of && !t.running {
		t.of, t.speed = p.view.Model, nil
	}
	var points []chat.SpeedPoint
	verdict := tr("No measurements yet. Benchmark takes about a minute.")
	switch s := t.speed; {
	case p.distant():
		verdict = tr("Only for models running in Tern.")
	case t.running:
		verdict = "" // p.measure says how far it is
	case s != nil && len(s.Points) > 0:
		points = s.Points
		first := s.Points[0]
		verdict = trn(s.Threads, "{{.Rate}} = {{.Percent}}% of what {{.GB}} GB/s allow · {{.Kernel}} kernels · one thread",
			"{{.Rate}} = {{.Percent}}% of what {{.GB}} GB/s allow · {{.Kernel}} kernels · {{.N}} threads",
			"Rate", rate(first.Write), "Percent", count(int(100*first.Write/first.Limit+0.5)),
			"GB", decimal(s.MemoryGB), "Kernel", s.Kernel)
	}
	if verdict != "" {
		t.verdict.set(muted(verdict))
	}
	if d := p.do.lag(); d > 0 {
		t.window.set(muted(tr("While Tern writes, this window answers within {{.Time}} (19 times in 20).", "Time", latency(d))))
		if setVisible(t.lag, true) {
			t.box.Layout.Layout(nil, t.box.Size())
		}
	}
	label := tr("Benchmark this machine")
	if t.running {
		label = tr("Stop")
	}
	t.run.setLabel(label)
	t.run.setEnabled(t.running || p.view.State == chat.Ready && len(p.view.Answers) == 0 && p.view.Model != nil && !p.distant())
	t.copy.setEnabled(t.speed != nil && !t.running)
	t.read.set(points, func(s chat.SpeedPoint) (float64, float64) { return s.Read, 0 })
	t.write.set(points, func(s chat.SpeedPoint) (float64, float64) { return s.Write, s.Limit })
}

// measure begins a measurement, or ends it.
func (p *inspect) measure() {
	t := p.speed
	if t.running {
		p.do.stop()
		return
	}
	t.running, t.speed = true, nil
	t.ended++
	this := t.ended
	t.verdict.set(muted(tr("Measuring…")))
	p.do.measure(func(s chat.SpeedProgress) {
		if this == t.ended && t.running {
			t.verdict.set(muted(measuring(s)))
		}
	}, func(s *chat.Speed) {
		if this == t.ended {
			t.running, t.speed, t.of = false, s, p.view.Model
			p.showSpeed()
		}
	})
	p.showSpeed()
}

func measuring(s chat.SpeedProgress) string {
	switch s.Phase {
	case "memory":
		return tr("Measuring memory…")
	case "decode":
		return tr("Measuring: writing {{.Done}} of {{.Total}}", "Done", count(s.Done), "Total", count(s.Total))
	}
	return tr("Measuring: reading {{.Done}} of {{.Total}}", "Done", count(s.Done), "Total", count(s.Total))
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

func (p *plot) MinSize() fyne.Size { return fyne.NewSize(120, px(plotHeight)) }

func (p *plot) CreateRenderer() fyne.WidgetRenderer { return newDrawing(p, p.draw) }

// AccessibilityLabel says the points.
func (p *plot) AccessibilityLabel() string {
	s := ""
	for _, q := range p.points {
		s += count(int(q.x)) + ": " + rate(q.y) + "\n"
	}
	return s
}

// AccessibilityRole is fyne.AccessibleRoleText.
func (p *plot) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

func (p *plot) draw(d *drawing, size fyne.Size) {
	left, foot, head := px(46), px(18), px(8)
	w, h := size.Width-left-8, size.Height-foot-head
	d.rect(theme.ColorNameSeparator, left, head+h, w, 1)
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
		d.text(tickLabel(v), theme.ColorNamePlaceHolder, theme.SizeNameCaptionText, fyne.TextAlignTrailing, false, 0, y(v)-px(8), left-6, px(16))
		at := far * float64(i) / 2
		align, from := fyne.TextAlignCenter, x(at)-px(30)
		switch i {
		case 0:
			align, from = fyne.TextAlignLeading, left
		case 2:
			align, from = fyne.TextAlignTrailing, left+w-px(60)
		}
		d.text(count(int(at)), theme.ColorNamePlaceHolder, theme.SizeNameCaptionText, align, false, from, head+h+2, px(60), foot-2)
	}
	for i := 1; i < len(p.points); i++ {
		a, b := p.points[i-1], p.points[i]
		if a.limit > 0 {
			d.dashed(theme.ColorNamePlaceHolder, x(a.x), y(a.limit), x(b.x), y(b.limit))
		}
		d.line(theme.ColorNamePrimary, 2, x(a.x), y(a.y), x(b.x), y(b.y))
	}
}

// tickLabel is a number on an axis.
func tickLabel(v float64) string {
	if v > 0 && v < 10 {
		return decimal(v)
	}
	return count(int(v + 0.5))
}

func (d *drawing) line(stroke fyne.ThemeColorName, width, x1, y1, x2, y2 float32) {
	l := canvas.NewLine(d.colour(stroke))
	l.StrokeWidth = width
	l.Position1, l.Position2 = fyne.NewPos(x1, y1), fyne.NewPos(x2, y2)
	d.objects = append(d.objects, l)
}

// dashed draws a line of dashes.
func (d *drawing) dashed(stroke fyne.ThemeColorName, x1, y1, x2, y2 float32) {
	const dash, gap = 5, 4
	long := x2 - x1
	for at := float32(0); at < long; at += dash + gap {
		end := min(at+dash, long)
		d.line(stroke, 1, x1+at, y1+(y2-y1)*at/long, x1+end, y1+(y2-y1)*end/long)
	}
}
