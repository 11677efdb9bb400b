package kernel

import "math"

// outlier is a field of a group whose activations are much larger than the others: what
// they have beside two planes, and where products find their codes.
type outlier struct {
	top   [4]int8 // third bytes
	line  uint16  // where the line of its word starts in a group of two bits a weight, in bytes
	shift uint8   // where it is in a byte there
	field uint8   // 4·word + field
}

const (
	outlierSize = 8

	// outlierTimes is how many times as large as the mean of its group a field must be, and
	// outlierGain how many times as fine the scale of the group must become
	// (MEASUREMENTS.md).
	outlierTimes = 4
	outlierGain  = 2

	// mostOutliers is how many a group has: fewer than a quarter of its up to 32 fields are
	// above four times their mean, unless that was rounded down. The assembly takes it as a
	// mask.
	mostOutliers = 7

	fieldsOf128 = 32
)

// peaksGeneric stores the largest magnitude of each field of a group in peaks, in their
// order. It returns the largest of all, a NaN where there is one, and the sum, added in turn
// for each of the four fields of a word, then as (0+2) + (1+3).
func peaksGeneric(peaks *[fieldsOf128]float32, x []float32) (amax, sum float32) {
	amax = absMaxGeneric(x)
	var sums [4]float32
	for at := 0; len(x) > 0; x = x[wordCols:] {
		for k := range sums {
			peaks[at] = absMaxGeneric([]float32{x[k], x[4+k], x[8+k], x[12+k]})
			sums[k] += peaks[at]
			at++
		}
	}
	return amax, (sums[0] + sums[2]) + (sums[1] + sums[3])
}

// setOutliers quantises a group of two planes into pieces that are stride bytes apart where
// some of peaks are above limit, and stores these outliers at a place of f.outliers. It does
// nothing and returns false where there are too many, or the scale would not become fine
// enough.
func (f *Fixed) setOutliers(q []int8, stride int, x, peaks []float32, amax, limit float32, at int) (scale groupScale, ok bool) {
	var rest float32
	n := 0
	for _, p := range peaks {
		if p <= limit {
			rest = max(rest, p)
		} else {
			n++
		}
	}
	if n > mostOutliers || !(amax > outlierGain*rest) {
		return scale, false
	}
	rest = max(rest, amax/256, smallestScale)
	inv := Fixed16.largest() / rest
	scale = groupScale{
		s:        rest / Fixed16.largest(),
		minus:    -fix(q, stride, x, inv, Fixed16),
		outliers: uint32(at) * outlierSize,
	}
	for i, p := range peaks {
		if p <= limit {
			continue
		}
		word, field := i/4, i%4
		o := &f.outliers[at]
		*o = outlier{line: uint16(word * 4 * bandRows), shift: uint8(2 * field), field: uint8(i)}
		for j := range o.top {
			q := int32(math.RoundToEven(float64(x[word*wordCols+4*j+field] * inv)))
			q = (q - int32(int8(q))) >> 8
			q = (q - int32(int8(q))) >> 8
			o.top[j] = int8(q)
			scale.tops -= q
		}
		scale.outliers++
		at++
	}
	return scale, true
}

// outliersOf returns the outliers of a group.
func (f *Fixed) outliersOf(s *groupScale) []outlier {
	n := s.outliers & mostOutliers
	return f.outliers[(s.outliers-n)/outlierSize:][:n]
}
