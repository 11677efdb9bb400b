package ui

import (
	"strings"

	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// inspectActions are what the Inspect panel asks for.
type inspectActions struct {
	tokens  func(answer int) (tokens []chat.Token, missing bool) // of a segment of it, 0 for the last
	examine func(answer int)
	reshade func()       // draws the tokens in the text again
	reveal  func(at int) // scrolls the text to a byte of the document
	branch  func(at chat.Token, id int32)
	recipe  func()
	weights func(done func(*chat.Weights))                                  // done is called on the window's goroutine
	measure func(progress func(chat.SpeedProgress), done func(*chat.Speed)) // both on the window's goroutine
	lag     func() time.Duration                                            // of the window while an answer is written, 0 for unknown
	stop    func()
	copy    func(text string)
	tint    func(on bool)
	escape  func()
	after   func(d time.Duration, do func())
}

// inspect is the panel that looks inside: tokens, model and speed.
type inspect struct {
	do    inspectActions
	tabs  []*kit.Button
	pages []fyne.CanvasObject
	tab   int
	side  *panel
	view  chat.View

	text     *tokenText
	scroll   *container.Scroll
	headline *kit.Note
	figures  *kit.Note
	bars     *bars
	about    *fyne.Container // what a token has to say
	why      *kit.Note
	empty    *fyne.Container // instead of it, where there is none
	tokenBox *fyne.Container
	spark    *spark
	tint     *kit.Check
	recipe   *kit.Button
	tokens   []chat.Token
	reaches  []reach        // of text.tokens, in the document
	chosen   int            // a segment of the answer that is looked at, 0 for the last
	last     int            // the last answer
	wanted   int            // the byte of the document to pin when its token is known, -1 for none
	examined examinedAnswer // the answer that was asked about last

	model *modelTab
	speed *speedTab
}

// examinedAnswer tells one state of an answer from another.
type examinedAnswer struct{ segment, size int }

// newInspect makes the panel.
func newInspect(tinted bool, do inspectActions) *inspect {
	p := &inspect{do: do, wanted: -1}
	box := container.New(&kit.Stack{Gap: 8, Pad: 12})
	row := container.NewHBox()
	for i, title := range []string{kit.Tr("Tokens"), kit.Tr("Model"), kit.Tr("Speed")} {
		b := kit.NewQuietButton(title, do.escape, func() { p.open(i) })
		p.tabs = append(p.tabs, b)
		row.Add(b)
	}
	row.Add(layout.NewSpacer())
	box.Add(container.New(kit.Flush{}, row))
	p.model = newModelTab(do.escape)
	p.speed = p.newSpeedTab()
	p.pages = []fyne.CanvasObject{p.tokenPage(tinted), p.model.box, p.speed.box}
	pages := container.NewStack(p.pages...)
	content := container.NewStack(kit.NewSurface(kit.ColorSidebar), container.NewBorder(box, nil, nil, nil, pages))
	p.open(0)
	p.side = &panel{
		id: "inspect", title: kit.Tr("Inspect"), icon: iconInspect, key: fyne.KeyI,
		content: content, first: p.tabs[0], show: p.show, restyle: p.restyle,
	}
	return p
}

// open shows a tab.
func (p *inspect) open(i int) {
	p.tab = i
	for j, b := range p.tabs {
		want := widget.LowImportance
		if i == j {
			want = widget.MediumImportance
		}
		if b.Importance != want {
			b.Importance = want
			b.Refresh()
		}
		kit.SetVisible(p.pages[j], i == j)
	}
	p.show(p.view)
	p.do.reshade()
}

// tokenPage makes the first tab.
func (p *inspect) tokenPage(tinted bool) fyne.CanvasObject {
	p.text = newTokenText(func(int) {
		p.showToken()
		p.do.reshade()
	}, p.do.escape, p.do.after)
	p.scroll = container.NewVScroll(container.New(layout.NewCustomPaddedLayout(2, 2, 3, 3), p.text))
	p.scroll.OnScrolled = func(fyne.Position) { p.text.Refresh() }
	p.text.view = func() (top, bottom float32) { return p.scroll.Offset.Y, p.scroll.Offset.Y + p.scroll.Size().Height }
	p.text.reveal = func(top, bottom float32) {
		switch view := p.scroll.Size().Height; {
		case top < p.scroll.Offset.Y:
			p.scroll.ScrollToOffset(fyne.NewPos(0, top))
		case bottom+4 > p.scroll.Offset.Y+view:
			p.scroll.ScrollToOffset(fyne.NewPos(0, bottom+4-view))
		}
		if i := p.text.pinned; i < len(p.reaches) {
			p.do.reveal(p.reaches[i].from)
		}
	}
	p.headline = kit.NewNote(theme.SizeNameText)
	p.figures = kit.NewNote(theme.SizeNameCaptionText)
	p.bars = newBars(func(a chat.Alternative) {
		if i := p.text.shown(); i >= 0 {
			at := p.text.tokens[i]
			p.text.pin(-1)
			p.do.branch(at, a.ID)
		}
	}, p.do.escape)
	p.spark = newSpark()
	p.tint = kit.NewCheck(kit.Tr("Tint words by surprise"), p.do.escape, func(on bool) {
		p.do.tint(on)
		p.show(p.view)
		p.do.reshade()
	})
	p.tint.Checked = tinted
	p.recipe = kit.NewButton(kit.Tr("Copy as recipe"), p.do.escape, p.do.recipe)
	caption := func(text string) fyne.CanvasObject {
		return container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, kit.Muted(text)))
	}
	p.about = container.New(&kit.Stack{Gap: -4},
		container.New(&kit.Stack{Gap: -10}, container.New(kit.Flush{}, p.headline), container.New(kit.Flush{}, p.figures)),
		p.bars, caption(kit.Tr("Choose a word to continue there.")),
		caption(kit.Tr("Entropy of each token")), p.spark)
	p.why = kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading)
	p.empty = container.New(kit.Flush{}, p.why)
	p.about.Hide()
	below := container.New(&kit.Stack{Gap: 4}, p.empty, p.about,
		container.New(kit.Flush{}, p.tint), newTintLegend(), container.NewHBox(p.recipe))
	rest := container.NewVScroll(container.New(layout.NewCustomPaddedLayout(0, 0, 3, 3), below))
	p.tokenBox = container.New(kit.LayoutFunc{Min: fyne.NewSize(120, 120), Do: func(o []fyne.CanvasObject, size fyne.Size) {
		const margin = 12
		w := size.Width - 2*margin
		h := kit.HeightFor(below, w)
		room := max(kit.Px(72), size.Height-h-3*margin)
		if kit.SetVisible(p.scroll, len(p.text.tokens) > 0); !p.scroll.Visible() {
			room = 0
		}
		p.scroll.Move(fyne.NewPos(margin-3, 0))
		p.text.Resize(fyne.NewSize(w, p.text.Size().Height)) // so that the scroll reads the height at the new width
		p.scroll.Resize(fyne.NewSize(w+6, room))
		p.scroll.Refresh()
		rest.Move(fyne.NewPos(margin-3, room+margin)) // low windows scroll it
		rest.Resize(fyne.NewSize(w+6, max(0, min(h, size.Height-room-margin))))
		rest.Refresh()
		p.text.ring.Move(p.scroll.Position().Subtract(fyne.NewPos(3, 3)))
		p.text.ring.Resize(p.scroll.Size().AddWidthHeight(6, 6))
	}}, p.scroll, rest, p.text.ring)
	return p.tokenBox
}

