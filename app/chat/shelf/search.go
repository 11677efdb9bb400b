package shelf

import "strings"

// Search looks for a text in all conversations. The outcome is in View.Found.
func (s *Shelf) Search(query string) {
	s.shown.search(query)
	s.disk.Do(func() {
		if !s.shown.newest(query) {
			return // another search follows
		}
		var found *Found
		if words := strings.TrimSpace(query); words != "" {
			found = s.files.find(words)
			found.Query = query
		}
		s.shown.change(func(v *View) { v.Found = found })
	})
}

// find looks for words where they begin, and anywhere if nothing begins so.
func (d *folder) find(words string) *Found {
	begin := &Found{IDs: map[string]bool{}, Snippets: map[string]string{}}
	within := &Found{IDs: map[string]bool{}, Snippets: map[string]string{}}
	for _, e := range d.shown.snapshot().Conversations {
		f, err := d.copyOf(e.ID)
		if err != nil {
			continue
		}
		if hit, ok := f.Find(words); ok {
			in := within
			if hit.Word {
				in = begin
			}
			in.IDs[e.ID] = true
			if hit.Snippet != "" {
				in.Snippets[e.ID] = hit.Snippet
			}
		}
	}
	if len(begin.IDs) == 0 {
		return within
	}
	return begin
}
