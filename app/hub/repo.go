package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	maxListing = 16 << 20 // bytes; 200 for each file is usual
	maxFiles   = 2000     // of one download; the largest checkpoints have some hundred
	maxSize    = 1 << 42  // bytes of one file
)

// Repo is what the site says of a repository at one commit.
type Repo struct {
	ID      string `json:"repository"`
	Commit  string `json:"commit"`
	Licence string `json:"licence,omitempty"` // as the site names it, "mit"
	Gated   bool   `json:"-"`
	// Weights is how many values of each type the site counts in safetensors files,
	// nil where it does not say.
	Weights map[string]int64 `json:"-"`
	Files   []File           `json:"files"` // all there are; of a download, those that it gets
}

// File is one file of a repository.
type File struct {
	Path   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256,omitempty"` // of the content, in hexadecimal
	Blob   string `json:"blob,omitempty"`   // else its git blob SHA-1
}

// Size is the bytes of all files.
func (r *Repo) Size() (n int64) {
	for _, f := range r.Files {
		n += f.Size
	}
	return n
}

// Name is the repository's name without its owner.
func (r *Repo) Name() string { return path.Base(r.ID) }

var (
	validID     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$`)
	validCommit = regexp.MustCompile(`^[0-9a-f]{40}$`)
	validSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)
	validRev    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$`)
)

// ParseID takes what people paste: "owner/name", or the address of a model's
// page on any site.
func ParseID(text string) (string, error) {
	id := strings.TrimSpace(text)
	if _, rest, ok := strings.Cut(id, "://"); ok {
		_, id, _ = strings.Cut(rest, "/")
		if parts := strings.Split(id, "/"); len(parts) > 2 {
			id = parts[0] + "/" + parts[1]
		}
	}
	id = strings.TrimRight(strings.SplitN(id, "?", 2)[0], "/")
	if !validID.MatchString(id) || strings.Contains(id, "..") {
		return "", fmt.Errorf("hub: %q: %w", text, ErrID)
	}
	return id, nil
}

// Repo asks the site about a repository at a revision, "" for the newest.
// waiting may be nil; see Progress.Waiting.
func (c *Client) Repo(ctx context.Context, id, revision string, waiting func(error, time.Duration)) (*Repo, error) {
	id, err := ParseID(id)
	if err != nil {
		return nil, err
	}
	if revision == "" {
		revision = "main"
	}
	if !validRev.MatchString(revision) {
		return nil, fmt.Errorf("hub: revision %q: %w", revision, ErrID)
	}
	if waiting == nil {
		waiting = func(error, time.Duration) {}
	}
	u := c.base.JoinPath("api", "models", id, "revision", revision)
	u.RawQuery = "blobs=true"
	var repo *Repo
	err = c.again(ctx, waiting, func() (bool, error) {
		raw, err := c.listing(ctx, u.String(), id)
		if err != nil {
			return false, err
		}
		repo, err = parseRepo(id, raw)
		return false, err
	})
	return repo, err
}

func (c *Client) listing(parent context.Context, address, id string) ([]byte, error) {
	ctx, alive, stop := watch(parent)
	defer stop()
	resp, err := c.get(ctx, address, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(resp, id)
	}
	raw, err := io.ReadAll(io.LimitReader(livelyReader{resp.Body, alive}, maxListing+1))
	if err != nil {
		return nil, networkError(ctx, err)
	}
	if len(raw) > maxListing {
		return nil, fmt.Errorf("hub: the list of files of %s is longer than %d bytes: %w", id, maxListing, ErrAnswer)
	}
	return raw, nil
}

// parseRepo reads a listing. Names are checked by pick, which takes few of them.
func parseRepo(id string, raw []byte) (*Repo, error) {
	var listing listing
	if err := json.Unmarshal(raw, &listing); err != nil {
		return nil, fmt.Errorf("hub: the list of files of %s: %w", id, ErrAnswer)
	}
	if !validCommit.MatchString(listing.SHA) {
		return nil, fmt.Errorf("hub: %s: commit %.60q: %w", id, listing.SHA, ErrAnswer)
	}
	return listing.repo(id), nil
}

