package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"tern/app/chat"
	_ "tern/app/measure" // takes the samples
	"tern/app/settings"
	"tern/inference"
)

const (
	patience       = 2 * time.Minute // nothing takes so long, on a loaded machine neither
	referenceEvery = 100             // actions
	maxKept        = 8               // conversations
)

// driver is the user.
type driver struct {
	c      *chat.Controller
	rnd    *rand.Rand
	models []string
	done   map[string]int
	first  string // the answer of the fixed seed, the first time
}

// drive uses the program for a while. What is done depends on nothing but the
// number of things done; when an answer is stopped is a matter of time.
func drive(d time.Duration, models []string) error {
	folder, err := os.MkdirTemp("", "tern-soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	u := &driver{
		c:      chat.New(chat.Options{Notify: func() {}, Folder: folder}),
		rnd:    rand.New(rand.NewPCG(1, 2)),
		models: append([]string{""}, models...),
		done:   map[string]int{},
	}
	defer u.c.Close()
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := u.reference(); err != nil {
			return err
		}
		for i := 0; i < referenceEvery && time.Now().Before(end); i++ {
			if err := u.act(); err != nil {
				return err
			}
			u.pause(4 * time.Second)
		}
	}
	err = u.reference()
	for _, what := range slices.Sorted(maps.Keys(u.done)) {
		fmt.Printf("%6d %s\n", u.done[what], what)
	}
	return err
}

func (u *driver) pause(most time.Duration) { time.Sleep(time.Duration(u.rnd.Int64N(int64(most)))) }

// reference writes the answer of the fixed seed, which is always the same.
func (u *driver) reference() error {
	u.c.Models.Load("", u.settings())
	if err := u.idle(true); err != nil {
		return err
	}
	before := u.c.View()
	u.c.New()
	g := settings.DefaultGeneration()
	g.RandomSeed, g.Seed, g.MaxTokens = false, 7, 120
	u.c.Generate("Once upon a time", g)
	var answer []chat.Segment
	err := u.until("a fixed seed wrote nothing", func(v chat.View) bool {
		answer = v.Document
		return len(answer) == 2 && answer[1].Stop != "" && (len(before.Document) == 0 || v.ID != before.ID)
	})
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, s := range answer {
		text.WriteString(s.Text)
	}
	if u.first == "" {
		u.first = text.String()
	}
	if text.Len() < 100 || text.String() != u.first {
		return fmt.Errorf("a fixed seed wrote %q, the first time %q", &text, u.first)
	}
	u.did("answers of the fixed seed, all equal")
	return nil
}

// act does one thing.
func (u *driver) act() error {
	g := u.settings()
	if u.c.View().Model == nil { // nothing else can be done
		return u.load(u.models[u.rnd.IntN(len(u.models))], g)
	}
	switch n := u.rnd.IntN(20); n {
	case 0, 1, 2, 3, 4, 5, 6:
		u.c.Generate([]string{"Lily found a red box.", "The bear did not want to sleep", "", "And then"}[u.rnd.IntN(4)], g)
		u.did("answers")
		if n < 3 {
			u.pause(300 * time.Millisecond)
			u.c.Stop()
			u.did("stops")
		}
	case 7, 8:
		u.c.Retry(g)
		u.did("answers written again")
	case 9:
		u.c.Undo()
		u.did("undone")
	case 10, 11:
		return u.fresh()
	case 12, 13, 14, 15:
		return u.load(u.models[u.rnd.IntN(len(u.models))], g)
	case 16:
		u.c.Models.Load(u.models[u.rnd.IntN(len(u.models))], g)
		u.pause(20 * time.Millisecond)
		u.c.Models.CancelLoad()
		u.did("loads given up")
		if err := u.idle(false); err != nil {
			return err
		}
		u.c.DismissProblem() // a broken model may have been faster
		return nil
	case 17:
		u.c.Models.Unload()
		u.did("unloads")
	case 18:
		if v := u.c.View(); len(v.Document) > 0 {
			u.c.Shelf.Duplicate(v.ID)
			u.did("conversations duplicated")
		}
	case 19:
		if all := u.c.View().Conversations; len(all) > 0 {
			u.c.Open(all[u.rnd.IntN(len(all))].ID)
			u.did("conversations opened")
		}
	}
	return u.idle(true)
}

func (u *driver) did(what string) { u.done[what]++ }

func (u *driver) load(path string, g settings.Generation) error {
	u.c.Models.Load(path, g)
	if !strings.HasSuffix(path, "broken.gguf") {
		u.did("loads")
		return u.idle(true)
	}
	if err := u.idle(false); err != nil {
		return err
	}
	if u.c.View().Problem == nil {
		return fmt.Errorf("%s was opened", path)
	}
	u.c.DismissProblem()
	u.did("broken models refused")
	return nil
}

// fresh begins a conversation, and deletes the oldest of too many.
func (u *driver) fresh() error {
	u.c.New()
	u.did("conversations begun")
	all := u.c.View().Conversations
	for _, e := range all[min(len(all), maxKept):] {
		u.c.Shelf.Delete(e.ID)
		u.did("conversations deleted")
	}
	return u.until("conversations stayed", func(v chat.View) bool { return len(v.Conversations) <= maxKept+1 })
}

// settings are such as leave the processor time to others.
func (u *driver) settings() settings.Generation {
	g := settings.DefaultGeneration()
	g.MaxTokens, g.Threads = 8+u.rnd.IntN(100), 1+u.rnd.IntN(2)
	g.Context = []int{0, 64, 256}[u.rnd.IntN(3)]
	g.Temperature = float64(u.rnd.IntN(3)) / 2
	return g
}

// idle waits until nothing is being done, and makes room in a conversation that
// is full. Unless another problem is expected, one is an error.
func (u *driver) idle(well bool) error {
	err := u.until("nothing was done", func(v chat.View) bool {
		if p := v.Problem; p != nil && p.Detail == inference.ErrContextFull.Error() {
			u.c.DropOldest()
			u.did("oldest parts dropped")
			return false
		}
		return v.State == chat.Ready || v.State == chat.NoModel
	})
	if v := u.c.View(); err == nil && well && (v.Problem != nil || v.Trouble != nil) {
		err = fmt.Errorf("%+v %+v", v.Problem, v.Trouble)
	}
	return err
}

func (u *driver) until(complaint string, holds func(chat.View) bool) error {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond) // the command just given is on its way
		if holds(u.c.View()) {
			return nil
		}
	}
	return fmt.Errorf("%s for %v", complaint, patience)
}