// show brings the panel in step with the view.
func (p *inspect) show(v chat.View) {
	p.view = v
	switch p.tab {
	case 0:
		p.showTokens()
	case 1:
		p.showModel()
	case 2:
		p.showSpeed()
	}
}

func (p *inspect) showTokens() {
	p.follow()
	tokens, missing := p.do.tokens(p.chosen)
	p.tokens = tokens
	atEnd := p.scroll.Offset.Y+p.scroll.Size().Height+4 >= p.text.Size().Height
	grew := len(tokens) > len(p.text.tokens)
	p.text.set(tokens, p.tint.Checked)
	p.locate()
	if grew {
		p.scroll.Content.Resize(fyne.NewSize(p.scroll.Content.Size().Width, p.scroll.Content.MinSize().Height))
		p.scroll.Refresh()
		if atEnd && p.text.pinned < 0 {
			p.scroll.ScrollToBottom()
		}
	}
	why := kit.Tr("Generate something, then choose a word.")
	if p.distant() {
		why = kit.Tr("Only for models running in Tern.")
	}
	p.why.Set(kit.Muted(why))
	if blank := len(tokens) == 0; blank == p.about.Visible() {
		kit.SetVisible(p.about, !blank)
		kit.SetVisible(p.empty, blank)
		p.tokenBox.Layout.Layout(nil, p.tokenBox.Size())
		p.tokenBox.Refresh()
	}
	p.recipe.SetEnabled(p.view.State == chat.Ready && len(p.view.Document) > 0 && !p.distant())
	p.showToken()
	if i := p.tokenAt(p.wanted); i >= 0 {
		p.text.pin(i)
	}
	if p.wanted >= 0 && (!missing || p.text.pinned >= 0) {
		p.wanted = -1
	}
	if now := p.looked(); missing && p.view.State == chat.Ready && len(p.view.Answers) == 0 && p.view.Model != nil && now != p.examined {
		p.examined = now
		p.do.examine(now.segment)
	}
}

