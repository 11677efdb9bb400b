// Idle is an empty window: what Fyne itself takes while nothing happens, to
// measure Tern against.
package main

import "fyne.io/fyne/v2/app"

func main() {
	w := app.NewWithID("app.tern.idle").NewWindow("Idle")
	w.Resize(w.Canvas().Size().AddWidthHeight(1000, 700))
	w.ShowAndRun()
}
