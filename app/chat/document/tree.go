package document

import "slices"

// branch is a segment in its place in the tree of versions: what follows it was
// written after it, each version once.
type branch struct {
	segment *Segment // nil for the root
	next    []*branch
	shown   int // the one of next that was shown last
}

// Tree holds every version of a conversation. A document is one path through
// it, and a tree is made of the documents that were added.
type Tree struct{ root branch }

// Add puts the path of d into the tree and makes it the one that is shown.
// Segments that are there already stay what they are.
func (t *Tree) Add(d Document) {
	at := &t.root
	for _, s := range d.Segments {
		i := slices.IndexFunc(at.next, func(b *branch) bool { return b.segment == s })
		if i < 0 {
			i = len(at.next)
			at.next = append(at.next, &branch{segment: s})
		}
		at.shown = i
		at = at.next[i]
	}
}

// Step returns d with another version of segment i, by places further, and what
// was last shown after that one.
func (t *Tree) Step(d Document, i, by int) Document {
	at := t.find(d.Segments[:i])
	if at == nil {
		return d
	}
	to := slices.IndexFunc(at.next, func(b *branch) bool { return b.segment == d.Segments[i] }) + by
	if to < 0 || to >= len(at.next) {
		return d
	}
	path := slices.Clone(d.Segments[:i])
	for b := at.next[to]; ; b = b.next[b.shown] {
		path = append(path, b.segment)
		if len(b.next) == 0 {
			return Of(path)
		}
	}
}

// find returns where a path ends, nil where it is not in the tree.
func (t *Tree) find(path []*Segment) *branch {
	at := &t.root
	for _, s := range path {
		if at = at.child(s); at == nil {
			return nil
		}
	}
	return at
}

func (b *branch) child(s *Segment) *branch {
	for _, n := range b.next {
		if n.segment == s {
			return n
		}
	}
	return nil
}

// walk visits every branch, those before it first.
func (t *Tree) walk(visit func(b, before *branch)) {
	stack := []*branch{&t.root} // a story has thousands of segments in a row
	for len(stack) > 0 {
		b := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, n := range b.next {
			visit(n, b)
			stack = append(stack, n)
		}
	}
}

// AsMessages separates each author's words from the other's, in every version,
// as a conversation is shown that began as a story. A story reads a conversation
// as the text that it is. It returns what puts the changed segments into a
// document of the tree.
func (t *Tree) AsMessages(newID func() int) func(Document) Document {
	messages := map[*Segment]*Segment{}
	t.walk(func(b, before *branch) {
		s := b.segment
		if before.segment == nil || s.Lead > 0 || s.Author == before.segment.Author {
			return
		}
		if messages[s] == nil {
			messages[s] = s.asMessage(newID())
		}
	})
	if len(messages) == 0 {
		return func(d Document) Document { return d }
	}
	t.walk(func(b, _ *branch) {
		if m := messages[b.segment]; m != nil {
			b.segment = m
		}
	})
	return func(d Document) Document {
		d.Segments = slices.Clone(d.Segments)
		for i, s := range d.Segments {
			if m := messages[s]; m != nil {
				d.Segments[i] = m
			}
		}
		return d
	}
}
