package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/settings"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// composer is the card at the bottom: the words to add, the preset and the one
// main button, which writes or stops.
type composer struct {
	entry  *promptEntry
	preset *kit.Button
	main   *kit.Button
	card   *kit.Surface
	holder *container.ThemeOverride
	box    *fyne.Container
	ruler  *longtext.Prose // measures the rows that the words take
	rows   int
}

const (
	minRows = 2
	maxRows = 8
)

// newComposer builds the card; the functions are what its parts do.
func newComposer(th fyne.Theme, send, mainAction, escape func()) *composer {
	c := &composer{card: kit.NewBorder(kit.ColorCard, theme.ColorNameInputBorder, 12), rows: minRows}
	c.entry = newPromptEntry(send, escape)
	c.entry.onFocus = c.setFocused
	c.preset = kit.NewQuietButton("", escape, nil)
	c.main = kit.NewButton(kit.Tr("Generate"), escape, mainAction)
	c.main.Importance = widget.HighImportance
	c.main.MinWidth, c.main.Bold = 112, true

	c.holder = container.NewThemeOverride(c.entry, kit.Override{
		Theme: th,
		Colours: map[fyne.ThemeColorName]fyne.ThemeColorName{
			theme.ColorNameInputBackground: kit.ColorNone,
			theme.ColorNameInputBorder:     kit.ColorNone,
		},
		Sizes: map[fyne.ThemeSizeName]float32{theme.SizeNameInputRadius: 0},
	})
	c.ruler = longtext.NewProse(nil)
	c.ruler.SizeName = theme.SizeNameText

	row := container.NewHBox(c.preset, layout.NewSpacer(), c.main)
	c.box = container.New(kit.LayoutFunc{Min: fyne.NewSize(300, 60), Do: c.layout}, c.card, c.holder, row,
		kit.NewSurface(kit.ColorCard), kit.NewSurface(kit.ColorCard), kit.NewSurface(kit.ColorCard), kit.NewSurface(kit.ColorCard))
	return c
}

func (c *composer) layout(o []fyne.CanvasObject, size fyne.Size) {
	const pad, edge = 8, 2
	row, masks := o[2], o[3:]
	place := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	h := row.MinSize().Height
	c.card.Resize(size)
	place(row, pad, size.Height-h-pad, size.Width-2*pad, h)

	// The entry draws a border while it has the focus, in the colour of its
	// caret. The card draws one around all, so four strips cover that of the entry.
	// They stay within the round corners of the card.
	x, y, w, d := float32(6), float32(6), size.Width-12, size.Height-h-2*pad
	place(c.holder, x, y, w, d)
	place(masks[0], x, y, w, edge)
	place(masks[1], x, y+d-edge, w, edge)
	place(masks[2], x, y, edge, d)
	place(masks[3], x+w-edge, y, edge, d)
}

// height is what the card needs at a width; low windows keep it at one row.
func (c *composer) height(width float32, low bool) float32 {
	rows := c.measure(width)
	if low {
		rows = 1
	}
	line := fyne.MeasureText("M", theme.Size(theme.SizeNameText), fyne.TextStyle{}).Height
	entry := line*float32(rows) + 2*kit.Inset() + 2
	return entry + c.preset.MinSize().Max(c.main.MinSize()).Height + 2*8
}

// measure counts the rows of the words at a width.
func (c *composer) measure(width float32) int {
	if len(c.entry.Text) > 4000 {
		return maxRows // laying out a pasted book only to learn that it is long
	}
	if c.ruler.Text != c.entry.Text {
		c.ruler.SetText(c.entry.Text)
	}
	line := fyne.MeasureText("M", theme.Size(theme.SizeNameText), fyne.TextStyle{}).Height
	h := kit.HeightFor(c.ruler, width-12) - 2*kit.Inset()
	return min(maxRows, max(minRows, int(h/line+0.5)))
}

// grown reports whether the words take another number of rows than before.
func (c *composer) grown() bool {
	rows := c.measure(c.card.Size().Width)
	if rows == c.rows {
		return false
	}
	c.rows = rows
	return true
}

func (c *composer) setFocused(on bool) {
	c.card.Stroke, c.card.StrokeWidth = theme.ColorNameInputBorder, 1
	if on {
		c.card.Stroke, c.card.StrokeWidth = theme.ColorNamePrimary, 2
	}
	c.card.Refresh()
}

// take returns the words and empties the entry.
func (c *composer) take() string {
	text := c.entry.words()
	c.entry.long = nil
	c.entry.SetText("")
	return text
}

// promptEntry is a multi-line entry with the keys of a composer.
type promptEntry struct {
	widget.Entry
	enterSends   bool
	send, escape func()
	page         func(by float32) // PageUp and PageDown read the text
	find         func(by int)     // F3 goes on in what was found there
	onFocus      func(bool)
	shift        kit.ShiftKey
	long         pastes // that stand in the text as marks
}

func newPromptEntry(send, escape func()) *promptEntry {
	e := &promptEntry{send: send, escape: escape}
	e.MultiLine, e.Wrapping = true, fyne.TextWrapWord
	e.SetMinRowsVisible(1)
	e.ExtendBaseWidget(e)
	return e
}

// AcceptsTab is false: Tab goes to the next control.
func (e *promptEntry) AcceptsTab() bool { return false }

func (e *promptEntry) FocusGained() {
	e.Entry.FocusGained()
	e.onFocus(true)
}

func (e *promptEntry) FocusLost() {
	e.shift = false
	e.Entry.FocusLost()
	e.onFocus(false)
}

func (e *promptEntry) KeyDown(k *fyne.KeyEvent) {
	e.shift.Track(k, true)
	e.Entry.KeyDown(k)
}

func (e *promptEntry) KeyUp(k *fyne.KeyEvent) {
	e.shift.Track(k, false)
	e.Entry.KeyUp(k)
}

// TypedKey sends on Enter if the user chose so; Shift+Enter is always a new line.
func (e *promptEntry) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		e.escape()
	case fyne.KeyReturn, fyne.KeyEnter:
		if e.enterSends && !bool(e.shift) {
			e.send()
			return
		}
		e.Entry.TypedKey(k)
	case fyne.KeyPageUp:
		e.page(-1)
	case fyne.KeyPageDown:
		e.page(1)
	case fyne.KeyF3:
		e.find(e.shift.Step())
	default:
		e.Entry.TypedKey(k)
	}
}

// TypedShortcut sends on Ctrl+Enter of the number pad; that of the main block
// is a shortcut of the menu.
func (e *promptEntry) TypedShortcut(s fyne.Shortcut) {
	if c, ok := s.(*desktop.CustomShortcut); ok && c.Modifier == fyne.KeyModifierShortcutDefault &&
		(c.KeyName == fyne.KeyEnter || c.KeyName == fyne.KeyReturn) {
		e.send()
		return
	}
	if p, ok := s.(*fyne.ShortcutPaste); ok {
		e.paste(p)
		return
	}
	e.Entry.TypedShortcut(s)
}

// firstSettings are those of a first start under a locale such as "ja-JP".
// Where an input method ends a word with Enter, Enter does not send: the key
// may arrive here too.
func firstSettings(locale string) settings.Settings {
	s := settings.Default()
	switch language, _, _ := strings.Cut(locale, "-"); language {
	case "zh", "ja", "ko":
		s.EnterSends = false
	}
	return s
}
