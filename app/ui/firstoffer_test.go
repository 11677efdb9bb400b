package ui

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/explain"
	"tern/app/hub"
	"tern/app/hub/hubtest"
	"tern/app/library"
	"tern/app/ui/kit"
	"tern/app/ui/kit/kittest"
)

// offerRig is a rig whose first page offers a model.
func offerRig(t *testing.T, width, height float32) *shelfRig {
	t.Helper()
	r := newShelfRig(t, width, height)
	r.shelf.Suggests = true
	r.settings.Models = []string{t.TempDir()}
	r.show()
	return r
}

// said is all text of the first page that can be seen, and the names of its buttons.
func (r *shelfRig) said() string {
	var all []string
	kittest.Walk(r.start.page, func(o fyne.CanvasObject) {
		if !o.Visible() {
			return
		}
		switch o := o.(type) {
		case *kit.Note:
			all = append(all, o.Text())
		case *kit.Button:
			all = append(all, "["+o.AccessibilityLabel()+"]")
		}
	})
	return strings.Join(all, " | ")
}

func (r *shelfRig) says(want string) {
	r.t.Helper()
	if got := r.said(); !strings.Contains(got, want) {
		r.t.Errorf("the first page says %q, want %q in it", got, want)
	}
}

// TestFirstOffer: one click on the first page downloads the model that suits this
// computer, and opens it; on the way it can be paused, gone on with and given up.
func TestFirstOffer(t *testing.T) {
	r := offerRig(t, 1100, 720)
	const id = "prism-ml/Ternary-Bonsai-4B-gguf" // without a measurement, of usual speed
	r.says("Recommended here to chat with | [Other models…] | Ternary-Bonsai-4B-gguf | Chats · about 1.1 GB · ✓ Fits · many languages · calls tools · licence Apache-2.0 | [Download and open]")
	test.Tap(r.buttonNamed(r.start.page, "Download and open"))
	r.loads.took(t, "start "+id+" into "+r.settings.Models[0])
	d := library.Download{ID: id, Name: "Ternary-Bonsai-4B-gguf", State: library.Running, Progress: hub.Progress{Done: 300_000_000, Total: 1_075_000_000, Rate: 2e6, Left: 400 * time.Second}}
	for _, c := range []struct {
		state      library.DownloadState
		says       string
		tap, asked string
	}{
		{library.Running, "A model is coming | [Other models…] | Ternary-Bonsai-4B-gguf | 0.3 of 1.1 GB · 2.0 MB/s · 7 min left | [Pause]", "Pause", "pause " + id},
		{library.Paused, "A download is paused | [Other models…] | Ternary-Bonsai-4B-gguf | prism-ml · Paused at 27% · 0.3 of 1.1 GB | [Resume]", "Resume", "start " + id + " into " + r.settings.Models[0]},
	} {
		d.State = c.state
		r.loads.list = []library.Download{d}
		r.show()
		r.says(c.says)
		test.Tap(r.buttonNamed(r.start.page, c.tap))
		r.loads.took(t, c.asked)
	}
	p := explain.Download(fmt.Errorf("x: %w", hub.ErrNetwork), id)
	d.State, d.Problem, d.Err = library.Failed, &p, hub.ErrNetwork
	r.loads.list = []library.Download{d}
	r.show()
	r.says("A download has stopped | [Other models…] | Ternary-Bonsai-4B-gguf | No connection. Check the network, then resume: what came is kept. | [Retry]")
	d.Problem, d.Err = nil, nil
	// The bar moves without another row.
	d.State, d.Progress.Done = library.Running, 600_000_000
	r.loads.list = []library.Download{d}
	r.show()
	row := r.models.First.Suggest(r.view).Row
	r.loads.list[0].Progress.Done = 900_000_000
	r.show()
	r.says("0.9 of 1.1 GB")
	if r.models.First.Suggest(r.view).Row != row || row.Share < 0.83 || row.Share > 0.84 {
		t.Error("the row was made anew, or the bar did not move: ", row.Share)
	}
	test.Tap(r.buttonNamed(r.start.page, "Remove Ternary-Bonsai-4B-gguf from the list"))
	test.Tap(r.dialogs.Shown.Buttons[1])
	r.loads.took(t, "remove "+id)
	r.loads.list = nil
	r.show()
	r.says("[Download and open]")
	// It is opened when it has come.
	test.Tap(r.buttonNamed(r.start.page, "Download and open"))
	r.took()
	d.State, d.Path = library.Finished, "/models/x.gguf"
	r.loads.list = []library.Download{d}
	r.show()
	r.took("load /models/x.gguf")
	// Once a model that chats is open, nothing is offered.
	r.loads.list = nil
	r.show(chatting, func(v *chat.View) { v.Model.Builtin, v.Model.Template, v.Model.Name = false, "ChatML", "x" })
	if strings.Contains(r.said(), "Recommended") {
		t.Error(r.said())
	}
}

