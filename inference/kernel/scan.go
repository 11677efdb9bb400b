package kernel

import (
	"fmt"
	"math"
)

// A scan multiplies a matrix of 4-bit codes by one vector and says within which bounds
// the products with the matrix itself lie. Rows are coded with a dither:
//
//	code[r][j] = ⌊w[r][j]/s + 7.5 + u[j]⌋,  s = s[r][group of j] ≥ max|w of the group|/7.5
//
// where u[j] is a random number in [0, 1), drawn once for all rows, so that
// w[r][j] = s·(code[r][j] - 7 - u[j] + e) with an error e that is uniform in (-1/2, 1/2]
// whatever the weights are. ScanSlack says what follows from that.
const (
	ScanCols = 64 // columns with a common scale, a group
	ScanRows = 16 // rows whose codes stand together, a band

	// scanLines are the cache lines of a group of a band: two for every 16 columns. Byte
	// 4r+b of them is row r; it holds columns 4b and, in the high nibble, 4b+1 in the
	// first line, 4b+2 and 4b+3 in the second: as Fixed orders the activations of a plane.
	scanLines = 8
	lineSize  = 64

	ditherBits = 16
)

// ScanGroups is the number of groups in a row of cols columns.
func ScanGroups(cols int) int { return (cols + ScanCols - 1) / ScanCols }

// ScanBands is the number of bands of rows rows; the last may have fewer.
func ScanBands(rows int) int { return (rows + ScanRows - 1) / ScanRows }

// ScanBandBytes is the size of the codes of a band. Its scales are
// ScanGroups(cols)·ScanRows bfloat16.
func ScanBandBytes(cols int) int { return ScanGroups(cols) * scanLines * lineSize }

// scanScale is the scale of a group whose largest magnitude is top, as bfloat16: no
// smaller than top/7.5 and than least, and a NaN where top is none or infinite.
func scanScale(top, least float32) uint16 {
	s := max(float32(top*(1.0001/7.5)), least) // a NaN stays one
	if !(s <= math.MaxFloat32) {
		return 0x7fc0
	}
	return uint16((math.Float32bits(s) + 0xffff) >> 16)
}

func bfloat16(v uint16) float32 { return math.Float32frombits(uint32(v) << 16) }

// ScanEncode codes row r < ScanRows of a band: w, multiplied by scale, a power of two.
// dither holds u in steps of 2⁻¹⁶ for every column of whole groups. No scale becomes
// smaller than least, a bfloat16.
func ScanEncode(codes []byte, scales []uint16, r int, w []float32, scale, least float32, dither []uint16) {
	groups := ScanGroups(len(w))
	mustLen(len(codes), groups*scanLines*lineSize, "ScanEncode: codes")
	mustLen(len(scales), groups*ScanRows, "ScanEncode: scales")
	mustLen(len(dither), groups*ScanCols, "ScanEncode: dither")
	if r < 0 || r >= ScanRows {
		panic(fmt.Sprintf("kernel: ScanEncode of row %d of a band", r))
	}
	var last, zeros [ScanCols]float32
	for g := range groups {
		group := w[g*ScanCols:]
		if len(group) < ScanCols {
			copy(last[:], group)
			group = last[:]
		}
		group = group[:ScanCols]
		s := scanScale(absMax(group)*scale, least)
		scales[g*ScanRows+r] = s
		var inv float32 // of w to steps of a dither
		if v := bfloat16(s); v <= math.MaxFloat32 {
			inv = float32(float64(scale) / float64(v) * (1 << ditherBits))
		} else { // no code says anything
			group = zeros[:]
		}
		scanEncode((*[scanLines * lineSize]byte)(codes[g*scanLines*lineSize:]), r, (*[ScanCols]float32)(group), inv, (*[ScanCols]uint16)(dither[g*ScanCols:]))
	}
}

