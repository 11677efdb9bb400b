package chat

import (
	"slices"

	"tern/app/history"
)

// branch is a segment in its place in the tree of versions: what follows it was
// written behind it, each version once.
type branch struct {
	segment *segment // nil for the root
	next    []*branch
	shown   int // the one of next that was shown last
}

// tree holds every version of a conversation. A document is one path through
// it, and a tree is made of the documents that were added.
type tree struct{ root branch }

// add puts the path of d into the tree and makes it the one that is shown.
// Segments that are there already stay what they are.
func (t *tree) add(d document) {
	at := &t.root
	for _, s := range d.segments {
		i := slices.IndexFunc(at.next, func(b *branch) bool { return b.segment == s })
		if i < 0 {
			i = len(at.next)
			at.next = append(at.next, &branch{segment: s})
		}
		at.shown = i
		at = at.next[i]
	}
}

// step returns d with another version of segment i, by places further, and what
// was shown behind that one.
func (t *tree) step(d document, i, by int) document {
	at := t.find(d.segments[:i])
	if at == nil {
		return d
	}
	to := slices.IndexFunc(at.next, func(b *branch) bool { return b.segment == d.segments[i] }) + by
	if to < 0 || to >= len(at.next) {
		return d
	}
	path := slices.Clone(d.segments[:i])
	for b := at.next[to]; ; b = b.next[b.shown] {
		path = append(path, b.segment)
		if len(b.next) == 0 {
			return document{segments: path, answer: lastAnswer(path)}
		}
	}
}

// find returns where a path ends, nil where it is not in the tree.
func (t *tree) find(path []*segment) *branch {
	at := &t.root
	for _, s := range path {
		if at = at.child(s); at == nil {
			return nil
		}
	}
	return at
}

func (b *branch) child(s *segment) *branch {
	for _, n := range b.next {
		if n.segment == s {
			return n
		}
	}
	return nil
}

// walk visits every branch, those before it first.
func (t *tree) walk(visit func(b, before *branch)) {
	var down func(b *branch)
	stack := []*branch{&t.root} // a story has thousands of segments behind each other
	down = func(b *branch) {
		for _, n := range b.next {
			visit(n, b)
			stack = append(stack, n)
		}
	}
	for len(stack) > 0 {
		b := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		down(b)
	}
}

// lastAnswer is where the answer begins that Retry writes again: the last
// segment, if the model wrote it.
func lastAnswer(path []*segment) int {
	n := len(path)
	switch {
	case n == 0:
		return -1
	case path[n-1].author == Model:
		return n - 1
	}
	return n
}

// messages returns the tree as a file holds it, and the id of the last message
// of d there. d may have segments that the tree lacks: an answer that is being
// written. Without separators, texts are what the authors wrote.
func (t *tree) messages(d document, separators bool) (list []history.Message, leaf int) {
	ids := map[*branch]int{}
	add := func(s *segment, parent int) int {
		text := s.text.String()
		if !separators {
			text = text[s.lead:]
		}
		author := history.User
		if s.author == Model {
			author = history.Model
		}
		list = append(list, history.Message{
			ID: len(list) + 1, Parent: parent, Author: author, Text: text,
		})
		s.by.keep(&list[len(list)-1])
		return len(list)
	}
	t.walk(func(b, before *branch) { ids[b] = add(b.segment, ids[before]) })
	at := &t.root
	for _, s := range d.segments {
		if at != nil {
			at = at.child(s)
		}
		switch {
		case at != nil:
			leaf = ids[at]
		case s.text.Len() > s.lead:
			leaf = add(s, leaf)
		}
	}
	return list, leaf
}

// grow makes the tree of a file's messages, and the document of those that lead
// to leaf. In a conversation of messages, each text is set off from the one
// before it.
func grow(c *history.Conversation, newID func() int) (tree, document) {
	t := &tree{}
	at := map[int]*branch{0: &t.root}
	before := map[int]int{}
	for _, m := range c.Messages {
		s := &segment{id: newID(), vocab: unknown, by: writtenOf(m)}
		if m.Author == history.Model {
			s.author = Model
		}
		parent := at[m.Parent]
		if c.Chat && parent.segment != nil {
			s.separate(document{segments: []*segment{parent.segment}})
		}
		s.text.WriteString(m.Text)
		b := &branch{segment: s}
		parent.next = append(parent.next, b)
		parent.shown = len(parent.next) - 1
		at[m.ID], before[m.ID] = b, m.Parent
	}
	var path []*segment
	for id := c.Leaf; id != 0; id = before[id] {
		path = append(path, at[id].segment)
	}
	slices.Reverse(path)
	d := document{segments: path, answer: lastAnswer(path)}
	t.add(d)
	return *t, d
}
