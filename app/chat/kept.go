package chat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tern/app/chat/backend"
	"tern/app/chat/worker"
	"tern/app/kept"
	"tern/app/settings"
	"tern/inference"
)

// Kept keeps on disk what the session of a model in this program knows of a conversation, so that this need
// not be read again when it is opened another time. That a file cannot be written, or used, costs time
// alone, so nobody is told.
//
// The worker uses it, and the goroutine of an answer its restore. Nothing waits for a file: what is written while
// there is nothing else to do ends with the next command, and where the session would be lost, the time is bounded.
type Kept struct {
	store *kept.Store   // nil keeps nothing
	least time.Duration // what reading again must take for a file to be worth writing
	desk  *desk
	disk  func(func()) // runs what has to do with files alone

	threads, context int          // that the session was made with
	rate             float64      // tokens a second at which a prompt was read last; 0 while unknown
	speed            float64      // bytes a second at which a file was written last; 0 while unknown
	clear            atomic.Int32 // counts the calls of Clear

	mu    sync.Mutex // of all below
	owner string     // the conversation whose tokens the session holds; empty for none
	saved []int32    // of these, what is on disk, or could not be put there
}

// KeptView is what a window shows of memory and of what is kept. It is never changed.
type KeptView struct {
	Memory SessionMemory
	OnDisk int64 // bytes of all conversations
	Files  int
}

const (
	// A file is worth writing where reading the tokens again takes longer than this,
	worthReading = 2 * time.Second
	// or where there are so many, while the rate is not known.
	worthTokens = 256

	// usualSpeed is what a disk writes in a second, before that was measured.
	usualSpeed = 200 << 20

	// How long an answer in another conversation waits for the session to be saved, and how long the end of
	// the program or another model does.
	patienceAnswer, patienceEnd = time.Second, 3 * time.Second
)

// keeper is the session that is open.
func (k *Kept) keeper(m *backend.Model) backend.Keeper {
	if owner, _ := k.state(); k.store == nil || m == nil || m.Local == nil || owner == "" {
		return nil
	}
	return m.Local.Keeper()
}

// state is what the session holds.
func (k *Kept) state() (owner string, saved []int32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.owner, k.saved
}

// set changes it.
func (k *Kept) set(owner string, saved []int32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.owner, k.saved = owner, saved
}

// due reports whether the session is worth saving. While a conversation goes on, it is not before reading what is
// new would take as long as writing all of it: so no more time is spent with files than they spare. One that is
// left is saved once and for all.
func (k *Kept) due(x backend.Keeper, left bool) bool {
	_, saved := k.state()
	n := len(x.Tokens()) - x.Common(saved)
	if n == 0 || k.store.Room() == 0 {
		return false
	}
	if k.rate == 0 {
		return n >= worthTokens
	}
	again := time.Duration(float64(n) / k.rate * float64(time.Second))
	return again > k.least && (left || again > k.takes(x.SaveSize()))
}

// takes is how long it takes to write bytes.
func (k *Kept) takes(bytes int64) time.Duration {
	speed := k.speed
	if speed == 0 {
		speed = usualSpeed
	}
	return time.Duration(float64(bytes) / speed * float64(time.Second))
}

// idle is what the worker does for it while there is no command, nil for nothing.
func (k *Kept) idle(m *backend.Model) worker.Command {
	x := k.keeper(m)
	if x == nil {
		return nil
	}
	if owner, _ := k.state(); !k.due(x, owner != k.desk.conv.id) {
		return nil
	}
	return func(ctx context.Context) { k.save(ctx, x) }
}

