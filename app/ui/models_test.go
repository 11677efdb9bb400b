package ui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/explain"
	"tern/app/hub"
	"tern/app/library"
	"tern/app/ui/kit"
	"tern/app/ui/models"
)

// fakeDownloads records what the window asks for; a test sets its list.
type fakeDownloads struct {
	list  []library.Download
	calls []string
	busy  bool
}

func (f *fakeDownloads) call(args ...any) error {
	f.calls = append(f.calls, fmt.Sprint(args...))
	return nil
}

func (f *fakeDownloads) Ask(id, models string) error {
	if _, err := hub.ParseID(id); err != nil {
		return err
	}
	return f.call("ask ", id, " into ", models)
}
func (f *fakeDownloads) Start(id, models string) error { return f.call("start ", id, " into ", models) }
func (f *fakeDownloads) Take(id, file, models string) error {
	return f.call("take ", file, " of ", id, " into ", models)
}
func (f *fakeDownloads) Pause(id string)            { _ = f.call("pause ", id) }
func (f *fakeDownloads) Remove(id string) error     { return f.call("remove ", id) }
func (f *fakeDownloads) Adopt([]library.Unfinished) {}
func (f *fakeDownloads) View() []library.Download   { return f.list }
func (f *fakeDownloads) Busy() bool                 { return f.busy }

// took checks what was asked since the last time.
func (f *fakeDownloads) took(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(f.calls, want) {
		t.Errorf("asked for %q, want %q", f.calls, want)
	}
	f.calls = nil
}

// shelfRig is a rig with a folder that holds two small models.
type shelfRig struct {
	*rig
	loads  *fakeDownloads
	folder string
	free   int64
}

