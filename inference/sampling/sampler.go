package sampling

import (
	"cmp"
	"errors"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// repeatWindow is how many of the latest tokens RepeatPenalty looks at,
// llama.cpp's default.
const repeatWindow = 64

// ErrNothingAllowed is returned where no token may be drawn.
var ErrNothingAllowed = errors.New("no token of the vocabulary may follow")

// ErrNonFinite is returned when the logits hold NaN or infinity.
var ErrNonFinite = errors.New("the model produced invalid numbers")

// chain drops tokens that may not be drawn, one setting after the other. Steps
// run in the order of llama.cpp's default chain, so that settings mean the same
// in both programs:
//
//	repetition penalty → top-k → top-p → min-p → temperature → draw
//
// Top-p and min-p therefore see the probabilities before the temperature. The
// repetition penalty changes logits, and top-k decides which logits are needed at
// all (Needs), so these come before the chain.
var chain = []func(*Sampler){(*Sampler).cutTopP, (*Sampler).cutMinP}

// Sampler chooses tokens from logits. It has one owner, and after the first call
// allocates nothing.
type Sampler struct {
	o      Params
	rng    *rand.Rand
	recent []int32 // the latest tokens, at most repeatWindow
	saved  []float32
	set    []uint64 // of the tokens that may be drawn; nil for all
	ids    []int32  // of set
	some   []float32
	kept   []Candidate
	probs  []float64
}

// Candidate is a token and its logit.
type Candidate struct {
	ID    int32
	Logit float32
}

// New returns a sampler at the start of the seed's random sequence.
func New(o Params) *Sampler {
	return &Sampler{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0x7465726e))}
}

// Accept tells the sampler that ids follow in the text, for RepeatPenalty.
func (s *Sampler) Accept(ids ...int32) {
	s.recent = append(s.recent, ids...)
	if n := len(s.recent) - repeatWindow; n > 0 {
		s.recent = s.recent[:copy(s.recent, s.recent[n:])]
	}
}

// Allow says which tokens may be drawn from now on: those with bit id%64 of word
// id/64. The others count nowhere, so that top-k and top-p are of these alone. nil
// is all. The sampler keeps set and does not change it.
func (s *Sampler) Allow(set []uint64) { s.set = set }

func (s *Sampler) allowed(id int32) bool { return s.set == nil || s.set[id>>6]>>(id&63)&1 == 1 }

// Sample chooses a token. Equal logits are taken in the order of their ids. The
// logits are the same after the call as before. NaN or infinity among them is
// ErrNonFinite.
func (s *Sampler) Sample(logits []float32) (int32, error) {
	if !Finite(logits) {
		return 0, ErrNonFinite
	}
	if s.penalizes() {
		s.penalize(logits)
		defer s.restore(logits)
	}
	if s.set == nil {
		if s.o.Temperature <= 0 {
			return Argmax(logits), nil
		}
		s.selectTop(logits)
		return s.choose(), nil
	}
	s.gather(logits)
	return s.chooseOf()
}

// chooseOf chooses among ids, whose logits are in some. They are in the order of
// their ids, and those that count among them.
func (s *Sampler) chooseOf() (int32, error) {
	switch {
	case len(s.ids) == 0:
		return 0, ErrNothingAllowed
	case s.o.Temperature <= 0:
		return s.ids[Argmax(s.some)], nil
	}
	s.selectTop(s.some)
	slices.SortFunc(s.kept, ByLogit) // however many there are
	return s.ids[s.choose()], nil
}

// gather makes ids and some those of the tokens in set. A word whose bits are mostly
// set is gone through without a branch.
func (s *Sampler) gather(logits []float32) {
	if min(cap(s.ids), cap(s.some)) < len(logits)+1 {
		s.ids, s.some = make([]int32, len(logits)+1), make([]float32, len(logits)+1)
	}
	ids, some := s.ids[:cap(s.ids)], s.some[:cap(s.some)]
	n := 0
	for w, word := range s.set {
		first := w << 6
		if last := len(logits) - first; last < 64 {
			if last <= 0 {
				break
			}
			word &= 1<<last - 1
		} else if bits.OnesCount64(word) > 16 {
			for j, l := range logits[first : first+64] {
				ids[n], some[n] = int32(first+j), l
				n += int(word >> j & 1)
			}
			continue
		}
		for ; word != 0; word &= word - 1 {
			id := first + bits.TrailingZeros64(word)
			ids[n], some[n] = int32(id), logits[id]
			n++
		}
	}
	s.ids, s.some = ids[:n], some[:n]
}

