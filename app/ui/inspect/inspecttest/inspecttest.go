// Package inspecttest has tokens for the tests of what shows them.
package inspecttest

import (
	"fmt"

	"tern/app/chat"
)

// Tokens are words with figures; the n-th has a probability that gives it
// tint n%5, and stands at choice 1 to 3.
func Tokens(words ...string) []chat.Token {
	shares := []float64{0.5, 0.2, 0.05, 0.02, 0.005}
	var list []chat.Token
	for i, w := range words {
		t := chat.Token{Segment: 2, Index: i, Text: w, Prob: shares[i%5], Rank: i%3 + 1, Surprise: 1.5, Entropy: float64(i % 7)}
		for n := range 10 {
			t.Top = append(t.Top, chat.Alternative{ID: int32(100 + n), Text: fmt.Sprintf(" alt%d", n), Prob: 0.3 / float64(n+1)})
		}
		t.Top[t.Rank-1] = chat.Alternative{ID: 7, Text: w, Prob: t.Prob}
		t.Top[8].Text = ""       // the end of the text
		t.Top[9].Text = "\uFFFD" // a part of a character
		list = append(list, t)
	}
	return list
}
