package chat

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tern/app/history"
	"tern/inference"
)

// walker does at random what a user can, from several conversations to and fro.
// Each question is unlike all others, and an answer says which one it read last:
// so each text tells where it belongs.
type walker struct {
	t     *testing.T
	f     *fake
	c     *Controller
	r     *rand.Rand
	dir   string
	words int      // questions so far
	asked []string // those that were sent
	gone  []string // deleted conversations
	seen  int      // answers that went on while another conversation was shown
	waits int      // that waited for their turn
	fresh bool     // nobody looked at these steps: what is cut from the beginning may be anything

	thoughts int // words of them in the files
}

var (
	questions = regexp.MustCompile(`q\d+z`)
	last      = regexp.MustCompile(`[qr]\d+z`)
	thought   = regexp.MustCompile(`t\d+z`)
)

// replyTo is the whole answer to a prompt, which names its last question, or
// where that was dropped what was answered to it.
func replyTo(prompt string) string {
	all := last.FindAllString(prompt, -1)
	if len(all) == 0 {
		return " r"
	}
	return strings.Repeat(" r"+all[len(all)-1][1:], 8)
}

// thinkTo is replyTo, with thoughts of the same question before the answers to every second one. Of earlier answers it
// must not see any.
func (w *walker) thinkTo(prompt string) string {
	reply := replyTo(prompt)
	at := strings.LastIndex(prompt, "\na:")
	if at < 0 {
		return reply // a story
	}
	if found := thought.FindString(prompt[:at]); found != "" {
		w.t.Errorf("an earlier turn says %q of what was thought: %q", found, prompt)
	}
	all := last.FindAllString(prompt, -1)
	if len(all) == 0 || strings.IndexByte("02468", all[len(all)-1][len(all[len(all)-1])-2]) < 0 {
		return reply
	}
	begun := prompt[at+len("\na:"):]
	whole := "<think>\n" + strings.Repeat("t"+all[len(all)-1][1:]+" ", 6) + "</think>\n\n" + reply
	switch rest, ok := strings.CutPrefix(whole, begun); {
	case ok:
		return rest
	case strings.Contains(begun, "</think>") || !strings.Contains(begun, "<think>"):
		return reply
	default: // another block than this one would be
		return "</think>\n\n" + reply
	}
}

func (w *walker) question() string {
	w.words++
	return fmt.Sprintf("q%dz", w.words)
}

func (w *walker) one(list []Entry) string {
	if len(list) == 0 {
		return ""
	}
	return list[w.r.IntN(len(list))].ID
}

