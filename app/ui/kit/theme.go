package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Fyne's font of arrows has no space, and a space is drawn in the font of what
// stands before it: "→ b" would be "→�b". Its monospaced font has both.
func init() {
	if arrows, ok := theme.DefaultSymbolFont().(*fyne.StaticResource); ok {
		arrows.StaticContent = theme.DefaultTextMonospaceFont().Content()
	}
}

// Names of our own colours. Every name that the palette does not hold falls
// through to Fyne's theme.
const (
	ColorSidebar fyne.ThemeColorName = "ternSidebar" // side panels
	ColorCard    fyne.ThemeColorName = "ternCard"    // composer, lists
	ColorTrack   fyne.ThemeColorName = "ternTrack"   // what a slider runs on
	ColorBubble  fyne.ThemeColorName = "ternBubble"  // the user's messages

	ColorNeg  fyne.ThemeColorName = "ternNeg" // weights -1, 0 and +1
	ColorZero fyne.ThemeColorName = "ternZero"
	ColorPos  fyne.ThemeColorName = "ternPos"

	ColorTint1 fyne.ThemeColorName = "ternTint1" // below words, the more surprising the stronger
	ColorTint2 fyne.ThemeColorName = "ternTint2"
	ColorTint3 fyne.ThemeColorName = "ternTint3"
	ColorTint4 fyne.ThemeColorName = "ternTint4"
)

// Names of our own sizes.
const (
	SizeProse fyne.ThemeSizeName = "ternProse" // the text of the story
	SizeCode  fyne.ThemeSizeName = "ternCode"  // code in it
	sizeUnit  fyne.ThemeSizeName = "ternUnit"  // one unit of layout: 1, and up to 1.3 with large text
)

// pair is a colour in the light and in the dark variant.
type pair struct{ light, dark color.NRGBA }

func rgb(light, dark uint32) pair { return rgba(light<<8|0xFF, dark<<8|0xFF) }

func rgba(light, dark uint32) pair { return pair{nrgba(light), nrgba(dark)} }

func nrgba(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 24), G: uint8(v >> 16), B: uint8(v >> 8), A: uint8(v)}
}

// palette is the whole colour table. theme_test.go recomputes the contrast of
// every pair that is drawn on another.
var palette = map[fyne.ThemeColorName]pair{
	theme.ColorNameBackground:          rgb(0xFCFCFA, 0x14191D),
	ColorSidebar:                       rgb(0xF1F4F5, 0x1A2126),
	ColorCard:                          rgb(0xFFFFFF, 0x1C2429),
	ColorBubble:                        rgb(0xE4EEF2, 0x1F2E37),
	ColorNeg:                           rgb(0x2B7BB0, 0x74BDEB),
	ColorZero:                          rgb(0x7D8C94, 0x6B7B84),
	ColorPos:                           rgb(0xC46A10, 0xF5A35C),
	ColorTint1:                         rgb(0xFFF0D9, 0x2E2719),
	ColorTint2:                         rgb(0xFCDCAC, 0x46351B),
	ColorTint3:                         rgb(0xF4C079, 0x634619),
	ColorTint4:                         rgb(0xE79F45, 0x835A12),
	theme.ColorNameForeground:          rgb(0x1C2A32, 0xE7EDF0),
	theme.ColorNamePlaceHolder:         rgb(0x4C5E67, 0xA3B1B8),
	theme.ColorNameDisabled:            rgb(0x76858D, 0x7A8992),
	theme.ColorNamePrimary:             rgb(0x0B6484, 0x6CC3E6),
	theme.ColorNameHyperlink:           rgb(0x0B6484, 0x6CC3E6),
	theme.ColorNameForegroundOnPrimary: rgb(0xFFFFFF, 0x06222E),
	theme.ColorNameButton:              rgb(0xE6ECEE, 0x2A353C),
	theme.ColorNameDisabledButton:      rgb(0xEEF2F3, 0x20292F),
	theme.ColorNameInputBackground:     rgb(0xF1F4F5, 0x1F282E),
	theme.ColorNameMenuBackground:      rgb(0xFFFFFF, 0x222C32),
	theme.ColorNameOverlayBackground:   rgb(0xFFFFFF, 0x1F282E),
	theme.ColorNameHeaderBackground:    rgb(0xEAEFF1, 0x1F282E),
	theme.ColorNameInputBorder:         rgb(0x7D8C94, 0x6B7B84),
	theme.ColorNameScrollBar:           rgb(0x7D8C94, 0x6B7B84),
	ColorTrack:                         rgb(0x7D8C94, 0x6B7B84),
	theme.ColorNameSeparator:           rgb(0xD9E0E3, 0x2C373D),
	theme.ColorNameShadow:              rgba(0x0E344626, 0x00000066),
	theme.ColorNameHover:               rgba(0x0000000F, 0xFFFFFF12),
	theme.ColorNamePressed:             rgba(0x00000019, 0xFFFFFF22),
	theme.ColorNameSelection:           rgba(0x0B648429, 0x6CC3E633),
	theme.ColorNameFocus:               rgba(0x0B648459, 0x6CC3E659),
	theme.ColorNameError:               rgb(0xB3261E, 0xFF8A80),
	theme.ColorNameForegroundOnError:   rgb(0xFFFFFF, 0x3A0905),
	theme.ColorNameSuccess:             rgb(0x1F6B45, 0x7FD1A0),
	theme.ColorNameForegroundOnSuccess: rgb(0xFFFFFF, 0x06281A),
	theme.ColorNameWarning:             rgb(0x8A5300, 0xF2B661),
	theme.ColorNameForegroundOnWarning: rgb(0xFFFFFF, 0x2E1C00),
	theme.ColorNameScrollBarBackground: rgba(0x00000000, 0x00000000),
}