func scanEncodeGeneric(codes *[scanLines * lineSize]byte, r int, w *[ScanCols]float32, inv float32, dither *[ScanCols]uint16) {
	const half = 15 << (ditherBits - 1) // 7.5
	var code [ScanCols]byte
	for j, v := range w {
		// At most 7.5 on either side, so that the sum is in [0, 16); to nearest even.
		step := int32(math.RoundToEven(float64(float32(v * inv))))
		code[j] = byte((step + half + int32(dither[j])) >> ditherBits)
	}
	for p := range ScanCols / wordCols {
		for b := range 4 {
			c := code[p*wordCols+4*b:][:4]
			at := 2*p*lineSize + 4*r + b
			codes[at] = c[0] | c[1]<<4
			codes[at+lineSize] = c[2] | c[3]<<4
		}
	}
}

// ScanVector is the vector of a scan: bytes with a step for each group, rounded up or down
// at random,
//
//	q[j] = ⌊x[j]/step + v[j]⌋,  step = max|x of the group|/126
//
// where v[j] is a random number in [0, 1), drawn once for all vectors, independently of u. It
// keeps its memory, so a steady state allocates nothing. The zero value is ready for Set.
type ScanVector struct {
	q        []int8 // [groups][ScanCols], in the order of the codes
	groups   []scanGroup
	exponent int // x was multiplied by 2 to this power

	slack, tiny float32
}

// scanGroup is what belongs to a group of the vector.
type scanGroup struct {
	minus  int32   // -Σ(7+u)·q
	step   float32 // which q counts
	square float32 // at least ‖x‖² and what ScanSlack adds for the rounding of x
}

const (
	// scanLeast is the least norm that a group of a vector is taken to have, where the
	// largest magnitude of the vector is between 1 and 2, and the least scale of a group of
	// weights: with both the product of their squares is not denormal.
	scanLeast = 0x1p-30

	scanLargest = 126 // magnitude of x/step, so that q is a signed byte
)

// ScanDither is the random numbers that the rows of a matrix share, and all vectors, for
// every column of whole groups in steps of 2⁻¹⁶: u and v above.
type ScanDither struct{ Rows, Vectors []uint16 }

// Set takes the vector and the dither of the matrix. Bounds will be those of products of
// rows and x that were multiplied by 2 to the power Exponent, and be wider by tiny.
func (v *ScanVector) Set(x []float32, dither ScanDither, tiny func(exponent int) float32) {
	groups := ScanGroups(len(x))
	mustLen(len(dither.Rows), groups*ScanCols, "ScanVector.Set: dither of rows")
	mustLen(len(dither.Vectors), groups*ScanCols, "ScanVector.Set: dither of vectors")
	v.groups, v.q = grow(v.groups, groups), grow(v.q, groups*ScanCols)
	_, e := math.Frexp(float64(absMax(x))) // 0 for NaN
	v.exponent = 1 - e
	v.slack, v.tiny = ScanSlack(len(x)), tiny(v.exponent)
	factor := math.Ldexp(1, v.exponent)
	for g := range groups {
		lo, hi := g*ScanCols, min((g+1)*ScanCols, len(x))
		var group [ScanCols]float32
		for j, f := range x[lo:hi] {
			group[j] = float32(float64(f) * factor)
		}
		v.groups[g] = scanSet((*[ScanCols]int8)(v.q[lo:]), &group, (*[ScanCols]uint16)(dither.Rows[lo:]), (*[ScanCols]uint16)(dither.Vectors[lo:]))
	}
}

