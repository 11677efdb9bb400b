//go:build smooth && cgo

package ui

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"tern/app/ui/inspect/inspecttest"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
	"tern/inference"
	ternary "tern/model"
	"tern/model/checkpoint"
)

// This measures the real window on a screen, as .ci/smooth runs it: how long
// something that is posted to its goroutine waits, every 16 ms, while a
// conversation of 100,000 tokens is scrolled and written on.

const (
	smoothFor   = 5 * time.Second        // each line of the table
	tokenEvery  = 200 * time.Microsecond // 5000 tokens a second
	frame       = 16 * time.Millisecond
	smoothHangs = 5 * time.Second // a window that is not got to for so long hangs
)

func TestMain(m *testing.M) {
	code := 1
	a := app.NewWithID("app.tern.Smooth")
	go func() {
		code = m.Run()
		fyne.Do(a.Quit)
	}()
	a.Run()
	os.Exit(code)
}

// writer is a controller whose last answer grows.
type writer struct {
	fakeController
	mu     sync.Mutex
	text   strings.Builder
	tokens []chat.Token
}

func (w *writer) View() chat.View {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.fakeController.view
	v.Document = slices.Clone(v.Document)
	v.Document[len(v.Document)-1].Text = w.text.String()
	return v
}

func (w *writer) Answer(int) ([]chat.Token, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clip(w.tokens), false
}

// write adds tokens until stop is closed, and has the window drawn as a
// controller does.
func (w *writer) write(stop chan struct{}, notify func()) {
	t := time.NewTicker(time.Second / 30)
	defer t.Stop()
	last := time.Now()
	for n := 0; ; {
		select {
		case <-stop:
			return
		case now := <-t.C:
			w.mu.Lock()
			for ; last.Before(now); last = last.Add(tokenEvery) {
				n++
				w.add(n)
			}
			w.mu.Unlock()
			notify()
		}
	}
}

// add writes token n, with mu held.
func (w *writer) add(n int) {
	word := inspecttest.Tokens(" word")[0]
	if n%60 == 0 {
		word.Text += "\n\n"
	}
	word.Segment, word.Index, word.Prob = w.view.Document[len(w.view.Document)-1].ID, n, float64(n%40)/40
	w.tokens = append(w.tokens, word)
	w.text.WriteString(word.Text)
}