// TestOneClick goes the whole way with a hub on this computer: the button of the first
// page, the download with its sizes and checksums, and the file that is opened.
func TestOneClick(t *testing.T) {
	const id = "prism-ml/Ternary-Bonsai-4B-gguf"
	site := t.TempDir()
	raw, err := os.ReadFile("../../inference/testdata/goldens2/qwen3-pq2_0-yarn/model.gguf")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Ternary-Bonsai-4B-PQ2_0.gguf", "Ternary-Bonsai-4B-F16.gguf"} {
		if err := os.WriteFile(filepath.Join(site, name), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fake := &hubtest.Hub{Licence: "apache-2.0", Repos: map[string]string{id: site}}
	server := httptest.NewServer(fake)
	defer server.Close()
	r := offerRig(t, 1100, 720)
	loads := library.NewDownloads(func() (*hub.Client, error) { return hub.New(hub.Options{Base: server.URL, Tries: 2}) }, func() {})
	defer loads.Close()
	r.shelf.Downloads = loads
	test.Tap(r.buttonNamed(r.start.page, "Download and open"))
	for begin := time.Now(); len(r.fake.calls) == 0 && time.Since(begin) < time.Minute; time.Sleep(5 * time.Millisecond) {
		r.show()
	}
	path := filepath.Join(r.settings.Models[0], filepath.FromSlash(id), "Ternary-Bonsai-4B-PQ2_0.gguf")
	r.took("load " + path)
	facts, err := r.shelf.Library.Peek(path)
	if err != nil || facts.Arch != "qwen3" {
		t.Errorf("%+v, %v", facts, err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.partial")); len(left) != 0 || err != nil {
		t.Error(left, err)
	}
}

// TestFirstOfferHere: a model of this computer that chats is offered before any that
// would have to come, and none where none fits.
func TestFirstOfferHere(t *testing.T) {
	r := newShelfRig(t, 1100, 720)
	r.shelf.Suggests = true
	r.show()
	r.says("A model on this computer can chat | ")
	test.Tap(r.buttonNamed(r.start.page, "Open"))
	if len(r.fake.calls) != 1 || !strings.HasPrefix(r.fake.calls[0], "load "+r.folder) {
		t.Error(r.fake.calls)
	}
	none := newShelfRig(t, 1100, 720)
	none.shelf.Suggests, none.free = true, 1000
	none.show()
	if got := none.said(); strings.Contains(got, "chat") {
		t.Error(got)
	}
	test.Tap(none.buttonNamed(none.sidebar.box, "Models"))
}

// TestMeasuringEnds: while this computer is measured the page keeps its shape and says
// so, and an answer that is asked for meanwhile does not wait for the end of that.
func TestMeasuringEnds(t *testing.T) {
	r := newShelfRig(t, 1100, 720)
	r.settings.Models = []string{t.TempDir()}
	r.shelf.Suggests, r.shelf.Measures, r.shelf.Rest = true, true, time.Hour
	var work, done func()
	r.shelf.Aside = func(w, d func()) {
		if work == nil && done == nil { // the scan
			w()
			work = func() {}
			d()
			return
		}
		work, done = w, d
	}
	r.show()
	r.says("Recommended here to chat with | [Other models…] | One moment… | Tern is finding out how fast this computer is.")
	if done == nil {
		t.Fatal("nothing is measured")
	}
	r.show(state(chat.Generating), document("Once", " upon"), func(v *chat.View) { v.Answers = []chat.Answering{{ID: v.ID}} })
	begin := time.Now()
	work() // it was ended before it began
	if r.shelf.Library.Measured(0) {
		t.Errorf("this computer was measured for %v although an answer is written", time.Since(begin))
	}
	done()
	r.show(state(chat.Ready), func(v *chat.View) { v.Document, v.Answers = nil, nil })
	r.says("One moment…") // it is measured again when there is time
}

// TestFirstPageFits: at every size nothing of the first page is cut or out of sight, in
// every language: what there is no room for is left out, the offer and one beginning
// last. Each language has a process of its own: what Fyne was told cannot be taken back.
func TestFirstPageFits(t *testing.T) {
	const variable = "TERN_TEST_FIRST_PAGE"
	language, asked := os.LookupEnv(variable)
	if !asked {
		for _, code := range []string{"en", "de", "zh"} {
			cmd := exec.Command(os.Args[0], "-test.run=^TestFirstPageFits$")
			cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "LANGUAGE=", variable+"="+code)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", code, err, out)
			}
		}
		return
	}
	if err := speak(language); err != nil {
		t.Fatal(err)
	}
	if language != "en" && kit.Tr("Sidebar") == "Sidebar" {
		t.Fatal("the window does not speak ", language)
	}
	r := offerRig(t, 1100, 700)
	for _, size := range []fyne.Size{{Width: 1100, Height: 700}, {Width: 720, Height: 480}, {Width: 560, Height: 420}} {
		r.win.Resize(size.SubtractWidthHeight(0, menuHeight)) // which this driver does not draw
		r.show()
		when := fmt.Sprintf("%s, %v", language, size)
		r.nothingCut(when, r.start.page)
		r.nothingCut(when, r.topbar.box)
		r.nothingCut(when, r.composer.box)
		r.says("[" + kit.Tr("Download and open") + "]")
		if high, room := r.start.page.Size().Height, r.start.box.Size().Height-2*kit.PageMargin; high > room {
			t.Errorf("%s: the page is %v high, there is room for %v", when, high, room)
		}
		if examples := r.visibleExamples(); examples < 1 || size.Height == 700 && examples < 3 {
			t.Errorf("%s: %d beginnings are shown", when, examples)
		}
	}
	// With large letters the page scrolls, and still nothing is cut.
	r.preferences.setTextSize(150)
	r.show()
	r.nothingCut(language+", 150%", r.start.page)
	r.nothingCut(language+", 150%", r.composer.box)
	r.preferences.setTextSize(100)
	// With room again, everything is shown again.
	r.win.Resize(fyne.NewSize(1100, 700))
	r.show()
	if examples := r.visibleExamples(); examples != 3 {
		t.Errorf("%s: %d beginnings are shown in a large window again", language, examples)
	}
}

