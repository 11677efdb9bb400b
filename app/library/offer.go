package library

import (
	"fmt"
	"math"

	"tern/app/hub"
	"tern/app/say"
	"tern/model"
	"tern/model/checkpoint"
)

// Offer is how a model would do on this computer.
type Offer struct {
	Fit
	Words    float64 // a second, about; 0 where the speed is not known
	Measured bool    // that was the speed of an answer here
}

// wordsPerToken is what a token of English is worth, about.
const wordsPerToken = 0.75

// Offer says how a model would do here in a conversation with this room. free and known are
// those of FreeMemory.
func (l *Library) Offer(f *checkpoint.Facts, room Room, free int64, known bool) (o Offer) {
	if f == nil {
		return o
	}
	return Foretold(Judge(Need(f, room), free, known), l.Expect(f))
}

// Foretold is the offer of a model that is expected to write at a rate, in tokens a
// second.
func Foretold(fit Fit, rate float64) Offer { return Offer{Fit: fit, Words: wordsPerToken * rate} }

// Wrote is the offer of a model that wrote at a rate here, in tokens a second; 0 for
// none.
func (o Offer) Wrote(rate float64) Offer {
	if rate > 0 {
		o.Words, o.Measured = wordsPerToken*rate, true
	}
	return o
}

// OfferPublic says how a public model would do here, from its shape, or from its size
// where that is not known.
func (l *Library) OfferPublic(p *Public, room Room, free int64, known bool) Offer {
	if f := p.Facts(); f != nil {
		return l.Offer(f, room, free, known)
	}
	if p.Bytes > 4_000_000_000 {
		return Offer{} // unpacked: its size says little of what it takes in memory
	}
	return l.offerBytes(inTwoBits(p.Bytes, p.Take), p.Take, room, free, known)
}

// OfferRepo says how a model of a repository would do here, from the file that would be
// taken, and from its shape where that is known: Offer{} where they tell too little.
func (l *Library) OfferRepo(r *hub.Repo, room Room, free int64, known bool) Offer {
	form := hub.FormOf(ModelIn("", r))
	if p := Known(r.ID); p != nil && p.shape != nil {
		if form == "" {
			form = p.Take
		}
		return l.Offer(p.factsOf(form), room, free, known)
	}
	bytes := packedBytes(r)
	if bytes == 0 {
		return Offer{}
	}
	return l.offerBytes(bytes, form, room, free, known)
}

// packedBytes is about what the weights of a repository take with two bits each, 0 where its
// files do not tell.
func packedBytes(r *hub.Repo) int64 {
	if len(r.Files) == 0 || !r.Sized() {
		return 0
	}
	gguf := ModelIn("", r)
	switch form := hub.FormOf(gguf); {
	case gguf == "" && len(r.Weights) > 0:
		var packed, floats int64
		for kind, n := range r.Weights {
			if kind == "U8" || kind == "I8" {
				packed += n // four weights in each
			} else {
				floats += n
			}
		}
		if packed > 0 {
			return packed + 2*floats // what is float beside them stays so
		}
		return twoBits(floats)
	case gguf == "":
		return 0 // packed, or floats to be packed: who knows
	case form == "F32":
		return twoBits(r.Size() / 4)
	case form.Float():
		return twoBits(r.Size() / 2)
	default:
		return inTwoBits(r.Size(), form)
	}
}

// inTwoBits is what a file of a form would take with two bits a weight.
func inTwoBits(size int64, form hub.Form) int64 {
	switch form {
	case "Q1_0":
		return size * 34 / 18
	case "PTQ1_0":
		return size * 34 / 28
	case "TQ1_0":
		return size * 66 / 54
	}
	return size
}

// twoBits is what n weights take in groups of 128.
func twoBits(n int64) int64 { return n * 34 / 128 }

// offerBytes is the offer of the public shape of a form that is nearest in size, in
// proportion. bytes are those of its weights with two bits each.
func (l *Library) offerBytes(bytes int64, form hub.Form, room Room, free int64, known bool) Offer {
	var near *model.Config
	apart, share := math.Inf(1), 0.0
	for _, shape := range nearest {
		s := float64(bytes) / float64(outline(shape, model.Packed, "").Bytes())
		if d := math.Abs(math.Log(s)); d < apart {
			near, apart, share = shape, d, s
		}
	}
	f := outline(near, model.Packed, form)
	need := margin + int64(share*float64(Need(f, room)-margin))
	return Foretold(Judge(need, free, known), l.Expect(f)/share)
}

// Text is one sentence of it, empty where nothing is known.
func (o Offer) Text() say.Text {
	switch words := say.Number(twoDigits(o.Words)); {
	case o.Verdict == DoesNotFit:
		return say.Say("Does not fit: needs {{.Need}}, {{.Free}} free", "Need", bytesOf(o.Need), "Free", bytesOf(o.Free))
	case o.Verdict == Tight && o.Words > 0 && o.Measured:
		return say.Say("Fits just so, {{.Words}} words a second here", "Words", words)
	case o.Verdict == Tight && o.Words > 0:
		return say.Say("Fits just so, about {{.Words}} words a second here", "Words", words)
	case o.Verdict == Fits && o.Words > 0 && o.Measured:
		return say.Say("Fits, {{.Words}} words a second here", "Words", words)
	case o.Verdict == Fits && o.Words > 0:
		return say.Say("Fits, about {{.Words}} words a second here", "Words", words)
	case o.Words > 0 && o.Measured:
		return say.Say("{{.Words}} words a second here", "Words", words)
	case o.Words > 0:
		return say.Say("About {{.Words}} words a second here", "Words", words)
	case o.Verdict == Tight:
		return say.Say("Fits just so: needs {{.Need}}, {{.Free}} free", "Need", bytesOf(o.Need), "Free", bytesOf(o.Free))
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

// bytesOf writes a size in MB below 1 GB, in GB above.
func bytesOf(n int64) say.Number {
	if n < 999_500_000 {
		return say.Number(fmt.Sprintf("%d MB", (n+500_000)/1_000_000))
	}
	return say.Number(fmt.Sprintf("%.1f GB", float64(n)/1e9))
}

// Sentences say what a public model is and how it would do here, each a piece of one
// line: what it does, its size, the offer, and what else it can.
func (p *Public) Sentences(o Offer) []say.Text {
	list := []say.Text{say.Say("Continues texts, does not chat")}
	if p.Chat {
		list[0] = say.Say("Chats")
	}
	if p.Bytes > 0 {
		list = append(list, say.Say("about {{.Size}}", "Size", bytesOf(p.Bytes)))
	}
	if t := o.Text(); t.Key != "" {
		list = append(list, t)
	}
	return append(list, p.abilities()...)
}

// abilities are the languages, thinking, tools and the licence.
func (p *Public) abilities() (list []say.Text) {
	switch p.Languages[0] {
	case Many:
		list = append(list, say.Say("many languages"))
	case "zh":
		list = append(list, say.Say("Chinese and English"))
	default:
		if len(p.Languages) > 1 {
			list = append(list, say.Say("English, French, Spanish, Portuguese"))
		} else {
			list = append(list, say.Say("English"))
		}
	}
	if p.Thinking {
		list = append(list, say.Say("thinks first"))
	}
	if p.Tools {
		list = append(list, say.Say("calls tools"))
	}
	return append(list, say.Say("licence {{.Licence}}", "Licence", p.Licence))
}