// distant tells if the open model runs in another program.
func (p *inspect) distant() bool { return p.view.Model != nil && p.view.Model.Host != "" }

// showToken brings the figures in step with the token that is looked at.
func (p *inspect) showToken() {
	i := p.text.shown()
	mark := -1
	if i < 0 || i >= len(p.text.tokens) {
		p.bars.set(nil, false)
		p.headline.Set(kit.Muted(kit.Tr("Choose a word here or in the text.")))
		p.figures.Set(kit.Muted(" "))
	} else {
		t := &p.text.tokens[i]
		mark = i
		word := strings.TrimSpace(visible(t.Text)) // in quotes, the space of the token looks like a mistake
		p.headline.Set(kit.Span{Text: kit.Tr("“{{.Word}}” · {{.Share}} · choice {{.Rank}}", "Word", word, "Share", kit.Percent(t.Prob), "Rank", kit.Count(t.Rank)),
			Colour: theme.ColorNameForeground})
		p.figures.Set(kit.Muted(kit.Tr("Surprise {{.Surprise}} bits · entropy {{.Entropy}} bits", "Surprise", kit.Decimal(t.Surprise), "Entropy", kit.Decimal(t.Entropy))))
		p.bars.set(t, p.view.Model != nil && p.view.State != chat.Loading)
	}
	p.spark.set(p.text.tokens, mark)
}

func (p *inspect) restyle() {
	p.text.typeset()
	for _, o := range p.pages {
		o.Refresh()
	}
}

// newTintLegend explains the tints.
func newTintLegend() fyne.CanvasObject {
	l := &tintLegend{}
	l.ExtendBaseWidget(l)
	return l
}

// tintLegend shows each tint with the shares that it stands for.
type tintLegend struct{ widget.BaseWidget }

func (l *tintLegend) MinSize() fyne.Size { return fyne.NewSize(120, kit.Px(18)) }

func (l *tintLegend) CreateRenderer() fyne.WidgetRenderer { return kit.NewDrawing(l, l.draw) }

func (l *tintLegend) draw(d *kit.Drawing, size fyne.Size) {
	labels := [5]string{">30%", "10–30", "3–10", "1–3", "<1%"}
	w := size.Width / 5
	for i, label := range labels {
		x := float32(i) * w
		if i > 0 {
			d.Rect(tints[i], x, 0, w-2, size.Height).CornerRadius = 3
		}
		if i == 4 {
			d.Rect(theme.ColorNameForeground, x, size.Height-2, w-2, 1.5)
		}
		d.Text(label, theme.ColorNameForeground, theme.SizeNameCaptionText, fyne.TextAlignCenter, false, x, 0, w-2, size.Height)
	}
}
