package tokenizer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTables holds the tables of a vocabulary against maps of the same.
func TestTables(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 7, 3000} {
		literals := make([]string, n)
		for id := range literals {
			literals[id] = fmt.Sprint(rng.IntN(n + n/2)) // some are there twice
		}
		v, first, last := newVocabulary(literals), map[string]int32{}, map[string]int32{}
		put := newVocabulary(literals)
		for id, literal := range literals {
			want, twice := first[literal]
			if other, again := v.ids.add(int32(id)); again != twice || again && other != want {
				t.Fatalf("token %d, %q: %d %v, want %d %v", id, literal, other, again, want, twice)
			}
			if !twice {
				first[literal] = int32(id)
			}
			last[literal] = int32(id)
			put.ids.put(int32(id))
		}
		if v.ids.n != len(first) || put.ids.n != len(first) || len(slices.Collect(v.ids.all())) != len(first) {
			t.Errorf("%d and %d tokens, want %d", v.ids.n, put.ids.n, len(first))
		}
		for i := range 2 * n {
			text := fmt.Sprint(i)
			want, have := first[text]
			if id, ok := v.ids.find(text); ok != have || ok && id != want {
				t.Errorf("%q is %d %v, want %d %v", text, id, ok, want, have)
			}
			if id, ok := put.ids.find(text); ok != have || ok && id != last[text] {
				t.Errorf("%q is %d %v, want %d %v", text, id, ok, last[text], have)
			}
		}

		rules, lefts := make([]mergeRule, 3*n), make([]int32, 3*n)
		want := map[[2]int32]mergeRule{}
		for i := range rules {
			lefts[i], rules[i] = rng.Int32N(int32(n)), mergeRule{rng.Int32N(int32(n)), rng.Int32N(int32(n)), int32(i)}
			want[[2]int32{lefts[i], rules[i].right}] = rules[i] // the later one counts
		}
		table := newMergeTable(n, lefts, rules)
		for left := range int32(min(n, 60)) {
			for right := range int32(n) {
				rule, have := want[[2]int32{left, right}]
				if got, ok := table.find(left, right); ok != have || got != rule {
					t.Fatalf("%d and %d: %v %v, want %v %v", left, right, got, ok, rule, have)
				}
			}
		}
	}
}

func TestTexts(t *testing.T) {
	x := newTexts([]string{"a", "", "▁bc", "d"}, unescape)
	x.set(3, []byte("changed"))
	x.resize(6)
	x.set(5, []byte("added"))
	for id, want := range []string{"a", "", " bc", "changed", "", "added"} {
		if got := string(x.of(int32(id))); got != want {
			t.Errorf("token %d is %q, want %q", id, got, want)
		}
	}
	x.resize(3)
	x.resize(4)
	if x.len() != 4 || string(x.spelled(2)) != " bc" || len(x.spelled(3)) != 0 {
		t.Errorf("%d tokens, %q and %q", x.len(), x.spelled(2), x.spelled(3))
	}
}
