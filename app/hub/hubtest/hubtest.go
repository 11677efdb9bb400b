// Package hubtest is a small model hub, for tests and for trying the window
// without a network.
package hubtest

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Commit is that of every repository.
const Commit = "0123456789abcdef0123456789abcdef01234567"

// Hub serves folders as repositories. Files above 4 kB are sent by way of a
// redirect, as the real one does.
type Hub struct {
	Repos   map[string]string // id → folder
	Licence string
	Tags    map[string][]string // id → tags
	Changed time.Time           // of all repositories
	Sizes   bool                // the list of a search has them
	Token   string              // if not "", who asks must have it
	Rate    atomic.Int64        // bytes a second, 0 for no limit
	Busy    atomic.Int64        // number of further requests to answer with 429
}

const lfsFrom = 4096

func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.Busy.Add(-1) >= 0 {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	h.Busy.Store(0)
	if path, ok := strings.CutPrefix(r.URL.Path, "/store/"); ok {
		h.send(w, r, path)
		return
	}
	if h.Token != "" && r.Header.Get("Authorization") != "Bearer "+h.Token {
		w.Header().Set("X-Error-Code", "GatedRepo")
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if r.URL.Path == "/api/models" {
		h.search(w, r)
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, "/api/models/"); ok {
		id, _, _ := strings.Cut(path, "/revision/")
		h.list(w, id)
		return
	}
	id, name, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/resolve/"+Commit+"/")
	dir, known := h.Repos[id]
	info, err := os.Stat(filepath.Join(dir, name))
	switch {
	case !ok || !known || err != nil:
		w.Header().Set("X-Error-Code", "RepoNotFound")
		http.NotFound(w, r)
	case info.Size() > lfsFrom:
		http.Redirect(w, r, "/store/"+id+"/"+name, http.StatusFound)
	default:
		h.send(w, r, id+"/"+name)
	}
}

// search lists the repositories whose ids hold all words, the first by name as the
// most downloaded.
func (h *Hub) search(w http.ResponseWriter, r *http.Request) {
	found := []map[string]any{}
	ids := slices.Sorted(maps.Keys(h.Repos))
	for i, id := range ids {
		missing := func(word string) bool { return !strings.Contains(strings.ToLower(id), word) }
		if slices.ContainsFunc(strings.Fields(strings.ToLower(r.URL.Query().Get("search"))), missing) {
			continue
		}
		one, ok := h.repo(id, h.Sizes)
		if !ok {
			continue
		}
		one["id"], one["downloads"], one["tags"] = id, 1000*(len(ids)-i), append([]string{"license:" + h.Licence}, h.Tags[id]...)
		if !h.Changed.IsZero() {
			one["lastModified"] = h.Changed.UTC().Format("2006-01-02T15:04:05.000Z")
		}
		delete(one, "cardData")
		found = append(found, one)
	}
	_ = json.NewEncoder(w).Encode(found)
}

func (h *Hub) list(w http.ResponseWriter, id string) {
	repo, ok := h.repo(id, true)
	if !ok {
		w.Header().Set("X-Error-Code", "RepoNotFound")
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_ = json.NewEncoder(w).Encode(repo)
}

// repo is what the site says of a repository, with the sizes of its files or without.
func (h *Hub) repo(id string, sizes bool) (map[string]any, bool) {
	dir, ok := h.Repos[id]
	entries, err := os.ReadDir(dir)
	if !ok || err != nil {
		return nil, false
	}
	siblings := []map[string]any{}
	for _, e := range entries {
		f := map[string]any{"rfilename": e.Name()}
		siblings = append(siblings, f)
		if !sizes {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			siblings = siblings[:len(siblings)-1] // a folder
			continue
		}
		blob := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(raw)), raw...))
		f["size"], f["blobId"] = len(raw), hex.EncodeToString(blob[:])
		if len(raw) > lfsFrom {
			sum := sha256.Sum256(raw)
			f["lfs"] = map[string]any{"sha256": hex.EncodeToString(sum[:]), "size": len(raw)}
		}
	}
	return map[string]any{"sha": Commit, "gated": false, "cardData": map[string]any{"license": h.Licence}, "siblings": siblings}, true
}

// send sends a file of ID/NAME no faster than Rate.
func (h *Hub) send(w http.ResponseWriter, r *http.Request, path string) {
	id, name := filepath.ToSlash(filepath.Dir(path)), filepath.Base(path)
	dir, ok := h.Repos[id]
	f, err := os.Open(filepath.Join(dir, name))
	if !ok || err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	w.Header().Set("ETag", `"`+name+`"`)
	http.ServeContent(&slow{w, h, r}, r, name, time.Time{}, f)
}

// slow writes no faster than its hub says.
type slow struct {
	http.ResponseWriter
	h *Hub
	r *http.Request
}

func (s *slow) Write(p []byte) (n int, err error) {
	rate := s.h.Rate.Load()
	if rate <= 0 {
		return s.ResponseWriter.Write(p)
	}
	const step = 50 * time.Millisecond
	size := max(1, int(rate*int64(step)/int64(time.Second)))
	for len(p) > 0 && err == nil {
		k := 0
		k, err = s.ResponseWriter.Write(p[:min(size, len(p))])
		n, p = n+k, p[k:]
		s.ResponseWriter.(http.Flusher).Flush()
		select {
		case <-time.After(step):
		case <-s.r.Context().Done():
			return n, s.r.Context().Err()
		}
	}
	return n, err
}
