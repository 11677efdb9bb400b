package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/ui/kit"
	"tern/assets"
)

// about says what the program is.
func (w *window) about() {
	icon := container.New(kit.LayoutFunc{Min: fyne.NewSquareSize(kit.Px(emblem)),
		Do: func(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }}, widget.NewIcon(iconApp))
	p := w.cfg.Program
	w.dialogs.Open("", container.New(&kit.Stack{},
		container.NewCenter(icon),
		kit.NewWrappedNote(theme.SizeNameHeadingText, fyne.TextAlignCenter, kit.Span{Text: "Tern", Colour: theme.ColorNameForeground}),
		kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignCenter, kit.Span{Text: p.name(), Colour: theme.ColorNameForeground}),
		kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignCenter,
			kit.Muted(kit.Tr("Runs BitNet b1.58 language models, whose weights are −1, 0 and +1, on the processor of this computer. Nothing is sent anywhere."))),
		kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignCenter, kit.Muted(p.details())),
		kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignCenter, kit.Muted(kit.Tr("Characters that show as empty boxes need a font of this system, such as fonts-noto-cjk for Chinese, Japanese and Korean. Arabic and Hebrew words are joined, but a line runs from left to right; what is copied is exact."))),
		kit.NewWrappedNote(theme.SizeNameCaptionText, fyne.TextAlignCenter, kit.Muted(kit.Tr("MIT licence"))),
	), kit.DialogWidth, kit.Action{Label: kit.Tr("Close")}, kit.Action{Label: kit.Tr("Licences"), Do: w.licences},
		kit.Action{Label: kit.Tr("Copy"), Do: func() { fyne.CurrentApp().Clipboard().SetContent("Tern " + p.Version + "\n" + p.details()) }})
}

// name is the version as people say it.
func (p Program) name() string {
	if p.Version == "(devel)" {
		return kit.Tr("Development version")
	}
	return kit.Tr("Version {{.Number}}", "Number", p.Version)
}

// shortCommit is as much of a commit as tells it from others.
const shortCommit = 12

// details are the facts that a report of a problem needs, a line each.
func (p Program) details() string {
	commit := p.Commit
	if commit == "" {
		commit = kit.Tr("not recorded")
	}
	return strings.Join([]string{
		kit.Tr("Commit {{.ID}}", "ID", commit[:min(len(commit), shortCommit)]),
		kit.Tr("Built with {{.Go}}", "Go", p.Go),
		kit.Tr("Computes with the {{.Kernel}} kernels here", "Kernel", p.Kernel),
	}, "\n")
}

// licences shows those of all that the program is built of. They are thousands of
// lines, and a list draws those that are seen.
func (w *window) licences() {
	lines := strings.Split(strings.TrimSpace(assets.Licences()), "\n")
	list := widget.NewList(func() int { return len(lines) }, // labels would have a line of room between two
		func() fyne.CanvasObject {
			return &canvas.Text{TextSize: theme.CaptionTextSize(), TextStyle: fyne.TextStyle{Monospace: true}}
		},
		func(i widget.ListItemID, o fyne.CanvasObject) {
			t := o.(*canvas.Text)
			t.Text, t.Color = lines[i], theme.Color(theme.ColorNameForeground)
			t.TextStyle = fyne.TextStyle{Monospace: true, Bold: strings.HasPrefix(lines[i], "==== ")}
			t.Refresh()
		})
	list.HideSeparators = true
	high := max(120, w.win.Canvas().Size().Height-220)
	w.dialogs.Open(kit.Tr("Licences"), container.New(kit.LayoutFunc{Min: fyne.NewSize(0, high),
		Do: func(o []fyne.CanvasObject, s fyne.Size) { o[0].Resize(s) }}, list), licencesWidth, kit.Action{Label: kit.Tr("Close")})
}

const licencesWidth = 720
