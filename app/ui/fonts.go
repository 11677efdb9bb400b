package ui

import (
	_ "unsafe" // for the link to Fyne's shaper

	"fyne.io/fyne/v2"
	"github.com/go-text/typesetting/shaping"
)

// shaper is what Fyne shapes all texts with. It keeps every font that it has ever
// shaped (planCache of go-text's harfbuzz.Buffer, as of 0.3.5), and Fyne reads its
// fonts again for each change of theme or text size: 6 MB more each time. Neither
// lets go of them otherwise.
//
//go:linkname shaper fyne.io/fyne/v2/internal/painter.shaper
var shaper *shaping.HarfbuzzShaper

// forgetFonts lets go of the fonts that are no longer used. It belongs on the
// window's goroutine, as all shaping does.
func forgetFonts(fyne.Settings) { *shaper = shaping.HarfbuzzShaper{} }