func newShelfRig(t *testing.T, width, height float32) *shelfRig {
	t.Helper()
	r := &shelfRig{rig: newRig(t, width, height), loads: &fakeDownloads{}, folder: t.TempDir(), free: 1 << 40}
	for _, golden := range []string{"hf-1bitllm-f32", "gguf-bitnet158-i2_s"} {
		from, to := filepath.Join("../../inference/testdata/goldens", golden), filepath.Join(r.folder, golden)
		if err := os.Mkdir(to, 0o755); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if name := e.Name(); hub.Takes(name) || strings.HasSuffix(name, ".gguf") {
				raw, err := os.ReadFile(filepath.Join(from, name))
				if err == nil {
					err = os.WriteFile(filepath.Join(to, name), raw, 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	r.shelf.Downloads = r.loads
	r.shelf.Memory = func() (int64, bool) { return r.free, true }
	r.settings.Models = []string{r.folder}
	return r
}

// rows are the texts of the page's rows, name and line, and their buttons.
func (r *shelfRig) rows() (rows []string) {
	for _, o := range r.models.List.Objects {
		c, ok := o.(*fyne.Container)
		if !ok {
			continue
		}
		row, ok := c.Layout.(*models.Row)
		if !ok {
			continue
		}
		text := row.Title.Text() + " | " + row.Line.Text() + " |"
		for _, b := range row.Buttons.Objects {
			text += " [" + b.(*kit.Button).AccessibilityLabel() + "]"
		}
		rows = append(rows, text)
	}
	return rows
}

// row is the one row of a name.
func (r *shelfRig) row(name string) string {
	r.t.Helper()
	for _, row := range r.rows() {
		if strings.HasPrefix(row, name+" |") {
			return row
		}
	}
	r.t.Fatalf("no row %q in %q", name, r.rows())
	return ""
}

// tap presses a button of a row.
func (r *shelfRig) tap(name, label string) {
	r.t.Helper()
	for _, o := range r.models.List.Objects {
		if c, ok := o.(*fyne.Container); ok {
			if row, ok := c.Layout.(*models.Row); ok && row.Title.Text() == name {
				for _, b := range row.Buttons.Objects {
					if b := b.(*kit.Button); b.AccessibilityLabel() == label {
						test.Tap(b)
						return
					}
				}
			}
		}
	}
	r.t.Fatalf("%s has no button %q", name, label)
}

func (r *shelfRig) has(name, want string) {
	r.t.Helper()
	if got := r.row(name); !strings.Contains(got, want) {
		r.t.Errorf("%q, want %q in it", got, want)
	}
}

func TestModelsPage(t *testing.T) {
	r := newShelfRig(t, 1100, 720)
	r.press(fyne.KeyM)
	if r.arrangement.screen != r.modelsPage {
		t.Fatal("the page is not open")
	}
	r.has("Tern Tales", "Built in · 4 M · 3 MB · ✓ Fits | [In use]")
	const name = "hf-1bitllm-f32"
	r.has(name, "BitNet b1.58 · Continues texts, does not chat · ")
	r.has(name, " on disk · needs 20")
	r.has(name, "✓ Fits | [Open] [More for hf-1bitllm-f32]")
	r.has("bitnet_b1_58-large", "Continues texts, does not chat · about 2.9 GB · ✓ Fits · English · licence MIT | [Download] [More for bitnet_b1_58-large]")

	// The verdicts are those of the free memory when the page opens.
	need := int64(0)
	for _, e := range r.models.Found.Models {
		if e.Name == name {
			need = library.Need(e.Facts, library.Room{})
		}
	}
	for _, c := range []struct { // the last one is opened below
		free int64
		want string
	}{
		{need * 5 / 4 * 2, "✓ Fits | [Open]"},
		{need, fmt.Sprintf("! Fits just so: needs %s, %s free | [Open]", kit.Bytes(need), kit.Bytes(need))},
		{need / 2, fmt.Sprintf("× Does not fit: needs %s, %s free | [Open anyway]", kit.Bytes(need), kit.Bytes(need/2))},
	} {
		r.key(fyne.KeyEscape)
		r.free = c.free
		r.press(fyne.KeyM)
		r.has(name, c.want)
	}
	r.took()
	r.tap(name, "Open anyway") // the button has said so: nobody asks again
	r.took("load " + filepath.Join(r.folder, name))
	if r.arrangement.screen != nil || r.dialogs.Shown != nil {
		t.Error("the page or a dialog is open")
	}
}

// TestModelRemembered checks what is shown of a model after it was used.
func TestModelRemembered(t *testing.T) {
	r := newShelfRig(t, 1100, 720)
	path := filepath.Join(r.folder, "hf-1bitllm-f32")
	r.show(func(v *chat.View) { v.Model = &chat.ModelInfo{Name: "hf-1bitllm-f32", Path: path} })
	r.show(state(chat.Generating))
	r.show(state(chat.Ready), func(v *chat.View) { v.Figures.Rate, v.Figures.ContextUsed = 46.4, 100 })
	r.press(fyne.KeyM)
	r.has("hf-1bitllm-f32", "✓ Fits, 35 words a second here · used today | [In use]")
	r.has("Tern Tales", "| [Open]")
}

// TestDoesNotFit asks before a model that does not fit is opened, however that
// was asked for.
func TestDoesNotFit(t *testing.T) {
	r := newShelfRig(t, 1100, 720)
	path := filepath.Join(r.folder, "hf-1bitllm-f32")
	r.opener.load(path)
	r.took("load " + path) // it fits
	r.free = 1000
	for how, open := range map[string]func(){
		"load":   func() { r.opener.load(path) },
		"drop":   func() { r.opener.dropped([]fyne.URI{storage.NewFileURI(path)}) },
		"choose": func() { r.chooser.choose(true); r.fake.calls = nil; r.done(path, nil) },
	} {
		open()
		r.took()
		if r.dialogs.Shown == nil || len(r.dialogs.Shown.Buttons) != 2 || r.dialogs.Shown.Buttons[0].Text != "Choose another" {
			t.Fatalf("%s: no question", how)
		}
		test.Tap(r.dialogs.Shown.Buttons[1])
		r.took("load " + path)
	}
	r.opener.load(path)
	test.Tap(r.dialogs.Shown.Buttons[0])
	if r.arrangement.screen != r.modelsPage {
		t.Error("choosing another does not show the models")
	}
	r.took()
	r.key(fyne.KeyEscape)

	// Where only the old one is in the way, it makes room.
	r.free = 150_000_000
	r.show(func(v *chat.View) { v.Model.MemoryBytes = 200_000_000 })
	r.opener.load(path)
	r.took("unload", "load "+path)
	// What cannot be read is for the controller to say.
	r.free = 1000
	r.opener.load("/nowhere")
	r.took("load /nowhere")
	r.opener.load("")
	r.took("load")
}

func TestDownloadRows(t *testing.T) {
	r := newShelfRig(t, 1100, 720)
	r.press(fyne.KeyM)
	r.tap("bitnet_b1_58-large", "Download")
	r.loads.took(t, "start 1bitLLM/bitnet_b1_58-large into "+r.folder)

	const id = "1bitLLM/bitnet_b1_58-large"
	d := library.Download{ID: id, Name: "bitnet_b1_58-large", Dir: "/x", Licence: "mit", State: library.Running}
	d.Progress = hub.Progress{Done: 1_200_000_000, Total: 2_900_000_000, Rate: 11_400_000, Left: 149 * time.Second}
	problem := func(err error) func(*library.Download) {
		return func(d *library.Download) {
			p := explain.Download(err, id)
			d.State, d.Problem, d.Err = library.Failed, &p, err
		}
	}
	for _, c := range []struct {
		change     func(*library.Download)
		want, line string // and of the status line
		tap, asked string
	}{
		{func(d *library.Download) {}, "1.2 of 2.9 GB · 11.4 MB/s · 2 min left | [Pause]", "Downloading bitnet_b1_58-large · 41% · 2 min left", "Pause", "pause " + id},
		{func(d *library.Download) { d.Progress = hub.Progress{} }, "1bitLLM · Asking the site… | [Pause]", "Downloading bitnet_b1_58-large · 0%", "", ""},
		{func(d *library.Download) { d.Progress.State = hub.Checking }, "Checking… | [Pause]", "", "", ""},
		{func(d *library.Download) {
			p := explain.Waiting(fmt.Errorf("%w", hub.ErrBusy), 30*time.Second)
			d.Progress.State, d.Problem = hub.Waiting, &p
		}, "The site asks you to wait 30 s. It resumes by itself. | [Pause]", "", "", ""},
		{func(d *library.Download) { d.State = library.Asking }, "1bitLLM · Asking the site… | [Remove", "", "", ""},
		{func(d *library.Download) { d.State = library.Offered }, "1bitLLM · 2.9 GB · licence MIT | [Download]", "", "Download", "start " + id + " into "},
		{func(d *library.Download) { d.State = library.Queued }, "Waits for another download | [Pause]", "", "", ""},
		{func(d *library.Download) { d.State = library.Paused }, "Paused at 41% · 1.2 of 2.9 GB | [Resume]", "", "Resume", "start " + id + " into "},
		{problem(hub.ErrGated), "This model needs permission. Accept its licence on the site, then add your access token. | [Settings] [Retry]", "", "Retry", "start " + id + " into "},
		{problem(hub.ErrChecksum), "Checksum does not match. The damaged part was removed. | [Download again]", "", "Download again", "start " + id + " into "},
		{problem(&hub.SpaceError{Need: 2_900_000_000, Free: 1_000_000_000}), "Needs 2.9 GB, 1.0 GB free on disk. Free space or choose another folder. | [Retry]", "", "", ""},
	} {
		now := d
		c.change(&now)
		r.loads.list = []library.Download{now}
		r.show()
		r.has("bitnet_b1_58-large", c.want)
		if c.line != "" {
			r.statusIs(c.line)
		}
		if c.tap == "" {
			continue
		}
		r.tap("bitnet_b1_58-large", c.tap)
		if len(r.loads.calls) != 1 || !strings.HasPrefix(r.loads.calls[0], c.asked) {
			t.Errorf("%s asks for %q", c.tap, r.loads.calls)
		}
		r.loads.calls = nil
	}
	// What the user asked for is opened when it has come, since nothing else goes on;
	// what was here before is not.
	finished := func(d *library.Download) { d.State, d.Path = library.Finished, "/x" }
	now := d
	finished(&now)
	r.took()
	r.loads.list = []library.Download{now}
	r.show()
	r.took("load /x")
	if r.arrangement.screen != nil {
		t.Error("the page is still open")
	}
	r.press(fyne.KeyM)
	r.has("bitnet_b1_58-large", "Ready · 2.9 GB · licence MIT | [Open]")
	r.took()
	// Where something goes on, it is offered.
	r.loads.list = nil
	r.show()
	r.tap("bitnet_b1_58-large", "Download")
	r.loads.took(t, "start "+id+" into "+r.folder)
	r.loads.list = []library.Download{d}
	r.show(document("Once"))
	finished(&r.loads.list[0])
	r.show()
	r.took()
	if n := r.models.Strip.Now; n == nil || n.Sentence != "bitnet_b1_58-large has come." || n.Actions[0].Label != "Open" {
		t.Fatalf("%+v", n)
	}
	r.models.Strip.Now.Actions[0].Do()
	r.took("load /x")
	r.press(fyne.KeyM)
	// The focus stays in its place when a button there becomes another.
	r.loads.list = []library.Download{d}
	r.show()
	r.win.Canvas().Focus(r.models.Coming[id].Buttons.Objects[0].(*kit.Button))
	r.loads.list[0].State = library.Paused
	r.show()
	if b, ok := r.win.Canvas().Focused().(*kit.Button); !ok || b.Text != "Resume" {
		t.Errorf("the focus is on %v", r.win.Canvas().Focused())
	}
	// A bar that moves does not make the rows again.
	r.loads.list = []library.Download{d}
	r.show()
	first := r.models.Coming[id]
	r.loads.list[0].Progress.Done = 2_000_000_000
	r.show()
	if r.models.Coming[id] != first || first.Share < 0.68 || first.Share > 0.7 {
		t.Error("the row was made anew, or the bar did not move: ", first.Share)
	}
	// Where nothing is left of a download there is no bar.
	whole := r.loads.list[0]
	problem(hub.ErrChecksum)(&r.loads.list[0])
	r.loads.list[0].Progress.Done = 20
	if r.show(); r.models.Coming[id].Share >= 0 {
		t.Error("what failed with nothing left has a bar: ", r.models.Coming[id].Share)
	}
	r.loads.list[0] = whole
	r.show()
	// Giving up what came is asked about; what is nothing yet is not.
	r.tap("bitnet_b1_58-large", "Remove bitnet_b1_58-large from the list")
	r.loads.took(t)
	test.Tap(r.dialogs.Shown.Buttons[0])
	r.loads.took(t)
	r.tap("bitnet_b1_58-large", "Remove bitnet_b1_58-large from the list")
	test.Tap(r.dialogs.Shown.Buttons[1])
	r.loads.took(t, "remove "+id)
	r.loads.list[0].Progress.Done = 0
	r.tap("bitnet_b1_58-large", "Remove bitnet_b1_58-large from the list")
	r.loads.took(t, "remove "+id)
}

func TestRepositoryID(t *testing.T) {
	r := newShelfRig(t, 720, 560)
	r.press(fyne.KeyM)
	r.models.ID.SetText("a/b/c")
	test.Tap(r.models.LookUp)
	if got := r.models.IDNote.Text(); got != "That is not a repository id. It looks like OWNER/NAME." {
		t.Error(got)
	}
	r.models.ID.SetText("o/n")
	if r.models.IDNote.Text() != "" {
		t.Error("the note stays")
	}
	r.models.ID.OnSubmitted("o/n")
	r.loads.took(t, "ask o/n into "+r.folder)
	if r.models.ID.Text != "" {
		t.Error("the id stays")
	}
}

func TestDeleteModel(t *testing.T) {
	r := newShelfRig(t, 1100, 720)
	r.press(fyne.KeyM)
	find := func() *library.Entry {
		for i := range r.models.Found.Models {
			if e := &r.models.Found.Models[i]; e.Name == "hf-1bitllm-f32" {
				return e
			}
		}
		return nil
	}
	run := func(label string) {
		for _, i := range r.models.More(find()) {
			if i.Label == label {
				i.Action()
				return
			}
		}
		t.Fatal("no item ", label)
	}
	run("Delete…")
	test.Tap(r.dialogs.Shown.Buttons[0])
	if find() == nil {
		t.Fatal("it was deleted")
	}
	run("Delete…")
	test.Tap(r.dialogs.Shown.Buttons[1])
	if _, err := os.Stat(filepath.Join(r.folder, "hf-1bitllm-f32")); !errors.Is(err, os.ErrNotExist) || find() != nil {
		t.Error("it is there: ", err, r.rows())
	}
	revealed := ""
	r.shelf.Reveal = func(path string) error { revealed = path; return errors.New("no") }
	r.models.More(&r.models.Found.Models[0])[0].Action()
	if revealed != r.models.Found.Models[0].Path || r.models.Strip.Now == nil {
		t.Error("revealed ", revealed)
	}
}

func TestFolders(t *testing.T) {
	r := newShelfRig(t, 1100, 720)
	other := t.TempDir()
	r.press(fyne.KeyM)
	test.Tap(r.models.Add)
	r.done(other, nil)
	if !slices.Equal(r.settings.Models, []string{r.folder, other}) {
		t.Error(r.settings.Models)
	}
	r.chooser.forgetFolder(r.folder)
	if len(r.models.Found.Models) != 0 || r.models.Strip.Now == nil || r.models.Strip.Now.Sentence != "Folder forgotten; its files are untouched." {
		t.Error(r.rows())
	}
	r.models.Strip.Now.Actions[0].Do()
	if len(r.models.Found.Models) != 2 || r.models.Strip.Now != nil {
		t.Error("not undone: ", r.rows())
	}
	r.press(fyne.KeyComma)
	r.prefs.models.site.SetText("ftp://x")
	r.prefs.models.site.Left("ftp://x")
	if got := r.prefs.models.siteRow.Sentence.Text(); !strings.HasPrefix(got, "The site cannot be reached securely.") || r.settings.Site != "" {
		t.Error(got)
	}
	r.prefs.models.site.Left("https://mirror.example")
	r.prefs.models.token.Left("hf_x")
	if r.settings.Site != "https://mirror.example" || r.settings.Token != "hf_x" {
		t.Error(r.settings)
	}
	r.press(fyne.KeyM)
	if r.models.From() != "Download from mirror.example" {
		t.Error(r.models.From())
	}
}

func TestQuitWhileDownloading(t *testing.T) {
	r := newShelfRig(t, 1100, 720)
	r.loads.busy = true
	r.quit()
	if r.dialogs.Shown == nil || r.dialogs.Shown.Buttons[0].Text != "Stay" {
		t.Fatal("nobody asked")
	}
	test.Tap(r.dialogs.Shown.Buttons[0])
	r.show() // the window is still there
}
