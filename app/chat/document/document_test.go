package document

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"
)

func TestJoin(t *testing.T) {
	for _, c := range []struct{ text, words, want string }{
		{"", "Once upon a time", "Once upon a time"},
		{"", " x", " x"},
		{"Once", "upon", " upon"},
		{"Once ", "upon", "upon"},
		{"Once", " upon", " upon"},
		{"Once", "\n\nupon", "\n\nupon"},
		{"The end.\n\n", "Then", "Then"},
		{"The end.\n", "Then", "Then"},
		{"The end.", "Then", " Then"},
		{"He came", ", saw", ", saw"},
		{"He came", "...", "..."},
		{"He came", "?!", "?!"},
		{"the cat", "'s tail", "'s tail"},
		{"the cat", "’s tail", "’s tail"},
		{"well", "-known", "-known"},
		{"he came", "— and went", "— and went"},
		{"he (once", ") came", ") came"},
		{"he", "(once) came", " (once) came"},
		{"Tom said,", `"Hello"`, ` "Hello"`},
		{"Tom said,", "“Hello”", " “Hello”"},
		{`Tom said, "Hello,`, `" and went`, `" and went`},
		{"Tom said, “Hello,", "” and went", "” and went"},
		{"\"One.\n", `"Two."`, `"Two."`},
		{"\"One.\nTom said,", `"Two."`, ` "Two."`},
		{"Tom", "& Jerry", " & Jerry"},
		{"cost", "$5", " $5"},
		{"3", "4", " 4"},
		{"Größe", "ändert", " ändert"},
		{"他说", "你好", "你好"},
		{"他说", "hello", " hello"},
		{"he said", "你好", " 你好"},
		{"他说", "，你好", "，你好"},
		{"Once", "upon \t ", " upon"},
		{"Once", "upon\n", " upon\n"},
		{"Once", "", ""},
		{"Once", "   ", ""},
		{"Once\u00a0", "upon", "upon"},
		{"a\xff", "b", " b"},
	} {
		if got := Join(c.text, c.words); got != c.want {
			t.Errorf("Join(%q, %q) = %q, want %q", c.text, c.words, got, c.want)
		}
	}
}

func TestMiddle(t *testing.T) {
	long := strings.Repeat("word ", 20)
	for _, c := range []struct{ name, text, rest string }{
		{"paragraph nearest to the middle", "One two.\nThree four. Five.\nSix", "Three four. Five.\nSix"},
		{"sentence where no paragraph is near", "A.\n" + "one two three. “Four five.” six seven eight nine", "six seven eight nine"},
		{"word where no sentence is near", long + "end.", strings.Repeat("word ", 10) + "end."},
		{"blank lines go with the first half", "aaaa\n\n\nbbbb", "bbbb"},
		{"no place at all", strings.Repeat("x", 10), "xxxxx"},
		{"not within a character", "ééééé", "éé"},
		{"nothing", "", ""},
		{"one character", "x", "x"},
	} {
		if got := c.text[middle(c.text):]; got != c.rest {
			t.Errorf("%s: %q, want %q", c.name, got, c.rest)
		}
	}
}

func TestNewerHalf(t *testing.T) {
	build := func(texts ...string) Document {
		d := New()
		for i, s := range texts {
			author := Author(i % 2)
			part := &Segment{ID: i, Author: author}
			part.text.WriteString(s)
			d = d.With(part)
		}
		d.Answer = len(d.Segments) - 1
		return d
	}
	for _, c := range []struct {
		name   string
		d      Document
		text   string
		ids    []int
		answer int
	}{
		{"within a segment", build("a", " b.\n", "cc", " dd\n", "eeee", "fff ff"), "eeeefff ff", []int{9, 5}, 1},
		{"the answer itself", build("a", " one two three\nfour five"), "four five", []int{9}, -1},
		{"at a border", build("aaaa\n", "bbbb"), "bbbb", []int{9}, -1},
		{"nothing", New(), "", nil, -1},
	} {
		half := c.d.newerHalf(9)
		if half.Text() != c.text || half.Answer != c.answer {
			t.Errorf("%s: %q, answer %d", c.name, half.Text(), half.Answer)
		}
		var ids []int
		for _, s := range half.Segments {
			ids = append(ids, s.ID)
		}
		if fmt.Sprint(ids) != fmt.Sprint(c.ids) {
			t.Errorf("%s: ids %v, want %v", c.name, ids, c.ids)
		}
	}
}