// listing is what the site says of a repository, by itself and in the list of a
// search.
type listing struct {
	SHA      string          `json:"sha"`
	Gated    json.RawMessage `json:"gated"` // false, "auto" or "manual"
	CardData struct {
		Licence json.RawMessage `json:"license"` // a name or a list of names
		Name    string          `json:"license_name"`
	} `json:"cardData"`
	Safetensors struct {
		Parameters map[string]int64 `json:"parameters"`
	} `json:"safetensors"`
	Siblings []struct {
		Name string `json:"rfilename"`
		Size *int64 `json:"size"`
		Blob string `json:"blobId"`
		LFS  *struct {
			SHA256 string `json:"sha256"`
			Size   int64  `json:"size"`
		} `json:"lfs"`
	} `json:"siblings"`
}

// repo reads what every form of the answer has. Sizes that are not said are -1.
func (l *listing) repo(id string) *Repo {
	r := &Repo{ID: id, Commit: l.SHA, Weights: l.Safetensors.Parameters,
		Gated: len(l.Gated) > 0 && string(l.Gated) != "false" && string(l.Gated) != "null"}
	if json.Unmarshal(l.CardData.Licence, &r.Licence) != nil {
		var names []string
		_ = json.Unmarshal(l.CardData.Licence, &names) // no licence is said then
		r.Licence = strings.Join(names, ", ")
	}
	if r.Licence == "other" && l.CardData.Name != "" {
		r.Licence = l.CardData.Name
	}
	for _, s := range l.Siblings {
		f := File{Path: s.Name, Size: -1}
		switch {
		case s.LFS != nil && validSHA256.MatchString(s.LFS.SHA256):
			f.Size, f.SHA256 = s.LFS.Size, s.LFS.SHA256
		case s.Size != nil:
			f.Size = *s.Size
			if validCommit.MatchString(s.Blob) {
				f.Blob = s.Blob
			}
		}
		r.Files = append(r.Files, f)
	}
	return r
}

// sideFiles are taken beside weights in safetensors.
var sideFiles = []string{
	"config.json", "generation_config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
	"special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
}

// Takes reports whether a file of this name belongs to a model in safetensors.
func Takes(name string) bool {
	lower := strings.ToLower(name) // the rest is known by exact names
	return strings.HasSuffix(lower, ".safetensors") || strings.HasSuffix(lower, ".safetensors.index.json") || slices.Contains(sideFiles, name)
}

// beside says that a GGUF file belongs to a model and is not it: the part that sees
// images, or a model that drafts.
func beside(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "mmproj") || strings.Contains(name, "draft") || strings.Contains(name, "dspark") || strings.Contains(name, "imatrix")
}

// Pick reduces r to the files of one model that Tern can run: the smaller of
// the safetensors files and what belongs to them, and a GGUF file. file, if not
// "", names the GGUF file wanted. Errors wrap ErrNoModel, ErrName, ErrNoSum or
// ErrAnswer.
func (r *Repo) Pick(file string) (*Repo, error) {
	picked, err := r.pick(file)
	if err != nil {
		return nil, err
	}
	return picked, picked.check()
}

// candidates are the files of models: those of one in safetensors, nil where there is
// none, and all GGUF files.
func (r *Repo) candidates() (safetensors, ggufs []File, err error) {
	config := false
	for _, f := range r.Files {
		name, gguf := f.Path, strings.EqualFold(path.Ext(f.Path), ".gguf")
		if !gguf && !Takes(path.Base(name)) {
			continue
		}
		if hostile(name) {
			return nil, nil, fmt.Errorf("hub: %s lists a file named %.100q: %w", r.ID, name, ErrName)
		}
		if strings.Contains(name, "/") {
			continue // other forms of the model, in folders of their own
		}
		config = config || name == "config.json"
		if gguf {
			ggufs = append(ggufs, f)
		} else {
			safetensors = append(safetensors, f)
		}
	}
	if !config || !slices.ContainsFunc(safetensors, func(f File) bool { return strings.EqualFold(path.Ext(f.Path), ".safetensors") }) {
		safetensors = nil
	}
	return safetensors, ggufs, nil
}

