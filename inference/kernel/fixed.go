package kernel

import (
	"fmt"
	"math"
)

// Planes is how many bytes an activation takes in fixed point.
type Planes int

const (
	Fixed16 Planes = 2 // 16 bits: what the models of this kind are run with
	Fixed24 Planes = 3 // 24 bits: float32 itself holds no more
)

// largest is the largest magnitude of q: every plane is a signed byte, so 127·256+127,
// and with three planes a little less than 127·256²+127·256+127, as a product x·inv may
// be rounded up.
func (p Planes) largest() float32 {
	if p == Fixed24 {
		return 0x7f7f00
	}
	return 0x7f7f
}

const (
	wordCols = 16 // columns whose planes are stored together: those of a word of codes

	// smallestScale is the least magnitude that a group is scaled by, so that no scale
	// is denormal.
	smallestScale = 1e-30
)

// groupScale is what belongs to a group of a row.
type groupScale struct {
	s        float32
	minus    int32  // -Σq
	tops     int32  // -Σ of the third bytes of the outliers
	outliers uint32 // where they start in Fixed.outliers, in bytes, and how many there are
}

// Fixed is rows of activations in fixed point: in every group of columns
//
//	amax = max(max|x|, 1e-30), s = amax/largest, q = roundHalfEven(x·(largest/amax))
//
// in float32, where largest is 32639 with two planes and 8355584 with three. q is
// 256·hi + lo, or 256²·hi + 256·mid + lo, of signed bytes. A group that holds a NaN or an
// infinity has no scale: its q are all 0 and s is NaN, which makes every product with
// that row NaN.
//
// With two planes a group is finer where few of its activations are much larger than the
// others. A field is the columns 16·w+k, 16·w+k+4, +8 and +12, four that a product takes
// together, its peak their max|x|, and mean the sum of the peaks of a group, added in float32
// as peaksGeneric does, over their number. Fields above 4·mean are outliers, provided that
// they are 7 at most and max|x| is more than twice rest, the largest peak of the others. Then
//
//	s = max(rest, amax/256, 1e-30)/largest
//
// and their q have a third byte: 256²·top + 256·hi + lo.
//
// The zero value is ready for Reset. A Fixed keeps its memory, so a steady state
// allocates nothing.
type Fixed struct {
	tokens, cols, groupCols int
	planes                  Planes

	// Rows are stored in tiles of as many as the products multiply at a time, all tiles
	// of the same size, the last one of what is left. Within a tile:
	tile   int
	q      []int8       // [16 columns][row][plane][4 · 4 columns]
	scales []groupScale // [group][row]

	// outliers has room for the most that a row can have; those of its groups follow each
	// other.
	outliers []outlier // [row][groups·mostOutliers]

	// starts is what sums of 16 bits begin with, [group][plane][2], where setStarts
	// wants it.
	starts []int32
}

// Reset makes room for rows of cols activations, as many as tokens, for matrices with a
// scale for groupCols columns. Set gives them their values.
func (f *Fixed) Reset(tokens, cols, groupCols int, planes Planes) {
	if tokens < 0 || cols <= 0 || groupCols != 64 && groupCols != 128 || planes != Fixed16 && planes != Fixed24 {
		panic(fmt.Sprintf("kernel: Reset of %d × %d in groups of %d and %d planes", tokens, cols, groupCols, planes))
	}
	f.tokens, f.cols, f.groupCols, f.planes = tokens, cols, groupCols, planes
	most := fixedTile(planes)
	tiles := max(1, (tokens+most-1)/most)
	f.tile = max(1, (tokens+tiles-1)/tiles)
	f.q = grow(f.q, tokens*f.rowBytes())
	f.scales = grow(f.scales, tokens*f.groups())
	if planes == Fixed16 {
		f.outliers = grow(f.outliers, tokens*f.rowOutliers())
	}
}

// Tokens is the number of rows.
func (f *Fixed) Tokens() int { return f.tokens }

func (f *Fixed) groups() int { return (f.cols + f.groupCols - 1) / f.groupCols }

// rowOutliers is how much room the outliers of a row have.
func (f *Fixed) rowOutliers() int { return f.groups() * mostOutliers }

// rowBytes is the size of all planes of a row.
func (f *Fixed) rowBytes() int { return f.groups() * f.groupCols * int(f.planes) }

// tileOf returns the tile of row t: its first row and how many it has.
func (f *Fixed) tileOf(t int) (first, n int) {
	first = t / f.tile * f.tile
	return first, min(f.tile, f.tokens-first)
}

// Set quantises x as row t. Different rows may be set concurrently.
func (f *Fixed) Set(t int, x []float32) {
	mustLen(len(x), f.cols, "Fixed.Set: x")
	if t < 0 || t >= f.tokens {
		panic(fmt.Sprintf("kernel: Fixed.Set of row %d of %d", t, f.tokens))
	}
	first, n := f.tileOf(t)
	piece := wordCols * int(f.planes) // of one row
	q := f.q[first*f.rowBytes()+(t-first)*piece:]
	at := first*f.groups() + t - first
	outliers := t * f.rowOutliers()
	var last [128]float32
	for {
		g := x[:min(f.groupCols, len(x))]
		x = x[len(g):]
		if len(g) < f.groupCols {
			copy(last[:], g)
			g = last[:f.groupCols]
		}
		f.scales[at] = f.setGroup(q, n*piece, g, outliers)
		f.setStarts((at-first*f.groups())/n, q)
		if len(x) == 0 {
			return
		}
		q = q[f.groupCols/wordCols*n*piece:]
		at += n
		outliers += mostOutliers
	}
}

// setGroup quantises one group into pieces that are stride bytes apart. out is where its
// outliers have room.
func (f *Fixed) setGroup(q []int8, stride int, x []float32, out int) groupScale {
	var peaks [fieldsOf128]float32
	var amax, sum float32
	if f.planes == Fixed16 {
		amax, sum = peaksOf(&peaks, x)
	} else {
		amax = absMax(x)
	}
	if amax = max(amax, smallestScale); !(amax <= math.MaxFloat32) {
		for ; ; q = q[stride:] {
			clear(q[:wordCols*int(f.planes)])
			if x = x[wordCols:]; len(x) == 0 {
				return groupScale{s: float32(math.NaN())}
			}
		}
	}
	fields := len(x) / 4
	if limit := outlierTimes / float32(fields) * sum; f.planes == Fixed16 && amax > limit {
		if scale, ok := f.setOutliers(q, stride, x, peaks[:fields], amax, limit, out); ok {
			return scale
		}
	}
	largest := f.planes.largest()
	return groupScale{s: amax / largest, minus: -fix(q, stride, x, largest/amax, f.planes)}
}
