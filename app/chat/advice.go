package chat

import (
	"context"
	"errors"

	"tern/app/chat/backend"
	"tern/app/check"
	"tern/app/say"
	"tern/app/settings"
)

// Advice is what a look at a model that was opened found: that its file seems to
// need to be read another way than it says.
type Advice struct {
	Sentence say.Text
	Hint     say.Text
	reading  string // what Correct makes of ModelInfo.Reading
}

// Correct opens the model again in the way that the advice gives.
func (m *Models) Correct(g settings.Generation) {
	if v := m.snapshot(); v.Model != nil && v.Advice != nil {
		m.readAs(v.Model.Path, v.Advice.reading, g)
	}
}

// ReadAsItSays opens the model again without corrections, and keeps the advice
// to itself from now on.
func (m *Models) ReadAsItSays(g settings.Generation) {
	if v := m.snapshot(); v.Model != nil {
		m.readAs(v.Model.Path, AsItSays, g)
	}
}

// ReadInput opens the model again with float activations, or with int8 ones, whatever
// its file seems to say. Other corrections stay.
func (m *Models) ReadInput(float bool, g settings.Generation) {
	v := m.snapshot()
	if v.Model == nil || v.Model.Float == float {
		return
	}
	reading := check.Corrections{check.InputInt8}
	if float {
		reading[0] = check.InputFloat
	}
	for _, c := range backend.Corrections(v.Model.Reading) {
		if c != check.InputInt8 && c != check.InputFloat {
			reading = append(reading, c)
		}
	}
	m.readAs(v.Model.Path, reading.String(), g)
}

func (m *Models) readAs(path, reading string, g settings.Generation) {
	m.readings.Set(path, reading)
	m.change(func(v *ModelView) { v.Advice = nil })
	m.Load(path, g)
}

// DeclineAdvice leaves the model as it is; it is not advised again.
func (m *Models) DeclineAdvice() {
	m.change(func(v *ModelView) {
		if v.Advice == nil || v.Model == nil {
			return
		}
		v.Advice = nil
		info := *v.Model
		if info.Reading == "" {
			info.Reading = AsItSays
			m.readings.Set(info.Path, AsItSays)
		}
		v.Model = &info
	})
}

// judge looks at the open model while there is nothing else to do. A command stops
// it; it begins again after that.
func (m *Models) judge(ctx context.Context, open *backend.Model) {
	info := m.snapshot().Model
	if open == nil || open.Local == nil || open.Local.Judge == nil || info.Builtin || info.Reading == AsItSays {
		m.unjudged.Store(false)
		return
	}
	found, err := open.Local.Judge(ctx)
	if errors.Is(err, context.Canceled) {
		return
	}
	m.unjudged.Store(false)
	if err != nil || len(found) == 0 { // an error will come again where it matters
		return
	}
	chats := info.Template != ""
	reading := append(backend.Corrections(info.Reading), found...)
	m.change(func(v *ModelView) {
		v.Advice = &Advice{Sentence: adviceOf(found[len(found)-1], chats), Hint: adviceHint(found, chats), reading: reading.String()}
	})
}

// adviceOf says what a correction is needed for. chats reports whether the file
// brings a chat template.
func adviceOf(c check.Correction, chats bool) say.Text {
	switch c {
	case check.InvertMultipliers:
		return say.Say("This file seems to hold its multipliers inverted")
	case check.QuantisedTwice:
		return say.Say("The weights of this file seem to have been quantised twice")
	case check.OtherPairs:
		return say.Say("This file seems to want another pairing of its rotary embedding")
	case check.I2SARM:
		return say.Say("This file seems to have been written in the order of ARM machines")
	case check.I2SRows:
		return say.Say("This file seems to hold its weights in groups of four rows")
	case check.InputInt8, check.InputFloat:
		return say.Say("This file does not say how its model takes its activations, and it seems to be the other way")
	case check.YaRN:
		return say.Say("This file seems to have lost the scaling of its positions")
	case check.NoYaRN:
		return say.Say("This file seems to scale its positions as its model was not trained")
	case check.Q2By64, check.Q2By128:
		return say.Say("This file seems to hold its weights in groups of another size")
	case check.Rotated, check.NotRotated:
		return say.Say("This file does not seem to say rightly whether its weights are rotated")
	case check.StopMarkers:
		return say.Say("This file does not name all the markers that end its texts")
	}
	if chats {
		return say.Say("The chat template of this file cannot be used")
	}
	return say.Say("This model seems to be made for chats, and its file brings no template for them")
}

func adviceHint(found check.Corrections, chats bool) say.Text {
	if layout := found[len(found)-1].Layout(); layout != "" && chats {
		return say.Say("Tern can use the layout of {{.Name}} in its place.", "Name", layout)
	}
	if len(found) > 1 {
		return say.Say("Something else is wrong with it, too. Tern can read it the right way.")
	}
	return say.Say("Tern can read it the right way.")
}
