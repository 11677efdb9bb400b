package document

import (
	"slices"
	"time"
)

// View is a segment as a window shows it. The texts of a document's views
// concatenate to the document, separators included.
type View struct {
	ID     int // stable while the segment exists; a segment only ever grows at its end
	Author Author
	Text   string
	Lead   int        // bytes of Text that only separate a message from the one before
	Stop   StopReason // why the model ended it; empty while it writes, and for the user's words
	Model  string     // the name of the one that wrote it; empty where that is not known

	Thoughts string        // before the text; empty for none
	Thinking bool          // the answer ends in these, or is there yet
	Took     time.Duration // that they took

	// Which version is shown of all that stand here, counted from 1. A
	// version is followed by versions of its own.
	Version, Versions int
}

// View returns the segments for a snapshot; texts are shared, not copied.
func (t *Tree) View(d Document) []View {
	out := make([]View, 0, len(d.Segments))
	at := &t.root
	for i, s := range d.Segments {
		v := View{ID: s.ID, Author: s.Author, Text: s.Text(), Lead: s.Lead, Stop: s.By.Stop, Model: s.By.Model}
		if at != nil {
			n := len(at.next)
			b := at.child(s)
			v.Version, v.Versions = slices.Index(at.next, b)+1, n
			if b == nil { // it is being written
				v.Version, v.Versions = n+1, n+1
			}
			at = b
		}
		if t := s.Thoughts; !t.Blank() {
			v.Thoughts, v.Thinking, v.Took = t.Text(), t.Open && (i+1 == len(d.Segments) || d.Segments[i+1].Author == User), t.Took
		}
		if v.Text != "" || v.Thoughts != "" {
			out = append(out, v)
		}
	}
	return out
}
