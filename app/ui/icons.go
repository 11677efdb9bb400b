package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tern/assets"
)

var (
	iconApp  = fyne.NewStaticResource("tern.svg", assets.Icon())
	iconBird = theme.NewThemedResource(fyne.NewStaticResource("tern-mono.svg", assets.IconMono()))

	// iconInspect marks the panel that looks inside: a lens.
	iconInspect = theme.NewThemedResource(fyne.NewStaticResource("inspect.svg", []byte(
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24">`+
			`<path fill="#000000" d="M10 3a7 7 0 1 0 4.2 12.6l5.1 5.1 1.4-1.4-5.1-5.1A7 7 0 0 0 10 3z M10 5a5 5 0 1 1 0 10 5 5 0 0 1 0-10z M9 7h2v6H9z"/>`+
			`</svg>`)))

	// iconSliders marks the panel of generation settings: three tracks, each
	// with its knob.
	iconSliders = theme.NewThemedResource(fyne.NewStaticResource("sliders.svg", []byte(
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24">`+
			`<path fill="#000000" d="M3 5h11v2H3z M18 5h3v2h-3z M14 3h2v6h-2z M3 11h3v2H3z M10 11h11v2H10z M6 9h2v6H6z M3 17h9v2H3z M16 17h5v2h-5z M12 15h2v6h-2z"/>`+
			`</svg>`)))
)