// leave saves the session before it is lost, if it is worth it, within a time.
func (k *Kept) leave(m *backend.Model, patience time.Duration) {
	x := k.keeper(m)
	if x == nil || !k.due(x, true) || k.speed > 0 && k.takes(x.SaveSize()) > patience {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	k.save(ctx, x)
}

// save writes the session as far as ctx allows: the file is complete or as it was.
func (k *Kept) save(ctx context.Context, x backend.Keeper) {
	owner, _ := k.state()
	tokens, size, begin, clear := slices.Clone(x.Tokens()), x.SaveSize(), time.Now(), k.clear.Load()
	err := k.store.Save(owner, size, func(w io.Writer) error {
		return x.Save(&bounded{ctx: ctx, w: w})
	})
	if ctx.Err() == nil { // else it is tried again
		k.set(owner, tokens)
	}
	if k.clear.Load() != clear || k.store.Room() < size { // meanwhile
		k.store.Remove(owner)
	}
	if err == nil {
		k.speed = float64(size) / max(time.Since(begin), time.Millisecond).Seconds()
	}
	k.show()
}

// begin says that an answer of a conversation is about to be written, with the session of before.
func (k *Kept) begin(m *backend.Model, id string, g *settings.Generation) {
	owner, _ := k.state()
	if owner != id || k.threads != g.Threads || k.context != g.Context { // the others make a new session
		k.leave(m, patienceAnswer)
	}
	if owner != id {
		k.set(id, nil)
	}
	k.threads, k.context = g.Threads, g.Context
}

// restorer restores what is kept of a conversation.
func (k *Kept) restorer(id string) backend.Restorer {
	return func(ctx context.Context, x backend.Keeper, ids []int32) bool {
		if k.store == nil || k.store.Room() == 0 {
			return false
		}
		took := k.store.Load(id, func(r io.ReadSeeker) error {
			n, err := x.ReusableKept(r, ids)
			if err != nil {
				return err
			}
			if n <= x.Reusable(ids) {
				return kept.ErrLater
			}
			if _, err := r.Seek(0, io.SeekStart); err != nil {
				return err
			}
			err = x.Restore(&bounded{ctx: ctx, r: r})
			if ctx.Err() != nil || errors.Is(err, inference.ErrMemory) {
				return fmt.Errorf("%w: %w", kept.ErrLater, err)
			}
			return err
		})
		if took {
			k.set(id, slices.Clone(x.Tokens()))
		}
		return took
	}
}

// wrote is told how fast a prompt was read, which counts if it was long enough to tell.
func (k *Kept) wrote(f Figures) {
	if f.PromptTotal >= 16 && f.PromptRate > 0 {
		k.rate = f.PromptRate
	}
	k.show()
}

// other says that another model is open, or none.
func (k *Kept) other() {
	k.set("", nil)
	k.rate = 0
	k.desk.change(func() { k.desk.kept.Memory = inference.SessionMemory{} })
}

// remove deletes what is kept of a conversation.
func (k *Kept) remove(id string) {
	if owner, _ := k.state(); owner == id {
		k.set("", nil)
	}
	k.onDisk(func() { k.store.Remove(id) })
}

// retain forgets what is kept of conversations that are gone.
func (k *Kept) retain(there map[string]bool) {
	k.onDisk(func() { k.store.Retain(func(id string) bool { return there[id] }) })
}

// onDisk changes files on the disk's goroutine.
func (k *Kept) onDisk(f func()) {
	if k.store != nil {
		k.disk(func() {
			f()
			k.show()
		})
	}
}

// show has the figures shown.
func (k *Kept) show() {
	if k.store != nil {
		bytes, n := k.store.Size()
		k.desk.change(func() { k.desk.kept.OnDisk, k.desk.kept.Files = bytes, n })
	}
}

// SetRoom bounds what is kept on disk, in bytes; with 0 nothing is. It may be called from any goroutine and returns
// at once, as does Clear.
func (k *Kept) SetRoom(bytes int64) {
	if k.store != nil && k.store.Room() != bytes {
		k.store.SetRoom(bytes)
		k.onDisk(k.store.Trim)
	}
}

// Clear deletes what is kept on disk of all conversations.
func (k *Kept) Clear() {
	k.clear.Add(1)
	k.onDisk(func() { _ = k.store.Clear() }) // what is left is shown, and can be tried again
}

// bounded ends reading or writing with a context.
type bounded struct {
	ctx context.Context
	r   io.Reader
	w   io.Writer
}

func (u *bounded) Write(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.w.Write(p)
}

func (u *bounded) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
