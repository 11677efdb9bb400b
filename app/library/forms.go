package library

import (
	"tern/app/hub"
	"tern/app/say"
)

// AboutForm says what a file of a form is and why to take it or another one, "" of a
// form that Tern does not know.
func AboutForm(f hub.Form) say.Text {
	switch f {
	case "PTQ1_0": // five weights in a byte
		return say.Say("smallest, nothing lost")
	case "PQ2_0", "Q2_0": // two bits a weight, of older files and newer ones under one name
		return say.Say("small, nothing lost")
	case "Q2_0_G64", "Q2_G64":
		return say.Say("a little larger, for other programs")
	case "Q1_0":
		return say.Say("one bit a weight, no zeros")
	case "I2_S":
		return say.Say("as BitNet’s own program writes it")
	case "TQ2_0", "TQ1_0": // in groups of 256
		return say.Say("of Bonsai a lossy copy, of others the original")
	case "F16", "BF16", "F32":
		return say.Say("unpacked, many times the download")
	}
	return say.Text{}
}
