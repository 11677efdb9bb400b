package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"
)

// faults are what networks, sites and disks do to a download, what the user
// sees of it and what is on the disk afterwards.
var faults = []struct {
	name string
	set  func(s *site, c *Client)
	// saw is what the user sees, the waits first; disk is what is in the folder,
	// where README.md is never taken and note stands for the hidden file.
	saw, disk string
}{
	{"none", func(*site, *Client) {}, "Ready", "all"},
	{"connection cut twice", func(s *site, _ *Client) {
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) && n <= 2 {
				from := map[int]int{1: 0, 2: 100_000}[n]
				data := s.files["model.safetensors"][from:]
				h := map[string]string{"ETag": `"e"`, "Content-Range": fmt.Sprintf("bytes %d-299999/300000", from)}
				sendThenCut(w, map[int]int{1: 200, 2: 206}[n], h, data[:100_000], len(data))
			}
			return false
		}
	}, "No connection, 1 s | No connection, 1 s | Ready", "all"},
	{"connection cut each time", func(s *site, _ *Client) {
		s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) {
				sendThenCut(w, 200, nil, s.files["model.safetensors"][:1000], 300_000)
			}
			return false
		}
	}, "No connection, 1 s | No connection, 2 s | No connection, 4 s | No connection, 8 s | No connection, 16 s | No connection. Check the network, then resume: what came is kept.",
		"config.json, model.safetensors.partial 1000, note, tokenizer.model"},
	{"no network", func(s *site, _ *Client) {
		s.pipes.down = func() bool { return true }
	}, "No connection, 1 s | No connection, 2 s | No connection, 4 s | No connection, 8 s | No connection, 16 s | No connection. Check the network, then resume: what came is kept.",
		"nothing"},
	{"network away for 20 s", func(s *site, _ *Client) {
		begin := time.Now()
		s.pipes.down = func() bool { return time.Since(begin) < 20*time.Second }
	}, "No connection, 1 s | No connection, 2 s | No connection, 4 s | No connection, 8 s | No connection, 16 s | Ready", "all"},
	{"200 to a Range request", func(s *site, _ *Client) {
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) && n == 1 {
				sendThenCut(w, 200, nil, s.files["model.safetensors"][:100_000], 300_000)
			}
			if isWeights(r) && n == 2 {
				if r.Header.Get("Range") != "bytes=100000-" {
					s.t.Errorf("the second request has Range %q", r.Header.Get("Range"))
				}
				r.Header.Del("Range")
			}
			return false
		}
	}, "No connection, 1 s | Ready", "all"},
	{"another page instead of the rest", func(s *site, _ *Client) {
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) && n == 1 {
				sendThenCut(w, 200, nil, s.files["model.safetensors"][:100_000], 300_000)
			}
			if isWeights(r) && n == 2 {
				fmt.Fprint(w, "<html>Please sign in</html>")
				return true
			}
			return false
		}
	}, "No connection, 1 s | The site sends another file than it lists. Try again later, or from another site.",
		"config.json, model.safetensors.partial 100000, note, tokenizer.model"},
	{"other bytes than asked for", func(s *site, _ *Client) {
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) && n == 1 {
				sendThenCut(w, 200, nil, s.files["model.safetensors"][:100_000], 300_000)
			}
			if isWeights(r) && n == 2 {
				sendThenCut(w, 206, map[string]string{"Content-Range": "bytes 5-299999/300000"}, s.files["model.safetensors"][5:50], 299_995)
			}
			return false
		}
	}, "No connection, 1 s | No connection, 2 s | Ready", "all"},
	{"file changed since the first part", func(s *site, _ *Client) {
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) && n == 1 {
				sendThenCut(w, 200, map[string]string{"ETag": `"old"`}, bytes.Repeat([]byte{1}, 100_000), 300_000)
			}
			if isWeights(r) && n == 2 && r.Header.Get("If-Range") != `"old"` {
				s.t.Errorf("the second request has If-Range %q", r.Header.Get("If-Range"))
			}
			return false
		}
	}, "No connection, 1 s | Ready", "all"},
	{"wrong bytes", func(s *site, _ *Client) {
		s.files["model.safetensors"] = slices.Clone(s.files["model.safetensors"])
		s.files["model.safetensors"][7]++
	}, "Checksum does not match. The damaged part was removed.", "config.json, note, tokenizer.model"},
	{"wrong bytes in a small file", func(s *site, _ *Client) {
		s.files["tokenizer.model"] = []byte("wards")
	}, "Checksum does not match. The damaged part was removed.", "note"},
	{"busy, asks to wait 7 s", func(s *site, _ *Client) {
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) && n == 1 {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(http.StatusTooManyRequests)
				return true
			}
			return false
		}
	}, "The site asks you to wait 7 s, 7 s | Ready", "all"},
	{"busy, asks to wait for a date", func(s *site, _ *Client) {
		at := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) && n == 1 {
				w.Header().Set("Retry-After", at)
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
			return false
		}
	}, "The site asks you to wait 90 s, 90 s | Ready", "all"},
	{"server error while listing", func(s *site, _ *Client) {
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.URL.Path, "/api/") && n <= 2 {
				w.WriteHeader(http.StatusBadGateway)
				return true
			}
			return false
		}
	}, "The site asks you to wait 1 s, 1 s | The site asks you to wait 2 s, 2 s | Ready", "all"},
	{"stalls", func(s *site, _ *Client) {
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) && n == 1 {
				w.Header().Set("Content-Length", "300000")
				_, _ = w.Write(s.files["model.safetensors"][:100_000])
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				return true
			}
			return false
		}
	}, "No connection, 1 s | Ready", "all"},
	{"never answers", func(s *site, _ *Client) {
		s.fault = func(n int, _ http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) && n == 1 {
				<-r.Context().Done()
				return true
			}
			return false
		}
	}, "No connection, 1 s | Ready", "all"},
	{"more bytes than listed", func(s *site, _ *Client) {
		s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) {
				w.Header().Set("Transfer-Encoding", "chunked")
				_, _ = w.Write(append(s.files["model.safetensors"], 1, 2, 3))
				return true
			}
			return false
		}
	}, "The site sends another file than it lists. Try again later, or from another site.", "config.json, note, tokenizer.model"},
	{"another length than listed", func(s *site, _ *Client) {
		s.file("model.safetensors")["lfs"].(map[string]any)["size"] = 300_001
	}, "The site sends another file than it lists. Try again later, or from another site.",
		"config.json, model.safetensors.partial 0, note, tokenizer.model"},
	{"fewer bytes than listed", func(s *site, _ *Client) {
		s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) && r.Header.Get("Range") == "" {
				w.(http.Flusher).Flush() // chunked
				_, _ = w.Write(s.files["model.safetensors"][:1000])
				return true
			}
			if isWeights(r) {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return true
			}
			return false
		}
	}, "No connection, 1 s | The site sends another file than it lists. Try again later, or from another site.", "config.json, note, tokenizer.model"},
	{"a name that leaves the folder", func(s *site, _ *Client) {
		s.file("model.safetensors")["rfilename"] = "../../model.safetensors"
	}, "The site lists a file name that would leave the folder. Nothing was downloaded.", "nothing"},
	{"a name with a backslash", func(s *site, _ *Client) {
		s.file("model.safetensors")["rfilename"] = `..\..\model.safetensors`
	}, "The site lists a file name that would leave the folder. Nothing was downloaded.", "nothing"},
	{"a device's name", func(s *site, _ *Client) {
		s.file("model.safetensors")["rfilename"] = "NUL.safetensors"
	}, "The site lists a file name that would leave the folder. Nothing was downloaded.", "nothing"},
	{"no checksum", func(s *site, _ *Client) {
		delete(s.file("config.json"), "blobId")
	}, "The site lists no checksum for this model. Nothing was downloaded, since it could not be verified.", "nothing"},
	{"pickles only", func(s *site, _ *Client) {
		s.file("model.safetensors")["rfilename"] = "pytorch_model.bin"
	}, "Tern cannot run what is in this repository. It takes BitNet b1.58 models and ternary ones of Llama (TriLM, Falcon3), Qwen3 and Qwen3.5 (Bonsai) and MiniCPM (BitCPM), as safetensors or GGUF.", "nothing"},
	{"licence not accepted", func(s *site, _ *Client) {
		s.fault = status("/resolve/", http.StatusForbidden, "GatedRepo")
	}, "This model needs permission. Accept its licence on the site, then add your access token.", "note, tokenizer.model.partial 0"},
	{"token not valid", func(s *site, _ *Client) {
		s.fault = status("/api/", http.StatusUnauthorized, "")
	}, "This model needs a valid access token. Make one on the site, then add it in Settings.", "nothing"},
	{"no such repository", func(s *site, _ *Client) {
		s.fault = status("/api/", http.StatusUnauthorized, "RepoNotFound")
	}, "There is no owner/tiny-b158, or it is private. Check the name, or add your access token in Settings.", "nothing"},
	{"the list is not a list", func(s *site, _ *Client) {
		s.fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			fmt.Fprint(w, "<html>")
			return true
		}
	}, "The site gave an answer that makes no sense. Check its address in Settings, or try again later.", "nothing"},
	{"redirect in a circle", func(s *site, _ *Client) {
		s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) {
				http.Redirect(w, r, r.URL.Path, http.StatusFound)
				return true
			}
			return false
		}
	}, "The site gave an answer that makes no sense. Check its address in Settings, or try again later.",
		"config.json, model.safetensors.partial 0, note, tokenizer.model"},
	{"redirect to a host in the clear", func(s *site, _ *Client) {
		s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) {
				http.Redirect(w, r, "http://example.com/model", http.StatusFound)
				return true
			}
			return false
		}
	}, "The site cannot be reached securely. Only HTTPS is used. Check its address in Settings.",
		"config.json, model.safetensors.partial 0, note, tokenizer.model"},
	{"no room, before it starts", func(_ *site, c *Client) {
		c.o.Free = func(string) (int64, bool) { return 200_000, true }
	}, "Needs 67 MB, 0 MB free on disk. Free space or choose another folder.", "nothing"},
	{"disk full half-way", func(_ *site, c *Client) {
		c.spoil = func(w io.Writer) io.Writer { return &fullDisk{w: w, room: 150_000} }
	}, "The disk is full. Free some space, then resume: what came is kept.",
		"config.json, model.safetensors.partial 150000, note, tokenizer.model"},
}

