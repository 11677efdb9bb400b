package library

import (
	"math"

	"tern/model/checkpoint"
)

// How fast a model has to be to be recommended, in words a second: people read four or
// five. A model that thinks first writes several times the words of its answer before
// that begins.
const (
	readingSpeed  = 5
	thinkingSpeed = 3 * readingSpeed
)

// nominalRate is how many bytes a second a computer reads that was not measured yet.
const nominalRate = 10e9

// Recommend is the model to begin with on a computer: the one with the most weights
// among Bonsai's, whose facts come from their publisher, that fits into the free memory
// with room to spare and answers as fast as people read; where none is that fast, the
// lightest. nil where none fits. offer says how a model would do.
func Recommend(offer func(*Public) Offer) *Public {
	var best, lightest *Public
	var most int64
	least := int64(math.MaxInt64)
	for i := range Publics {
		p := &Publics[i]
		f := p.Facts()
		if p.Family != Bonsai && p.Family != Bonsai2 || !p.Chat || p.Secondhand || f == nil {
			continue
		}
		o := offer(p)
		if o.Verdict != Fits && o.Verdict != Unknown {
			continue
		}
		words, enough := o.Words, float64(readingSpeed)
		if words == 0 {
			words = nominal(f)
		}
		if p.Thinking {
			enough = thinkingSpeed
		}
		if words >= enough && f.Params >= most { // of two of one size, the newer one stands later
			best, most = p, f.Params
		}
		if n := f.Bytes(); n < least {
			lightest, least = p, n
		}
	}
	if best == nil {
		return lightest
	}
	return best
}

// nominal is about how many words a second a model writes on a computer of today.
func nominal(f *checkpoint.Facts) float64 { return wordsPerToken * nominalRate / float64(f.Bytes()) }
