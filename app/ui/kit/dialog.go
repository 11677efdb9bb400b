package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

const DialogWidth = 460

// Dialogs shows modal windows in a window, one at a time. Esc and the safe button
// close the one that is shown; Fyne's own do not know Esc.
type Dialogs struct {
	canvas fyne.Canvas
	escape func() // what Esc does while one is shown
	closed func() // gives the focus back
	Shown  *dialog
}

// dialog is a modal window in the window.
type dialog struct {
	Popup   *widget.PopUp
	Buttons []*Button // the safe one first
}

// NewDialogs shows dialogs on canvas.
func NewDialogs(canvas fyne.Canvas, escape, closed func()) *Dialogs {
	return &Dialogs{canvas: canvas, escape: escape, closed: closed}
}

// Open shows a title, a body and buttons. The first button is the safe one: it has the
// focus, and Esc does what it does. It takes the place of the one that is shown.
func (d *Dialogs) Open(title string, body fyne.CanvasObject, width float32, actions ...Action) {
	d.Close()
	forgetTip()
	shown := &dialog{}
	row := container.NewHBox(layout.NewSpacer())
	for _, a := range actions {
		b := NewButton(a.Label, d.escape, func() {
			d.Close()
			if a.Do != nil {
				a.Do()
			}
		})
		shown.Buttons = append(shown.Buttons, b)
		row.Add(b)
	}
	inner := min(Px(width), d.canvas.Size().Width-80)
	content := container.New(&Stack{Gap: 12, Pad: 8}) // scrolls where the window is too low for it
	foot := container.New(&Stack{Pad: 8})
	if title != "" {
		content.Add(NewWrappedNote(theme.SizeNameSubHeadingText, fyne.TextAlignLeading,
			Span{Text: title, Colour: theme.ColorNameForeground, Bold: true}))
	}
	if body != nil {
		content.Add(body)
	}
	if len(actions) > 0 {
		foot.Add(row)
	}
	high, low := HeightFor(content, inner), HeightFor(foot, inner)+theme.Padding()
	whole := min(high, max(0, d.canvas.Size().Height-low-24)) + low
	fixed := container.New(LayoutFunc{Min: fyne.NewSize(inner, whole),
		Do: func(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }}, container.NewBorder(nil, foot, nil, nil, container.NewVScroll(content)))
	shown.Popup = widget.NewModalPopUp(fixed, d.canvas)
	d.canvas.Unfocus() // or the prompt below would still show that it has the focus
	shown.Popup.Show()
	d.Shown = shown
	if len(shown.Buttons) > 0 {
		d.canvas.Focus(shown.Buttons[0])
	}
}

// Close closes the dialog that is shown, if there is one.
func (d *Dialogs) Close() {
	if d.Shown == nil {
		return
	}
	d.Shown.Popup.Hide()
	d.Shown = nil
	d.closed()
}

// Ask asks before something that cannot be undone; keep is the safe answer.
func (d *Dialogs) Ask(question, keep string, other Action) {
	d.AskOr(question, Action{Label: keep}, other)
}

// AskOr is ask where the safe answer does something too.
func (d *Dialogs) AskOr(question string, keep, other Action) {
	d.Open("", NewQuestion(question), DialogWidth, keep, other)
}

// AskLine asks for a line of text.
func (d *Dialogs) AskLine(title, hint, text, verb string, done func(string)) {
	var entry *LineEntry
	accept := func() {
		text := entry.Text
		d.Close()
		done(text)
	}
	entry = NewLineEntry(d.escape, func(string) {}, func(string) {})
	entry.OnSubmitted = func(string) { accept() }
	entry.SetPlaceHolder(hint)
	entry.SetText(text)
	d.Open(title, container.New(&Stack{}, entry), DialogWidth, Action{Label: Tr("Cancel")}, Action{verb, accept})
	d.canvas.Focus(entry)
	entry.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// Detail shows a text that can be selected and copied.
func (d *Dialogs) Detail(title, text string) {
	l := widget.NewLabel(text)
	l.Wrapping, l.Selectable = fyne.TextWrapWord, true
	d.Open(title, l, DialogWidth, Action{Label: Tr("Close")},
		Action{Label: Tr("Copy"), Do: func() { fyne.CurrentApp().Clipboard().SetContent(text) }})
}
