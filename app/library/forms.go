package library

import (
	"tern/app/hub"
	"tern/app/say"
)

// AboutForm says what a file of a form is and why to take it or another one, "" of a
// form that Tern does not know.
func AboutForm(f hub.Form) say.Text {
	switch f {
	case "PTQ1_0":
		return say.Say("five weights in a byte: the smallest, nothing lost")
	case "PQ2_0":
		return say.Say("two bits a weight in groups of 128: small, nothing lost")
	case "Q2_0":
		return say.Say("two bits a weight; Tern tells by itself if groups are of 128 or of 64")
	case "Q2_0_G64", "Q2_G64":
		return say.Say("two bits a weight in groups of 64: a little larger, for other programs")
	case "Q1_0":
		return say.Say("one bit a weight, without zeros")
	case "I2_S":
		return say.Say("two bits a weight, as BitNet’s own program writes it")
	case "TQ2_0":
		return say.Say("two bits a weight in groups of 256: the original of BitCPM and TriLM, of Bonsai a lossy copy")
	case "TQ1_0":
		return say.Say("five weights in a byte in groups of 256: of Bonsai a lossy copy")
	case "F16", "BF16", "F32":
		return say.Say("unpacked: many times the download, the same weights once Tern has opened it")
	}
	return say.Text{}
}
