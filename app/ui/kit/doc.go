// Package kit has the widgets, layouts and words that the parts of the window are
// made of. It knows Fyne, and nothing of Tern: what it is to say, it is given.
//
// theme.go has the colours and sizes; text.go, button.go, entry.go, ring.go,
// row.go, parts.go, edge.go and scrim.go the widgets; layout.go the layouts;
// strip.go, dialog.go and popup.go what opens in a window; drawing.go draws
// figures; tr.go and numbers.go write words and numbers in the user's language.
package kit
