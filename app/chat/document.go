package chat

import (
	"slices"
	"strings"
	"unicode/utf8"

	"tern/inference"
	"tern/tokenizer"
)

// segment is a run of the document by one author, with its token ids: those
// that were generated stay as they were sampled, so that going on never encodes
// them again and finds all of them in the session's cache. Nothing of a segment
// changes once its answer has ended, except that another model's ids replace ids.
type segment struct {
	id     int
	author Author
	text   strings.Builder // grows cheaply and gives out its text without a copy
	lead   int             // bytes of text that separate a message from the one before and that ids do not spell
	ids    []int32
	vocab  int // the model, by Controller.vocab, whose ids these are

	by Written // how the model wrote it

	tokens []Token // with figures; nil where nobody asked for them
	made   *made   // how it was generated; nil for other words
}

// document is a list of segments. Its methods never change the list they are
// called on, so that a copy is a version to come back to.
type document struct {
	segments []*segment
	answer   int // how many segments stand before the answer that Retry writes again; -1: none
}

var empty = document{answer: -1}

func (d document) text() string {
	var b strings.Builder
	for _, s := range d.segments {
		b.WriteString(s.text.String())
	}
	return b.String()
}

// empty tells if d has no text but white space.
func (d document) empty() bool { return strings.TrimSpace(d.text()) == "" }

// equal tells whether two versions have the same segments.
func (d document) equal(o document) bool { return slices.Equal(d.segments, o.segments) }

// with returns d with a further segment.
func (d document) with(s *segment) document {
	d.segments = append(slices.Clip(d.segments), s)
	return d
}

// withWords returns d with the user's words behind it. What is written next
// will be its answer.
func (d document) withWords(id int, words string) document {
	if words = join(d.text(), words); words != "" {
		s := &segment{id: id, author: User, vocab: unknown}
		s.text.WriteString(words)
		d = d.with(s)
	}
	d.answer = len(d.segments)
	return d
}

// withMessage returns d with the user's message behind it, whose answer is
// written next. Without words it is the last message that is answered, or the
// answer that is written on.
func (d document) withMessage(id int, words string) document {
	if words = strings.TrimSpace(words); words != "" {
		s := &segment{id: id, author: User, vocab: unknown}
		s.separate(d)
		s.text.WriteString(words)
		d = d.with(s)
	}
	d.answer = len(d.segments)
	for d.answer > 0 && d.segments[d.answer-1].author == Model {
		d.answer-- // an answer that is written on is one answer
	}
	return d
}

// separate begins the text of a message behind d.
func (s *segment) separate(d document) {
	if n := len(d.segments); n > 0 && (s.author == User || d.segments[n-1].author != s.author) {
		s.lead, _ = s.text.WriteString("\n\n")
	}
}

// unknown is no model's number.
const unknown = -1

// withoutAnswer returns d up to where its last answer began.
func (d document) withoutAnswer() document {
	d.segments = slices.Clip(d.segments[:d.answer])
	return d
}

// newerHalf returns the second half of d, cut at the end of a paragraph if
// there is one. The segment that is first now gets a new id: it lost its
// beginning, and as the first one it encodes differently.
func (d document) newerHalf(id int) document {
	cut := middle(d.text())
	for i, s := range d.segments {
		text := s.text.String()
		if cut >= len(text) {
			cut -= len(text)
			continue
		}
		first := &segment{id: id, author: s.author, vocab: unknown}
		first.text.WriteString(text[cut:])
		half := document{segments: append([]*segment{first}, d.segments[i+1:]...), answer: d.answer - i}
		if half.answer <= 0 { // its beginning is gone, or all that it answered
			half.answer = -1
		}
		return half
	}
	return empty
}

// prompt returns the ids of the whole document, BOS first where the vocabulary
// wants it. Segments that have no ids of this model yet are encoded.
func (d document) prompt(tok tokenizer.Tokenizer, vocab int) []int32 {
	var ids []int32
	if bos, add := tok.BOS(); add {
		ids = append(ids, bos)
	}
	for i, s := range d.segments {
		if s.vocab != vocab {
			if i == 0 {
				s.ids = tok.Encode(s.text.String())
			} else {
				s.ids = tok.EncodeContinuation(s.text.String()[s.lead:])
			}
			s.vocab = vocab
		}
		if s.lead > 0 {
			ids = append(ids, tok.EncodeContinuation(s.text.String()[:s.lead])...)
		}
		ids = append(ids, s.ids...)
	}
	return ids
}