// scanSet rounds a group of a vector.
func scanSet(q *[ScanCols]int8, x *[ScanCols]float32, rows, vectors *[ScanCols]uint16) scanGroup {
	top := max(absMax(x[:]), smallestScale)
	if !(top <= math.MaxFloat32) { // nothing is known of products
		clear(q[:])
		nan := float32(math.NaN())
		return scanGroup{step: nan, square: nan}
	}
	step := top / scanLargest
	inv := scanLargest / top * (1 << ditherBits)
	var square float64
	var minus int64
	for j, f := range x {
		square += float64(f) * float64(f)
		c := (int32(f*inv) + int32(vectors[j])) >> ditherBits
		q[j&^15+j%4*4+j%16/4] = int8(c)
		minus -= int64(c) * (7<<ditherBits + int64(rows[j]))
	}
	square += scanRounding * float64(step) * float64(step)
	return scanGroup{
		minus:  int32((minus + 1<<(ditherBits-1)) >> ditherBits),
		step:   step,
		square: math.Nextafter32(float32(max(square, scanLeast*scanLeast)), math.MaxFloat32),
	}
}

// Exponent is the power of two by which the vector was multiplied.
func (v *ScanVector) Exponent() int { return v.exponent }

// failureBits makes 2^-failureBits the chance that a bound of one row and one vector is
// wrong.
const failureBits = 80

// scanRounding is what the rounding of x adds to ‖x[g]‖² in steps of x, see ScanSlack.
const scanRounding = 3 * 64 * ScanCols

// ScanSlack is the factor c in
//
//	|y - Σ s·(q-terms)| ≤ c·R,  R² = Σ_g s[g]²·(‖x[g]‖² + 3·64·64·step[g]²)
//
// where the sum over groups g is what Scan computes, y is the product of a row and the
// vector as MatVecF32 and the like compute it, and n is the number of columns. It holds
// with a chance of at least 1 - 2⁻⁸⁰ for any row and any vector that were chosen without
// knowledge of the dither. Proof: y and the sum differ by
//
//   - Σ s·e·x, the error of the codes. u counts 2¹⁶ steps; what w/s is rounded to in
//     those makes an offset of e of at most 2⁻¹⁶ with the mean of u's own. The rest of e,
//     for given weights, is uniform on 2¹⁶ equidistant numbers that span less than
//     (-1/2, 1/2), independently of other columns: a sum of 16 independent signs ±2⁻²,
//     ±2⁻³ …. As cosh t ≤ exp(t²/2), E exp(λe) ≤ exp(λ²/24).
//   - Σ s·(code-7-u)·step·d, where d = x/step - q. Rounding x/step to steps of 2⁻¹⁶, in
//     float32, makes an offset of at most 2.5·2⁻¹⁶. The rest of d has one of two values that
//     are 1 apart, and the mean 0, independently of other columns and of u: so
//     E exp(λd) ≤ exp(λ²/8) (Hoeffding), and |code-7-u| ≤ 8, whatever u and the codes are,
//     makes that exp(λ²·3·64·s²·step²/24) of a column.
//     Together P(|both| ≥ t) ≤ 2·exp(-6t²/R²), which is 2⁻⁸⁰ at t = R·√(81·ln 2/6) ≈ 3.06·R.
//     The offsets add at most 2⁻¹⁶·Σ s·|x| and, as step ≤ ‖x[g]‖/126,
//     Σ 64·8·2.5·2⁻¹⁶·s·‖x[g]‖/126; the rounding of minus half a step more.
//   - the roundings of float32: G+3 of a sum of G terms of at most 69·s·‖x[g]‖ each
//     (‖code-7-u‖ ≤ 8·√64, step·‖q‖ ≤ ‖x[g]‖ + 8·step), and n/4+5 of y (doc.go), relative to
//     Σ|w·x| ≤ Σ 7.5·8·s·‖x[g]‖.
//
// All of those but the first two are multiples of Σ s·‖x[g]‖ ≤ √G·R. The last factor covers
// the roundings of R and of the bounds themselves.
func ScanSlack(n int) float32 {
	const ulp = 1.0 / (1 << 24)
	g := float64(ScanGroups(n))
	random := math.Sqrt((failureBits + 1) * math.Ln2 / 6)
	offsets := 8.0 / (1 << ditherBits)
	steps := (64*8*2.5/(1<<ditherBits) + 0.5) / scanLargest
	sums := 69 * (g + 8) * ulp
	product := 60 * (float64(n)/4 + 5) * ulp
	return float32((random + math.Sqrt(g)*(offsets+steps+sums+product)) * (1 + 1e-4))
}