// visibleExamples counts the beginnings on the first page.
func (r *shelfRig) visibleExamples() (n int) {
	said := r.said()
	for _, e := range builtin.Examples {
		if strings.Contains(said, "["+e+"]") {
			n++
		}
	}
	return n
}

// nothingCut checks that every button and every line has the room that its text needs.
func (r *rig) nothingCut(when string, in fyne.CanvasObject) {
	r.t.Helper()
	kittest.Walk(in, func(o fyne.CanvasObject) {
		if !shownIn(in, o) {
			return
		}
		switch o := o.(type) {
		case *kit.Button:
			if o.Size().Width < o.MinSize().Width-0.5 || o.Size().Height < o.MinSize().Height-0.5 {
				r.t.Errorf("%s: the button %q is %v, it needs %v", when, o.AccessibilityLabel(), o.Size(), o.MinSize())
			}
		case *kit.Note:
			shown := ""
			for _, s := range o.Segments {
				shown += s.(*widget.TextSegment).Text
			}
			if o == r.topbar.facts { // cut with "…" on purpose: what it says is in Inspect, too
				return
			}
			if shown != o.Text() || o.Size().Height < o.MinSize().Height-0.5 {
				r.t.Errorf("%s: of %q %q is shown, %v high of %v", when, o.Text(), shown, o.Size().Height, o.MinSize().Height)
			}
		}
	})
}

