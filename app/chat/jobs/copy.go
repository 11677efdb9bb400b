package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tern/app/chat/backend"
	"tern/app/chat/worker"
	"tern/app/check"
	"tern/app/compact"
	"tern/app/files"
	"tern/app/say"
	"tern/inference"
	"tern/model"
	"tern/model/export"
)

// CopyForm is a form that a compact copy may have.
type CopyForm uint8

// The forms.
const (
	ExactCopy    CopyForm = iota // packed weights, embedding and head as they are: the same logits
	HalfCopy                     // embedding and head in half precision
	ByteCopy                     // embedding and head in eight bits
	PortableCopy                 // for llama.cpp
)

// Copy is a compact copy of the open model, being made or just made.
type Copy struct {
	Form           CopyForm
	Path           string
	Written, Total int64  // bytes
	Measuring      bool   // what the form costs is being measured
	Price          *Price // what was measured; the copy waits for Keep
	Done           bool
	Problem        *say.Problem
	model          *model.Model // in its form
	cancel         context.CancelFunc
}

// Price is what a smaller head costs, measured on a built-in paragraph.
type Price struct {
	Logits                float64    // largest difference, as a share of the largest logit
	SameArgmax, Positions int        // positions with the same most likely token
	Perplexity            [2]float64 // before and after
}

// CopyOffer is a form that a copy of the open model can have, and its size.
type CopyOffer struct {
	Form  CopyForm
	Bytes int64
}

// CopyOffers lists the forms that the open model can be kept in, and where; none
// if it cannot be copied.
func (j *Jobs) CopyOffers() (list []CopyOffer, path string) {
	m, info := j.copied()
	if m == nil {
		return nil, ""
	}
	exact, err := compact.Size(m, ExactCopy.options())
	if err != nil {
		return nil, ""
	}
	list = append(list, CopyOffer{ExactCopy, exact})
	for _, f := range []CopyForm{HalfCopy, ByteCopy} {
		if small := exact - saved(m, f.head()); small < exact*99/100 {
			list = append(list, CopyOffer{f, small})
		}
	}
	if n, err := compact.Size(m, PortableCopy.options()); err == nil {
		list = append(list, CopyOffer{PortableCopy, n})
	}
	return list, copyPath(info)
}

// copied is the open model where it can be copied, else nil.
func (j *Jobs) copied() (*model.Model, backend.Info) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.local == nil || j.info.Builtin {
		return nil, backend.Info{}
	}
	return j.local.Weights, j.info
}

// options are how a form is written: what is for Tern alone opens fastest.
func (f CopyForm) options() compact.Options {
	if f == PortableCopy {
		return compact.Options{Portable: true}
	}
	return compact.Options{Type: export.TypeOwn}
}

// head is the type that a form gives to the embedding and the head, 0 for theirs.
func (f CopyForm) head() model.DType {
	switch f {
	case HalfCopy:
		return model.F16
	case ByteCopy:
		return model.Q8_0
	}
	return 0
}

// saved is how many bytes fewer the embedding and the head take as type t.
func saved(m *model.Model, t model.DType) (n int64) {
	dense := []*model.Dense{&m.Embed}
	if m.Head != &m.Embed {
		dense = append(dense, m.Head)
	}
	for _, d := range dense {
		n += int64(d.Rows) * max(0, int64(d.Type.Bytes(d.Cols)-t.Bytes(d.Cols)))
	}
	return n
}

// copyPath is a free name for the copy of a model: beside its folder, or beside
// its file.
func copyPath(info backend.Info) string {
	dir, name := filepath.Dir(info.Path), info.Name
	if s, err := os.Stat(info.Path); err == nil && !s.IsDir() && !backend.IsGGUF(info.Path) {
		dir = filepath.Dir(dir) // a file in the model's folder
	}
	if backend.IsGGUF(info.Path) {
		name += "-compact"
	}
	for i := 1; ; i++ {
		path := filepath.Join(dir, name+".gguf")
		if i > 1 {
			path = filepath.Join(dir, fmt.Sprintf("%s-%d.gguf", name, i))
		}
		if _, err := os.Lstat(path); err != nil {
			return path
		}
	}
}

