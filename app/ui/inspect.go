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
	tabs  []*button
	pages []fyne.CanvasObject
	tab   int
	side  *panel
	view  chat.View

	text     *tokenText
	scroll   *container.Scroll
	headline *note
	figures  *note
	bars     *bars
	about    *fyne.Container // what a token has to say
	why      *note
	empty    *fyne.Container // instead of it, where there is none
	tokenBox *fyne.Container
	spark    *spark
	tint     *check
	recipe   *button
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
	box := container.New(&stack{gap: 8, pad: 12})
	row := container.NewHBox()
	for i, title := range []string{tr("Tokens"), tr("Model"), tr("Speed")} {
		b := newQuietButton(title, do.escape, func() { p.open(i) })
		p.tabs = append(p.tabs, b)
		row.Add(b)
	}
	row.Add(layout.NewSpacer())
	box.Add(container.New(flush{}, row))
	p.model = newModelTab(do.escape)
	p.speed = p.newSpeedTab()
	p.pages = []fyne.CanvasObject{p.tokenPage(tinted), p.model.box, p.speed.box}
	pages := container.NewStack(p.pages...)
	content := container.NewStack(newSurface(colorSidebar), container.NewBorder(box, nil, nil, nil, pages))
	p.open(0)
	p.side = &panel{
		id: "inspect", title: tr("Inspect"), icon: iconInspect, key: fyne.KeyI,
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
		setVisible(p.pages[j], i == j)
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
	p.headline = newNote(theme.SizeNameText)
	p.figures = newNote(theme.SizeNameCaptionText)
	p.bars = newBars(func(a chat.Alternative) {
		if i := p.text.shown(); i >= 0 {
			at := p.text.tokens[i]
			p.text.pin(-1)
			p.do.branch(at, a.ID)
		}
	}, p.do.escape)
	p.spark = newSpark()
	p.tint = newCheck(tr("Tint words by surprise"), p.do.escape, func(on bool) {
		p.do.tint(on)
		p.show(p.view)
		p.do.reshade()
	})
	p.tint.Checked = tinted
	p.recipe = newButton(tr("Copy as recipe"), p.do.escape, p.do.recipe)
	caption := func(text string) fyne.CanvasObject {
		return container.New(flush{}, newWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, muted(text)))
	}
	p.about = container.New(&stack{gap: -4},
		container.New(&stack{gap: -10}, container.New(flush{}, p.headline), container.New(flush{}, p.figures)),
		p.bars, caption(tr("Choose a word to continue there.")),
		caption(tr("Entropy of each token")), p.spark)
	p.why = newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading)
	p.empty = container.New(flush{}, p.why)
	p.about.Hide()
	below := container.New(&stack{gap: 4}, p.empty, p.about,
		container.New(flush{}, p.tint), newTintLegend(), container.NewHBox(p.recipe))
	rest := container.NewVScroll(container.New(layout.NewCustomPaddedLayout(0, 0, 3, 3), below))
	p.tokenBox = container.New(layoutFunc{min: fyne.NewSize(120, 120), do: func(o []fyne.CanvasObject, size fyne.Size) {
		const margin = 12
		w := size.Width - 2*margin
		h := heightFor(below, w)
		room := max(px(72), size.Height-h-3*margin)
		if setVisible(p.scroll, len(p.text.tokens) > 0); !p.scroll.Visible() {
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
	why := tr("Generate something, then choose a word.")
	if p.distant() {
		why = tr("Only for models running in Tern.")
	}
	p.why.set(muted(why))
	if blank := len(tokens) == 0; blank == p.about.Visible() {
		setVisible(p.about, !blank)
		setVisible(p.empty, blank)
		p.tokenBox.Layout.Layout(nil, p.tokenBox.Size())
		p.tokenBox.Refresh()
	}
	p.recipe.setEnabled(p.view.State == chat.Ready && len(p.view.Document) > 0 && !p.distant())
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
		p.headline.set(muted(tr("Choose a word here or in the text.")))
		p.figures.set(muted(" "))
	} else {
		t := &p.text.tokens[i]
		mark = i
		word := strings.TrimSpace(visible(t.Text)) // in quotes, the space of the token looks like a mistake
		p.headline.set(span{text: tr("“{{.Word}}” · {{.Share}} · choice {{.Rank}}", "Word", word, "Share", percent(t.Prob), "Rank", count(t.Rank)),
			colour: theme.ColorNameForeground})
		p.figures.set(muted(tr("Surprise {{.Surprise}} bits · entropy {{.Entropy}} bits", "Surprise", decimal(t.Surprise), "Entropy", decimal(t.Entropy))))
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

func (l *tintLegend) MinSize() fyne.Size { return fyne.NewSize(120, px(18)) }

func (l *tintLegend) CreateRenderer() fyne.WidgetRenderer { return newDrawing(l, l.draw) }

func (l *tintLegend) draw(d *drawing, size fyne.Size) {
	labels := [5]string{">30%", "10–30", "3–10", "1–3", "<1%"}
	w := size.Width / 5
	for i, label := range labels {
		x := float32(i) * w
		if i > 0 {
			d.rect(tints[i], x, 0, w-2, size.Height).CornerRadius = 3
		}
		if i == 4 {
			d.rect(theme.ColorNameForeground, x, size.Height-2, w-2, 1.5)
		}
		d.text(label, theme.ColorNameForeground, theme.SizeNameCaptionText, fyne.TextAlignCenter, false, x, 0, w-2, size.Height)
	}
}
