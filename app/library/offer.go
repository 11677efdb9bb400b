package library

import (
	"fmt"
	"math"

	"tern/app/say"
	"tern/model/checkpoint"
)

// Offer is how a model would do on this computer.
type Offer struct {
	Fit
	Words float64 // a second, about; 0 where the speed is not known
}

// wordsPerToken is what a token of English is worth, about.
const wordsPerToken = 0.75

// Offer says how a model would do here with a context of n tokens, 0 for all that it
// was trained for. free and known are those of FreeMemory.
func (l *Library) Offer(f *checkpoint.Facts, context int, free int64, known bool) (o Offer) {
	if f == nil {
		return o
	}
	return Offer{Judge(Need(f, context), free, known), wordsPerToken * l.Expect(f)}
}

// Text is one sentence of it, empty where nothing is known.
func (o Offer) Text() say.Text {
	switch words := twoDigits(o.Words); {
	case o.Verdict == DoesNotFit:
		return say.Say("Does not fit: needs {{.Need}}, {{.Free}} free", "Need", gigabytes(o.Need), "Free", gigabytes(o.Free))
	case o.Verdict == Tight && o.Words > 0:
		return say.Say("Fits just so, about {{.Words}} words a second here", "Words", words)
	case o.Verdict == Fits && o.Words > 0:
		return say.Say("Fits, about {{.Words}} words a second here", "Words", words)
	case o.Words > 0:
		return say.Say("About {{.Words}} words a second here", "Words", words)
	case o.Verdict == Tight:
		return say.Say("Fits just so")
	case o.Verdict == Fits:
		return say.Say("Fits")
	}
	return say.Text{}
}

// twoDigits writes a speed without promising more than is known.
func twoDigits(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.2g", v)
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return fmt.Sprintf("%.0f", math.Round(v/unit)*unit)
}

func gigabytes(n int64) string {
	if n < 999_500_000 {
		return fmt.Sprintf("%d MB", (n+500_000)/1_000_000)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
