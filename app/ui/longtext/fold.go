package longtext

import (
	"math"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/ui/kit"
)

// part is what a paragraph of an answer is.
type part uint8

const (
	wordPart    part = iota // of the answer, or of another text
	foldPart                // the line above what the model thought, which opens it and shuts it; it has no text
	thoughtPart             // of these thoughts, while they are open
)

// fold is what a line above thoughts says.
type fold struct {
	segment int  // the first that has the thoughts
	open    bool // they can be seen
	seconds int  // that they took
	state   foldState
}

type foldState uint8

const (
	foldDone    foldState = iota
	foldRuns              // it is being thought
	foldStopped           // the answer ended in the thoughts
)

// folds are those of a document. Of these, only the last one changes while text is added.
type folds struct {
	open  map[int]bool // by fold.segment
	below int          // the paragraph after the line of the last one, 0 for none
	first int          // the segment that it begins with
}

// thinksOn reports whether d, which s is now, has all that s thought, and more only where the last of it stands at the
// end.
func (s *Segment) thinksOn(d *Segment, last bool) bool {
	more := len(d.Thoughts) - len(s.Thoughts)
	return more == 0 || more > 0 && last && strings.TrimLeft(s.Text, "\n") == ""
}

// think adds what was thought in segment i of doc, which stands at an offset in the document, and returns the first paragraph
// that it changed. begins says that a message begins with the segment.
func (t *typesetter) think(doc []Segment, i int, added string, at int, begins bool) int {
	s := &doc[i]
	n := len(t.paras)
	message := 0
	if n > 0 {
		message = t.paras[n-1].message
	}
	changed := n
	if goesOn := n > 0 && t.paras[n-1].part != wordPart && (!begins || t.folds.first == i); !goesOn {
		changed = min(t.headFold(doc), max(0, n-1)) // the caret goes
		head := paragraph{part: foldPart, From: at, gap: paraGap, message: message}
		head.fold.segment = s.ID
		waits := n > 0 && !t.paras[n-1].mine && t.paras[n-1].Text == "" // an empty paragraph, for words
		switch {
		case waits && begins:
			head.gap = t.paras[n-1].gap
		case n == 0:
			head.gap = noGap
		case begins:
			head.gap, head.message = messageGap, message+1
		}
		if waits {
			t.paras = t.paras[:n-1]
		}
		t.paras = append(t.paras, head)
		t.folds.below, t.folds.first = len(t.paras), i
		n, message = len(t.paras), head.message
	}
	if !t.folds.open[t.paras[t.folds.below-1].fold.segment] {
		return changed
	}
	tail := paragraph{part: thoughtPart, From: at, gap: lineGap, message: message}
	if t.paras[n-1].part == thoughtPart {
		n--
		tail, t.paras = t.paras[n], t.paras[:n]
	} else {
		added = strings.TrimLeft(added, "\n")
	}
	t.paras = cut(t.paras, tail, added, false)
	return min(changed, n)
}

// headFold brings the line of the last fold in step and returns its paragraph if that changed, otherwise their number.
func (t *typesetter) headFold(doc []Segment) int {
	f := &t.folds
	if f.below == 0 {
		return len(t.paras)
	}
	head := &t.paras[f.below-1]
	now := fold{segment: head.fold.segment, open: f.open[head.fold.segment]}
	took := time.Duration(0)
	for i := f.first; i < len(doc) && !doc[i].Mine; i++ {
		s := &doc[i]
		took += s.Took
		now.state = foldDone
		if s.Thinking {
			now.state = foldStopped
			if t.writing && i == len(doc)-1 {
				now.state = foldRuns
			}
		}
		if strings.TrimLeft(s.Text, "\n") != "" {
			break
		}
	}
	if now.state != foldRuns { // while it runs, no time is said
		now.seconds = int(math.Round(took.Seconds()))
	}
	if now == head.fold {
		return len(t.paras)
	}
	head.fold = now
	return f.below - 1
}

