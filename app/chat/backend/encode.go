package backend

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"tern/app/chat/document"
	"tern/inference"
	"tern/tokenizer"
)

// encode returns the ids of a whole document as a text, BOS first where the vocabulary
// wants it. Segments that have no ids of vocab yet are encoded.
func encode(d document.Document, tok tokenizer.Tokenizer, vocab *document.Vocab) []int32 {
	var ids []int32
	if bos, add := tok.BOS(); add {
		ids = append(ids, bos)
	}
	for i, s := range d.Segments {
		if !own(s, i == 0, tok, vocab) {
			if i == 0 {
				s.IDs = tok.Encode(s.Text())
			} else {
				s.IDs = tok.EncodeContinuation(s.Body())
			}
			s.Vocab = vocab
		}
		if s.Lead > 0 {
			ids = append(ids, tok.EncodeContinuation(s.Text()[:s.Lead])...)
		}
		ids = append(ids, s.IDs...)
	}
	return ids
}

// messages returns turns as messages. Answers keep their ids where all of them are of vocab. What was thought before
// them is the template's to write or to leave out.
func messages(turns []document.Turn, tok tokenizer.Tokenizer, vocab *document.Vocab) (list []inference.Message) {
	for _, t := range turns {
		m := inference.Message{Role: inference.RoleUser, Content: t.Text()}
		if t.Author == document.Model {
			m.Role, m.Reasoning = inference.RoleAssistant, t.Thoughts()
			ids, kept := []int32{}, true
			for _, s := range t.Segments {
				kept = own(s, false, tok, vocab) && kept
				ids = append(ids, s.IDs...)
			}
			if kept {
				m.IDs = ids
			}
		}
		list = append(list, m)
	}
	return list
}

// vocabKey names a vocabulary by tokens from all over it; the name of none is empty.
func vocabKey(tok tokenizer.Tokenizer) string {
	if tok == nil {
		return ""
	}
	const samples = 4096
	h, size := sha256.New(), tok.VocabSize()
	fmt.Fprintln(h, size, tok.Kind())
	for id := 0; id < size; id += max(1, size/samples) {
		fmt.Fprintf(h, "%q\n", tok.Bytes(int32(id)))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// own reports whether a segment has ids of vocab. Where the text was generated in the same
// vocabulary in another run of the program, it takes those ids, if they still spell it. first says that s
// starts the document.
func own(s *document.Segment, first bool, tok tokenizer.Tokenizer, vocab *document.Vocab) bool {
	if s.Vocab != vocab && s.Spelling.Key == vocab.Key && spells(s.Spelling.IDs, s.Body(), first, tok) {
		s.IDs, s.Vocab = s.Spelling.IDs, vocab
	}
	return s.Vocab == vocab
}

// spells reports whether ids are those of a text.
func spells(ids []int32, text string, first bool, tok tokenizer.Tokenizer) bool {
	stream := tokenizer.NewStream(tok, first)
	for _, id := range ids {
		if id < 0 || int(id) >= tok.VocabSize() {
			return false
		}
		rest, is := strings.CutPrefix(text, stream.Push(id))
		if !is {
			return false
		}
		text = rest
	}
	return text == stream.Flush() && len(ids) > 0
}

// trim makes the ids of s spell its text again, after a stop text was cut off it:
// whole tokens are kept as far as they reach, the rest is encoded. first says
// that s starts the document.
func trim(s *document.Segment, tok tokenizer.Tokenizer, first bool) {
	text := s.Body()
	if first && tok.StripsLeadingSpace() {
		text = " " + text // as the ids spell it
	}
	kept, rest := 0, text
	for i, id := range s.IDs {
		piece := string(tok.Bytes(id))
		if !strings.HasPrefix(text, piece) {
			break
		}
		text = text[len(piece):]
		if text == "" || utf8.RuneStart(text[0]) { // half a character cannot be encoded
			kept, rest = i+1, text
		}
	}
	s.IDs = append(slices.Clip(s.IDs[:kept]), tok.EncodeContinuation(rest)...)
}

// start returns the ids to start a text from where there is no text and the
// vocabulary wants no BOS before one; nil if it has nothing of the kind.
func start(tok tokenizer.Tokenizer) []int32 {
	if bos, _ := tok.BOS(); bos >= 0 {
		return []int32{bos}
	}
	if eos := tok.EOS(); eos >= 0 {
		return []int32{eos}
	}
	return nil
}
