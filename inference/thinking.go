package inference

import (
	"bytes"
	"strings"

	"tern/tokenizer"
)

// Thinking says how a model marks what it thinks before it answers, and how long it
// may. The zero value is a model that does not.
type Thinking struct {
	// Open and Close are the markers around a block of thoughts, such as <think>
	// and </think>.
	Open, Close string
	// Begun says that the prompt ends within a block.
	Begun bool
	// Budget is how many tokens a block may have, 0 for any number: then it is
	// closed for the model, and the answer begins. The markers do not count. A
	// negative one closes a block as soon as it is begun.
	Budget int
	// Apart says that MaxTokens counts the tokens of the answer, and not those of the
	// block.
	Apart bool
	// Closing is written to close a block, markers and line breaks; "" for Close
	// on a line of its own and an empty line.
	Closing string
}

// Where a text is.
const (
	thinkMay  = iota // nothing but white space is written: a block may begin
	thinkIn          // within a block
	thinkOver        // in the answer
)

// thinker follows a text through its block of thoughts. It allocates nothing per
// token.
type thinker struct {
	Thinking
	tok     tokenizer.Tokenizer
	at      int
	open    int32 // the marker as one token, -1 where it is none
	close   int32
	written []byte  // the end of the text, as far as a marker may be in it
	spent   int     // tokens of the block
	forced  []int32 // tokens to be written next, whatever the model says
}

func newThinker(t Thinking, tok tokenizer.Tokenizer) thinker {
	k := thinker{Thinking: t, tok: tok, at: thinkOver, open: -1, close: -1}
	if tok == nil || t.Close == "" || t.Open == "" {
		return k
	}
	k.open, k.close = marker(tok, t.Open), marker(tok, t.Close)
	if k.at = thinkMay; t.Begun {
		k.at = thinkIn
		if t.Budget < 0 {
			k.end()
		}
	}
	return k
}

// marker is the token that a marker is, or -1.
func marker(tok tokenizer.Tokenizer, text string) int32 {
	if id, ok := tok.Special(text); ok {
		return id
	}
	if ids := tok.EncodeParts([]tokenizer.Part{{Text: text}}); len(ids) == 1 {
		return ids[0]
	}
	return -1
}

// push adds a token. whole tells that no character is begun and not complete.
func (k *thinker) push(id int32, whole bool) {
	if k.at == thinkOver {
		return
	}
	k.written = append(k.written, k.tok.Bytes(id)...)
	switch k.at {
	case thinkMay:
		text := bytes.TrimLeft(k.written, " \t\r\n")
		switch {
		case id == k.open || bytes.HasPrefix(text, []byte(k.Open)):
			if k.at, k.written = thinkIn, k.written[:0]; k.Budget < 0 {
				k.end()
			}
		case !bytes.HasPrefix([]byte(k.Open), text):
			k.at = thinkOver
		}
	case thinkIn:
		k.spent++
		// Nothing but white space may follow in the token of the marker: the
		// answer begins with a token.
		if id == k.close || bytes.HasSuffix(bytes.TrimRight(k.written, " \t\r\n"), []byte(k.Close)) {
			k.at = thinkOver
			return
		}
		if n := len(k.written) - len(k.Close) - 64; n > 0 {
			k.written = k.written[:copy(k.written, k.written[n:])]
		}
		if k.Budget > 0 && k.spent >= k.Budget && whole && len(k.forced) == 0 {
			k.end()
		}
	}
}

// end has the block closed by the next tokens.
func (k *thinker) end() {
	text := k.Closing
	if text == "" {
		text = "\n" + k.Close + "\n\n"
	}
	if strings.HasSuffix(string(k.written), "\n") {
		text = strings.TrimLeft(text, "\n")
	}
	k.forced = k.tok.EncodeParts([]tokenizer.Part{{Text: text}})
}

// next returns the token that must come next, if there is one.
func (k *thinker) next() (id int32, ok bool) {
	if len(k.forced) == 0 {
		return 0, false
	}
	id, k.forced = k.forced[0], k.forced[1:]
	return id, true
}
