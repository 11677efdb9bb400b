package kernel

import (
	"fmt"
	"math"
	"unsafe"

	"tern/model/ternary"
)

// Scratch is the working memory of one worker in MatMul. It grows to what the
// largest call needs and is then reused, so that a steady state allocates
// nothing. It must not be shared by concurrent calls.
type Scratch struct {
	codes []uint8   // unpacked weights, codes w+1
	acc   []int32   // partial sums
	q     []int8    // activations in another order
	y     []float32 // results of a band or a group that is not full
	ends  []int32   // what makes results of sums

	starts []byte // what sums of tiles begin with,
	cut    int    // for parts of this many columns

	tables  []int16         // sums of activations,
	indices []uint16        // and what to look up in them
	eight   []int8          // activations of eight tokens, of two blocks
	part    ternary.Grouped // bands of a matrix in another form, expanded
	form    []byte          // into these codes

	places []*byte // of memory that is used next, 256 bytes each; those
	done   int     // were fetched

	keep bool // the activations stay the same, see Keep,
	kept bool // and q has them
}

// NewScratch returns an empty Scratch.
func NewScratch() *Scratch { return &Scratch{} }

// Keep says that all calls until the next Keep multiply the same activations, of
// the same number of tokens, so that they are put in order once and not for each
// piece of a matrix: that takes 5% of 128 tokens times nine pieces of 1536 × 1536.
func (s *Scratch) Keep() { s.keep, s.kept = true, false }

// Change says that calls multiply other activations from now on, whichever they are.
func (s *Scratch) Change() { s.keep, s.kept = false, false }

// Soon says that a place in memory is used after the next products. Those of few tokens may
// fetch it meanwhile, a little with each row group: many places at once would be waited for.
func Soon[T any](s *Scratch, place []T) {
	each := placeBytes / int(unsafe.Sizeof(place[0]))
	for ; len(place) > 0; place = place[min(each, len(place)):] {
		s.places = append(s.places, (*byte)(unsafe.Pointer(&place[0])))
	}
}

// placeBytes is how much a product fetches at once.
const placeBytes = 256

// Forget forgets the places of Soon.
func (s *Scratch) Forget() {
	clear(s.places)
	s.places, s.done = s.places[:0], 0
}

// take returns places to fetch, at most n.
func (s *Scratch) take(n int) []*byte {
	places := s.places[s.done:]
	places = places[:min(n, len(places))]
	s.done += len(places)
	return places
}

// Together says what MatMul is fastest with where it makes something of the tokens that is
// for all rows: at most so many tokens and rows at once, and never fewer tokens than Least.
type Together struct{ Least, Tokens, Rows int }

// BestTogether is zero where rows are better cut than tokens.
func BestTogether() Together { return bestTogether() }

// grow returns s resliced to n elements, reallocated when it is too short.
// The contents are undefined.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// Quantize rounds a row of activations to int8 for BitLinear:
//
//	amax = max(max|x|, 1e-5), s = 127/amax, q = clamp(roundHalfEven(x·s), -128, 127)
//
// all in float32. q must have ternary.PadCols(len(x)) elements; those past x
// are set to 0. It returns s and Σq.
//
// A row that holds a NaN or an infinity has no scale: its q are all 0 and s is
// NaN, which makes every product with it NaN, as it is in the references.
func Quantize(q []int8, x []float32) (s float32, sum int32) {
	mustLen(len(q), ternary.PadCols(len(x)), "Quantize: q")
	amax := max(absMax(x), 1e-5)
	if !(amax <= math.MaxFloat32) {
		clear(q)
		return float32(math.NaN()), 0
	}
	s = 127 / amax
	sum = quantize(q, x, s)
	clear(q[len(x):])
	return s, sum
}

// MatVec multiplies row groups [g0, g1) of m by one quantised activation row:
//
//	y[r] = float32(Σ_c t[r][c]·q[c]) · mul
//
// y is indexed by the row of the whole matrix; other rows are not touched.
// q has m.PaddedCols() elements and sum is Σq, both as Quantize returns them.
func MatVec(y []float32, m *ternary.Matrix, g0, g1 int, q []int8, sum int32, mul float32) {
	rows := checkGroups(m, g0, g1)
	mustLen(len(q), m.PaddedCols(), "MatVec: q")
	if len(y) < rows {
		badLen(len(y), rows, "MatVec: y")
	}
	if g0 < g1 {
		matVec(y[:rows], m, g0, g1, q, sum, mul)
	}
}

// Streams is how many stretches of a matrix MatVecStreams reads side by side: memory gives
// several streams more than one where the processor fetches them so.
func Streams() int { return streams() }

// Stretch is whole row groups of a matrix from First on, and from First+Apart, First+2·Apart
// and so on, of Streams stretches.
type Stretch struct {
	Matrix       *ternary.Matrix
	First, Apart int
}

// MatVecStreams is MatVec for n row groups of each stretch of s, which are full. At its end it
// fetches the first lines of next, which is read soon, if there is one: streams cost time to begin.
func MatVecStreams(y []float32, s Stretch, n int, q []int8, sum int32, mul float32, next Stretch) {
	if n == 0 {
		return
	}
	last := s.First + (streams()-1)*s.Apart + n // past the last row group
	checkGroups(s.Matrix, s.First, last)
	mustLen(len(q), s.Matrix.PaddedCols(), "MatVecStreams: q")
	if s.Apart < 0 || len(y) < last*groupRows {
		badLen(len(y), last*groupRows, "MatVecStreams: y")
	}
	if next.Matrix == nil {
		next = s
	}
	matVecStreams(y[:last*groupRows], s, n, q, sum, mul, next)
}

// MatMul is MatVec for T = len(sums) activation rows at once:
//
//	y[t·stride+r] = float32(Σ_c m[r][c]·q[t][c]) · muls[t]
//
// q holds T rows of m.PaddedCols() elements. Results equal MatVec's bit for bit.
func MatMul(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, sums []int32, muls []float32, scratch *Scratch) {
	rows := checkGroups(m, g0, g1)
	mustLen(len(muls), len(sums), "MatMul: muls")
	mustLen(len(q), len(sums)*m.PaddedCols(), "MatMul: q")
	if g0 == g1 || len(sums) == 0 {
		return
	}
	if stride < rows {
		badLen(stride, rows, "MatMul: stride")
	}
	if need := (len(sums)-1)*stride + rows; len(y) < need {
		badLen(len(y), need, "MatMul: y")
	}
	if len(sums) == 1 {
		matVec(y[:rows], m, g0, g1, q, sums[0], muls[0])
		return
	}
	matMul(y, stride, m, g0, g1, q, sums, muls, scratch)
}

// checkGroups panics unless [g0, g1) are groups whose bytes m really has. It
// returns the number of rows up to the end of the last.
func checkGroups(m *ternary.Matrix, g0, g1 int) (rows int) {
	if g0 < 0 || g0 > g1 || g1 > m.Groups() {
		panic(fmt.Sprintf("kernel: row groups [%d, %d) of %d", g0, g1, m.Groups()))
	}
	if need := g1 * m.GroupBytes(); len(m.Data) < need {
		badLen(len(m.Data), need, "matrix data")
	}
	return min(g1*ternary.GroupRows, m.Rows)
}
