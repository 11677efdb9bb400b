package document

import (
	"math"
	"strings"
)

// Token is one token of an answer and the probabilities that the model gave there, at
// temperature 1 and before any other setting. It is never changed.
type Token struct {
	Segment, Index int // its segment, and its place among the tokens of that
	ID             int32
	Text           string // what it adds to the text; empty for a part of a character
	Prob           float64
	Rank           int     // 1 is the most likely token
	Surprise       float64 // bits
	Entropy        float64 // of the whole distribution, in bits
	Top            []Alternative
}

// Alternative is a token that could have stood in the place of another.
type Alternative struct {
	ID   int32
	Text string // empty where the text would have ended
	Prob float64
}

// Choosable reports whether the alternative can be put into the text: it is neither a
// control token nor a part of a character.
func (a Alternative) Choosable() bool { return a.Text != "" && !strings.Contains(a.Text, "\uFFFD") }

// instead is t with another token in its place.
func (t Token) instead(id int32, text string) Token {
	t.ID, t.Text = id, text
	t.Prob, t.Rank, t.Surprise = 0, 0, math.Inf(1)
	for n, a := range t.Top {
		if a.ID == id {
			t.Prob, t.Rank, t.Surprise = a.Prob, n+1, -math.Log2(a.Prob)
		}
	}
	return t
}
