package ui

import (
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/settings"
)

// buildSeed makes the row of the seed: drawn for every answer, or a number.
func (o *options) buildSeed(escape func()) {
	o.random = newCheck(tr("Random"), escape, func(on bool) {
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
	o.seed = newRow(tr("Seed"), tr("The same seed, prompt and settings give the same text again."),
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
	o.stopIn.SetPlaceHolder(tr("none"))
	o.stop = newRow(tr("Stop text"), tr("Writing ends when this text appears; one per line."), nil, o.stopIn, escape, func() {
		g := o.g
		g.Stop = nil
		o.use(g)
	})
}

// buildEnding makes the row that says where a story ends that is too long.
func (o *options) buildEnding(escape func()) {
	o.whole = newCheck(tr("Finish the sentence"), escape, func(on bool) {
		if g := o.g; g.CutOff == on {
			g.CutOff = !on
			o.use(g)
		}
	})
	o.ending = newRow(tr("End of a story"), tr("A story that reaches Max tokens goes on to the end of its sentence."),
		nil, o.whole, escape, func() {
			g := o.g
			g.CutOff = false
			o.use(g)
		})
}

func (o *options) showEnding() {
	if o.whole.Checked == o.g.CutOff {
		o.whole.SetChecked(!o.g.CutOff)
	}
	o.ending.showReset(o.g.CutOff)
}

// buildSystem makes the row of the instructions that the model reads before a
// conversation, which belong to it.
func (o *options) buildSystem(escape func(), changed func(string)) {
	o.systemIn = newTextEntry(escape, changed)
	o.systemIn.SetPlaceHolder(tr("none"))
	o.system = newRow(tr("System prompt"), tr("Instructions the model reads before the conversation; they belong to this one."),
		nil, o.systemIn, escape, func() {
			o.systemIn.SetText("")
			changed("")
		})
	o.system.box.Hide()
}

// showSystem shows the row while the model chats.
func (o *options) showSystem(v chat.View) {
	if !o.systemIn.focused && o.systemIn.Text != v.System {
		o.systemIn.SetText(v.System)
	}
	o.system.showReset(v.System != "")
	story := setVisible(o.ending.box, v.Mode != chat.ChatMode)
	if setVisible(o.system.box, v.Mode == chat.ChatMode) || story {
		o.page.Layout.Layout(o.page.Objects, o.page.Size())
		o.page.Refresh()
	}
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