func (r *Repo) pick(file string) (*Repo, error) {
	safetensors, ggufs, err := r.candidates()
	if err != nil {
		return nil, err
	}
	picked := *r
	picked.Files = nil
	if file == "" {
		picked.Files = safetensors
	}
	if gguf := pickGGUF(ggufs, file); gguf != nil {
		other := Repo{Files: gguf}
		if picked.Files == nil || other.Size() < picked.Size() {
			picked.Files = gguf
		}
	}
	if len(picked.Files) == 0 {
		return nil, fmt.Errorf("hub: %s: %w", r.ID, ErrNoModel)
	}
	// The small files come first: what is wrong shows early.
	slices.SortStableFunc(picked.Files, func(a, b File) int { return cmp.Compare(a.Size, b.Size) })
	return &picked, nil
}

// Choice is a GGUF file that holds a model, whole or as the first of its parts.
type Choice struct {
	File string
	Size int64 // of all parts
	Form Form
}

// Choices are the GGUF files of a repository that hold a model, the one that Pick
// takes first.
func (r *Repo) Choices() (list []Choice) {
	_, ggufs, err := r.candidates()
	if err != nil {
		return nil
	}
	for _, f := range ggufs {
		if _, _, split := splitGGUF(f.Path); beside(f.Path) || split && !strings.Contains(f.Path, "-00001-of-") {
			continue
		}
		whole := Repo{Files: together(ggufs, f)}
		list = append(list, Choice{f.Path, whole.Size(), FormOf(f.Path)})
	}
	slices.SortStableFunc(list, func(a, b Choice) int {
		return cmp.Or(cmp.Compare(a.Form.rank(), b.Form.rank()), cmp.Compare(a.Size, b.Size))
	})
	return list
}

// pickGGUF returns the file of that name, or the best, with all its parts.
func pickGGUF(files []File, want string) []File {
	rank := func(f File) int { return FormOf(f.Path).rank() }
	var best []File
	for _, f := range files {
		switch {
		case want == "" && beside(f.Path):
		case want != "":
			if f.Path == want {
				best = []File{f}
			}
		case best == nil, rank(f) < rank(best[0]), rank(f) == rank(best[0]) && f.Size < best[0].Size:
			best = []File{f}
		}
	}
	if best == nil {
		return nil
	}
	return together(files, best[0])
}

// together is a GGUF file with all parts of the model that it is a part of.
func together(files []File, first File) (parts []File) {
	prefix, of, split := splitGGUF(first.Path)
	if !split {
		return []File{first}
	}
	for _, f := range files {
		if p, n, ok := splitGGUF(f.Path); ok && p == prefix && n == of {
			parts = append(parts, f)
		}
	}
	return parts
}

var ggufPart = regexp.MustCompile(`^(.*)-[0-9]{5}-of-([0-9]{5})\.gguf$`)

func splitGGUF(name string) (prefix, of string, ok bool) {
	m := ggufPart.FindStringSubmatch(name)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// check bounds what is to be downloaded, and wants a checksum for all of it.
func (r *Repo) check() error {
	if len(r.Files) > maxFiles {
		return fmt.Errorf("hub: %s: %d files: %w", r.ID, len(r.Files), ErrAnswer)
	}
	seen := map[string]bool{}
	for _, f := range r.Files {
		key := strings.ToLower(f.Path) // as systems do that know no difference
		switch {
		case !validName.MatchString(f.Path), hostile(f.Path):
			return fmt.Errorf("hub: %s lists a file named %.100q: %w", r.ID, f.Path, ErrName)
		case seen[key]:
			return fmt.Errorf("hub: %s lists %s twice: %w", r.ID, f.Path, ErrAnswer)
		case f.Size < 0 || f.Size > maxSize:
			return fmt.Errorf("hub: %s: the size of %s: %w", r.ID, f.Path, ErrAnswer)
		case f.SHA256 == "" && f.Blob == "":
			return fmt.Errorf("hub: %s: %s: %w", r.ID, f.Path, ErrNoSum)
		}
		seen[key] = true
	}
	return nil
}

var (
	// validName is a name that every system takes for a file in the folder.
	validName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$`)
	// device names mean no file on Windows, whatever follows the dot.
	device = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)
)

// hostile reports whether a path would leave the folder that it is meant for.
func hostile(name string) bool {
	if strings.ContainsAny(name, "\\:\x00") || strings.HasPrefix(name, "/") || device.MatchString(path.Base(name)) {
		return true
	}
	return slices.Contains(strings.Split(name, "/"), "..")
}