// step does one thing and returns its name.
func (w *walker) step() string {
	c, r, v := w.c, w.r, w.c.View()
	segment := 0
	if n := len(v.Document); n > 0 {
		segment = v.Document[r.IntN(n)].ID
	}
	any := w.one(v.Conversations)
	switch r.IntN(34) {
	case 0, 1, 2, 3, 4, 5:
		q := w.question()
		w.asked = append(w.asked, q)
		c.Generate(q, balanced)
		return "ask"
	case 6:
		c.Generate("", balanced)
		return "go on"
	case 7:
		c.Retry(balanced)
		return "retry"
	case 8:
		c.RetryAt(segment, balanced)
		return "retry at"
	case 9:
		c.Stop()
		return "stop"
	case 10:
		if len(v.Answers) > 0 {
			c.StopIn(v.Answers[r.IntN(len(v.Answers))].ID)
		}
		return "stop in"
	case 11:
		c.Undo()
		return "undo"
	case 12:
		c.DropOldest()
		return "drop oldest"
	case 13, 14:
		c.New()
		return "new"
	case 15, 16, 17, 18, 19, 20:
		if len(v.Conversations) > 0 {
			c.Open(any)
		}
		return "open"
	case 21:
		if any != "" {
			c.Shelf.Rename(any, "Title "+w.question())
		}
		return "rename"
	case 22:
		if len(v.Conversations) > 0 {
			c.Shelf.Duplicate(any)
		}
		return "duplicate"
	case 23:
		c.Branch(segment)
		return "branch"
	case 24:
		if len(v.Conversations) > 3 {
			c.Shelf.Delete(any)
			w.gone = append(w.gone, any)
		}
		return "delete"
	case 25:
		if n := len(w.gone); n > 0 {
			c.Shelf.Restore(w.gone[n-1])
			w.gone = w.gone[:n-1]
		}
		return "restore"
	case 26:
		c.Step(segment, 1-2*r.IntN(2))
		return "step"
	case 27:
		if i := slices.IndexFunc(v.Document, func(s Segment) bool { return s.ID == segment }); i >= 0 { // its questions stay
			message := ""
			for j, s := range v.Document {
				if !slices.ContainsFunc(v.Document[min(i, j):max(i, j)+1], func(o Segment) bool { return o.Author != s.Author }) {
					message += s.Text
				}
			}
			c.Edit(segment, message+fmt.Sprintf(" e%d", r.IntN(100)), r.IntN(2) == 0, balanced)
		}
		return "edit"
	case 28:
		at := len(text(v)) * r.IntN(2)
		c.Splice(Passage{ID: v.ID, From: at, Text: ""}, fmt.Sprintf(" s%d ", r.IntN(100)))
		return "splice"
	case 29:
		c.SetStory(r.IntN(2) == 0)
		return "story"
	case 30:
		c.SetDraft(v.ID, w.question())
		return "draft"
	case 31:
		w.f.template = []string{"", "fake"}[r.IntN(2)]
		c.Models.Load([]string{"a", "b"}[r.IntN(2)], balanced)
		return "load"
	case 32:
		if any == "" {
			any = v.ID
		}
		c.Shelf.Export(any, filepath.Join(w.t.TempDir(), "x.json"), "You", "Tern", false)
		return "export"
	default:
		c.SetSystem(any, fmt.Sprint("system ", r.IntN(3)))
		return "system"
	}
}

// TestWalk: whatever is done in whatever order, each answer lands in its own
// conversation, no word is lost, and the files are as what is shown.
func TestWalk(t *testing.T) {
	steps := 400
	if testing.Short() {
		steps = 150
	}
	seeds := []uint64{1, 2, 3, rand.Uint64()}
	seen, waits := 0, 0
	for i, seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			f.context, f.template = 1<<20, "fake"
			f.format = inference.AnswerFormat{Open: "<think>", Close: "</think>", Closing: "</think>\n\n"}
			w := &walker{t: t, f: f, dir: t.TempDir(), fresh: i == len(seeds)-1, r: rand.New(rand.NewPCG(seed, 0))}
			f.reply = w.thinkTo
			w.c = f.kept(w.dir)
			var done []string
			for i := range steps {
				if i%150 == 149 { // another start of the program
					w.c.Close()
					w.c = f.kept(w.dir)
				}
				done = append(done, w.step())
				switch w.r.IntN(4) {
				case 0: // at once
					continue
				case 1:
					synctest.Wait()
				case 2:
					time.Sleep(time.Duration(w.r.IntN(80)) * perToken / 2)
				case 3:
					time.Sleep(time.Duration(w.r.IntN(500)) * perToken)
				}
				synctest.Wait()
				w.look()
				if t.Failed() {
					t.Fatalf("seed %d, after %q", seed, done[max(0, len(done)-12):])
				}
			}
			idle()
			w.compare()
			if v := w.c.View(); v.Unsaved || v.Trouble != nil || len(v.Answers) > 0 {
				t.Errorf("in the end: %+v, %+v", v.Trouble, v.Answers)
			}
			w.c.Close()
			w.files()
			t.Logf("seed %d: %d steps, %d questions, %d answers, %d looks at one written elsewhere, %d at one that waited, %d thoughts",
				seed, steps, len(w.asked), len(f.asked), w.seen, w.waits, w.thoughts)
			if w.thoughts == 0 {
				t.Error("nothing was thought")
			}
			seen, waits = seen+w.seen, waits+w.waits
		})
	}
	if !testing.Short() && (seen < steps/10 || waits < steps/50) { // a short walk may miss them
		t.Errorf("only %d looks at answers written elsewhere, %d at some that waited", seen, waits)
	}
}

