package ui

import (
	"encoding/json"
	"image"
	"os"
	"regexp"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/ui/kit"
)

// Every text has a translation in every language, with the same values in it,
// and no translation is left of a text that is gone.
func TestTranslations(t *testing.T) {
	value := regexp.MustCompile(`{{\.\w+}}`)
	values := func(s string) []string {
		found := value.FindAllString(s, -1)
		slices.Sort(found)
		return found
	}
	all := texts(t)
	for _, l := range languages {
		if l.file == "" {
			continue
		}
		data, err := translations.ReadFile(l.file)
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]string{}
		if err := json.Unmarshal(data, &said); err != nil {
			t.Fatalf("%s: %v", l.file, err)
		}
		for _, text := range all {
			other := said[text]
			delete(said, text)
			switch {
			case other == "":
				t.Errorf("%s: %q has no translation", l.file, text)
			case !slices.Equal(values(text), values(other)):
				t.Errorf("%s: %q has other values than %q", l.file, other, text)
			}
		}
		for text := range said {
			t.Errorf("%s: no text is %q", l.file, text)
		}
	}
}

// The system's locale chooses the language, and the settings can choose another.
// It runs in a process of its own: what Fyne was told cannot be taken back.
func TestSpeak(t *testing.T) {
	for _, c := range []struct{ locale, choice, want string }{
		{"de_AT.UTF-8", "", "Seitenleiste"},
		{"zh_CN.UTF-8", "", "侧边栏"},
		{"fr_FR.UTF-8", "", "Sidebar"},
		{"C", "", "Sidebar"},
		{"C.UTF-8", "de", "Seitenleiste"},
		{"C", "zh", "侧边栏"},
		{"de_DE.UTF-8", "zh", "侧边栏"},
		{"en_US.UTF-8", "de", "Seitenleiste"},
		{"zh_CN.UTF-8", "xx", "Sidebar"},
	} {
		if got := spoken(t, c.locale, c.choice); got != c.want {
			t.Errorf("locale %s, language %q: %q, want %q", c.locale, c.choice, got, c.want)
		}
	}
}

// Words in other scripts are drawn as their letters: two of them never look the
// same, as the box does that stands for a letter which no font has.
func TestNoEmptyBoxes(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(kit.NewTheme(kit.Light, 100))
	draw := func(s string) image.Image {
		text := canvas.NewText(s, theme.Color(theme.ColorNameForeground))
		text.TextSize = 24
		c := software.NewTransparentCanvas()
		c.SetContent(text)
		c.Resize(fyne.NewSize(120, 60))
		return c.Capture()
	}
	same := func(a, b image.Image) bool {
		x, y := a.(*image.NRGBA), b.(*image.NRGBA)
		return slices.Equal(x.Pix, y.Pix)
	}
	if same(draw("中"), draw("文")) {
		if os.Getenv("CI") == "" {
			t.Skip("this machine has no font with Chinese characters; the set-up installs one")
		}
		t.Error("Chinese characters are empty boxes: no font of this machine has them")
	}
	for _, c := range "←↑→↓⌘⇧✓▸…½≥×−中▍" { // a space looks like nothing
		if !same(draw(string(c)), draw(string(c)+" ")) {
			t.Errorf("something is drawn for the space behind %c", c)
		}
	}
	drawCode := func(s string) image.Image {
		c := software.NewTransparentCanvas()
		c.SetContent(widget.NewLabelWithStyle(s, fyne.TextAlignLeading, fyne.TextStyle{Monospace: true}))
		c.Resize(fyne.NewSize(120, 60))
		return c.Capture()
	}
	for _, pair := range [][2]string{{"中", "文"}, {"か", "な"}, {"ж", "я"}, {"→", "│"}, {"。", "、"}} {
		if same(drawCode("if "+pair[0]+" { }"), drawCode("if "+pair[1]+" { }")) {
			t.Errorf("%s and %s look the same in a block of code", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"か", "な"}, {"한", "글"}, {"и", "я"}, {"α", "ω"}, {"→", "✓"}, {"−", "½"}, {"“", "…"}, {"▍", "⊗"}} {
		if same(draw(pair[0]), draw(pair[1])) {
			t.Errorf("%s and %s look the same", pair[0], pair[1])
		}
	}
}