// shownIn reports whether o and all that it stands in are visible.
func shownIn(root, o fyne.CanvasObject) bool {
	var visible func(at fyne.CanvasObject) bool
	found := false
	visible = func(at fyne.CanvasObject) bool {
		if !at.Visible() {
			return false
		}
		if at == o {
			found = true
			return true
		}
		if c, ok := at.(*fyne.Container); ok {
			for _, child := range c.Objects {
				if visible(child) && found {
					return true
				}
			}
		}
		return false
	}
	visible(root)
	return found
}

// TestSearchModels: words are looked for on the site, and every end of that is one
// clear sentence.
func TestSearchModels(t *testing.T) {
	r := newShelfRig(t, 1100, 720)
	var asked []string
	var results *hub.Results
	var failure error
	r.shelf.Search = func(ctx context.Context, words string) (*hub.Results, error) {
		asked = append(asked, words)
		if ctx.Err() != nil {
			t.Error("a search begins after its end")
		}
		return results, failure
	}
	r.press(fyne.KeyM)
	page := func() string {
		var all []string
		kittest.Walk(r.models.List, func(o fyne.CanvasObject) {
			if n, ok := o.(*kit.Note); ok {
				all = append(all, n.Text())
			}
		})
		return strings.Join(all, " | ")
	}
	found := hub.Found{Repo: hub.Repo{ID: "somebody/Zoo-8B-gguf", Licence: "mit", Files: []hub.File{{Path: "Zoo-8B-PQ2_0.gguf", Size: 2_180_000_000}}},
		Choices: []hub.Choice{{File: "Zoo-8B-PQ2_0.gguf", Size: 2_180_000_000, Form: "PQ2_0"}, {File: "Zoo-8B-F16.gguf", Size: 16_400_000_000, Form: "F16"}},
		Changed: time.Date(2026, 9, 17, 0, 0, 0, 0, time.UTC)}
	results = &hub.Results{Ternary: []hub.Found{found}, Others: 2}
	r.models.ID.SetText("zoo")
	if len(asked) > 0 {
		t.Fatal("the site is asked before the user says so")
	}
	test.Tap(r.models.LookUp)
	r.has("Zoo-8B-gguf", "somebody · 2.2 GB · ✓ Fits · licence MIT · of 2026-09-17 | [Download] [More for Zoo-8B-gguf]")
	if got := page(); !strings.Contains(got, "2 more are not ternary and not shown.") || strings.Contains(got, "Ternary-Bonsai-1.7B") {
		t.Error(got)
	}
	// The files of a repository are explained, and each can be taken.
	items := r.models.Pages(found.ID, found.Choices)
	if got := items[2].Label; got != "PQ2_0 · 2.2 GB · small, nothing lost (recommended)" {
		t.Error(got)
	}
	items[3].Action()
	r.loads.took(t, "take Zoo-8B-F16.gguf of somebody/Zoo-8B-gguf into "+r.folder)
	items[0].Action()
	r.took("open https://huggingface.co/somebody/Zoo-8B-gguf")
	r.tap("Zoo-8B-gguf", "Download")
	r.loads.took(t, "start somebody/Zoo-8B-gguf into "+r.folder)

	// From now on, other words are looked for as they are typed.
	for words, c := range map[string]struct {
		results *hub.Results
		err     error
		want    string
	}{
		"lion":  {&hub.Results{}, nil, "No model’s name there holds “lion”."},
		"llama": {&hub.Results{Others: 7, More: true}, nil, "7 models’ names there hold “llama”; none of them is ternary. | There are more of that name: another word narrows them down."},
		"off":   {nil, fmt.Errorf("x: %w", hub.ErrNetwork), "No connection. The models on this computer need none."},
		"busy":  {nil, fmt.Errorf("x: %w", hub.ErrBusy), "The site is busy. Search again in a while."},
		"none":  {nil, fmt.Errorf("x: %w", hub.ErrNotFound), "This site cannot be searched. Type a repository id, OWNER/NAME, instead."},
		"odd":   {nil, fmt.Errorf("x: %w", hub.ErrAnswer), "The site gave an answer that makes no sense. Check its address in Settings, or try again later."},
	} {
		results, failure = c.results, c.err
		r.models.ID.SetText(words)
		if got := page(); !strings.Contains(got, c.want) || asked[len(asked)-1] != words {
			t.Errorf("%s: %q", words, got)
		}
	}
	failure, results = nil, &hub.Results{Ternary: []hub.Found{found}}
	test.Tap(r.buttonNamed(r.models.List, "Search"))
	r.models.ID.SetText("")
	if got := page(); !strings.Contains(got, "Ternary-Bonsai-1.7B") || strings.Contains(got, "Zoo") {
		t.Error("an empty field does not show the catalogue: ", got)
	}
	before := len(asked)
	r.models.ID.SetText("z")
	if len(asked) != before {
		t.Error("the site is asked again without a word of the user")
	}
}