// largeModel is one of 728M parameters, on all threads.
func largeModel(t *testing.T) *inference.Engine {
	m, err := checkpoint.Synthetic("large", ternary.F16, 1)
	if err != nil {
		t.Fatal(err)
	}
	e, err := inference.New(m, inference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// writeWith is write as fast as a model writes.
func (w *writer) writeWith(t *testing.T, e *inference.Engine, stop chan struct{}, notify func()) {
	s, err := e.NewSession(inference.SessionOptions{})
	if err != nil {
		t.Error(err)
		return
	}
	n, begin, drawn := 0, time.Now(), time.Now()
	for event, err := range s.Generate(t.Context(), []int32{1}, inference.GenerateOptions{MaxTokens: 1500, IgnoreEOS: true}) {
		if err != nil {
			t.Error(err)
		}
		if event.Kind == inference.EventToken {
			w.mu.Lock()
			n++
			w.add(n)
			w.mu.Unlock()
		}
		now := time.Now()
		select {
		case <-stop:
			fmt.Printf("%-52s %5.0f tokens a second\n", "", float64(n)/now.Sub(begin).Seconds())
			return
		default:
		}
		if now.Sub(drawn) > time.Second/30 {
			drawn = now
			notify()
		}
	}
}

// onWindow runs do where the window is.
func onWindow(do func()) { fyne.DoAndWait(do) }

func TestSmooth(t *testing.T) {
	c := &writer{}
	longConversation(&c.view)
	m := builtin
	m.Template = "x"
	c.view.ID, c.view.State, c.view.Mode, c.view.Model = "now", chat.Ready, chat.ChatMode, &m
	c.text.WriteString("\n\n")
	s := settings.Default()
	s.Theme, s.Width, s.Height, s.PanelOpen = settings.ThemeLight, 1100, 720, false
	var w *window
	p := &presenter{post: fyne.Do}
	onWindow(func() {
		th := kit.NewTheme(appearanceOf(s.Theme), 100)
		fyne.CurrentApp().Settings().SetTheme(th)
		win := fyne.CurrentApp().NewWindow("Tern")
		w = newWindow(win, th, Config{Controller: parts(c), Settings: s, Save: func(settings.Settings) {}, Now: time.Now, Post: fyne.Do,
			lag: newLag(fyne.Do, time.Now, func() bool { return true })})
		p.draw = w.update
		win.Show()
	})
	defer onWindow(func() { w.win.Close() })
	defer p.close()
	once := func(what string, do func()) {
		var took time.Duration
		onWindow(func() {
			begin := time.Now()
			do()
			took = time.Since(begin)
		})
		fmt.Printf("%-52s %8.1f ms\n", what, took.Seconds()*1000)
	}
	once("open the conversation", func() { w.update() })
	bytes := 0
	for _, x := range c.view.Document {
		bytes += len(x.Text)
	}
	fmt.Printf("%d messages, %d paragraphs, %d bytes\n", len(c.view.Document), len(w.transcript.Paragraphs()), bytes)
	time.Sleep(2 * time.Second)

	fmt.Printf("%-52s %5s %8s %8s %8s %6s %6s\n", "wait for the window, in ms", "CPU%", "p50", "p99", "max", ">50", ">100")
	measure := func(what string, write func(stop chan struct{}, notify func()), wheel float32) {
		stop, stopped := make(chan struct{}), sync.WaitGroup{}
		c.mu.Lock()
		c.view.State = chat.Ready
		if write != nil {
			c.view.State = chat.Generating
			stopped.Go(func() { write(stop, p.notify) })
		}
		c.mu.Unlock()
		p.notify()
		if wheel != 0 {
			stopped.Go(func() {
				for by := wheel; ; time.Sleep(frame) {
					select {
					case <-stop:
						return
					default:
					}
					fyne.Do(func() {
						switch {
						case w.transcript.Offset() < 2000:
							by = -wheel // down
						case w.transcript.Below() < 2000:
							by = wheel
						}
						w.transcript.ScrollBy(by)
					})
				}
			})
		}
		var waits []time.Duration
		busy := cpu()
		begin := time.Now()
		for time.Since(begin) < smoothFor {
			at := time.Now()
			onWindow(func() {})
			waits = append(waits, time.Since(at))
			time.Sleep(max(0, frame-time.Since(at)))
		}
		busy = cpu() - busy
		took := time.Since(begin)
		close(stop)
		stopped.Wait()
		slices.Sort(waits)
		above := func(d time.Duration) (n int) {
			for _, x := range waits {
				if x > d {
					n++
				}
			}
			return n
		}
		ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
		last := waits[len(waits)-1]
		fmt.Printf("%-52s %5.0f %8.1f %8.1f %8.1f %6d %6d\n", what, 100*busy.Seconds()/took.Seconds(), ms(waits[len(waits)/2]),
			ms(waits[len(waits)*99/100]), ms(last), above(50*time.Millisecond), above(100*time.Millisecond))
		if last > smoothHangs {
			t.Errorf("%s: the window was not got to for %v", what, last)
		}
	}
	measure("nothing happens", nil, 0)
	measure("the wheel turns, 60 px a frame", nil, 60)
	measure("the wheel turns, 2,000 px a frame", nil, 2000)
	onWindow(w.transcript.ToEnd)
	measure("5,000 tokens a second, read at the end", c.write, 0)
	measure("5,000 tokens a second, while the wheel turns", c.write, 60)
	onWindow(w.transcript.ToEnd)
	e := largeModel(t)
	defer e.Close()
	large := func(stop chan struct{}, notify func()) { c.writeWith(t, e, stop, notify) }
	measure("a model of 728M with all threads", large, 0)
	onWindow(func() { w.arrangement.togglePanel(w.inspectSide) })
	measure("5,000 tokens a second, tokens shown", c.write, 0)
	measure("a model of 728M with all threads, tokens shown", large, 0)
	onWindow(func() { w.arrangement.togglePanel(w.inspectSide) })
	once("find a word", func() { w.reading.find(); w.finder.Entry.SetText("word") })
	fmt.Printf("%d matches\n", len(w.finder.Matches))
	once("go to the next match", func() { w.finder.Step(1) })
	once("go to the last match", func() { w.finder.Step(-2) })
	measure("5,000 tokens a second, while they are searched", c.write, 0)
}

// cpu is what the program has used of the processors.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