// MakeCopy makes a compact copy of the open model at path. A form that costs
// precision is measured first, and then waits for Keep.
func (j *Jobs) MakeCopy(form CopyForm, path string) {
	m, _ := j.copied()
	if m == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	job := &Copy{Form: form, Path: path, Measuring: form.head() != 0, model: m, cancel: cancel}
	j.startCopy(job, func() error {
		if form.head() == 0 {
			return j.writeCopy(ctx, job)
		}
		small, err := export.WithHead(m, form.head())
		if err != nil {
			return err
		}
		price, err := priceOf(ctx, m, small)
		if err != nil {
			return err
		}
		j.changeCopy(job, func(k *Copy) { k.Measuring, k.Price, k.model = false, price, small })
		return nil
	})
}

// KeepCopy writes a copy whose price was measured.
func (j *Jobs) KeepCopy() {
	k := j.View().Copy
	if k == nil || k.Price == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	job := &Copy{Form: k.Form, Path: k.Path, model: k.model, cancel: cancel}
	j.startCopy(job, func() error { return j.writeCopy(ctx, job) })
}

// CancelCopy gives up the copy that is being made, or forgets the last one.
func (j *Jobs) CancelCopy() {
	defer j.host.Changed()
	j.mu.Lock()
	defer j.mu.Unlock()
	if k := j.view.Copy; k != nil && k.cancel != nil {
		k.cancel()
	}
	j.view.Copy = nil
}

// startCopy runs a job on its own goroutine; another one that runs is given up.
func (j *Jobs) startCopy(job *Copy, run func() error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		job.cancel()
		return
	}
	if k := j.view.Copy; k != nil && k.cancel != nil {
		k.cancel()
	}
	shown := *job
	j.view.Copy, j.copying = &shown, job
	j.running.Go(func() {
		defer job.cancel()
		j.host.Changed()
		err := worker.Guard(run)
		if files.Full(err) { // after all: others write there too
			err = fmt.Errorf("%w: %w", export.ErrNoSpace, err)
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			p := j.host.Problem(err, job.Path)
			j.changeCopy(job, func(k *Copy) { *k = Copy{Form: k.Form, Path: k.Path, Problem: p} })
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.copying == job {
			j.copying = nil // and with it the model
		}
	})
}

// changeCopy shows a change of a job, unless another one took its place.
func (j *Jobs) changeCopy(job *Copy, f func(*Copy)) {
	defer j.host.Changed()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.copying != job || j.view.Copy == nil {
		return
	}
	k := *j.view.Copy
	f(&k)
	j.view.Copy = &k
}

func (j *Jobs) writeCopy(ctx context.Context, job *Copy) error {
	o := job.Form.options()
	o.Progress = func(written, total int64) {
		j.changeCopy(job, func(k *Copy) { k.Written, k.Total = written, total })
	}
	err := compact.Write(ctx, job.model, job.Path, o)
	if err == nil {
		j.changeCopy(job, func(k *Copy) { k.Done, k.model, k.cancel = true, nil, nil })
	}
	return err
}

// priceOf measures what a smaller head costs.
func priceOf(ctx context.Context, m, small *model.Model) (*Price, error) {
	a, err := inference.New(m, inference.Options{OnlyIDs: true})
	if err != nil {
		return nil, err
	}
	defer a.Close()
	b, err := inference.New(small, inference.Options{OnlyIDs: true})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	r, err := check.Compare(ctx, a, b, check.ComparedIDs(a, b))
	if err != nil {
		return nil, err
	}
	return &Price{Logits: r.Logits, SameArgmax: r.SameArgmax, Positions: r.Positions, Perplexity: r.Perplexity}, nil
}
