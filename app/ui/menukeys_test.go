package ui

import (
	"image/color"
	"strings"
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/settings"
)

// Every item of the menu that has keys shows them, in a colour that can be read
// on the menu in both themes, one below the other, and they still do what it does.
func TestMenuKeysCanBeRead(t *testing.T) {
	for _, choice := range []settings.Theme{settings.ThemeLight, settings.ThemeDark} {
		r := newRig(t, 1100, 720)
		r.preferences.setTheme(choice)
		nrgba := func(c color.Color) color.NRGBA { return color.NRGBAModel.Convert(c).(color.NRGBA) }
		ground := nrgba(r.th.Color(theme.ColorNameMenuBackground, 0))
		seen := 0
		for _, m := range r.menu.main.Items {
			ends := map[int]bool{}
			for _, i := range m.Items {
				if i.Shortcut == nil {
					continue
				}
				if name := shortcutName(i.Shortcut); !strings.HasSuffix(i.Label, name) || wordsOf(i) == i.Label || strings.Contains(wordsOf(i), name) {
					t.Errorf("%q does not show %q", i.Label, name)
				}
				ends[int(fyne.MeasureText(i.Label, theme.TextSize(), fyne.TextStyle{}).Width/4+0.5)] = true
			}
			if len(ends) > 2 {
				t.Errorf("the keys of %s end at %v", m.Label, ends)
			}
			kittest.Walk(widget.NewMenu(m), func(o fyne.CanvasObject) {
				x, ok := o.(*canvas.Text)
				if !ok {
					return
				}
				for _, i := range m.Items {
					if i.Label == x.Text && !i.Disabled {
						seen++
						if c := kittest.Contrast(kittest.Over(nrgba(x.Color), ground), ground); c < 4.5 {
							t.Errorf("%q has a contrast of %.2f", x.Text, c)
						}
						return
					}
				}
			})
		}
		if seen < 20 {
			t.Errorf("%d items were looked at: the test does not work", seen)
		}
	}
}

// What is written after the words is not a shortcut of Fyne's menu, or it would be
// drawn twice.
func TestMenuKeysAreDrawnOnce(t *testing.T) {
	test.NewTempApp(t)
	i := item("Open", nil, fyne.KeyO)
	if _, drawn := i.Shortcut.(fyne.KeyboardShortcut); drawn {
		return // the system draws the menu
	}
	if got := withKeys(fyne.NewMenu("", i)).Items[0].Label; wordsOf(i) != "Open" || !strings.HasSuffix(got, "Ctrl+O") {
		t.Errorf("the item says %q", got)
	}
}
