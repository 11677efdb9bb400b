package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"tern/app/ui/kit"
)

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
	shift := kit.Tr("Shift") + "+"
	copyKey := &desktop.CustomShortcut{KeyName: fyne.KeyC, Modifier: fyne.KeyModifierShortcutDefault}
	rows = append(rows, [2]string{kit.Tr("In the text and the prompt"), ""}, [2]string{kit.Tr("New line in the prompt"), shift + kit.Tr("Enter")}, [2]string{kit.Tr("Stop, or close what is open"), kit.Tr("Esc")},
		[2]string{kit.Tr("Next match"), kit.Tr("Enter") + ", F3"}, [2]string{kit.Tr("Previous match"), shift + kit.Tr("Enter")},
		[2]string{kit.Tr("On a paragraph: edit"), kit.Tr("Enter")}, [2]string{kit.Tr("On a paragraph: copy"), shortcutName(copyKey)},
		[2]string{kit.Tr("On a paragraph: versions"), kit.Tr("Left") + ", " + kit.Tr("Right")}, [2]string{kit.Tr("On a paragraph: buttons"), kit.Tr("Tab")})
	grid := container.New(layout.NewGridLayout(2))
	left := (len(rows) + 1) / 2
	for i := range rows {
		r := rows[i/2+i%2*left] // the left column from top to bottom, then the right one
		line := container.NewBorder(nil, nil, nil,
			newKey(r[1]), kit.NewNote(theme.SizeNameCaptionText, kit.Span{Text: r[0], Colour: theme.ColorNameForeground, Bold: r[1] == ""}))
		grid.Add(line)
	}
	w.dialogs.Open(kit.Tr("Keyboard shortcuts"), grid, 620, kit.Action{Label: kit.Tr("Close")})
}

// newKey is text at its full width: a note would be cut to nothing.
func newKey(text string) fyne.CanvasObject {
	n := kit.NewNote(theme.SizeNameCaptionText, kit.Muted(text))
	n.Truncation = fyne.TextTruncateOff
	n.Refresh()
	return n
}
