package ui

import (
	"runtime"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
)

// keys are a shortcut that Fyne does not draw: it draws those of its menus at a
// fifth of the strength of their words, whatever the theme says, which nobody can
// read. They are written into the label instead. A menu bar of macOS is drawn by
// the system, which needs to know them.
type keys struct{ of desktop.CustomShortcut }

// ShortcutName implements fyne.Shortcut.
func (k keys) ShortcutName() string { return k.of.ShortcutName() }

// shortcut is what an item of the menu is also done by.
func shortcut(key fyne.KeyName, mod fyne.KeyModifier) fyne.Shortcut {
	c := desktop.CustomShortcut{KeyName: key, Modifier: mod}
	if runtime.GOOS == "darwin" {
		return &c
	}
	return keys{c}
}

// keyGap stands between the words of an item and its keys, and nowhere else.
const keyGap = "   "

// withKeys writes their keys behind the words of a menu's items, the ends of the
// keys below each other.
func withKeys(m *fyne.Menu) *fyne.Menu {
	width := func(s string) float32 { return fyne.MeasureText(s, theme.TextSize(), fyne.TextStyle{}).Width }
	words, names := float32(0), float32(0)
	for _, i := range m.Items {
		if k, ok := i.Shortcut.(keys); ok {
			names = max(names, width(shortcutName(k)))
		}
		words = max(words, width(i.Label))
	}
	end := words + width(keyGap) + names
	for _, i := range m.Items {
		k, ok := i.Shortcut.(keys)
		if !ok {
			continue
		}
		name := shortcutName(k)
		i.Label += keyGap
		for _, space := range []string{" ", "\u200A"} { // a wide one, then hair spaces
			if w := width(i.Label+space+"|"+name) - width(i.Label+"|"+name); w > 0 {
				i.Label += strings.Repeat(space, max(0, int((end-width(i.Label+name))/w)))
			}
		}
		i.Label += name
	}
	return m
}

// wordsOf are the words of an item without its keys.
func wordsOf(i *fyne.MenuItem) string {
	words, _, _ := strings.Cut(i.Label, keyGap)
	return words
}