// ShowThoughts opens or shuts what was thought from a segment on. The reader stays where they are.
func (t *View) ShowThoughts(segment int, open bool) {
	f := &t.types.folds
	if f.open == nil {
		f.open = map[int]bool{}
	}
	if f.open[segment] == open {
		return
	}
	f.open[segment] = open
	keep := t.page.anchor(t.scroll.Offset.Y)
	t.types.other = true
	first := t.types.update(append([]Segment(nil), t.types.seen...))
	t.follow = t.follow && t.writing
	t.page.set(&t.types, first, t.writing)
	if !t.follow {
		t.scroll.Offset.Y = t.page.offset(keep)
	}
	t.settle()
}

// foldReading opens or shuts the thoughts of the message that the reader is on.
func (p *page) foldReading() {
	if p.reader.On < 0 {
		return
	}
	u := p.content.unit(p.reader.On)
	for i := u.first; i < u.end; i++ {
		if x := p.content.paras[i]; x.part == foldPart {
			p.do.think(x.fold.segment, !x.fold.open)
			return
		}
	}
}

// Words reports whether a paragraph is of an answer or another text, and not of what was thought before it.
func (p paragraph) Words() bool { return p.part == wordPart }

// words are the paragraphs from first up to end of a message without its thoughts; where it has nothing else, with them.
func (c *content) words(segment int) (first, end int) {
	first, end = c.shown, 0
	all := run{c.shown, 0}
	for i, x := range c.paras[:c.shown] {
		if x.message >= len(c.infos) || c.infos[x.message].Segment != segment {
			continue
		}
		all = run{min(all.first, i), i + 1}
		if x.part == wordPart {
			first, end = min(first, i), i+1
		}
	}
	if end == 0 {
		first, end = all.first, all.end
	}
	return min(first, end), end
}

// Fold is the line above what a model thought.
type Fold struct {
	widget.BaseWidget
	Head    *kit.Button
	segment int
	open    bool
}

func newFold(escape func(), show func(segment int, open bool)) *Fold {
	f := &Fold{Head: kit.NewQuietButton("", escape, nil)}
	f.Head.OnTapped = func() { show(f.segment, !f.open) }
	f.ExtendBaseWidget(f)
	return f
}

// quiet has thoughts drawn in the colour of notes. The container is not shown: Fyne keeps the theme for what is in it.
func quiet(l *Prose) {
	container.NewThemeOverride(l, kit.Override{Theme: fyne.CurrentApp().Settings().Theme(),
		Colours: map[fyne.ThemeColorName]fyne.ThemeColorName{theme.ColorNameForeground: theme.ColorNamePlaceHolder}})
}

// Label is what the line says.
func (f fold) Label() string {
	mark := "▸ "
	if f.open {
		mark = "▾ "
	}
	took := kit.Remaining(time.Duration(f.seconds) * time.Second)
	switch {
	case f.state == foldRuns:
		return mark + kit.Tr("Thinking…")
	case f.state == foldStopped:
		return mark + kit.Tr("Stopped while it was thinking, after {{.Time}}", "Time", took)
	case f.seconds == 0:
		return mark + kit.Tr("Thought for a moment")
	}
	return mark + kit.Tr("Thought for {{.Time}}", "Time", took)
}

func (f *Fold) set(p paragraph, _ string) {
	f.segment, f.open = p.fold.segment, p.fold.open
	f.Head.SetLabel(p.fold.Label())
}

// SelectedText is nothing: the line is a button. So it has no place in the text.
func (f *Fold) SelectedText() string { return "" }
func (f *Fold) deselect()            {}
func (f *Fold) shade([]Shade)        {}

// Shaded is nothing.
func (f *Fold) Shaded() []string { return nil }

// At is no byte of the text.
func (f *Fold) At(fyne.Position) int { return -1 }

// Line is all of it.
func (f *Fold) Line(int) (top, bottom float32) { return 0, f.Size().Height }

// MinSize is that of the button.
func (f *Fold) MinSize() fyne.Size { return f.Head.MinSize() }

func (f *Fold) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(kit.LayoutFunc{Do: func(_ []fyne.CanvasObject, size fyne.Size) {
		f.Head.Resize(fyne.NewSize(min(size.Width, f.Head.MinSize().Width), size.Height))
	}}, f.Head))
}