// status answers requests below a path with a status.
func status(below string, code int, reason string) func(int, http.ResponseWriter, *http.Request) bool {
	return func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, below) {
			return false
		}
		if reason != "" {
			w.Header().Set("X-Error-Code", reason)
		}
		w.WriteHeader(code)
		return true
	}
}

// fullDisk is a disk with room for the first bytes of a file.
type fullDisk struct {
	w    io.Writer
	room int
}

func (d *fullDisk) Write(p []byte) (int, error) {
	n, err := d.w.Write(p[:min(len(p), d.room)])
	d.room -= n
	if err == nil && n < len(p) {
		err = &os.PathError{Op: "write", Path: "model.safetensors.partial", Err: syscall.ENOSPC}
	}
	return n, err
}

// What a user reads of an error. Package explain, which imports this one, has the
// words; words_test.go sets these.
var (
	errorText func(err error, id string) string
	waitText  func(err error, wait time.Duration) string
)

// SetWords sets them.
func SetWords(of func(error, string) string, waiting func(error, time.Duration) string) {
	errorText, waitText = of, waiting
}

// fetchAll lists, picks and downloads, and returns what a user would read.
func fetchAll(ctx context.Context, c *Client, dir string) (saw string, err error) {
	var lines []string
	wait := func(err error, d time.Duration) {
		lines = append(lines, fmt.Sprintf("%s, %.0f s", waitText(err, d), d.Seconds()))
	}
	r, err := c.Repo(ctx, testRepo, "", wait)
	if err == nil {
		r, err = r.Pick("")
	}
	if err == nil {
		err = c.Download(ctx, r, dir, func(p Progress) {
			if p.State == Waiting {
				wait(p.Err, p.Wait)
			}
		})
	}
	last := "Ready"
	if err != nil {
		last = errorText(err, testRepo)
	}
	return strings.Join(append(lines, last), " | "), err
}

