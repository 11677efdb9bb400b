package ui

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// fakeController records what the window asks for; a test sets its view.
type fakeController struct {
	view   chat.View
	calls  []string
	last   settings.Generation
	offers []chat.CopyOffer

	inspect, missing bool
	exportThoughts   bool
	tokens           []chat.Token
	written          []chat.Written
	recipe           []byte
	weights          *chat.Weights
	measured         func(*chat.Speed)
}

func (f *fakeController) call(name string, args ...any) {
	f.calls = append(f.calls, strings.TrimSpace(name+" "+fmt.Sprint(args...)))
}

func (f *fakeController) Load(path string, g settings.Generation) { f.last = g; f.call("load", path) }
func (f *fakeController) CancelLoad()                             { f.call("cancel load") }
func (f *fakeController) Unload()                                 { f.call("unload") }
func (f *fakeController) Generate(text string, g settings.Generation) {
	f.last = g
	f.call("generate", text)
}
func (f *fakeController) Retry(g settings.Generation)                 { f.last = g; f.call("retry") }
func (f *fakeController) Stop()                                       { f.call("stop") }
func (f *fakeController) StopIn(id string)                            { f.call("stop in", id) }
func (f *fakeController) Written(int) []chat.Written                  { return f.written }
func (f *fakeController) Remove(i int)                                { f.call("remove", i) }
func (f *fakeController) Undo()                                       { f.call("undo") }
func (f *fakeController) DropOldest()                                 { f.call("drop oldest") }
func (f *fakeController) DismissProblem()                             { f.call("dismiss") }
func (f *fakeController) Correct(settings.Generation)                 { f.call("correct") }
func (f *fakeController) ReadAsItSays(settings.Generation)            { f.call("read as it says") }
func (f *fakeController) DeclineAdvice()                              { f.call("decline") }
func (f *fakeController) ReadInput(float bool, _ settings.Generation) { f.call("input", float) }
func (f *fakeController) CopyOffers() ([]chat.CopyOffer, string) {
	return f.offers, "/models/large.gguf"
}
func (f *fakeController) MakeCopy(form chat.CopyForm, path string) { f.call("copy", form, path) }
func (f *fakeController) KeepCopy()                                { f.call("keep") }
func (f *fakeController) CancelCopy()                              { f.call("cancel copy") }
func (f *fakeController) View() chat.View                          { return f.view }
func (f *fakeController) SetInspect(on bool)                       { f.inspect = on }
func (f *fakeController) Answer(int) ([]chat.Token, bool)          { return f.tokens, f.missing }
func (f *fakeController) Examine(segment int)                      { f.call("examine", segment) }
func (f *fakeController) ReserveCore()                             { f.call("yield") }
func (f *fakeController) Recipe(done func([]byte))                 { done(f.recipe) }
func (f *fakeController) Weights(done func(*chat.Weights))         { f.call("weights"); done(f.weights) }
func (f *fakeController) Measure(_ func(chat.SpeedProgress), done func(*chat.Speed)) {
	f.call("measure")
	f.measured = done
}
func (f *fakeController) Choose(at chat.Token, id int32, g settings.Generation) {
	f.call("choose", at.Segment, " ", at.Index, " ", id)
}

func (f *fakeController) RetryAt(i int, g settings.Generation) { f.call("retry at", i) }
func (f *fakeController) Edit(i int, text string, answer bool, g settings.Generation) {
	f.call("edit", i, " ", text, " ", answer)
}
func (f *fakeController) Splice(at chat.Passage, text string) {
	f.call("splice", at.From, " ", at.From+len(at.Text), " ", text)
}
func (f *fakeController) ContinueAt(at chat.Passage, text string, g settings.Generation) {
	f.call("continue at", at.From, " ", text)
}
func (f *fakeController) Step(i, by int)          { f.call("step", i, " ", by) }
func (f *fakeController) New()                    { f.call("new") }
func (f *fakeController) Open(id string)          { f.call("open", id) }
func (f *fakeController) Rename(id, title string) { f.call("rename", id, " ", title) }
func (f *fakeController) Duplicate(id string)     { f.call("duplicate", id) }
func (f *fakeController) Branch(i int)            { f.call("branch", i) }
func (f *fakeController) Delete(id string)        { f.call("delete", id) }
func (f *fakeController) Restore(id string)       { f.call("restore", id) }
func (f *fakeController) Import(path string)      { f.call("import", path) }
func (f *fakeController) Export(id, path, _, _ string, thoughts bool) {
	f.call("export", id, " ", path)
	f.exportThoughts = thoughts
}
func (f *fakeController) Search(query string)       { f.call("search", query) }
func (f *fakeController) DiscardRecovered()         { f.call("discard") }
func (f *fakeController) Clear()                    { f.call("clear") }
func (f *fakeController) SetStory(on bool)          { f.call("story", on) }
func (f *fakeController) SetSystem(id, text string) { f.call("system", id, " ", text) }
func (f *fakeController) SetDraft(id, text string)  { f.view.Draft = text }
func (f *fakeController) SetGeneration(id string, g settings.Generation) {
	f.view.Generation = &g
}

// parts makes one value all parts of a controller.
func parts(all interface {
	Conversation
	Models
	Shelf
	Jobs
	Tokens
	Kept
}) Controller {
	return Controller{all, all, all, all, all, all}
}

// rig is a window on a fake controller, with a clock that a test moves.
type rig struct {
	*window
	t     testing.TB
	fake  *fakeController
	saved []settings.Settings
	clock time.Time
	wake  time.Duration // what the last update asked for
	done  func(path string, err error)

	newest func(version string, err error)
}

