package inspect

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

// Actions are what the Inspect panel asks for.
type Actions struct {
	Tokens  func(answer int) (tokens []chat.Token, missing bool) // of a segment of it, 0 for the last
	Examine func(answer int)
	Reshade func()       // draws the tokens in the text again
	Reveal  func(at int) // scrolls the text to a byte of the document
	Branch  func(at chat.Token, id int32)
	Recipe  func()
	Weights func(done func(*chat.Weights))                                  // done is called on the window's goroutine
	Measure func(progress func(chat.SpeedProgress), done func(*chat.Speed)) // both on the window's goroutine
	Input   func(float bool)                                                // reads the model with these activations
	Lag     func() time.Duration                                            // of the window while an answer is written, 0 for unknown
	Stop    func()
	Copy    func(text string)
	Tint    func(on bool)
	Escape  func()
	After   func(d time.Duration, do func())
}

// Panel is the panel that looks inside: tokens, model and speed.
type Panel struct {
	Do      Actions
	Tabs    []*kit.Button
	pages   []fyne.CanvasObject
	Tab     int
	Content fyne.CanvasObject
	view    chat.View

	Text     *tokenText
	scroll   *container.Scroll
	Headline *kit.Note
	figures  *kit.Note
	Bars     *Bars
	about    *fyne.Container // what a token has to say
	why      *kit.Note
	empty    *fyne.Container // instead of it, where there is none
	tokenBox *fyne.Container
	spark    *spark
	tint     *kit.Check
	recipe   *kit.Button
	tokens   []chat.Token
	reaches  []reach        // of text.tokens, in the document
	Chosen   int            // a segment of the answer that is looked at, 0 for the last
	last     int            // the last answer
	wanted   int            // the byte of the document to pin when its token is known, -1 for none
	examined examinedAnswer // the answer that was asked about last

	Model *ModelTab
	Speed *SpeedTab
}

// examinedAnswer tells one state of an answer from another.
type examinedAnswer struct{ segment, size int }

// New makes the panel.
func New(tinted bool, do Actions) *Panel {
	p := &Panel{Do: do, wanted: -1}
	box := container.New(&kit.Stack{Gap: 8, Pad: 12})
	row := container.NewHBox()
	for i, title := range []string{kit.Tr("Tokens"), kit.Tr("Model"), kit.Tr("Speed")} {
		b := kit.NewQuietButton(title, do.Escape, func() { p.Open(i) })
		p.Tabs = append(p.Tabs, b)
		row.Add(b)
	}
	row.Add(layout.NewSpacer())
	box.Add(container.New(kit.Flush{}, row))
	p.Model = newModelTab(do.Escape, do.Input)
	p.Speed = p.newSpeedTab()
	p.pages = []fyne.CanvasObject{p.tokenPage(tinted), p.Model.box, p.Speed.box}
	pages := container.NewStack(p.pages...)
	content := container.NewStack(kit.NewSurface(kit.ColorSidebar), container.NewBorder(box, nil, nil, nil, pages))
	p.Open(0)
	p.Content = content
	return p
}