// onDisk lists a folder: partial files with their size, whole ones compared
// with what the site lists.
func (s *site) onDisk(dir string) string {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return "nothing"
	} else if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			s.t.Fatal(err)
		}
		switch {
		case e.Name() == NoteName:
			names = append(names, "note")
		case strings.HasSuffix(e.Name(), PartialSuffix):
			names = append(names, fmt.Sprint(e.Name(), " ", len(data)))
		default:
			names = append(names, e.Name())
			if got := blobSum(data); got != s.file(e.Name())["blobId"] {
				s.t.Errorf("%s has its name and other bytes than listed", e.Name())
			}
		}
	}
	slices.Sort(names)
	if all := "config.json, model.safetensors, note, tokenizer.model"; strings.Join(names, ", ") == all {
		return "all"
	}
	return strings.Join(names, ", ")
}

// TestFaults runs every fault, and after each a second try without it, which
// must end with everything verified and nothing left over. go test -run
// TestFaults -v prints the table.
func TestFaults(t *testing.T) {
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "fault\twhat the user sees\ton disk after")
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				c := s.client()
				f.set(s, c)
				dir := filepath.Join(t.TempDir(), "owner", "tiny-b158")
				saw, _ := fetchAll(t.Context(), c, dir)
				s.list = s.listing()
				disk := s.onDisk(dir)
				if saw != f.saw {
					t.Errorf("the user sees\n%q, want\n%q", saw, f.saw)
				}
				if disk != f.disk {
					t.Errorf("on disk: %q, want %q", disk, f.disk)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", f.name, saw, disk)

				fresh := newSite(t)
				if saw, _ := fetchAll(t.Context(), fresh.client(), dir); saw != "Ready" || fresh.onDisk(dir) != "all" {
					t.Errorf("without the fault: %s, %s", saw, fresh.onDisk(dir))
				}
			})
		})
	}
	w.Flush()
	t.Log("\n" + table.String())
}