var builtin = chat.ModelInfo{
	Name: "Tern Tales", Family: "BitNet b1.58", Params: 4_300_000, MemoryBytes: 3_100_000, ContextLen: 512,
	OpenedIn: 400 * time.Millisecond, Builtin: true,
	Examples: []string{"Once upon a time", "Lily found a red box.", "The bear did not want to sleep"},
}

// newRig opens a window of a size with the built-in model ready.
func newRig(t testing.TB, width, height float32) *rig {
	t.Helper()
	a := test.NewTempApp(t)
	th := kit.NewTheme(kit.Light, 100)
	a.Settings().SetTheme(th)
	win := a.NewWindow("")
	open := true
	win.SetOnClosed(func() { open = false })
	t.Cleanup(func() {
		if open { // the test driver cannot close a window twice
			win.Close()
		}
	})
	r := &rig{t: t, fake: &fakeController{}, clock: time.Unix(1000, 0)}
	idle := newLag(func(func()) {}, time.Now, func() bool { return false })
	t.Cleanup(func() { idle.watch(false) })
	m := builtin
	r.fake.view = chat.View{State: chat.Ready}
	r.fake.view.ID, r.fake.view.Model, r.fake.view.Figures.Context = "now", &m, 512
	s := settings.Default()
	s.Theme, s.Width, s.Height = settings.ThemeLight, width, height
	r.window = newWindow(win, th, Config{
		Controller: parts(r.fake), Settings: s, Now: func() time.Time { return r.clock }, Post: fyne.Do,
		Closing: func() { r.fake.call("closing") },
		lag:     idle,
		Save:    func(s settings.Settings) { r.saved = append(r.saved, s) },
		choose: func(_ bool, _ string, done func(string, error)) {
			r.fake.call("choose")
			r.done = done
		},
		chooseNew: func(name, _ string, done func(string, error)) {
			r.fake.call("choose new", name)
			r.done = done
		},
		chooseJSON: func(_ string, done func(string, error)) {
			r.fake.call("choose JSON")
			r.done = done
		},
		Program: Program{Version: "0.1.0", Go: "go1.26", Kernel: "generic", Commit: "0123456789abcdef"},
		Updates: Updates{Home: "https://tern.example.org/tern", Open: func(page string) { r.fake.call("open", page) },
			Newest: func(done func(string, error)) {
				r.fake.call("newest version")
				r.newest = done
			}},
	})
	r.show()
	return r
}

// show draws the fake's view after change altered it.
func (r *rig) show(change ...func(*chat.View)) {
	for _, f := range change {
		f(&r.fake.view)
	}
	r.wake = r.update()
}

// pass lets time pass, and draws.
func (r *rig) pass(d time.Duration) {
	r.clock = r.clock.Add(d)
	r.show()
}

// press runs the item of the main menu that has a shortcut, as the driver does.
func (r *rig) press(key fyne.KeyName, mod ...fyne.KeyModifier) {
	r.t.Helper()
	want := item("", nil, key, mod...).Shortcut.ShortcutName()
	for _, m := range r.menu.main.Items {
		for _, i := range m.Items {
			if i.Shortcut != nil && i.Shortcut.ShortcutName() == want {
				i.Action()
				return
			}
		}
	}
	r.t.Fatalf("no menu item has the shortcut %s", want)
}

// key types a key where the focus is.
func (r *rig) key(name fyne.KeyName) {
	if f := r.win.Canvas().Focused(); f != nil {
		f.TypedKey(&fyne.KeyEvent{Name: name})
		return
	}
	r.typedKey(&fyne.KeyEvent{Name: name})
}

func (r *rig) shift(down bool) {
	k := &fyne.KeyEvent{Name: desktop.KeyShiftLeft}
	if down {
		r.composer.entry.KeyDown(k)
	} else {
		r.composer.entry.KeyUp(k)
	}
}

// took checks what the controller was asked since the last time.
func (r *rig) took(want ...string) {
	r.t.Helper()
	got := r.fake.calls
	r.fake.calls = nil
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		r.t.Errorf("the controller was asked %q, want %q", got, want)
	}
}

func state(s chat.State) func(*chat.View) { return func(v *chat.View) { v.State = s } }

func document(texts ...string) func(*chat.View) {
	return func(v *chat.View) {
		v.Document = nil
		for i, t := range texts {
			v.Document = append(v.Document, chat.Segment{ID: i + 1, Author: chat.Author(i % 2), Text: t})
		}
		v.CanRetry, v.CanUndo = len(texts) > 1, len(texts) > 0
	}
}

func (r *rig) statusIs(want string) {
	r.t.Helper()
	if got := r.status.line.Text(); got != want {
		r.t.Errorf("status %q, want %q", got, want)
	}
}

func (r *rig) stripIs(want string) {
	r.t.Helper()
	got := ""
	if r.strip.Now != nil && r.strip.Box.Visible() {
		got = r.strip.Now.Sentence
		for _, a := range r.strip.Now.Actions {
			got += " [" + a.Label + "]"
		}
	}
	if got != want {
		r.t.Errorf("strip %q, want %q", got, want)
	}
}

// tapStrip presses a button of the strip.
func (r *rig) tapStrip(label string) {
	r.t.Helper()
	for _, o := range r.strip.Buttons.Objects {
		if b := o.(*kit.Button); b.AccessibilityLabel() == label {
			test.Tap(b)
			return
		}
	}
	r.t.Fatalf("the strip has no button %q", label)
}

// ours reports whether a widget is one of the window's own, rather than a part of Fyne's.
func ours(o any) bool {
	t := reflect.TypeOf(o)
	return t != nil && t.Kind() == reflect.Pointer && strings.HasPrefix(t.Elem().PkgPath(), "tern/app/ui")
}