// Open shows a tab.
func (p *Panel) Open(i int) {
	p.Tab = i
	for j, b := range p.Tabs {
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
	p.Show(p.view)
	p.Do.Reshade()
}

// tokenPage makes the first tab.
func (p *Panel) tokenPage(tinted bool) fyne.CanvasObject {
	p.Text = newTokenText(func(int) {
		p.showToken()
		p.Do.Reshade()
	}, p.Do.Escape, p.Do.After)
	p.scroll = container.NewVScroll(container.New(layout.NewCustomPaddedLayout(2, 2, 3, 3), p.Text))
	p.scroll.OnScrolled = func(fyne.Position) { p.Text.Refresh() }
	p.Text.view = func() (top, bottom float32) { return p.scroll.Offset.Y, p.scroll.Offset.Y + p.scroll.Size().Height }
	p.Text.reveal = func(top, bottom float32) {
		switch view := p.scroll.Size().Height; {
		case top < p.scroll.Offset.Y:
			p.scroll.ScrollToOffset(fyne.NewPos(0, top))
		case bottom+4 > p.scroll.Offset.Y+view:
			p.scroll.ScrollToOffset(fyne.NewPos(0, bottom+4-view))
		}
		if i := p.Text.Pinned; i < len(p.reaches) {
			p.Do.Reveal(p.reaches[i].from)
		}
	}
	p.Headline = kit.NewNote(theme.SizeNameText)
	p.figures = kit.NewNote(theme.SizeNameCaptionText)
	p.Bars = newBars(func(a chat.Alternative) {
		if i := p.Text.shown(); i >= 0 {
			at := p.Text.Tokens[i]
			p.Text.Pin(-1)
			p.Do.Branch(at, a.ID)
		}
	}, p.Do.Escape)
	p.spark = newSpark()
	p.tint = kit.NewCheck(kit.Tr("Tint words by surprise"), p.Do.Escape, func(on bool) {
		p.Do.Tint(on)
		p.Show(p.view)
		p.Do.Reshade()
	})
	p.tint.Checked = tinted
	p.recipe = kit.NewButton(kit.Tr("Copy as recipe"), p.Do.Escape, p.Do.Recipe)
	caption := func(text string) fyne.CanvasObject {
		return container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignLeading, kit.Muted(text)))
	}
	p.about = container.New(&kit.Stack{Gap: -4},
		container.New(&kit.Stack{Gap: -10}, container.New(kit.Flush{}, p.Headline), container.New(kit.Flush{}, p.figures)),
		p.Bars, caption(kit.Tr("Choose a word to continue there.")),
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
		if kit.SetVisible(p.scroll, len(p.Text.Tokens) > 0); !p.scroll.Visible() {
			room = 0
		}
		p.scroll.Move(fyne.NewPos(margin-3, 0))
		p.Text.Resize(fyne.NewSize(w, p.Text.Size().Height)) // so that the scroll reads the height at the new width
		p.scroll.Resize(fyne.NewSize(w+6, room))
		p.scroll.Refresh()
		rest.Move(fyne.NewPos(margin-3, room+margin)) // low windows scroll it
		rest.Resize(fyne.NewSize(w+6, max(0, min(h, size.Height-room-margin))))
		rest.Refresh()
		p.Text.ring.Move(p.scroll.Position().Subtract(fyne.NewPos(3, 3)))
		p.Text.ring.Resize(p.scroll.Size().AddWidthHeight(6, 6))
	}}, p.scroll, rest, p.Text.ring)
	return p.tokenBox
}

// Show brings the panel in step with the view.
func (p *Panel) Show(v chat.View) {
	p.view = v
	switch p.Tab {
	case 0:
		p.showTokens()
	case 1:
		p.showModel()
	case 2:
		p.ShowSpeed()
	}
}

func (p *Panel) showTokens() {
	p.follow()
	tokens, missing := p.Do.Tokens(p.Chosen)
	p.tokens = tokens
	atEnd := p.scroll.Offset.Y+p.scroll.Size().Height+4 >= p.Text.Size().Height
	grew := len(tokens) > len(p.Text.Tokens)
	p.Text.set(tokens, p.tint.Checked)
	p.locate()
	if grew {
		p.scroll.Content.Resize(fyne.NewSize(p.scroll.Content.Size().Width, p.scroll.Content.MinSize().Height))
		p.scroll.Refresh()
		if atEnd && p.Text.Pinned < 0 {
			p.scroll.ScrollToBottom()
		}
	}
	why := kit.Tr("Generate something, then choose a word.")
	switch {
	case p.distant():
		why = kit.Tr("Only for models running in Tern.")
	case missing:
		why = kit.Tr("The words of this answer are looked up when the model is free.")
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
		p.Text.Pin(i)
	}
	if p.wanted >= 0 && (!missing || p.Text.Pinned >= 0) {
		p.wanted = -1
	}
	if now := p.looked(); missing && p.view.State == chat.Ready && len(p.view.Answers) == 0 && p.view.Model != nil && now != p.examined {
		p.examined = now
		p.Do.Examine(now.segment)
	}
}

// distant reports whether the open model runs in another program.
func (p *Panel) distant() bool { return p.view.Model != nil && p.view.Model.Host != "" }

// showToken brings the figures in step with the token that is looked at.
func (p *Panel) showToken() {
	i := p.Text.shown()
	mark := -1
	if i < 0 || i >= len(p.Text.Tokens) {
		p.Bars.set(nil, false)
		p.Headline.Set(kit.Muted(kit.Tr("Choose a word here or in the text.")))
		p.figures.Set(kit.Muted(" "))
	} else {
		t := &p.Text.Tokens[i]
		mark = i
		word := strings.TrimSpace(visible(t.Text)) // in quotes, the space of the token looks like a mistake
		p.Headline.Set(kit.Span{Text: kit.Tr("“{{.Word}}” · {{.Share}} · choice {{.Rank}}", "Word", word, "Share", kit.Percent(t.Prob), "Rank", kit.Count(t.Rank)),
			Colour: theme.ColorNameForeground})
		p.figures.Set(kit.Muted(kit.Tr("Surprise {{.Surprise}} bits · entropy {{.Entropy}} bits", "Surprise", kit.Decimal(t.Surprise), "Entropy", kit.Decimal(t.Entropy))))
		p.Bars.set(t, p.view.Model != nil && p.view.State != chat.Loading)
	}
	p.spark.set(p.Text.Tokens, mark)
}

func (p *Panel) Restyle() {
	p.Text.typeset()
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
