package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

const dialogWidth = 460

// dialog is a modal window in the window. Esc and its safe button close it;
// Fyne's own know no Esc.
type dialog struct {
	popup   *widget.PopUp
	buttons []*button // the safe one first
}

// openDialog shows a title, a body and buttons, the first of which is safe: it
// has the focus, and Esc does what it does. It shows at most one dialog.
func (w *window) openDialog(title string, body fyne.CanvasObject, width float32, actions ...action) {
	w.closeDialog()
	forgetTip()
	d := &dialog{}
	row := container.NewHBox(layout.NewSpacer())
	for _, a := range actions {
		b := newButton(a.label, w.escape, func() {
			w.closeDialog()
			if a.do != nil {
				a.do()
			}
		})
		d.buttons = append(d.buttons, b)
		row.Add(b)
	}
	inner := min(px(width), w.win.Canvas().Size().Width-80)
	content := container.New(&stack{gap: 12, pad: 8}) // scrolls where the window is too low for it
	foot := container.New(&stack{pad: 8})
	if title != "" {
		content.Add(newWrappedNote(theme.SizeNameSubHeadingText, fyne.TextAlignLeading,
			span{text: title, colour: theme.ColorNameForeground, bold: true}))
	}
	if body != nil {
		content.Add(body)
	}
	if len(actions) > 0 {
		foot.Add(row)
	}
	high, low := heightFor(content, inner), heightFor(foot, inner)+theme.Padding()
	whole := min(high, max(0, w.win.Canvas().Size().Height-low-24)) + low
	fixed := container.New(layoutFunc{min: fyne.NewSize(inner, whole),
		do: func(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }}, container.NewBorder(nil, foot, nil, nil, container.NewVScroll(content)))
	d.popup = widget.NewModalPopUp(fixed, w.win.Canvas())
	w.win.Canvas().Unfocus() // or the prompt below would still show that it has the focus
	d.popup.Show()
	w.dialog = d
	if len(d.buttons) > 0 {
		w.win.Canvas().Focus(d.buttons[0])
	}
}

// closeDialog closes what is open and gives the focus back to the editor that is
// open, or the prompt.
func (w *window) closeDialog() {
	if w.dialog == nil {
		return
	}
	w.dialog.popup.Hide()
	w.dialog = nil
	if e := w.transcript.page.edit; e != nil { // the prompt would close it
		w.win.Canvas().Focus(e.entry)
		return
	}
	w.focusPrompt()
}

// ask asks before something that cannot be undone; keep is the safe answer.
func (w *window) ask(question, keep string, other action) {
	w.askOr(question, action{label: keep}, other)
}

// askOr is ask where the safe answer does something too.
func (w *window) askOr(question string, keep, other action) {
	w.openDialog("", newQuestion(question), dialogWidth, keep, other)
}

// shortcuts lists every key, read from the menu so that the two cannot differ.
func (w *window) shortcuts() {
	rows := [][2]string{}
	for _, m := range w.menu.main.Items {
		heading := true
		for _, i := range m.Items {
			if i.Shortcut != nil {
				if heading {
					rows = append(rows, [2]string{m.Label, ""})
					heading = false
				}
				rows = append(rows, [2]string{strings.TrimSuffix(wordsOf(i), "…"), shortcutName(i.Shortcut)})
			}
		}
	}
	shift := tr("Shift") + "+"
	copyKey := &desktop.CustomShortcut{KeyName: fyne.KeyC, Modifier: fyne.KeyModifierShortcutDefault}
	rows = append(rows, [2]string{tr("In the text and the prompt"), ""}, [2]string{tr("New line in the prompt"), shift + tr("Enter")}, [2]string{tr("Stop, or close what is open"), tr("Esc")},
		[2]string{tr("Next match"), tr("Enter") + ", F3"}, [2]string{tr("Previous match"), shift + tr("Enter")},
		[2]string{tr("On a paragraph: edit"), tr("Enter")}, [2]string{tr("On a paragraph: copy"), shortcutName(copyKey)},
		[2]string{tr("On a paragraph: versions"), tr("Left") + ", " + tr("Right")}, [2]string{tr("On a paragraph: buttons"), tr("Tab")})
	grid := container.New(layout.NewGridLayout(2))
	left := (len(rows) + 1) / 2
	for i := range rows {
		r := rows[i/2+i%2*left] // the left column from top to bottom, then the right one
		line := container.NewBorder(nil, nil, nil,
			newKey(r[1]), newNote(theme.SizeNameCaptionText, span{text: r[0], colour: theme.ColorNameForeground, bold: r[1] == ""}))
		grid.Add(line)
	}
	w.openDialog(tr("Keyboard shortcuts"), grid, 620, action{label: tr("Close")})
}

// newKey is text at its full width: a note would be cut to nothing.
func newKey(text string) fyne.CanvasObject {
	n := newNote(theme.SizeNameCaptionText, muted(text))
	n.Truncation = fyne.TextTruncateOff
	n.Refresh()
	return n
}

// detail shows an error as the packages gave it.
func (w *window) detail(text string) {
	l := widget.NewLabel(text)
	l.Wrapping, l.Selectable = fyne.TextWrapWord, true
	w.openDialog(tr("What happened"), l, dialogWidth, action{label: tr("Close")},
		action{label: tr("Copy"), do: func() { fyne.CurrentApp().Clipboard().SetContent(text) }})
}
