package library

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"tern/app/explain"
	"tern/app/hub"
	"tern/app/say"
)

// DownloadState is where a download is.
type DownloadState uint8

// The states of a download. Only one at a time runs.
const (
	Asking   DownloadState = iota // what the repository holds
	Offered                       // it is known, and waits for the user
	Queued                        // for another one to end
	Running                       // see Progress
	Paused                        // by the user, or by the end of the program
	Failed                        // see Problem
	Finished                      // see Path
)

// Download is a snapshot of one.
type Download struct {
	ID       string // of the repository
	Name     string // without the owner
	Dir      string // where it goes
	Licence  string // "" where the site names none, or has not been asked
	State    DownloadState
	Progress hub.Progress
	Problem  *say.Problem // why it failed, or waits
	Err      error        // the same for callers that branch
	Path     string       // what to open when it is finished
	// Repo is what is taken of the repository, Choices what could be; nil where the site
	// has not been asked in this run.
	Repo    *hub.Repo
	Choices []hub.Choice
}

// Percent is how much of it is there.
func (d *Download) Percent() int {
	if d.Progress.Total <= 0 {
		return 0
	}
	return int(d.Progress.Done * 100 / d.Progress.Total)
}

// Downloads runs downloads, one after another. Its methods may be called from
// any goroutine and, but for Close, return at once.
type Downloads struct {
	// client makes the client of a download from the settings of that moment;
	// changed is called after a change, from any goroutine, and must not block.
	client  func() (*hub.Client, error)
	changed func()

	mu      sync.Mutex
	jobs    []*job
	busy    bool
	closed  bool
	running sync.WaitGroup
}

type job struct {
	Download
	repo   *hub.Repo // what to get, nil before the site was asked
	file   string    // the GGUF file to take, "" for the best
	cancel context.CancelFunc
	begin  bool // with what the site answers, without another word
}

// NewDownloads starts with none.
func NewDownloads(client func() (*hub.Client, error), changed func()) *Downloads {
	return &Downloads{client: client, changed: changed}
}

// View lists the downloads, the oldest first.
func (d *Downloads) View() []Download {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]Download, len(d.jobs))
	for i, j := range d.jobs {
		list[i] = j.Download
		list[i].Repo = j.repo
	}
	return list
}

// Busy reports whether one is running.
func (d *Downloads) Busy() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.busy
}

// Ask looks a repository up, to be shown before it is downloaded into the
// folder of models.
func (d *Downloads) Ask(id, models string) error { return d.add(id, "", models, false) }

// Start downloads a repository into the folder of models: one that was asked
// for, is paused or failed, or is new.
func (d *Downloads) Start(id, models string) error { return d.add(id, "", models, true) }

// Take is Start for one of several GGUF files of a repository.
func (d *Downloads) Take(id, file, models string) error { return d.add(id, file, models, true) }

func (d *Downloads) add(id, file, models string, begin bool) error {
	id, err := hub.ParseID(id)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	j := d.find(id)
	if j == nil {
		j = &job{Download: Download{ID: id, Name: filepath.Base(id), Dir: hub.Folder(models, id), State: Finished}}
		d.jobs = append(d.jobs, j)
	}
	switch j.State {
	case Asking, Queued, Running: // on its way already
		j.begin = j.begin || begin
		return nil
	case Failed, Finished:
		if j.Progress.Done == 0 {
			j.Dir = hub.Folder(models, id)
		}
		if j.State == Finished || errors.Is(j.Err, hub.ErrChecksum) || errors.Is(j.Err, hub.ErrSize) || errors.Is(j.Err, hub.ErrNotFound) {
			j.repo = nil // what was wrong may have been put right in a newer commit
		}
	}
	if file != "" && file != j.file {
		j.file, j.repo = file, nil
	}
	j.begin, j.Problem, j.Err = begin, nil, nil
	j.State = Queued
	if j.repo == nil && !begin {
		j.State = Asking
	}
	d.next()
	return nil
}

// Adopt lists downloads that an earlier run of the program left, as paused.
func (d *Downloads) Adopt(unfinished []Unfinished) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, u := range unfinished {
		if d.find(u.ID) != nil {
			continue
		}
		d.jobs = append(d.jobs, &job{repo: u.Repo, Download: Download{
			ID: u.ID, Name: u.Name(), Dir: u.Dir, Licence: u.Licence, State: Paused,
			Progress: hub.Progress{Done: u.Done, Total: u.Size()},
		}})
	}
}

// Pause stops a download; what came stays.
func (d *Downloads) Pause(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	j := d.find(id)
	switch {
	case j == nil:
	case j.cancel != nil:
		j.cancel()
	case j.State == Queued:
		j.State = Paused
		d.changed()
	}
}