// choose draws one of the tokens that the chain leaves of those kept.
func (s *Sampler) choose() int32 {
	for _, cut := range chain {
		cut(s)
	}
	return s.draw()
}

// Needs returns how many of the most likely tokens Sample can choose from, and
// which ids it must know besides; k is 0 where it needs all logits.
func (s *Sampler) Needs(most int) (k int, ids []int32) {
	if s.penalizes() {
		ids = s.recent
	}
	switch {
	case s.o.Temperature <= 0:
		return 1, ids
	case s.o.TopK <= most:
		return s.o.TopK, ids
	}
	return 0, nil
}

// SampleFrom is Sample when only the tokens that Needs asked for are known:
// found has the k most likely of those allowed, the ids, and perhaps others.
func (s *Sampler) SampleFrom(found []Candidate) (int32, error) {
	for i := range found {
		c := &found[i]
		if c.Logit-c.Logit != 0 {
			return 0, ErrNonFinite
		}
		if s.penalizes() && slices.Contains(s.recent, c.ID) {
			c.Logit = s.penalized(c.Logit)
		}
	}
	if s.set != nil {
		slices.SortFunc(found, func(a, b Candidate) int { return cmp.Compare(a.ID, b.ID) })
		s.ids, s.some = s.ids[:0], s.some[:0]
		for _, c := range found {
			if s.allowed(c.ID) {
				s.ids, s.some = append(s.ids, c.ID), append(s.some, c.Logit)
			}
		}
		return s.chooseOf()
	}
	slices.SortFunc(found, ByLogit)
	if s.o.Temperature <= 0 {
		return found[0].ID, nil
	}
	s.kept = append(s.kept[:0], found[:min(s.o.TopK, len(found))]...)
	return s.choose(), nil
}

func (s *Sampler) penalizes() bool { return s.o.RepeatPenalty > 0 && s.o.RepeatPenalty != 1 }

// penalized divides a positive logit by the penalty and multiplies a negative
// one (CTRL, Keskar et al. 2019, §4.1).
func (s *Sampler) penalized(logit float32) float32 {
	if logit > 0 {
		return logit / float32(s.o.RepeatPenalty)
	}
	return logit * float32(s.o.RepeatPenalty)
}

// penalize lowers the logits of recent tokens, once each however often they
// occur, and remembers what they were.
func (s *Sampler) penalize(logits []float32) {
	s.saved = s.saved[:0]
	for i, id := range s.recent {
		s.saved = append(s.saved, logits[id])
		if !slices.Contains(s.recent[:i], id) {
			logits[id] = s.penalized(logits[id])
		}
	}
}

// restore undoes penalize, last first: the first value saved for a token is the
// one it had.
func (s *Sampler) restore(logits []float32) {
	for i := len(s.saved) - 1; i >= 0; i-- {
		logits[s.recent[i]] = s.saved[i]
	}
}

// ByLogit orders candidates from the most likely down.
func ByLogit(a, b Candidate) int {
	return cmp.Or(cmp.Compare(b.Logit, a.Logit), cmp.Compare(a.ID, b.ID))
}

