package history

import (
	"regexp"
	"testing"
)

// TestFind: words are found where they begin before anywhere else, in the version
// that is shown before others, and the snippet says where.
func TestFind(t *testing.T) {
	c := &Conversation{Title: "A wanted man", Leaf: 1, Messages: []Message{
		{ID: 1, Author: User, Text: "He wanted a boat.\nThen Ted came, and all the others of the village came with him to look at it."},
		{ID: 2, Author: User, Text: "Élan vital of the sea"},
	}}
	for text, want := range map[string]Hit{
		"ted":    {true, "He wanted a boat. Then Ted came, and all the others of the village came with him to look at it."},
		"WANTED": {true, "He wanted a boat. Then Ted came, and all the others of the village came with"},
		"élan":   {true, "Élan vital of the sea"},
		"oat":    {false, "He wanted a boat. Then Ted came, and all the others of the village came with him to look at"},
		"man":    {true, ""},
	} {
		got, found := c.Find(text)
		if !found || got.Word != want.Word || want.Snippet == "" != (got.Snippet == "") || len(want.Snippet) > 0 && got.Snippet[:5] != want.Snippet[:5] {
			t.Errorf("%q: %v, %+v, want %+v", text, found, got, want)
		}
	}
	if hit, found := c.Find("boats"); found {
		t.Errorf("%+v", hit)
	}
	for _, x := range []struct {
		pattern, text string
		at            int
		word          bool
	}{{"空", "天空", 3, true}, {"ted", "wanted, Ted", 8, true}, {"ted", "wanted", 3, false}, {`\(x`, "a(x", 1, true}, {"a", "", -1, false}} {
		if at, word := Within(regexp.MustCompile("(?i)"+x.pattern), x.text); at != x.at || word != x.word {
			t.Errorf("%q in %q: %d, %v", x.pattern, x.text, at, word)
		}
	}
}