// textSizes and iconSize grow with the text scale; fixedSizes do not.
var (
	textSizes = map[fyne.ThemeSizeName]float32{
		theme.SizeNameText:           14,
		theme.SizeNameCaptionText:    12,
		theme.SizeNameSubHeadingText: 16,
		theme.SizeNameHeadingText:    22,
		SizeProse:                    15,
		SizeCode:                     13,
		theme.SizeNameInlineIcon:     18,
	}
	fixedSizes = map[fyne.ThemeSizeName]float32{
		theme.SizeNamePadding:            4,
		theme.SizeNameInnerPadding:       7,
		theme.SizeNameLineSpacing:        4,
		theme.SizeNameSeparatorThickness: 1,
		theme.SizeNameInputBorder:        1,
		theme.SizeNameInputRadius:        6,
		theme.SizeNameButtonRadius:       6,
		theme.SizeNameSelectionRadius:    6,
		theme.SizeNameCardRadius:         10,
		theme.SizeNamePopupRadius:        10,
		theme.SizeNameDialogRadius:       12,
		theme.SizeNameMenuRadius:         8,
		theme.SizeNameScrollBar:          10,
		theme.SizeNameScrollBarSmall:     4,
		theme.SizeNameScrollBarRadius:    4,
		theme.SizeNameModalBlurRadius:    0,
	}
)

// maxUnit bounds how far bars, panels and breakpoints grow with the text.
const maxUnit = 1.3

// Appearance is the variant that the user chose.
type Appearance uint8

// The variants to choose from.
const (
	System Appearance = iota // as the system says
	Light
	Dark
)

// Theme is the one theme object. It stays the same while the choice of the
// user changes, since Fyne's widgets hold on to the theme they were drawn with.
type Theme struct {
	choice Appearance
	scale  float32 // of text: 1 is 100 %
}

func NewTheme(choice Appearance, percent int) *Theme {
	t := &Theme{}
	t.Set(choice, percent)
	return t
}

func (t *Theme) Set(choice Appearance, percent int) {
	t.choice, t.scale = choice, float32(percent)/100
	if percent <= 0 {
		t.scale = 1
	}
}

// Color implements fyne.Theme; the user's choice goes before the system's variant.
func (t *Theme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	switch t.choice {
	case Light:
		variant = theme.VariantLight
	case Dark:
		variant = theme.VariantDark
	}
	p, ok := palette[name]
	switch {
	case !ok:
		return theme.DefaultTheme().Color(name, variant)
	case variant == theme.VariantLight:
		return p.light
	default:
		return p.dark
	}
}

// Font implements fyne.Theme with Fyne's own faces.
func (t *Theme) Font(style fyne.TextStyle) fyne.Resource {
	return theme.DefaultTheme().Font(style)
}

// Icon implements fyne.Theme with Fyne's own icons.
func (t *Theme) Icon(name fyne.ThemeIconName) fyne.Resource {
	return theme.DefaultTheme().Icon(name)
}

// Size implements fyne.Theme.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	if name == sizeUnit {
		return min(t.scale, maxUnit)
	}
	if s, ok := textSizes[name]; ok {
		return s * t.scale
	}
	if s, ok := fixedSizes[name]; ok {
		return s
	}
	return theme.DefaultTheme().Size(name)
}

// Px turns a length of the layout at 100 % text into one at the user's scale.
func Px(n float32) float32 {
	if u := theme.Size(sizeUnit); u > 0 {
		return n * u
	}
	return n // another theme, as in a test of one widget
}

// ColumnWidth is the width of the column of prose: about 77 characters.
func ColumnWidth() float32 {
	if s := theme.Size(SizeProse); s > 0 {
		return 36.5 * s
	}
	return 36.5 * textSizes[SizeProse]
}

// Override is a theme that draws some colours as others and some sizes
// otherwise: an entry without a box of its own, a slider whose track can be seen.
type Override struct {
	fyne.Theme
	Colours map[fyne.ThemeColorName]fyne.ThemeColorName
	Sizes   map[fyne.ThemeSizeName]float32
}

const ColorNone fyne.ThemeColorName = "ternNone" // nothing is drawn

func (a Override) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if to, ok := a.Colours[name]; ok {
		name = to
	}
	if name == ColorNone {
		return color.Transparent
	}
	return a.Theme.Color(name, v)
}

func (a Override) Size(name fyne.ThemeSizeName) float32 {
	if size, ok := a.Sizes[name]; ok {
		return size
	}
	return a.Theme.Size(name)
}
