package ui

import (
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"tern/app/settings"
)

// buildSeed makes the row of the seed: drawn for every answer, or a number.
func (o *options) buildSeed(escape func()) {
	o.random = newCheck("Random", escape, func(on bool) {
		if g := o.g; g.RandomSeed != on {
			g.RandomSeed = on
			o.use(g)
		}
	})
	o.seedIn = newLineEntry(escape, func(string) {}, func(text string) {
		v, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
		if g := o.g; err == nil && g.Seed != uint32(v) {
			g.Seed = uint32(v)
			o.use(g)
		}
		o.showSeed()
	})
	o.seed = newRow("Seed", "The same seed, prompt and settings give the same text again.",
		o.random, o.seedIn, escape, func() {
			g := o.g
			g.RandomSeed, g.Seed = true, settings.DefaultGeneration().Seed
			o.use(g)
		})
}

func (o *options) showSeed() {
	if !o.seedIn.focused {
		o.seedIn.SetText(strconv.FormatUint(uint64(o.g.Seed), 10))
	}
	if o.g.RandomSeed {
		o.seedIn.Disable()
	} else {
		o.seedIn.Enable()
	}
	o.seed.showReset(!o.g.RandomSeed)
}

// buildStop makes the row of texts that end an answer.
func (o *options) buildStop(escape func()) {
	o.stopIn = newTextEntry(escape, func(text string) {
		stop := slices.DeleteFunc(strings.Split(text, "\n"), func(s string) bool { return s == "" })
		if g := o.g; !slices.Equal(stop, g.Stop) {
			g.Stop = stop
			o.use(g)
		}
	})
	o.stopIn.SetPlaceHolder("none")
	o.stop = newRow("Stop text", "Writing ends when this text appears; one per line.", nil, o.stopIn, escape, func() {
		g := o.g
		g.Stop = nil
		o.use(g)
	})
}

// textEntry is an entry of a few lines that reports what it holds when it is left.
type textEntry struct {
	widget.Entry
	escape  func()
	left    func(string)
	focused bool
}

func newTextEntry(escape func(), left func(string)) *textEntry {
	e := &textEntry{escape: escape, left: left}
	e.MultiLine, e.Wrapping = true, fyne.TextWrapWord
	e.SetMinRowsVisible(2)
	e.ExtendBaseWidget(e)
	return e
}

// AcceptsTab is false: Tab goes to the next control.
func (e *textEntry) AcceptsTab() bool { return false }

func (e *textEntry) FocusGained() { e.focused = true; e.Entry.FocusGained() }

func (e *textEntry) FocusLost() {
	e.focused = false
	e.Entry.FocusLost()
	e.left(e.Text)
}

func (e *textEntry) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape {
		e.escape()
		return
	}
	e.Entry.TypedKey(k)
}
