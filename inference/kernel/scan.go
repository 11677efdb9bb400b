package kernel

import "fmt"

// scanStep is what the length of a row of Scan is a multiple of.
const scanStep = 32

// ScanLimit is the largest magnitude of x for which a row of Scan cannot
// overflow: 128·|x|·cols stays below 2³¹.
func ScanLimit(cols int) int { return min(1<<15-1, (1<<31-1)/(128*cols)) }

// Scan multiplies an int8 matrix by an int16 vector, exactly: y[r] = Σ w[r]·x.
// w holds len(y) rows of len(x) values, a multiple of 32; |x| must not exceed
// ScanLimit.
func Scan(y []int32, w []int8, x []int16) {
	mustLen(len(w), len(y)*len(x), "Scan: w")
	if len(x)%scanStep != 0 {
		panic(fmt.Sprintf("kernel: Scan of %d columns, no multiple of %d", len(x), scanStep))
	}
	if len(w) == 0 {
		clear(y)
		return
	}
	scan(y, w, x)
}

func scanGeneric(y []int32, w []int8, x []int16) {
	for r := range y {
		var sum int32
		for j, v := range w[r*len(x):][:len(x)] {
			sum += int32(v) * int32(x[j])
		}
		y[r] = sum
	}
}
