package models

import (
	"tern/app/library"
	"tern/app/ui/kit"

	"fyne.io/fyne/v2/theme"
)

// verdict says how a need fits, with a mark so that colour is not all that
// tells.
func verdict(f library.Fit) []kit.Span {
	switch f.Verdict {
	case library.Fits:
		return []kit.Span{{Text: "✓ " + kit.Tr("Fits"), Colour: colorFits}}
	case library.Tight:
		return []kit.Span{{Text: "! " + kit.Tr("Tight: needs {{.Need}}, {{.Free}} free", "Need", kit.Bytes(f.Need), "Free", kit.Bytes(f.Free)), Colour: colorTight}}
	case library.DoesNotFit:
		return []kit.Span{{Text: "× " + kit.Tr("Does not fit: needs {{.Need}}, {{.Free}} free", "Need", kit.Bytes(f.Need), "Free", kit.Bytes(f.Free)), Colour: colorTooBig}}
	}
	return nil
}

// The colours of verdicts; the marks before them say the same.
const (
	colorFits   = theme.ColorNameSuccess
	colorTight  = theme.ColorNameWarning
	colorTooBig = theme.ColorNameError
)
