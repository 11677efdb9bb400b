package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// PopUpAt shows a menu at a place of the canvas.
func PopUpAt(c fyne.Canvas, at fyne.Position, items []*fyne.MenuItem) {
	forgetTip()
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), c, at)
}

// PopUp shows a menu below an object, or above it where there is no room.
func PopUp(c fyne.Canvas, at fyne.CanvasObject, items []*fyne.MenuItem) {
	forgetTip()
	m := widget.NewPopUpMenu(fyne.NewMenu("", items...), c)
	y, h := at.Size().Height+2, m.MinSize().Height
	if top := fyne.CurrentApp().Driver().AbsolutePositionForObject(at).Y; top+y+h > c.Size().Height {
		y = -h - 2
	}
	m.ShowAtRelativePosition(fyne.NewPos(0, y), at)
}
