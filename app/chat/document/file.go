package document

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"tern/app/history"
)

// Messages returns the tree as a file holds it, and the id of the last message
// of d there. d may have segments that the tree lacks: an answer that is being
// written. Texts of a ChatMode conversation come without what separates them.
func (t *Tree) Messages(d Document, mode Mode) (list []history.Message, leaf int) {
	ids := map[*branch]int{}
	add := func(s *Segment, parent int) int {
		text := s.Text()
		if mode == ChatMode {
			text = s.Body()
		}
		author := history.User
		if s.Author == Model {
			author = history.Model
		}
		list = append(list, history.Message{
			ID: len(list) + 1, Parent: parent, Author: author, Text: text,
		})
		m := &list[len(list)-1]
		s.By.keep(m)
		if !s.Thoughts.Blank() {
			m.Thoughts, m.ThoughtFor, m.Thinking = s.Thoughts.Text(), s.Thoughts.Took.Seconds(), s.Thoughts.Open
		}
		m.Vocab, m.IDs = s.Spelling.Key, packIDs(s.Spelling.IDs)
		return len(list)
	}
	t.walk(func(b, before *branch) { ids[b] = add(b.segment, ids[before]) })
	at := &t.root
	for _, s := range d.Segments {
		if at != nil {
			at = at.child(s)
		}
		switch {
		case at != nil:
			leaf = ids[at]
		case !s.empty():
			leaf = add(s, leaf)
		}
	}
	return list, leaf
}

// Read makes the tree of a file's messages, and the document of those that lead
// to its leaf. In a conversation of messages, each text is separated from the one
// before it.
func Read(c *history.Conversation, newID func() int) (Tree, Document) {
	t := Tree{}
	at := map[int]*branch{0: &t.root}
	before := map[int]int{}
	for _, m := range c.Messages {
		s := &Segment{ID: newID(), By: writtenOf(m)}
		if m.Author == history.Model {
			s.Author = Model
		}
		parent := at[m.Parent]
		if c.Chat && parent.segment != nil {
			s.separate(Document{Segments: []*Segment{parent.segment}})
		}
		s.text.WriteString(m.Text)
		if m.Thoughts != "" && s.Author == Model {
			s.Thoughts = NewThoughts(m.Thoughts, time.Duration(m.ThoughtFor*float64(time.Second)), m.Thinking)
		}
		s.Spelling = Spelling{m.Vocab, unpackIDs(m.IDs)}
		b := &branch{segment: s}
		parent.next = append(parent.next, b)
		parent.shown = len(parent.next) - 1
		at[m.ID], before[m.ID] = b, m.Parent
	}
	var path []*Segment
	for id := c.Leaf; id != 0; id = before[id] {
		path = append(path, at[id].segment)
	}
	slices.Reverse(path)
	d := Of(path)
	t.Add(d)
	return t, d
}

// packIDs writes ids as a file holds them: each as a varint.
func packIDs(ids []int32) (packed []byte) {
	for _, id := range ids {
		packed = binary.AppendUvarint(packed, uint64(id))
	}
	return packed
}

// unpackIDs reads what packIDs wrote. Ids of a damaged file are those of no text, which
// whoever uses them finds out.
func unpackIDs(packed []byte) (ids []int32) {
	for len(packed) > 0 {
		id, n := binary.Uvarint(packed)
		if n <= 0 || id > math.MaxInt32 {
			return nil
		}
		ids, packed = append(ids, int32(id)), packed[n:]
	}
	return ids
}

// keep puts w into a message of a file.
func (w Written) keep(m *history.Message) {
	m.Model, m.Path, m.Written, m.Seed = w.Model, w.Path, w.At, w.Seed
	m.Rate, m.First, m.Tokens = w.Rate, w.FirstToken.Seconds(), w.Tokens
	m.Stop, m.StopText, m.Edited, m.Settings = string(w.Stop), w.StopText, w.Edited, w.Generation
}

// writtenOf reads what keep wrote. Older files have less.
func writtenOf(m history.Message) Written {
	return Written{
		Model: m.Model, Path: m.Path, At: m.Written, Seed: m.Seed,
		Rate: m.Rate, FirstToken: time.Duration(m.First * float64(time.Second)), Tokens: m.Tokens,
		Stop: StopReason(m.Stop), StopText: m.StopText, Edited: m.Edited, Generation: m.Settings,
	}
}
