package document

// Shorter drops about the first half of d, at a paragraph or a message, and more
// until what is left fits.
func (d Document) Shorter(mode Mode, newID func() int, fits func(Document) bool) Document {
	for len(d.Segments) > 0 {
		newer := d.newerHalf
		if mode == ChatMode {
			newer = d.newerTurns
		}
		shorter := newer(newID())
		if shorter.Blank() || len(shorter.Text()) >= len(d.Text()) {
			break
		}
		d = shorter
		if fits(d) {
			break
		}
	}
	return d
}

// newerHalf returns the second half of d, cut at the end of a paragraph if
// there is one. The segment that is first now gets a new id: it lost its
// beginning, and as the first one it encodes differently.
func (d Document) newerHalf(id int) Document {
	cut := middle(d.Text())
	for i, s := range d.Segments {
		text := s.Text()
		if cut >= len(text) {
			cut -= len(text)
			continue
		}
		return d.from(i, NewSegment(id, s.Author, text[cut:]))
	}
	return New()
}

// newerTurns returns about the second half of a conversation, from a message of
// the user on; where there is none, of its text.
func (d Document) newerTurns(id int) Document {
	half, before, at := len(d.Text())/2, 0, 0
	for i, s := range d.Segments {
		if i > 0 && s.Author == User {
			at = i
			if before >= half {
				break
			}
		}
		before += len(s.Text())
	}
	if at == 0 {
		return d.newerHalf(id)
	}
	return d.from(at, NewSegment(id, User, d.Segments[at].Body()))
}

// from returns d from segment i on, with first in its place.
func (d Document) from(i int, first *Segment) Document {
	rest := Document{Segments: append([]*Segment{first}, d.Segments[i+1:]...), Answer: d.Answer - i}
	if rest.Answer <= 0 { // its beginning is gone, or all that it answered
		rest.Answer = -1
	}
	return rest
}