// TestSearchWaits: while the site is asked the window goes on, says so, and forgets what
// nobody waits for any more.
func TestSearchWaits(t *testing.T) {
	r := newShelfRig(t, 1100, 720)
	type task struct{ work, done func() }
	var tasks []task
	r.press(fyne.KeyM)
	r.shelf.Aside = func(work, done func()) { tasks = append(tasks, task{work, done}) }
	var ended []error
	r.shelf.Search = func(ctx context.Context, words string) (*hub.Results, error) {
		ended = append(ended, ctx.Err())
		return &hub.Results{Ternary: []hub.Found{{Repo: hub.Repo{ID: "o/" + words}}}}, ctx.Err()
	}
	r.shelf.Pause, r.shelf.Slow = time.Nanosecond, time.Nanosecond
	r.models.ID.SetText("one")
	test.Tap(r.models.LookUp)
	if len(tasks) != 2 {
		t.Fatalf("%d tasks", len(tasks))
	}
	text := func() string {
		said := ""
		kittest.Walk(r.models.List, func(o fyne.CanvasObject) {
			if n, ok := o.(*kit.Note); ok {
				said += n.Text() + "|"
			}
		})
		return said
	}
	if !strings.Contains(text(), "Asking Hugging Face…") {
		t.Error(text())
	}
	tasks[0].work()
	tasks[0].done()
	if !strings.Contains(text(), "Hugging Face takes long to answer…") {
		t.Error(text())
	}
	r.models.ID.SetText("two") // the first one is not waited for any more
	tasks[1].work()
	tasks[1].done()
	if strings.Contains(text(), "one|") || len(ended) != 0 {
		t.Error("what nobody waits for is shown, or asked for: ", text(), ended)
	}
	tasks[3].work()
	tasks[3].done()
	if got := r.row("two"); !strings.HasPrefix(got, "two | o") {
		t.Error(got)
	}
	r.models.ID.SetText("three")
	test.Tap(r.buttonNamed(r.models.List, "Cancel"))
	tasks[len(tasks)-1].work()
	tasks[len(tasks)-1].done()
	if strings.Contains(text(), "three") || !strings.Contains(text(), "Ternary-Bonsai") || len(ended) != 1 || !errors.Is(ended[0], nil) {
		t.Error(text(), ended)
	}
}