// messages returns the document as a conversation: what one author wrote in a
// row is one message. Answers of this model keep their ids.
func (d document) messages(tok tokenizer.Tokenizer, vocab int) []inference.Message {
	var list []inference.Message
	for i := 0; i < len(d.segments); {
		author := d.segments[i].author
		var text strings.Builder
		ids, kept := []int32{}, author == Model
		for ; i < len(d.segments) && d.segments[i].author == author; i++ {
			s := d.segments[i]
			text.WriteString(s.text.String())
			ids = append(ids, s.ids...)
			kept = kept && s.vocab == vocab
		}
		m := inference.Message{Role: inference.RoleUser, Content: strings.TrimSpace(text.String())}
		if author == Model {
			m.Role = inference.RoleAssistant
		}
		if kept {
			m.IDs = ids
		}
		if m.Content != "" {
			list = append(list, m)
		}
	}
	return list
}

// asMessage returns s as it stands behind the other author's words.
func (s *segment) asMessage(id int) *segment {
	m := &segment{id: id, author: s.author, vocab: unknown, by: s.by}
	m.lead, _ = m.text.WriteString("\n\n")
	m.text.WriteString(strings.TrimSpace(s.text.String()))
	return m
}

// soFar returns s as far as it is written, which grows no more.
func (s *segment) soFar(id int) *segment {
	now := &segment{id: id, author: s.author, lead: s.lead, vocab: unknown, by: s.by}
	now.by.Stop = StoppedByUser
	now.text.WriteString(strings.TrimSuffix(s.text.String(), "\uFFFD"))
	return now
}

// newerTurns returns about the second half of a conversation, from a message of
// the user on; where there is none, of its text.
func (d document) newerTurns(id int) document {
	half, before, at := len(d.text())/2, 0, 0
	for i, s := range d.segments {
		if i > 0 && s.author == User {
			at = i
			if before >= half {
				break
			}
		}
		before += s.text.Len()
	}
	if at == 0 {
		return d.newerHalf(id)
	}
	s := d.segments[at]
	first := &segment{id: id, author: User, vocab: unknown}
	first.text.WriteString(s.text.String()[s.lead:])
	turns := document{segments: append([]*segment{first}, d.segments[at+1:]...), answer: d.answer - at}
	if turns.answer <= 0 {
		turns.answer = -1
	}
	return turns
}

// trim makes ids spell the text of s again, after a stop text was cut off it:
// whole tokens are kept as far as they reach, the rest is encoded. first says
// that s starts the document.
func (s *segment) trim(tok tokenizer.Tokenizer, first bool) {
	text := s.text.String()[s.lead:]
	if first && tok.StripsLeadingSpace() {
		text = " " + text // as the ids spell it
	}
	kept, rest := 0, text
	for i, id := range s.ids {
		piece := string(tok.Bytes(id))
		if !strings.HasPrefix(text, piece) {
			break
		}
		text = text[len(piece):]
		if text == "" || utf8.RuneStart(text[0]) { // half a character cannot be encoded
			kept, rest = i+1, text
		}
	}
	s.ids = append(slices.Clip(s.ids[:kept]), tok.EncodeContinuation(rest)...)
}

// view returns the segments for a snapshot; texts are shared, not copied.
func (t *tree) view(d document) []Segment {
	out := make([]Segment, 0, len(d.segments))
	at := &t.root
	for _, s := range d.segments {
		v := Segment{ID: s.id, Author: s.author, Text: s.text.String(), Lead: s.lead, Stop: s.by.Stop, Model: s.by.Model}
		if at != nil {
			n := len(at.next)
			b := at.child(s)
			v.Version, v.Versions = slices.Index(at.next, b)+1, n
			if b == nil { // it is being written
				v.Version, v.Versions = n+1, n+1
			}
			at = b
		}
		if v.Text != "" {
			out = append(out, v)
		}
	}
	return out
}
