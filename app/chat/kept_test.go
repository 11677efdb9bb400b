package chat

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tern/app/kept"
	"tern/app/settings"
)

// kinds are small models of each kind: a transformer and one with states of linear attention. Both continue
// texts.
var kinds = []string{"", "../../inference/testdata/goldens2/qwen35-pq2_0"}

// home is what stays of the program between its starts.
type home struct {
	t      *testing.T
	folder string
	store  *kept.Store // nil for none
	path   string      // of the model
	g      settings.Generation
}

func newHome(t *testing.T, path string, keeps bool) *home {
	h := &home{t: t, folder: filepath.Join(t.TempDir(), "conversations"), path: path, g: settings.DefaultGeneration()}
	if keeps {
		h.store = kept.New(filepath.Join(filepath.Dir(h.folder), "kept"), kept.DefaultRoom, nil)
	}
	h.g.RandomSeed, h.g.Seed, h.g.MaxTokens, h.g.CutOff, h.g.Threads = false, 5, 12, true, 1
	return h
}

// start starts the program, which keeps everything that it may. With an id it opens that conversation.
func (h *home) start(id string) *driven {
	h.t.Helper()
	changed := make(chan struct{}, 1)
	c := New(Options{Notify: func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}, Folder: h.folder, Kept: h.store})
	c.Kept.least = 0
	h.t.Cleanup(c.Close)
	b := &driven{Controller: c, t: h.t, changed: changed}
	c.Models.Load(h.path, h.g)
	b.until(func(v View) bool { return v.State == Ready })
	if id != "" {
		c.Open(id)
		b.until(func(v View) bool { return v.ID == id })
	}
	return b
}

// rest waits until everything that was asked for is done, and what is idle work then, and returns what is shown and
// the last text of it.
func (b *driven) rest() (text string, v View) {
	for range 2 { // the second finds the worker idle after what the first was behind of
		for busy := true; busy; {
			done := make(chan struct{})
			b.commands.Post(func() { close(done) })
			<-done
			b.desk.mu.Lock()
			busy = b.desk.job != nil
			b.desk.mu.Unlock()
			if busy {
				time.Sleep(time.Millisecond)
			}
		}
	}
	v = b.until(func(View) bool { return true })
	if n := len(v.Document); n > 0 {
		text = v.Document[n-1].Text
	}
	return text, v
}

// TestKeptRestart: a conversation goes on after a restart as without one, and nothing of it is read again, whether
// it is greedy or sampled.
func TestKeptRestart(t *testing.T) {
	const prompt = "Once upon a time there was a small bird that lived by the sea, and every day it flew"
	for _, path := range kinds {
		for _, temperature := range []float64{0, 1.5} {
			t.Run(fmt.Sprintf("%s/%v", filepath.Base(path), temperature), func(t *testing.T) {
				one, two := newHome(t, path, false), newHome(t, path, true)
				one.g.Temperature, two.g.Temperature = temperature, temperature
				a := one.start("")
				a.Generate(prompt, one.g)
				first, _ := a.rest()
				a.Generate("", one.g)
				want, v := a.rest()
				reads := v.Figures.PromptTotal // a character that was cut off is read again

				b := two.start("")
				b.Generate(prompt, two.g)
				again, v := b.rest()
				if again != first {
					t.Fatalf("%q and %q", first, again)
				}
				used := v.Figures.ContextUsed
				b.Close()
				if _, n := two.store.Size(); n != 1 {
					t.Fatalf("%d files", n)
				}
				b = two.start(v.ID)
				b.Generate("", two.g)
				got, v := b.rest()
				if got != want || v.Figures.PromptTotal > reads || v.Figures.ContextUsed <= used {
					t.Errorf("%q, want %q; %d of %d tokens are read again", got, want, v.Figures.PromptTotal, used)
				}
				if v.Memory.KV == 0 || (v.Memory.State > 0) != (path != "") {
					t.Errorf("memory %+v", v.Memory)
				}

				// Without the file, and with a damaged one, it is the same text.
				for _, damage := range []func(file string) error{os.Remove, func(file string) error {
					raw, err := os.ReadFile(file)
					if err != nil {
						return err
					}
					raw[len(raw)/2] ^= 1
					return os.WriteFile(file, raw[:len(raw)-len(raw)%2], 0o600)
				}} {
					b.Retry(two.g)
					if got, _ := b.rest(); got != want {
						t.Errorf("again: %q, want %q", got, want)
					}
					b.rest()
					b.Close()
					files, err := filepath.Glob(filepath.Join(filepath.Dir(two.folder), "kept", "*"))
					if err != nil || len(files) != 1 {
						t.Fatalf("%v, %v", files, err)
					}
					if err := damage(files[0]); err != nil {
						t.Fatal(err)
					}
					b = two.start(v.ID)
					b.Retry(two.g)
					if got, v := b.rest(); got != want || v.Figures.PromptTotal < used/2 || v.Problem != nil || v.Notice.Key != "" {
						t.Errorf("with a damaged file: %q, want %q; %d read, %v", got, want, v.Figures.PromptTotal, v.Problem)
					}
				}

				// A deleted conversation leaves nothing, and comes back.
				b.Shelf.Delete(v.ID)
				b.until(func(w View) bool { return w.ID != v.ID && len(w.Conversations) == 0 && w.Files == 0 })
				if _, n := two.store.Size(); n != 0 {
					t.Errorf("%d files of a deleted conversation", n)
				}
				b.Shelf.Restore(v.ID)
				b.until(func(w View) bool { return w.ID == v.ID })
				b.Retry(two.g)
				if got, _ := b.rest(); got != want {
					t.Errorf("brought back: %q, want %q", got, want)
				}
				b.Kept.Clear()
				b.until(func(w View) bool { return w.OnDisk == 0 })
				b.Kept.SetRoom(0)
				b.Generate("", two.g)
				b.rest()
				if _, n := two.store.Size(); n != 0 {
					t.Errorf("%d files without room", n)
				}
			})
		}
	}
}

