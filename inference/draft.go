package inference

import "time"

// Speculative decoding by prompt lookup (Saxena 2023, "Prompt Lookup Decoding"):
// where the text so far ends as an earlier part of it does, what followed there
// is drafted to follow here. One pass evaluates a token and its draft, and every
// token of the draft that the sampler then chooses has cost nothing more. The
// sampler sees the logits of each position in turn, with the same random
// sequence, and logits do not depend on how a text is cut into passes: so what
// is generated is the same bit for bit, and only its speed is not.
//
// A pass over several tokens takes longer than one over one, how much longer
// depends on machine and model. So a draft is as long as pays, by the measured
// times of passes and by how often matches of each length have been right; that
// is counted for every token, drafted or not, and so is known before a draft is
// tried.

// Speculation says when to draft.
type Speculation uint8

// The ways to draft. None changes what is generated.
const (
	SpeculateAuto Speculation = iota // where it is measured to be faster
	SpeculateOn                      // wherever the text offers a draft
	SpeculateOff                     // never
)

const (
	// maxDraft is the longest draft: a pass over up to eight tokens unpacks the
	// weights in registers (package kernel), and longer ones gain little.
	maxDraft = 7
	// A match has at least minMatch ids, and one of maxMatch is as good as any
	// longer one; maxTries bounds how many earlier places are compared.
	minMatch, maxMatch, maxTries = 2, 8, 32
	// priorHit is how often a match is right before any was seen, priorSlope
	// how much of a plain pass each token adds to one until it was measured,
	// both on the side that makes a draft be tried.
	priorHit, priorSlope = 0.6, 0.15
	// One pass of this many is a plain one, so that its time stays known.
	plainEvery = 32
	// worthwhile is the gain below which a draft is not tried.
	worthwhile = 1.05
)

// drafter finds drafts for one session and learns what they are worth.
type drafter struct {
	seq  []int32 // the text so far
	prev []int32 // [len(seq)] the place before with the same hash, plus 1
	last []int32 // [power of two] by hash of two ids: the last place where they end, plus 1

	// The match: seq[:at] ends with the same length ids as seq does, and
	// seq[at] is expected next. None where length is 0.
	at, length int

	hit   [maxMatch + 1]float64 // by length of the match: how often it was right, lately
	cost  [maxDraft + 2]float64 // by tokens in a pass: seconds, lately; 0 unknown
	plain int                   // passes since the last plain one
	ids   [maxDraft + 1]int32   // a token and its draft

	replace func(seq []int32, room int) []int32 // a test's own drafts
}

func newDrafter() *drafter {
	d := &drafter{}
	for i := range d.hit {
		d.hit[i] = priorHit
	}
	return d
}

// reset makes the text so far ids.
func (d *drafter) reset(ids []int32) {
	n := commonPrefix(d.seq, ids)
	for i := len(d.seq) - 1; i >= n; i-- { // the reverse of push
		if i > 0 {
			d.last[d.hash(i)] = d.prev[i]
		}
	}
	d.seq, d.prev = d.seq[:n], d.prev[:n]
	d.at, d.length = 0, 0
	for _, id := range ids[n:] {
		d.push(id)
	}
	if n == len(ids) && n > 0 {
		d.find()
	}
}

// push appends id to the text.
func (d *drafter) push(id int32) {
	right := d.length > 0 && d.seq[d.at] == id
	if d.length > 0 {
		was := 0.0
		if right {
			was = 1
		}
		p := &d.hit[min(d.length, maxMatch)]
		*p += (was - *p) / 16
	}
	d.seq, d.prev = append(d.seq, id), append(d.prev, 0)
	d.index()
	if right {
		d.at, d.length = d.at+1, d.length+1
	} else {
		d.find()
	}
}

// index enters the last place of the text.
func (d *drafter) index() {
	n := len(d.seq) - 1
	first := n
	if n >= len(d.last)/2 { // rehash
		size := max(1024, 2*len(d.last))
		d.last, first = make([]int32, size), 0
	}
	for i := max(first, 1); i <= n; i++ {
		h := d.hash(i)
		d.prev[i], d.last[h] = d.last[h], int32(i)+1
	}
}

// hash is where the two ids that end at place i are found in last.
func (d *drafter) hash(i int) int {
	h := uint32(d.seq[i-1])*0x9e3779b1 ^ uint32(d.seq[i])*0x85ebca6b
	return int(h>>7) & (len(d.last) - 1)
}

// find sets the match to the longest of the latest places that end as the text
// does, the latest of equally long ones.
func (d *drafter) find() {
	d.at, d.length = 0, 0
	n := len(d.seq) - 1
	place := int(d.prev[n]) - 1
	for range maxTries {
		if place < 0 || d.length >= maxMatch {
			return
		}
		l := 0
		for l <= place && l < maxMatch && d.seq[place-l] == d.seq[n-l] {
			l++
		}
		if l >= minMatch && l > d.length {
			d.at, d.length = place+1, l
		}
		place = int(d.prev[place]) - 1
	}
}

// draft returns the last id of the text and at most room more, which are
// expected to follow. The slice is valid until the next call.
func (d *drafter) draft(how Speculation, room int) []int32 {
	n := len(d.seq)
	ids := append(d.ids[:0], d.seq[n-1])
	room = min(room, maxDraft)
	if d.replace != nil {
		return append(ids, d.replace(d.seq, max(room, 0))...)
	}
	if d.length == 0 {
		return ids
	}
	if how == SpeculateAuto {
		room = d.worth(room)
	}
	for k := range room {
		ids = append(ids, d.seq[d.at+k%(n-d.at)]) // a text that repeats itself goes on to
	}
	return ids
}

// worth is how many of room drafted ids make the most tokens a second.
func (d *drafter) worth(room int) (best int) {
	if d.cost[1] == 0 || d.plain >= plainEvery {
		return 0
	}
	fastest := worthwhile / d.cost[1]
	tokens, chance := 1.0, 1.0
	for k := 1; k <= room; k++ {
		chance *= d.hit[min(d.length+k-1, maxMatch)]
		tokens += chance
		if rate := tokens / d.estimate(k+1); rate > fastest {
			best, fastest = k, rate
		}
	}
	return best
}

// estimate is how long a pass over n tokens takes: measured, or on the line
// through the measured neighbours.
func (d *drafter) estimate(n int) float64 {
	below, above := n, n
	for d.cost[below] == 0 {
		below--
	}
	for above < len(d.cost) && d.cost[above] == 0 {
		above++
	}
	switch {
	case below == above:
		return d.cost[n]
	case above == len(d.cost):
		return d.cost[below] + float64(n-below)*priorSlope*d.cost[1]
	}
	return d.cost[below] + (d.cost[above]-d.cost[below])*float64(n-below)/float64(above-below)
}

// measured says how long a pass over n tokens took.
func (d *drafter) measured(n int, took time.Duration) {
	c, t := &d.cost[n], took.Seconds()
	if *c == 0 {
		*c = t
	}
	*c += (min(t, 2**c) - *c) / 8 // one pass that was held up says little
	if d.plain++; n > 1 {
		return
	}
	d.plain = 0
	// What is long out of use may have become faster: let it be tried again.
	for i := 2; i < len(d.cost); i++ {
		d.cost[i] *= 0.998
	}
}
