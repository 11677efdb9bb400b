package tokenizer

import "strings"

// Part is a stretch of a text that is put together from several hands, such as
// a chat: markers that a template wrote between words that a user typed.
type Part struct {
	// Text is encoded together with that of its neighbours, between markers.
	Text string
	// Plain says that no added or special token is matched in Text: "</s>"
	// stays four characters.
	Plain bool
	// IDs, where not nil, stand in the place of Text as they are. The texts on
	// their two sides are encoded apart, even if there are none.
	IDs []int32
}

func (t *tokenizer) EncodeParts(parts []Part) []int32 {
	var ids []int32
	var m merger
	var text strings.Builder // since the last marker
	at := atStart
	encode := func() {
		if text.Len() > 0 {
			ids = t.encodePiece(ids, &m, nil, text.String(), at)
			text.Reset()
			at = continuing
		}
	}
	for _, p := range parts {
		if p.IDs != nil {
			encode()
			if ids = append(ids, p.IDs...); len(p.IDs) > 0 {
				at = continuing
			}
			continue
		}
		rest := p.Text
		for !p.Plain && rest != "" {
			start, end, id := t.inParts.next(rest, 0)
			if id < 0 {
				break
			}
			text.WriteString(rest[:start])
			encode()
			ids, at, rest = append(ids, id), afterToken, rest[end:]
		}
		text.WriteString(rest)
	}
	encode()
	return ids
}