// selectTop fills kept with the TopK most likely tokens in order, or with every
// token that the later steps may keep.
func (s *Sampler) selectTop(logits []float32) {
	s.kept = s.kept[:0]
	if k := s.o.TopK; k > 0 && k < len(logits) {
		// A heap of the k most likely so far, the least likely of them on top.
		for id, l := range logits {
			switch {
			case len(s.kept) < k:
				s.kept = append(s.kept, Candidate{int32(id), l})
				if len(s.kept) == k {
					for i := k/2 - 1; i >= 0; i-- {
						sink(s.kept, i)
					}
				}
			case l > s.kept[0].Logit:
				s.kept[0] = Candidate{int32(id), l}
				sink(s.kept, 0)
			}
		}
		slices.SortFunc(s.kept, ByLogit)
		return
	}
	floor := float32(math.Inf(-1))
	if p := s.o.TopP; p > 0 && p < 1 {
		// Tokens below (1-p)/n of the mass have less than 1-p together: the
		// nucleus lies among the others, and only those need sorting.
		top := logits[Argmax(logits)]
		mass := 0.0
		for _, l := range logits {
			mass += math.Exp(float64(l - top))
		}
		floor = top + float32(math.Log((1-p)/float64(len(logits))*mass)) - 1
	}
	for id, l := range logits {
		if l >= floor {
			s.kept = append(s.kept, Candidate{int32(id), l})
		}
	}
	if s.o.TopP > 0 && s.o.TopP < 1 {
		slices.SortFunc(s.kept, ByLogit)
	}
}

// sink restores the heap below i.
func sink(h []Candidate, i int) {
	for {
		worst := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h); c++ {
			if ByLogit(h[c], h[worst]) > 0 {
				worst = c
			}
		}
		if worst == i {
			return
		}
		h[i], h[worst] = h[worst], h[i]
		i = worst
	}
}

// cutTopP keeps the shortest run of the most likely tokens whose share of what
// top-k left reaches TopP; kept is in order.
func (s *Sampler) cutTopP() {
	if s.o.TopP <= 0 || s.o.TopP >= 1 {
		return
	}
	total := s.weigh(1)
	sum := 0.0
	for i, p := range s.probs {
		if sum += p; sum >= s.o.TopP*total {
			s.kept = s.kept[:i+1]
			return
		}
	}
}

// cutMinP drops tokens whose probability is below MinP of the most likely one's.
func (s *Sampler) cutMinP() {
	if s.o.MinP <= 0 {
		return
	}
	floor := s.top() + float32(math.Log(min(s.o.MinP, 1)))
	s.kept = slices.DeleteFunc(s.kept, func(c Candidate) bool { return c.Logit < floor })
}

// draw picks one of the kept tokens with its probability at the temperature.
func (s *Sampler) draw() int32 {
	r := s.rng.Float64() * s.weigh(s.o.Temperature)
	for i, p := range s.probs {
		if r -= p; r < 0 {
			return s.kept[i].ID
		}
	}
	return s.kept[len(s.kept)-1].ID // rounding left a rest
}

// weigh fills probs with exp((logit-top)/temperature) and returns their sum.
func (s *Sampler) weigh(temperature float64) (sum float64) {
	top := s.top()
	s.probs = s.probs[:0]
	for _, c := range s.kept {
		p := math.Exp(float64(c.Logit-top) / temperature)
		s.probs = append(s.probs, p)
		sum += p
	}
	return sum
}

// top is the largest logit kept.
func (s *Sampler) top() float32 {
	top := s.kept[0].Logit
	for _, c := range s.kept {
		top = max(top, c.Logit)
	}
	return top
}

// Argmax returns the first index of the largest value of x, which holds no NaN. Four
// values at a time do not wait for each other.
func Argmax(x []float32) int32 {
	if len(x) == 0 {
		return 0
	}
	top, at := x[0], 0
	for i := 0; i+4 <= len(x); i += 4 {
		v := x[i : i+4 : i+4]
		if v[0] > top || v[1] > top || v[2] > top || v[3] > top {
			top, at = max(v[0], v[1], v[2], v[3]), i
		}
	}
	for i := len(x) &^ 3; i < len(x); i++ {
		if x[i] > top {
			top, at = x[i], i
		}
	}
	return int32(at + max(0, slices.Index(x[at:], top)))
}

// Finite reports that no value is NaN or infinite: all others have an exponent that
// does not carry into the sign's bit when it is raised by one.
func Finite(x []float32) bool {
	var carry uint32
	for _, v := range x {
		carry |= math.Float32bits(v)&^(1<<31) + 1<<23
	}
	return carry>>31 == 0
}