// look checks what holds at any moment: at most one answer is written, the others
// wait, and the state is that of the conversation that is shown.
func (w *walker) look() {
	v := w.c.View()
	shown := Ready
	for i, a := range v.Answers {
		if (i > 0) != (a.State == Waiting) {
			w.t.Errorf("answers %+v", v.Answers)
		}
		if a.ID == v.ID {
			shown = a.State
		} else if a.State == Generating {
			w.seen++
		}
		if a.State == Waiting {
			w.waits++
		}
	}
	if v.State != shown && v.State != Loading {
		w.t.Errorf("state %v, answers %+v", v.State, v.Answers)
	}
	if v.State != Waiting && shown != Ready && v.State == Loading {
		w.t.Errorf("loading beside answers %+v", v.Answers)
	}
}

// compare opens each conversation: it is as its file.
func (w *walker) compare() {
	for _, e := range w.c.View().Conversations {
		w.c.Open(e.ID)
		idle()
		v := w.c.View()
		x, err := history.NewStore(w.dir).Read(e.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		var file, shown []string
		for _, m := range x.Path() {
			file = append(file, strings.TrimLeft(m.Text, "\n"))
		}
		for _, s := range v.Document {
			shown = append(shown, strings.TrimLeft(s.Text, "\n"))
		}
		for i, m := range x.Path() {
			if s := v.Document[i]; m.Thoughts != s.Thoughts || s.Thinking && !m.Thinking {
				w.t.Errorf("%s: %q was thought, its file has %q", e.ID, s.Thoughts, m.Thoughts)
			}
		}
		if v.ID != e.ID || !slices.Equal(file, shown) || x.Draft != v.Draft || x.System != v.System || x.Title != v.Title || len(file) > 0 && x.Chat != (v.Mode == ChatMode) {
			w.t.Errorf("%s: shown is %q %q, its file has %q %q", e.ID, shown, v.Title, file, x.Title)
		}
	}
}

// files checks every file, of deleted conversations too.
func (w *walker) files() {
	paths, _ := filepath.Glob(filepath.Join(w.dir, "*.json"))
	old, _ := filepath.Glob(filepath.Join(w.dir, "deleted", "*.json"))
	said := map[string]bool{}
	for _, path := range append(paths, old...) {
		data, err := os.ReadFile(path)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, q := range questions.FindAllString(string(data), -1) {
			said[q] = true
		}
		x, err := history.Parse(data)
		if err != nil {
			w.t.Fatal(err)
		}
		if x.Writer != 0 {
			w.t.Errorf("%s is still being written", path)
		}
		byID := map[int]history.Message{}
		before := map[int]string{} // the text up to and with a message
		for _, m := range x.Messages {
			byID[m.ID] = m
			before[m.ID] = before[m.Parent] + m.Text
			for _, n := range thought.FindAllString(m.Thoughts, -1) {
				w.thoughts++
				if all := last.FindAllString(before[m.Parent], -1); !m.Edited && (len(all) == 0 && !w.fresh || len(all) > 0 && all[len(all)-1][1:] != n[1:]) {
					w.t.Errorf("%s: %q was thought behind %q", path, m.Thoughts, before[m.Parent])
				}
			}
			if thought.MatchString(m.Text) || strings.Contains(m.Text+m.Thoughts, "think>") {
				w.t.Errorf("%s: thoughts or markers in %q, %q", path, m.Text, m.Thoughts)
			}
			if m.Author != history.Model || m.Edited || m.Model == "" || w.fresh && !last.MatchString(before[m.Parent]) {
				continue // nobody knows what it answers
			}
			if want := replyTo(before[m.Parent]); !strings.HasPrefix(strings.TrimSpace(want), strings.TrimSpace(m.Text)) {
				w.t.Errorf("%s: %q stands behind %q", path, m.Text, before[m.Parent])
			} else if m.Stop == string(EndedByItself) && !w.fresh && strings.TrimSpace(m.Text) != strings.TrimSpace(want) {
				w.t.Errorf("%s: %q ended by itself, of %q", path, m.Text, want)
			}
		}
	}
	for _, q := range w.asked {
		if !said[q] {
			w.t.Errorf("%s is nowhere", q)
		}
	}
}