// TestKeptTree does the same things at random to conversations of three programs: one that never ends, one that
// is started again now and then, and one that is and keeps on disk what it knows. Their texts are the same, and the last
// one reads less again.
func TestKeptTree(t *testing.T) {
	for _, path := range kinds {
		t.Run(filepath.Base(path), func(t *testing.T) {
			const rounds, ops = 2, 18
			var read [3]int
			var restarts, answers int
			for round := range rounds {
				rng := rand.New(rand.NewPCG(7, uint64(round)))
				var homes [3]*home
				var at [3]*driven
				var ids [3]string
				for i := range homes {
					homes[i] = newHome(t, path, i == 2)
					homes[i].g.Temperature = float64(round%2) * 1.2
					at[i] = homes[i].start("")
				}
				do := func(what string, f func(b *driven, v View)) {
					t.Helper()
					var texts [3]string
					for i, b := range at {
						f(b, b.View())
						_, v := b.rest()
						read[i] += v.Figures.PromptTotal
						ids[i] = v.ID
						for _, s := range v.Document {
							texts[i] += fmt.Sprintf("%d%q ", s.Author, s.Text)
						}
					}
					answers++
					if texts[0] != texts[1] || texts[0] != texts[2] {
						t.Fatalf("round %d: after %s:\n%s\n%s, started again\n%s, kept", round, what, texts[0], texts[1], texts[2])
					}
				}
				words := func() string {
					return strings.TrimSpace(strings.Repeat("word and more ", 1+rng.IntN(12)))
				}
				for op := range ops {
					said, pick := words(), rng.IntN(1<<30)
					g := homes[0].g
					g.Seed = rng.Uint32()
					segment := func(v View) int {
						if len(v.Document) == 0 {
							return 0 // all of it was undone
						}
						return v.Document[pick%len(v.Document)].ID
					}
					kind := rng.IntN(12)
					if op == 0 {
						kind = 0
					}
					switch kind {
					case 0, 1:
						do("words", func(b *driven, _ View) { b.Generate(said, g) })
					case 2:
						do("another answer", func(b *driven, _ View) { b.Retry(g) })
					case 3:
						do("an earlier answer again", func(b *driven, v View) { b.RetryAt(segment(v), g) })
					case 4:
						do("a branch", func(b *driven, v View) {
							if b.Branch(segment(v)); len(v.Document) > 0 {
								b.until(func(w View) bool { return w.ID != v.ID })
							}
							b.Generate(said, g)
						})
					case 5, 6:
						for i := 1; i < 3; i++ {
							at[i].Close()
							at[i] = homes[i].start(ids[i])
						}
						restarts++
						do("a restart", func(b *driven, _ View) { b.Generate("", g) })
					case 7:
						do("an edit", func(b *driven, v View) { b.Edit(segment(v), said, pick%2 == 0, g) })
						do("words after an edit", func(b *driven, _ View) { b.Generate("", g) })
					case 8:
						do("other words", func(b *driven, v View) { b.Splice(Passage{ID: v.ID, From: len(text(v)) / 2}, said) })
						do("words after others", func(b *driven, _ View) { b.Generate("", g) })
					case 9, 10:
						do("a step", func(b *driven, v View) { b.Step(segment(v), 1-2*(pick/2%2)) })
						do("words after a step", func(b *driven, _ View) { b.Generate("", g) })
					case 11:
						do("undo", func(b *driven, _ View) { b.Undo() })
						do("words after undo", func(b *driven, _ View) { b.Generate(said, g) })
					}
				}
				for _, b := range at {
					b.Close()
				}
			}
			t.Logf("%d answers, %d restarts; tokens read: %d without a restart, %d with, %d where they are kept", answers, restarts, read[0], read[1], read[2])
			if read[2] >= read[1] {
				t.Error("nothing is spared")
			}
		})
	}
}
