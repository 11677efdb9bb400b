package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tern/assets"
)

var (
	iconApp  = fyne.NewStaticResource("tern.svg", assets.Icon())
	iconBird = theme.NewThemedResource(fyne.NewStaticResource("tern-mono.svg", assets.IconMono()))

	// iconSliders marks the panel of generation settings: three tracks, each
	// with its knob.
	iconSliders = theme.NewThemedResource(fyne.NewStaticResource("sliders.svg", []byte(
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24">`+
			`<path fill="#000000" d="M3 5h11v2H3z M18 5h3v2h-3z M14 3h2v6h-2z M3 11h3v2H3z M10 11h11v2H10z M6 9h2v6H6z M3 17h9v2H3z M16 17h5v2h-5z M12 15h2v6h-2z"/>`+
			`</svg>`)))
)
