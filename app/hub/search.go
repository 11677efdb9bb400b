package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Found is a repository that a search found, reduced to the files that Pick takes.
type Found struct {
	Repo
	Choices   []Choice
	Changed   time.Time // zero where the site does not say
	Downloads int64     // of the last month
}

// Results is what a search found.
type Results struct {
	Ternary []Found // that Tern may run, the most downloaded first
	Others  int     // that hold no ternary weights, as far as the list tells
	More    bool    // the site has more than it listed
}

const (
	maxFound = 50 // repositories in one list
	maxAsked = 16 // whose sizes are asked for one by one, where the list has none
	asking   = 3  // of these at once
)

// Search looks for repositories by words. The site's list has no field that says
// ternary: whatever is ternary is told by the names of files, by tags and by the
// repository's name. Nothing is tried again, since somebody waits: errors wrap
// ErrNetwork, ErrBusy ([Wait] says how long), ErrAnswer, or are ctx's.
func (c *Client) Search(ctx context.Context, words string) (*Results, error) {
	u := c.base.JoinPath("api", "models")
	u.RawQuery = url.Values{"search": {words}, "sort": {"downloads"}, "direction": {"-1"}, "limit": {strconv.Itoa(maxFound)},
		"full": {"true"}, "cardData": {"true"}, "blobs": {"true"}}.Encode()
	raw, err := c.listing(ctx, u.String(), "the search")
	if err != nil {
		return nil, err
	}
	var list []struct {
		listing
		ID        string    `json:"id"`
		Changed   time.Time `json:"lastModified"`
		Downloads int64     `json:"downloads"`
		Tags      []string  `json:"tags"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("hub: the list of a search: %w", ErrAnswer)
	}
	results := &Results{More: len(list) >= maxFound}
	for _, l := range list {
		all := l.repo(l.ID)
		if id, err := ParseID(l.ID); err != nil || id != l.ID {
			continue // nothing that could be asked for
		}
		picked, err := all.pick("")
		if err != nil || !ternary(picked, l.Tags) {
			results.Others++
			continue
		}
		if picked.Licence == "" {
			picked.Licence = tagged(l.Tags, "license:")
		}
		results.Ternary = append(results.Ternary, Found{Repo: *picked, Choices: all.Choices(), Changed: l.Changed, Downloads: l.Downloads})
	}
	slices.SortStableFunc(results.Ternary, func(a, b Found) int { return cmp.Compare(b.Downloads, a.Downloads) })
	c.measure(ctx, results.Ternary)
	return results, ctx.Err()
}

// measure asks for the sizes that the list does not have, as long as the site
// answers.
func (c *Client) measure(ctx context.Context, found []Found) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	places, asked := make(chan struct{}, asking), 0
	for i := range found {
		f := &found[i]
		if f.Sized() || asked == maxAsked {
			continue
		}
		asked++
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			u := c.base.JoinPath("api", "models", f.ID, "revision", "main")
			u.RawQuery = "blobs=true"
			raw, err := c.listing(ctx, u.String(), f.ID)
			if err != nil {
				if transient(err) {
					stop() // it has enough; the rest stays without a size
				}
				return
			}
			all, err := parseRepo(f.ID, raw)
			if err != nil {
				return
			}
			if picked, err := all.pick(""); err == nil {
				licence := cmp.Or(picked.Licence, f.Licence)
				f.Repo, f.Choices = *picked, all.Choices()
				f.Licence = licence
			}
		})
	}
	running.Wait()
}

// Sized reports whether the sizes of all files are known.
func (r *Repo) Sized() bool {
	return len(r.Files) > 0 && !slices.ContainsFunc(r.Files, func(f File) bool { return f.Size < 0 })
}

// marks are in the names and the tags of repositories of ternary and 1-bit weights.
var marks = []string{"bitnet", "1.58", "158bit", "ternary", "1-bit", "1bit", "trilm", "bonsai", "bitcpm", "falcon-e-", "falcon-edge"}

// ternary reports whether what was picked of a repository may hold ternary weights.
func ternary(picked *Repo, tags []string) bool {
	marked := func(s string) bool {
		s = strings.ToLower(s)
		return slices.ContainsFunc(marks, func(m string) bool { return strings.Contains(s, m) })
	}
	gguf := slices.IndexFunc(picked.Files, func(f File) bool { return strings.EqualFold(path.Ext(f.Path), ".gguf") })
	switch {
	case gguf < 0 && slices.ContainsFunc(tags, func(t string) bool { return strings.EqualFold(t, "mlx") }):
		return false // packed in a way of its own
	case gguf >= 0 && FormOf(picked.Files[gguf].Path).Ternary():
		return true
	case gguf >= 0 && FormOf(picked.Files[gguf].Path) != "" && !FormOf(picked.Files[gguf].Path).Float():
		return false // rounded to more bits
	}
	return marked(picked.ID) || slices.ContainsFunc(tags, marked)
}

// tagged is what follows a prefix in one of the tags.
func tagged(tags []string, prefix string) string {
	for _, t := range tags {
		if rest, ok := strings.CutPrefix(t, prefix); ok {
			return rest
		}
	}
	return ""
}
