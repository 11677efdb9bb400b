package ui

import (
	"bytes"
	"runtime"
	"testing"
	"weak"

	"fyne.io/fyne/v2/theme"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/shaping"
)

// shapeOnce shapes a letter with Fyne's shaper and a font that is read for it.
func shapeOnce(t *testing.T) weak.Pointer[font.Font] {
	face, err := font.ParseTTF(bytes.NewReader(theme.DefaultTextFont().Content()))
	if err != nil {
		t.Fatal(err)
	}
	out := shaper.Shape(shaping.Input{Text: []rune("a"), RunEnd: 1, Direction: di.DirectionLTR, Face: face, Size: 14 << 6})
	if len(out.Glyphs) != 1 {
		t.Fatalf("%d glyphs", len(out.Glyphs))
	}
	return weak.Make(face.Font)
}

func TestFontsAreForgotten(t *testing.T) {
	kept := shapeOnce(t)
	runtime.GC()
	if kept.Value() == nil {
		t.Fatal("the shaper forgets by itself: forgetFonts can go")
	}
	forgetFonts(nil)
	runtime.GC()
	if kept.Value() != nil {
		t.Error("the font is still held")
	}
}