// TestNewerHalfAlwaysShrinks halves random documents down to nothing much.
func TestNewerHalfAlwaysShrinks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		d := New()
		for i := range 1 + r.IntN(8) {
			s := &Segment{ID: i}
			for range r.IntN(40) {
				s.text.WriteString([]string{"a", "é", " ", ". ", "\n", "你", "word"}[r.IntN(7)])
			}
			d = d.With(s)
		}
		for n := len(d.Text()); n > 8; n = len(d.Text()) {
			half := d.newerHalf(99)
			if !strings.HasSuffix(d.Text(), half.Text()) || len(half.Text()) > n*3/4+1 {
				t.Fatalf("%q became %q", d.Text(), half.Text())
			}
			d = half
		}
	}
}

// TestViewSharesText proves that a snapshot does not copy the text, and that a
// growing answer does not change a snapshot.
func TestViewSharesText(t *testing.T) {
	s := &Segment{}
	s.text.Grow(1 << 20)
	s.text.WriteString("one")
	d := New().With(s)
	first := new(Tree).View(d)
	s.text.WriteString(" two")
	second := new(Tree).View(d)
	if first[0].Text != "one" || second[0].Text != "one two" {
		t.Errorf("%q, then %q", first[0].Text, second[0].Text)
	}
	if unsafe.StringData(first[0].Text) != unsafe.StringData(second[0].Text) {
		t.Error("the text was copied")
	}
}

// TestNewerTurns drops whole turns, and part of a turn only where it is alone.
func TestNewerTurns(t *testing.T) {
	build := func(texts ...string) Document {
		d := New()
		for i, s := range texts {
			if i%2 == 0 {
				d = d.WithMessage(i, s)
				continue
			}
			a := &Segment{ID: i, Author: Model}
			a.separate(d)
			a.text.WriteString(s)
			d = d.With(a)
		}
		return d
	}
	for _, c := range []struct {
		d      Document
		want   string
		answer int
	}{
		{build("a", "b", "c", "d"), "c\n\nd", 1},
		{build("a", "b", "c", "d", "e", "f"), "e\n\nf", 1},
		{build("aaaaaaaaaaaaaaaa", "b", "c", "d", "e", "f"), "c\n\nd\n\ne\n\nf", 3},
		{build("a", "b", "c", "dddddddddddddddddddd"), "c\n\ndddddddddddddddddddd", 1},
		{build("One. Two. Three. Four.", "b"), "Three. Four.\n\nb", 1},
	} {
		half := c.d.newerTurns(99)
		if half.Text() != c.want || half.Answer != c.answer {
			t.Errorf("of %q: %q, answer %d, want %q and %d", c.d.Text(), half.Text(), half.Answer, c.want, c.answer)
		}
	}
}

// TestLongTree keeps and shows a conversation of thousands of segments.
func TestLongTree(t *testing.T) {
	var tr Tree
	d := New()
	for i := range 20000 {
		s := &Segment{ID: i, Author: Author(i % 2)}
		s.text.WriteString("x")
		d = Document{Segments: append(d.Segments, s), Answer: -1}
	}
	tr.Add(d)
	list, leaf := tr.Messages(d, StoryMode)
	if len(list) != 20000 || leaf != 20000 || list[19999].Parent != 19999 {
		t.Fatalf("%d messages, the last is %d", len(list), leaf)
	}
	if v := tr.View(d); len(v) != 20000 || v[19999].Version != 1 {
		t.Error("wrong view")
	}
}