// Remove takes a download off the list. Of an unfinished one it deletes what
// came; a finished one stays on the disk.
func (d *Downloads) Remove(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	j := d.find(id)
	if j == nil {
		return nil
	}
	d.jobs = slices.DeleteFunc(d.jobs, func(other *job) bool { return other == j })
	d.changed()
	if j.cancel != nil {
		j.cancel() // run deletes it when the files are closed
		return nil
	}
	if j.State == Finished {
		return nil
	}
	return discard(j.Dir)
}

// discard is hub.Discard, and the folder of the owner where it is empty then.
func discard(dir string) error {
	err := hub.Discard(dir)
	_ = os.Remove(filepath.Dir(dir)) // fails where something is in it, which is right
	return err
}

// Close stops what runs and waits for it. What came stays.
func (d *Downloads) Close() {
	d.mu.Lock()
	d.closed = true
	for _, j := range d.jobs {
		if j.cancel != nil {
			j.cancel()
		}
	}
	d.mu.Unlock()
	d.running.Wait()
}

func (d *Downloads) find(id string) *job {
	for _, j := range d.jobs {
		if j.ID == id {
			return j
		}
	}
	return nil
}

// next starts what asks, and the first that waits, if none runs. The lock is
// held.
func (d *Downloads) next() {
	defer d.changed()
	if d.closed {
		return
	}
	for _, j := range d.jobs {
		switch {
		case j.cancel != nil:
			continue
		case j.State == Queued && !d.busy:
			j.State, d.busy = Running, true
		case j.State == Asking:
		default:
			continue
		}
		ctx, cancel := context.WithCancel(context.Background())
		j.cancel = cancel
		d.running.Go(func() { d.run(ctx, j) })
	}
}

// run does one job and starts the next.
func (d *Downloads) run(ctx context.Context, j *job) {
	err := d.do(ctx, j)
	d.mu.Lock()
	defer d.mu.Unlock()
	j.cancel()
	j.cancel = nil
	if j.State == Running {
		d.busy = false
	}
	j.Progress.State, j.Progress.Rate, j.Progress.Left = hub.Fetching, 0, 0
	switch {
	case errors.Is(err, context.Canceled):
		j.State, j.Problem = Paused, nil
	case err != nil:
		p := explain.Download(err, j.ID)
		j.State, j.Problem, j.Err = Failed, &p, err
	case j.State == Asking:
		j.State = Offered
	default:
		j.State, j.Path = Finished, ModelIn(j.Dir, j.repo)
	}
	if d.find(j.ID) != j { // removed meanwhile
		if j.State != Finished {
			_ = discard(j.Dir) // nobody is left to be told
		}
	} else if j.State == Offered && j.begin {
		j.State = Queued
	}
	d.next()
}

// do asks the site what there is, where that is not known, and gets it if the
// user wants it.
func (d *Downloads) do(ctx context.Context, j *job) error {
	c, err := d.client()
	if err != nil {
		return err
	}
	defer c.Close()
	d.mu.Lock()
	repo, asking := j.repo, j.State == Asking
	d.mu.Unlock()
	report := func(p hub.Progress) {
		d.mu.Lock()
		j.Progress, j.Problem = p, nil
		if p.State == hub.Waiting {
			wait := explain.Waiting(p.Err, p.Wait)
			j.Problem = &wait
		}
		d.mu.Unlock()
		d.changed()
	}
	if repo == nil {
		if repo, err = d.ask(ctx, c, j); err != nil {
			return err
		}
		report(hub.Progress{Total: repo.Size()})
	}
	if asking {
		return nil
	}
	return c.Download(ctx, repo, j.Dir, report)
}

func (d *Downloads) ask(ctx context.Context, c *hub.Client, j *job) (*hub.Repo, error) {
	repo, err := c.Repo(ctx, j.ID, "", func(err error, wait time.Duration) {
		p := explain.Waiting(err, wait)
		d.mu.Lock()
		j.Problem = &p
		d.mu.Unlock()
		d.changed()
	})
	if err != nil {
		return nil, err
	}
	choices := repo.Choices()
	d.mu.Lock()
	file := j.file
	d.mu.Unlock()
	if repo, err = repo.Pick(file); err != nil {
		return nil, err
	}
	d.mu.Lock()
	j.repo, j.Choices, j.Licence = repo, choices, repo.Licence
	d.mu.Unlock()
	return repo, nil
}

// ModelIn is what to open of a download in dir.
func ModelIn(dir string, r *hub.Repo) string {
	first := ""
	for _, f := range r.Files {
		if hasExt(f.Path, ggufExt) && (first == "" || f.Path < first) {
			first = f.Path
		}
	}
	return filepath.Join(dir, first)
}
