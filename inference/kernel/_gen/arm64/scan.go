package main

import "math"

// The scan of 4-bit codes: see the layout in scan.go of the package. A line holds four
// bytes, eight columns, of each of 16 rows: four registers. The activations of 16 columns
// are 16 bytes, four for each nibble of two lines.
const (
	scanLine       = 64
	scanLines      = 8 // of a group of a band
	scanRows       = 16
	scanGroupBytes = 12 // minus, step and square of a group
)

var (
	fsqrt  = two(0x6ea1f800, "fsqrt v%d.4s, v%d.4s")
	fmaxnm = three(0x4e20c400, "fmaxnm v%d.4s, v%d.4s, v%d.4s")
	fminnm = three(0x4ea0c400, "fminnm v%d.4s, v%d.4s, v%d.4s")
)

// scanCodes emits the scan, rows registers of rows at a time; the sums of floats are kept
// in lower and upper meanwhile. SDOT adds four products to a sum of 32 bits; without it
// one of 16 bits holds those of a group, 16·15·128 = 30720.
func scanCodes(name string, dot bool, rows int) {
	function(name, "lower *float32, upper *float32, codes *byte, scales *uint16, q *int8, group *byte, bands int, groups int, slack float32, tiny float32", "",
		"stores the bounds of bands ≥ 1 bands of groups ≥ 1 groups.")
	lower, upper, codes, scales, bands := param("lower"), param("upper"), param("codes"), param("scales"), param("bands")
	q, group, groups := newGP(), newGP(), newGP()
	low, act, c, t := bytes(15), newVecs(1), newVecs(2), newVecs(3)
	parts := 1
	if !dot {
		parts = 2
	}
	var acc [][]vec // [rows][part]
	for range rows {
		acc = append(acc, newVecs(parts))
	}
	w, least, most := newVec(), float(math.Inf(-1)), float(math.Inf(1))
	fill := func(offset int, v vec) {
		op("FMOVS %d(%v), %s", offset, group, v.f())
		op("VDUP %v.S[0], %v.S4", v, v)
	}

	loop("band", bands, func() {
		zero(t[0], t[1])
		for i := range 2 {
			store(lower, 32*i, t[0], t[1])
			store(upper, 32*i, t[0], t[1])
		}
		reload("q", q)
		reload("group", group)
		reload("groups", groups)
		loop("group", groups, func() {
			for first := 0; first < scanRows/4; first += rows {
				for _, sums := range acc {
					zero(sums...)
				}
				for l := range scanLines {
					if l%2 == 0 {
						load(q, 8*l, act...)
					}
					for r, sums := range acc {
						load(codes, scanLine*l+16*(first+r), w)
						and(w, low, c[0])
						ushr(4, w, c[1])
						for n := range c {
							field := l%2*2 + n
							if dot {
								sdotElement(c[n], act[0], field, sums[0])
								continue
							}
							op("VDUP %v.S[%d], %v.S4", act[0], field, t[0])
							smlalB(c[n], t[0], sums[0])
							smlal2B(c[n], t[0], sums[1])
						}
					}
				}
				for r, sums := range acc {
					if !dot {
						saddlp(sums[0], sums[0])
						saddlp(sums[1], sums[1])
						addp(sums[0], sums[1], sums[0])
					}
					lo, at := sums[0], first+r
					fill(0, t[0])
					add(t[0], lo, lo)
					scvtf(lo, lo)
					fill(4, t[0])
					fmul(t[0], lo, lo)
					op("FMOVD %d(%v), %s", 8*at, scales, t[1].f())
					shllH(t[1], t[1])
					fmul(t[1], lo, lo)
					load(upper, 16*at, t[2])
					fadd(lo, t[2], t[2])
					store(upper, 16*at, t[2])
					fmul(t[1], t[1], t[1])
					fill(8, t[0])
					fmul(t[0], t[1], t[1])
					load(lower, 16*at, t[2])
					fadd(t[1], t[2], t[2])
					store(lower, 16*at, t[2])
				}
			}
			advance(scanLine*scanLines, codes)
			advance(2*scanRows, scales)
			advance(8*scanLines, q)
			advance(scanGroupBytes, group)
		})
		number := func(name string, v vec) {
			op("FMOVS %s+%d(FP), %s", name, arguments[name], v.f())
			op("VDUP %v.S[0], %v.S4", v, v)
		}
		number("slack", t[0])
		number("tiny", t[1])
		for i := range scanRows / 4 {
			load(lower, 16*i, c[0])
			fsqrt(c[0], c[0])
			fmul(t[0], c[0], c[0])
			fadd(t[1], c[0], c[0])
			load(upper, 16*i, c[1])
			fsub(c[1], c[0], t[2])
			fadd(c[1], c[0], c[1])
			fmaxnm(t[2], least, t[2]) // of a NaN and a number, the number
			fminnm(c[1], most, c[1])
			store(lower, 16*i, t[2])
			store(upper, 16*i, c[1])
		}
		advance(4*scanRows, lower, upper)
	})
	ret()
}
