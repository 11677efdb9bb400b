package kit

import (
	"image/color"
	"math"
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// surfaces are what text stands on.
var surfaces = []fyne.ThemeColorName{
	theme.ColorNameBackground, ColorSidebar, ColorCard, ColorBubble, theme.ColorNameButton, theme.ColorNameInputBackground,
	theme.ColorNameMenuBackground, theme.ColorNameHeaderBackground, theme.ColorNameOverlayBackground,
}

// The contrast table: on the background, and the worst over all surfaces. Text
// needs 4.5, the shape of a control 3.
func TestContrast(t *testing.T) {
	for _, c := range []struct {
		name              fyne.ThemeColorName
		light, dark       float64 // on the background, to one decimal
		minLight, minDark float64 // over every surface
	}{
		{theme.ColorNameForeground, 14.3, 15.0, 12.3, 10.6},
		{theme.ColorNamePlaceHolder, 6.6, 8.0, 5.7, 5.7},
		{theme.ColorNameDisabled, 3.7, 4.9, 3.2, 3.5},
		{theme.ColorNamePrimary, 6.4, 8.9, 5.55, 6.3},
		{theme.ColorNameError, 6.4, 7.8, 5.5, 5.5},
		{theme.ColorNameSuccess, 6.3, 9.7, 5.4, 6.9},
		{theme.ColorNameWarning, 6.2, 9.8, 5.3, 7.0},
	} {
		check := func(variant string, of func(fyne.ThemeColorName) color.NRGBA, want, least float64) {
			if got := kittest.Contrast(of(c.name), of(theme.ColorNameBackground)); math.Abs(got-want) > 0.05 {
				t.Errorf("%s, %s: %.2f on the background, want %.1f", c.name, variant, got, want)
			}
			worst := math.Inf(1)
			for _, s := range surfaces {
				worst = min(worst, kittest.Contrast(of(c.name), of(s)))
			}
			if math.Abs(worst-least) > 0.05 {
				t.Errorf("%s, %s: %.2f at worst, want %.1f", c.name, variant, worst, least)
			}
		}
		check("light", light, c.light, c.minLight)
		check("dark", dark, c.dark, c.minDark)
	}
}

func light(n fyne.ThemeColorName) color.NRGBA { return palette[n].light }
func dark(n fyne.ThemeColorName) color.NRGBA  { return palette[n].dark }

func TestContrastOfPairs(t *testing.T) {
	for _, c := range []struct {
		what        string
		top, under  fyne.ThemeColorName
		tint        fyne.ThemeColorName // laid on what is under, if any
		light, dark float64
	}{
		{"label of the main button", theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary, "", 6.6, 8.3},
		{"text on an error", theme.ColorNameForegroundOnError, theme.ColorNameError, "", 6.5, 7.5},
		{"text on a success", theme.ColorNameForegroundOnSuccess, theme.ColorNameSuccess, "", 6.5, 8.7},
		{"text on a warning", theme.ColorNameForegroundOnWarning, theme.ColorNameWarning, "", 6.3, 9.1},
		{"label of a button", theme.ColorNameForeground, theme.ColorNameButton, "", 12.3, 10.6},
		{"label of a button pointed at", theme.ColorNameForeground, theme.ColorNameButton, theme.ColorNameHover, 10.8, 8.6},
		{"border on the background", theme.ColorNameInputBorder, theme.ColorNameBackground, "", 3.4, 4.0},
		{"slider track on a side panel", ColorTrack, ColorSidebar, "", 3.1, 3.7},
		{"weights -1", ColorNeg, ColorSidebar, "", 4.2, 7.9},
		{"weights 0", ColorZero, ColorSidebar, "", 3.1, 3.7},
		{"weights +1", ColorPos, ColorSidebar, "", 3.5, 8.0},
		{"text on a tint", theme.ColorNameForeground, ColorTint1, "", 13.1, 12.5},
		{"text on a second tint", theme.ColorNameForeground, ColorTint2, "", 11.2, 9.95},
		{"text on a third tint", theme.ColorNameForeground, ColorTint3, "", 8.9, 7.3},
		{"text on a fourth tint", theme.ColorNameForeground, ColorTint4, "", 6.6, 5.2},
	} {
		check := func(variant string, of func(fyne.ThemeColorName) color.NRGBA, want float64) {
			under := of(c.under)
			if c.tint != "" {
				under = kittest.Over(of(c.tint), under)
			}
			if got := kittest.Contrast(of(c.top), under); math.Abs(got-want) > 0.05 {
				t.Errorf("%s, %s: %.2f, want %.1f", c.what, variant, got, want)
			}
		}
		check("light", light, c.light)
		check("dark", dark, c.dark)
	}
}

// Text stays readable where it is selected, and an open menu where it points.
func TestContrastOnTints(t *testing.T) {
	readable := []fyne.ThemeColorName{theme.ColorNameBackground, ColorCard, theme.ColorNameInputBackground}
	for _, c := range []struct {
		tint        fyne.ThemeColorName
		on          []fyne.ThemeColorName
		light, dark float64
	}{
		{theme.ColorNameSelection, readable, 9.9, 7.7},
		{theme.ColorNameFocus, []fyne.ThemeColorName{theme.ColorNameMenuBackground}, 7.4, 5.2},
	} {
		for _, s := range c.on {
			check := func(variant string, of func(fyne.ThemeColorName) color.NRGBA, least float64) {
				if got := kittest.Contrast(of(theme.ColorNameForeground), kittest.Over(of(c.tint), of(s))); got < least-0.05 {
					t.Errorf("text on %s on %s, %s: %.2f, want at least %.1f", c.tint, s, variant, got, least)
				}
			}
			check("light", light, c.light)
			check("dark", dark, c.dark)
		}
	}
}

func TestThemeFollowsTheChoice(t *testing.T) {
	th := NewTheme(System, 100)
	bg := func(v fyne.ThemeVariant) color.Color { return th.Color(theme.ColorNameBackground, v) }
	if bg(theme.VariantLight) != light(theme.ColorNameBackground) || bg(theme.VariantDark) != dark(theme.ColorNameBackground) {
		t.Error("the system's variant is not followed")
	}
	th.Set(Dark, 150)
	if bg(theme.VariantLight) != dark(theme.ColorNameBackground) {
		t.Error("the user's choice is not followed")
	}
	for name, want := range map[fyne.ThemeSizeName]float32{
		theme.SizeNameText: 21, SizeProse: 22.5, sizeUnit: maxUnit, theme.SizeNameInnerPadding: 7,
	} {
		if got := th.Size(name); got != want {
			t.Errorf("%s is %v at 150%%, want %v", name, got, want)
		}
	}
	if th.Color(theme.ColorNameInnerWindowBorder, theme.VariantDark) == nil || th.Size("unknown") != 0 {
		t.Error("other names do not fall through to Fyne's theme")
	}
}
