package longtext

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// answers makes the document a question and an answer that thinks.
func answers(thoughts, text string, thinking bool) func(*Document) {
	return func(d *Document) {
		d.Chat = true
		d.Parts = []Segment{{ID: 1, Mine: true, Text: "What?"}, {ID: 2, Text: "\n\n" + text, Thoughts: thoughts, Thinking: thinking, Took: 12 * time.Second}}
	}
}

// lines are what is shown: labels of folds in brackets, thoughts behind a bar.
func (r *viewRig) lines() (list []string) {
	for i := range r.Paragraphs() {
		switch b := r.page.live[i].Block.(type) {
		case *Fold:
			list = append(list, "["+b.Head.Text+"]")
		case *Prose:
			if r.Paragraphs()[i].part == thoughtPart {
				list = append(list, "|"+b.Text)
			} else {
				list = append(list, b.Text)
			}
		default:
			list = append(list, r.Paragraphs()[i].Text)
		}
	}
	return list
}

func (r *viewRig) fold() *Fold {
	for _, b := range r.page.live {
		if f, ok := b.Block.(*Fold); ok {
			return f
		}
	}
	return nil
}

// TestFold: thoughts stand above the answer in a fold that is shut, opens and shuts by a click and by keyboard, and grows
// while it is thought.
func TestFold(t *testing.T) {
	r := newViewRig(t, 500, 400)
	check := func(what string, want ...string) {
		t.Helper()
		if got := r.lines(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	r.show(answers("", "", false), growing(true))
	check("nothing yet", "What?", "▍")
	r.show(answers("Well", "", true))
	check("thinking", "What?", "[▸ Thinking…]")
	laid := r.page.resized
	r.show(answers("Well, one", "", true))
	if r.page.resized != laid {
		t.Error("a shut fold is laid out for what grows in it")
	}
	test.Tap(r.fold().Head)
	check("opened", "What?", "[▾ Thinking…]", "|Well, one▍")
	r.show(answers("Well, one\n\nand two", "", true))
	check("grown", "What?", "[▾ Thinking…]", "|Well, one", "|and two▍")
	r.show(answers("Well, one\n\nand two", "", false))
	check("thought", "What?", "[▾ Thought for 12 s]", "|Well, one", "|and two▍")
	r.show(answers("Well, one\n\nand two", "Three.", false))
	check("answering", "What?", "[▾ Thought for 12 s]", "|Well, one", "|and two", "Three.▍")
	r.show(growing(false))
	check("answered", "What?", "[▾ Thought for 12 s]", "|Well, one", "|and two", "Three.")
	if first, end := r.ParagraphsOf(2); first != 4 || end != 5 {
		t.Errorf("the answer is paragraphs %d to %d", first, end)
	}
	r.finder.Box.Show()
	if r.finder.Look("two"); len(r.finder.Matches) != 1 {
		t.Errorf("%d matches in what is open", len(r.finder.Matches))
	}
	r.Read(1) // to the answer
	for !strings.Contains(r.Paragraphs()[r.page.content.unit(r.Reader().On).end-1].Text, "Three") {
		r.Read(1)
	}
	r.Reader().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	check("shut by key", "What?", "[▸ Thought for 12 s]", "Three.")
	if len(r.finder.Matches) != 0 {
		t.Error("something is found that cannot be seen")
	}
	r.show(answers("Well, one", "", true))
	check("ended inside", "What?", "[▸ Stopped while it was thinking, after 12 s]")
	r.show(growing(true))
	check("gone on with", "What?", "[▸ Thinking…]")
	r.show(func(d *Document) {
		d.Parts = append(d.Parts, Segment{ID: 3, Thoughts: " and two", Took: time.Second, Text: "Three"})
	})
	check("answered after all", "What?", "[▸ Thought for 13 s]", "Three▍")
	r.show(growing(false))
	r.show(func(d *Document) {
		d.Parts = append(d.Parts, Segment{ID: 4, Mine: true, Text: "\n\nSo?"}, Segment{ID: 5, Text: "\n\nYes", Thoughts: "sure", Took: 90 * time.Millisecond})
	})
	check("and again", "What?", "[▸ Thought for 13 s]", "Three", "So?", "[▸ Thought for a moment]", "Yes")
	r.ShowThoughts(2, true)
	check("the first is opened", "What?", "[▾ Thought for 13 s]", "|Well, one and two", "Three", "So?", "[▸ Thought for a moment]", "Yes")
	r.show(func(d *Document) { d.Chat = false })
	if got := strings.Join(r.lines(), "|"); strings.Contains(got, "Thought") || !strings.Contains(got, "Three") {
		t.Errorf("a story shows %q", got)
	}
}

// TestFoldsGrow: a document that grows at random is shown like one that comes in one piece, with folds open and shut.
func TestFoldsGrow(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for round := range 60 {
		grows := typesetter{chat: true, folds: folds{open: map[int]bool{}}}
		var doc []Segment
		whole := func() []paragraph {
			w := typesetter{chat: true, writing: grows.writing, folds: folds{open: grows.folds.open}}
			w.update(doc)
			return w.paras
		}
		for id := 1; id < 14; {
			n := len(doc)
			switch k := rnd.IntN(12); {
			case n == 0 || k == 0:
				mine := n == 0 || rnd.IntN(2) == 0
				s := Segment{ID: id, Mine: mine}
				if n == 0 || doc[n-1].Mine != mine {
					s.Text = "\n\n"
				}
				if mine {
					s.Text += fmt.Sprint("question ", id)
				}
				doc, id = append(doc, s), id+1
			case doc[n-1].Mine:
			case k == 1 && doc[n-1].Thoughts != "":
				grows.folds.open[doc[n-1].ID] = !grows.folds.open[doc[n-1].ID]
				grows.other = true
			case k < 6 && strings.TrimLeft(doc[n-1].Text, "\n") == "":
				s := &doc[n-1]
				s.Thoughts, s.Thinking, s.Took = s.Thoughts+[]string{"hm ", "so\n", "\n\n", "é"}[rnd.IntN(4)], true, s.Took+time.Second
			case k < 10:
				add := []string{"word ", "end.\n", "\n\n", "```\n"}[rnd.IntN(4)]
				if strings.TrimLeft(doc[n-1].Text, "\n") == "" {
					add = "word " // words begin with one
				}
				doc[n-1].Text, doc[n-1].Thinking = doc[n-1].Text+add, false
			default:
				grows.writing = !grows.writing
			}
			before := slices.Clone(grows.paras)
			first := grows.update(slices.Clone(doc))
			if want := whole(); !slices.Equal(grows.paras, want) {
				i := 0
				for i < min(len(want), len(grows.paras)) && want[i] == grows.paras[i] {
					i++
				}
				t.Fatalf("round %d: of %+v\n grown %+v\n whole %+v", round, doc[max(0, len(doc)-2):], grows.paras[i:], want[i:])
			}
			if first > len(grows.paras) || !slices.Equal(before[:min(first, len(before))], grows.paras[:min(first, len(before))]) {
				t.Fatalf("round %d: paragraphs before %d have changed", round, first)
			}
			for _, p := range grows.paras {
				if p.message >= len(grows.infos) {
					t.Fatalf("round %d: message %d of %d", round, p.message, len(grows.infos))
				}
			}
		}
	}
}
