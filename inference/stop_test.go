package inference

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestStopper(t *testing.T) {
	for _, c := range []struct {
		stops  []string
		pieces []string
		text   string
		found  string
	}{
		{nil, []string{"a", "b"}, "ab", ""},
		{[]string{""}, []string{"a", "b"}, "ab", ""},
		{[]string{"END"}, []string{"the E", "N", "D of"}, "the ", "END"},
		{[]string{"END"}, []string{"the E", "N", "ough"}, "the ENough", ""},
		{[]string{"END"}, []string{"EEN", "D"}, "E", "END"},
		{[]string{"END"}, []string{"EN"}, "EN", ""},
		{[]string{"aab"}, []string{"a", "a", "a", "b"}, "a", "aab"},
		{[]string{"xyz", "yz"}, []string{"wxyz"}, "w", "xyz"},
		{[]string{"bcd", "ab"}, []string{"a", "bcd"}, "", "ab"},
		{[]string{"\n\n"}, []string{"one\n", "\ntwo"}, "one", "\n\n"},
	} {
		s := newStopper(c.stops)
		text, found := "", ""
		for _, p := range c.pieces {
			var out string
			out, found = s.push(p)
			text += out
			if found != "" {
				break
			}
		}
		if found == "" {
			text += s.flush()
		}
		if text != c.text || found != c.found {
			t.Errorf("stops %q, pieces %q: got %q, %q; want %q, %q", c.stops, c.pieces, text, found, c.text, c.found)
		}
	}
}

// TestStopperPieces checks that the cut does not depend on how the text came.
func TestStopperPieces(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		letters := func(n int) string {
			var b strings.Builder
			for range n {
				b.WriteByte("ab"[rng.IntN(2)])
			}
			return b.String()
		}
		text, stops := letters(rng.IntN(12)), []string{letters(1 + rng.IntN(4)), letters(1 + rng.IntN(4))}
		// The stop that is complete first ends the text.
		want, done := text, false
		for end := 1; end <= len(text) && !done; end++ {
			for at := range end {
				for _, stop := range stops {
					if strings.HasPrefix(text[at:end], stop) && !done {
						want, done = text[:at], true
					}
				}
			}
		}
		s := newStopper(stops)
		got, rest, found := "", text, ""
		for rest != "" && found == "" {
			var out string
			out, found = s.push(rest[:1])
			got, rest = got+out, rest[1:]
		}
		if found == "" {
			got += s.flush()
		}
		if got != want {
			t.Fatalf("text %q, stops %q: got %q, want %q", text, stops, got, want)
		}
	}
}