// Scan bounds the products of a matrix and x: lower[r] and upper[r] for len(lower) rows,
// whole bands, of codes and scales as ScanEncode stores them. They are infinite where
// nothing is known, as a weight or the vector is not finite.
func Scan(lower, upper []float32, codes []byte, scales []uint16, x *ScanVector) {
	bands := len(lower) / ScanRows
	mustLen(len(lower), bands*ScanRows, "Scan: rows")
	mustLen(len(upper), len(lower), "Scan: upper")
	mustLen(len(codes), bands*len(x.groups)*scanLines*lineSize, "Scan: codes")
	mustLen(len(scales), bands*len(x.groups)*ScanRows, "Scan: scales")
	if bands > 0 {
		scan(lower, upper, codes, scales, x, ScanCodes{})
	}
}

// MaxVectors is how many vectors share one reading of a matrix.
const MaxVectors = 8

// ScanCodes are bands of codes and scales as ScanEncode stores them.
type ScanCodes struct {
	Codes  []byte
	Scales []uint16
}

// ScanEach is Scan for up to MaxVectors vectors of one length, with the same results. All
// lower and upper are of one length. At its end it may fetch the first lines of next, which are
// scanned soon, as many bands again, if there are any: streams cost time to begin.
func ScanEach(lower, upper [][]float32, codes []byte, scales []uint16, x []*ScanVector, next ScanCodes) {
	mustLen(len(lower), len(x), "ScanEach: lower")
	mustLen(len(upper), len(x), "ScanEach: upper")
	if len(x) == 0 {
		return
	}
	if len(x) > MaxVectors {
		panic("kernel: ScanEach: more than MaxVectors")
	}
	bands := len(lower[0]) / ScanRows
	for i := range x {
		mustLen(len(lower[i]), bands*ScanRows, "ScanEach: rows")
		mustLen(len(upper[i]), bands*ScanRows, "ScanEach: upper")
		mustLen(len(x[i].groups), len(x[0].groups), "ScanEach: groups")
	}
	mustLen(len(codes), bands*len(x[0].groups)*scanLines*lineSize, "ScanEach: codes")
	mustLen(len(scales), bands*len(x[0].groups)*ScanRows, "ScanEach: scales")
	if bands == 0 || scanTogether(lower, upper, codes, scales, x, next) {
		return
	}
	for i := range x {
		scan(lower[i], upper[i], codes, scales, x[i], next)
	}
}

func scanGeneric(lower, upper []float32, codes []byte, scales []uint16, x *ScanVector) {
	for r := range lower {
		band, r16 := r/ScanRows, r%ScanRows
		var sum, square float32
		for g, group := range x.groups {
			at := band*len(x.groups) + g
			lines, q := codes[at*scanLines*lineSize:], x.q[g*ScanCols:]
			dot := group.minus
			for j := range ScanCols {
				c := lines[j/wordCols*2*lineSize+j%4/2*lineSize+4*r16+j%wordCols/4]
				dot += int32(c>>(4*(j%2))&15) * int32(q[j&^15+j%4*4+j%16/4])
			}
			s := bfloat16(scales[at*ScanRows+r16])
			sum += float32(float32(float32(dot)*group.step) * s)
			square += float32(float32(s*s) * group.square)
		}
		off := float32(x.slack*float32(math.Sqrt(float64(square)))) + x.tiny
		lower[r], upper[r] = sum-off, sum+off
		if lower[r] != lower[r] {
			lower[r] = float32(math.Inf(-1))
		}
		if upper[r] != upper[r] {
			upper[r] = float32(math.Inf(1))
		}
	}
}
